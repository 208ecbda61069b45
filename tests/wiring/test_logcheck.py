"""`irtool doctor logs` and `irtool ingest` as they are typed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

LINES = """\
Apr 14 15:54:00 mx1 postfix/smtpd[1]: 4ZbQk21xWzz3h: client=x[192.0.2.1], sasl_method=PLAIN, sasl_username=T1
Apr 14 15:54:00 mx1 postfix/cleanup[1]: 4ZbQk21xWzz3h: message-id=<1@a.example>
Apr 14 15:54:00 mx1 postfix/qmgr[1]: 4ZbQk21xWzz3h: from=<>, size=1, nrcpt=1 (queue active)
Apr 14 15:54:00 mx1 postfix/smtp[1]: 4ZbQk21xWzz3h: to=<c@d.example>, relay=x[192.0.2.2]:25, delay=1, status=sent (ok)
Apr 14 15:54:00 mx1 postfix/qmgr[1]: 4ZbQk21xWzz3h: removed
Apr 14 15:5"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "mail.log").write_text(LINES)
    (tmp_path / "irtool.yaml").write_text(
        "logs:\n  mx: {format: postfix, path: [mail.log], zone: Europe/Rome, year: 2025}\n"
    )
    return tmp_path


def irtool(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "IRTOOL_CONFIG"} | {"NO_COLOR": "1"}
    command = [sys.executable, "-m", "irtool", *words]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=60)


def test_doctor_logs_names_questions_and_cures(folder: Path) -> None:
    done = irtool(folder, "doctor", "logs")
    assert done.returncode == 0, done.stderr
    assert "cannot   relaying in somebody else's name" in done.stdout
    assert "lacks    header_from, header_sender, subject\n" in done.stdout
    assert "/^(From|Sender|Subject):/ INFO" in " ".join(done.stdout.split())
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert "which accounts sent it" not in done.stdout
    assert "rows     1 in mail.log: torn" in done.stdout  # the path as one would type it here
    assert "irtool ingest" in done.stderr


def test_doctor_logs_in_json(folder: Path) -> None:
    (check,) = json.loads(irtool(folder, "doctor", "logs", "--json").stdout)["logs"]
    assert (check["level"], check["name"], check["format"], check["rows"]) == ("warn", "mx", "postfix", 1)
    assert {lack["column"] for lack in check["lacks"]} == {"header_from", "header_sender", "subject"}
    assert "account" in check["has"]


def test_doctor_logs_of_a_log_that_cannot_be_read(folder: Path) -> None:
    (folder / "mail.log").unlink()
    done = irtool(folder, "doctor", "logs")
    assert done.returncode == 2
    assert "no such file" in done.stdout
    assert irtool(folder, "doctor", "nonsense").returncode == 2


def test_ingest_prints_what_to_write_into_the_configuration(folder: Path) -> None:
    done = irtool(folder, "ingest", "--output", "store")
    assert done.returncode == 0, done.stderr
    assert "1 rows, 1 rejected, 2025-04-14T13:54:00Z to 2025-04-14T13:54:00Z" in done.stdout
    assert "mail.log: 1 torn" in done.stdout
    text = done.stdout[done.stdout.rindex("logs:\n") :]
    (folder / "irtool.yaml").write_text(text)
    again = json.loads(irtool(folder, "doctor", "logs", "--json").stdout)["logs"]
    assert [(check["name"], check["rows"]) for check in again] == [("store", 1)]


def test_ingest_of_files_that_are_not_configured(folder: Path) -> None:
    words = ("ingest", "mail.log", "--format", "postfix", "--year", "2024", "--zone", "UTC", "--json")
    (source,) = json.loads(irtool(folder, *words).stdout)["sources"]
    assert (source["rows"], source["first"]) == (1, "2024-04-14T15:54:00Z")
    assert irtool(folder, "ingest", "nothing").returncode == 2
    assert "not NAME=THEIRS" in irtool(folder, "ingest", "x", "--format", "csv", "--column", "a").stderr


def trace(rows: list[tuple[str, str]]) -> str:
    lines = [f"<{number}@b.example>,{time},a@b.example,x@c.example" for number, time in rows]
    return "\n".join(["MessageId,Received,SenderAddress,RecipientAddress", *lines]) + "\n"


def test_times_in_the_order_of_another_country_have_a_hint(tmp_path: Path) -> None:
    """What fits either order is read as American, so the rows that were understood are not to be trusted."""
    (tmp_path / "trace.csv").write_text(trace([("1", "14/04/2025 15:54:01"), ("2", "03/04/2025 15:54:01")]))
    config = tmp_path / "irtool.yaml"
    config.write_text("logs:\n  o365: {format: exchange, path: [trace.csv]}\n")
    said = " ".join(irtool(tmp_path, "doctor", "logs").stdout.split())
    assert "1 in trace.csv: no time that can be understood" in said
    assert "times: '%d/%m/%Y %H:%M:%S', zone: Europe/Rome" in said
    assert "03/04 counts as March 4" in said
    options = ("--format", "exchange", "--times", "%d/%m/%Y %H:%M:%S", "--zone", "Europe/Rome", "--json")
    (found,) = json.loads(irtool(tmp_path, "ingest", "trace.csv", *options).stdout)["sources"]
    assert (found["rows"], found["rejected"]) == (2, 0)
    assert (found["first"], found["last"]) == ("2025-04-03T13:54:01Z", "2025-04-14T13:54:01Z")


def test_a_log_without_a_single_message_says_so(tmp_path: Path) -> None:
    (tmp_path / "trace.csv").write_text(trace([]))
    (tmp_path / "irtool.yaml").write_text("logs:\n  o365: {format: exchange, path: [trace.csv]}\n")
    assert "no records that stand for messages" in " ".join(irtool(tmp_path, "doctor", "logs").stdout.split())


def test_two_logs_with_the_same_messages_would_count_them_twice(tmp_path: Path) -> None:
    """At the edge and at the core; one writes the brackets of a message-id, the other does not. A third has one in a
    hundred of them, which came back."""
    texts = {"edge": [str(n) for n in range(100)], "core": [str(n) for n in range(40, 140)], "back": ["7"]}
    for name, numbers in texts.items():
        own = [f"{name}-{n}" for n in range(99)] if name == "back" else []
        records = [{"time": "2025-04-14T12:00:00Z", "id": f"{n}@b.example"} for n in (*numbers, *own)]
        if name == "edge":
            records = [{**record, "id": f"<{record['id']}>"} for record in records]
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    logs = "".join(f"  {name}: {{format: jsonl, path: [{name}.jsonl]}}\n" for name in texts)
    (tmp_path / "irtool.yaml").write_text(f"logs:\n{logs}")
    found = {one["name"]: one for one in json.loads(irtool(tmp_path, "doctor", "logs", "--json").stdout)["logs"]}
    assert [found[name]["twice"] for name in texts] == [[], ["edge"], []]
    assert found["core"]["level"] == "warn"
    assert "its messages are in edge too" in " ".join(irtool(tmp_path, "doctor", "logs").stdout.split())


def test_nothing_is_said_to_be_lacking_in_a_log_that_is_something_else(tmp_path: Path) -> None:
    """No setting of KumoMTA would cure that."""
    (tmp_path / "mail.log").write_text(LINES)
    (tmp_path / "irtool.yaml").write_text("logs:\n  mx: {format: kumomta, path: [mail.log]}\n")
    said = " ".join(irtool(tmp_path, "doctor", "logs").stdout.split())
    assert "nothing in the files is as kumomta has it: is that the format?" in said
    assert "6 in mail.log" in said
    assert "cure" not in said
    assert "cannot" in said

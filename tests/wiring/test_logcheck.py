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

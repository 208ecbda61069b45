"""What people see of a triage and of a replay: one screen of 80 columns, and the same as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from irtool.adapters.logs import DuckLog, write_parquet
from irtool.cli.app import app
from irtool.cli.policy_view import lines as policy_lines
from irtool.cli.triage_view import lines
from irtool.intake.reading import read_complaint, read_complaints
from irtool.records import Complaint, Findings, Group
from irtool.sandbox import campaign
from irtool.triage import triage
from irtool.triage.replay import replay

Search = Callable[..., tuple[tuple[Complaint, ...], Findings]]
SCALE = 0.002


@pytest.fixture
def seen(big: DuckLog, search: Search) -> tuple[tuple[Complaint, ...], Findings]:
    return search([read_complaint("complaint.eml", campaign.complaint(0.01).encode())], big)


def test_one_screen(seen: tuple[tuple[Complaint, ...], Findings]) -> None:
    screen = list(lines(*seen))
    assert len(screen) <= 60
    assert max(map(len, screen)) <= 80
    text = "\n".join(screen)
    for told in ("19,000 messages", "24 accounts, 180 source IPs", "impersonated in 30 messages", "of its 848 messages",
                 "forges the same address", "Banca del Lago", "Trasporti Appennino"):  # fmt: skip
        assert told in text
    assert "info@gateway.example" not in text


def test_several_complaints_fit_too(seen: tuple[tuple[Complaint, ...], Findings]) -> None:
    from dataclasses import replace

    (complaint,), found = seen
    many = [replace(complaint, source=f"mail-{n}.eml") for n in range(40)]
    groups = (Group(tuple(c.source for c in many[:30]), ("same source IP: 203.0.113.1",), 19_000),
              Group(tuple(c.source for c in many[30:]), (), 3))  # fmt: skip
    screen = list(lines(many, replace(found, campaigns=groups)))
    assert len(screen) <= 68
    assert max(map(len, screen)) <= 80
    assert any(line.startswith("one campaign: 30 complaints (mail-0.eml") for line in screen)
    assert any(line.startswith("separate: 10 complaints, 3 messages") for line in screen)


def alone(*sources: tuple[str, bytes]) -> str:
    """The screen without log and directory."""
    seen = triage(read_complaints(sources), None, None, own_domains=(), since=timedelta(days=3),
                  now=datetime(2025, 10, 8, tzinfo=UTC))  # fmt: skip
    return "\n".join(lines(*seen))


MAIL = (
    b"Received: from m%d.evil.example (unknown [203.0.113.%d]) by mx.victim.example; Tue, 7 Oct 2025 08:00:00 +0000\r\n"
    b"From: Bank <a@bank%d.example>\r\nTo: v@victim.example\r\nSubject: %s\r\nMessage-ID: <%d@evil.example>\r\n"
    b"Date: Tue, 7 Oct 2025 08:00:00 +0000\r\n\r\nhttps://www.w3.org/x http://login%d.evil.example:8080/x\r\n"
)


def mail(n: int, subject: bytes = b"Unusual sign-in") -> tuple[str, bytes]:
    return f"{n}.eml", MAIL % (n, n, n, subject, n, n)


def test_where_the_links_lead_is_seen_first_what_is_nobodys_last() -> None:
    screen = alone(mail(1))
    assert "  links to   login1[.]evil[.]example, www[.]w3[.]org" in screen
    assert "  1 complaint, 2025-10-07 08:00 UTC" in screen  # no log counted any message
    assert len(screen.splitlines()) <= 24


def test_the_counts_of_an_aggregate_report_are_on_the_screen() -> None:
    row = (
        "<record><row><source_ip>203.0.113.{}</source_ip><count>{}</count></row>"
        "<identifiers><header_from>bank.example</header_from></identifiers></record>"
    )
    report = f"<feedback><org_name>R</org_name>{row.format(5, 12)}{row.format(9, 400)}</feedback>"
    screen = alone(("r.xml", report.encode()))
    most, least = screen.index("203.0.113[.]9  (400 messages, 400 failed"), screen.index("203.0.113[.]5  (12 messages")
    assert most < least
    assert "envelope" not in screen


def test_of_many_complaints_the_campaigns_come_first() -> None:
    strangers = [(f"s{n}.eml", one.replace(b"evil.example", b"%d.example" % n).replace(b"203.0.113", b"198.51.%d" % n))
                 for n in range(20, 25) for one in [mail(n, b"Number %d" % n)[1]]]  # fmt: skip
    screen = alone(*strangers, *(mail(n) for n in range(5))).splitlines()
    assert screen[0].startswith("10 complaints")
    assert screen[1].startswith("one campaign: 5 complaints (0.eml")
    assert "separate: 5 complaints, each by itself" in screen
    assert screen[screen.index("for example") + 1].startswith("0.eml")
    assert alone(*strangers).splitlines()[1] == "no two of them are of one campaign"


def test_hostile_text_is_cut_and_harmless(seen: tuple[tuple[Complaint, ...], Findings]) -> None:
    from dataclasses import replace

    (complaint,), found = seen
    nasty = replace(complaint, subject="\x1b[31m" + "x" * 500, from_=("\u202e" + "y" * 300 + "@a.example",))
    screen = list(lines([nasty], found))
    assert max(map(len, screen)) <= 80
    assert not [line for line in screen if "\x1b" in line or "\u202e" in line]


def test_a_replay_fits(seen: tuple[tuple[Complaint, ...], Findings], big: DuckLog) -> None:
    screen = list(policy_lines(replay(big, own_domains=["gateway.example"], campaign=True)))
    assert len(screen) <= 45
    assert max(map(len, screen)) <= 80
    rows = [line.split() for line in screen]
    assert next(row for row in rows if row[:1] == ["2019"])[:3] == ["2019", "19,000", "0"]
    assert next(row for row in rows if row[:1] == ["2025-literal"])[:3] == ["2025-literal", "0", "19,000"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working folder with the sandbox's log, directory and first complaint."""
    import csv

    made = tmp_path_factory.mktemp("desk")
    write_parquet(made / "logs", campaign.statements(SCALE))
    for name, rows in (("accounts", campaign.accounts()), ("domains", campaign.domains())):
        with (made / f"{name}.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)
    (made / "complaint.eml").write_text(campaign.complaint(SCALE), newline="")
    (made / "irtool.yaml").write_text(
        "org: {name: Example, domains: [gateway.example]}\n"
        "logs:\n  gateway:\n    format: parquet\n    path: logs/*.parquet\n"
        "    columns: {time: ts, id: msg_id, account: account_id, source_ip: src_ip, envelope_from: env_from, "
        "header_from: hdr_from, header_sender: hdr_sender, recipient: rcpt}\n"
        "directory:\n  accounts: {path: accounts.csv, columns: {account: account_id, created: created_at}}\n"
        "  domains: {path: domains.csv, columns: {account: account_id}}\n"
    )
    return made


def irtool(folder: Path, *arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(app, [*arguments, "--config", str(folder / "irtool.yaml")])
    assert done.exit_code == code, done.output
    return done.stdout


def test_triage_writes_evidence(folder: Path, tmp_path: Path) -> None:
    told = json.loads(
        irtool(folder, "triage", str(folder / "complaint.eml"), "--json", "--evidence", str(tmp_path / "ev"))
    )
    assert told["findings"]["messages"] == 3_800
    assert len(told["findings"]["affected_customers"]) == 12
    assert len(list((tmp_path / "ev").glob("*.md"))) == len(list((tmp_path / "ev").glob("*.json"))) == 12


def test_policy_replay_as_json(folder: Path) -> None:
    arguments = ("policy", "replay", "--complaint", str(folder / "complaint.eml"), "--rule", "2019", "--rule", "launch")
    told = json.loads(irtool(folder, *arguments, "--json"))
    assert [(r["rule"], r["campaign_accepted"], r["campaign_refused"]) for r in told["rules"]] == [
        ("2019", 3_800, 0),
        ("launch", 0, 3_800),
    ]
    assert told["campaign"] == 3_800


def test_policy_replay_over_the_end_of_the_log(folder: Path) -> None:
    day = json.loads(irtool(folder, "policy", "replay", "--since", "6h", "--json"))
    whole = json.loads(irtool(folder, "policy", "replay", "--json"))
    assert 0 < day["messages"] < whole["messages"] == campaign.expected(SCALE)["rows"]
    assert day["since"].startswith("2025-04-14T23:5")


def test_an_unknown_rule_is_refused(folder: Path) -> None:
    irtool(folder, "policy", "replay", "--rule", "2025", code=2)


def test_a_replay_without_a_log_is_refused(tmp_path: Path) -> None:
    (tmp_path / "irtool.yaml").write_text("org: {name: Example}\n")
    irtool(tmp_path, "policy", "replay", code=2)

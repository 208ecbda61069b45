"""The evidence for impersonated customers: complete, and without a recipient in it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from irtool.adapters.logs import DuckLog
from irtool.cli.packs import write
from irtool.errors import InputError
from irtool.records import Complaint, CustomerFinding, Findings, from_json, to_json
from irtool.triage.redact import GONE, headers, redactor

Search = Callable[..., tuple[tuple[Complaint, ...], Findings]]
MakeLog = Callable[..., DuckLog]
OWNERS = {"spam.example": "T1", "bank.example": "11", "bank-two.example": "11"}
PLANS = {"T1": "trial", "11": "business"}
ROW = {
    "account": "T1", "source_ip": "203.0.113.5", "envelope_from": "", "header_sender": "a@spam.example",
    "header_from": "info@bank.example", "recipient": "maria.rossi@freemail.example", "subject": "Ciao Maria, apri",
    "id": "<1@spam.example>",
}  # fmt: skip
REPORT = Complaint(
    "abuse/../report.eml", "", 0, "eml", received_at=datetime(2025, 4, 14, 15, tzinfo=UTC), envelope_from="",
    envelope_null=True, sender=("a@spam.example",), from_=("info@bank.example",),
    reporter="maria.rossi@freemail.example", recipients=("maria.rossi@freemail.example",),
    headers=(
        ("Delivered-To", "maria.rossi@freemail.example"),
        ("Received", "from x by y for <maria.rossi@freemail.example>; Mon, 14 Apr 2025 15:00:00 +0000"),
        ("From", "Bank <info@bank.example>"),
        ("Subject", "Gentile maria.rossi, la tua banca"),
        ("X-Spam", "maria"),
    ),
)  # fmt: skip


@pytest.fixture
def found(make_log: MakeLog, search: Search) -> Findings:
    rows = [{**ROW, "time": f"2025-04-14T12:{n:02d}:00Z", "id": f"<{n}@spam.example>"} for n in range(12)]
    rows += [
        {
            **ROW,
            "time": "2025-04-14T13:00:00Z",
            "header_from": "x@bank-two.example",
            "recipient": "u@post.example",
            "subject": "Hello",
        }
    ]
    _, findings = search([REPORT], make_log(rows, OWNERS, PLANS))
    return findings


def test_a_pack_is_whole(found: Findings) -> None:
    (bank,) = found.affected_customers
    assert (bank.id, bank.messages) == ("11", 13)
    assert [(a.value, a.messages) for a in bank.addresses] == [("info@bank.example", 12), ("x@bank-two.example", 1)]
    assert [(d.value, d.messages) for d in bank.destinations] == [("freemail.example", 12), ("post.example", 1)]
    assert [(a.value, a.messages) for a in bank.sent_by] == [("T1", 13)]
    times = [sample.time for sample in bank.samples if sample.source == "log"]
    assert [t.minute for t in times if t] == [0, 11, 0]
    first = dict(bank.samples[0].headers)
    assert first == {
        "Return-Path": "<>", "From": "info@bank.example", "Sender": "a@spam.example",
        "To": "[redacted]@freemail.example", "Subject": "Ciao [redacted], apri", "Message-ID": "<0@spam.example>",
    }  # fmt: skip
    assert bank.samples[-1].source == "abuse/../report.eml"


def test_no_recipient_is_left_anywhere(found: Findings) -> None:
    told = json.dumps(to_json(found.affected_customers)).lower()
    assert "maria" not in told
    assert "rossi" not in told


def test_packs_survive_the_journal(found: Findings) -> None:
    assert from_json(Findings, to_json(found)) == found


def test_the_headers_of_a_complaint() -> None:
    assert headers(REPORT) == (
        ("Received", f"from x by y for <{GONE}@freemail.example>; Mon, 14 Apr 2025 15:00:00 +0000"),
        ("From", "Bank <info@bank.example>"),
        ("Subject", f"Gentile {GONE}, la tua banca"),
    )


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("bounce-maria=freemail.example@list.example", f"{GONE}@list.example"),
        ("a@spam.example, Maria@Freemail.example", f"a@spam.example, {GONE}@Freemail.example"),
        ("maria=freemail.example", GONE),
        ('"maria x"@freemail.example', f"{GONE}@freemail.example"),
        ("marianna", "marianna"),
    ],
)
def test_redaction(text: str, safe: str) -> None:
    redact = redactor(["a@spam.example", "bounce-maria=freemail.example@list.example"], ["maria@freemail.example"])
    assert redact(text) == safe


local = st.text("abcdefghij.+-", min_size=5, max_size=12).filter(lambda s: s.strip(".+-") == s)


@given(st.text(max_size=60), local, st.sampled_from([" ", "<", ">", ";", ",", "\n", ":"]))
def test_a_recipient_never_survives(noise: str, name: str, gap: str) -> None:
    secret = f"{name}@victim.example"
    text = f"{noise}{gap}{secret}{gap}{noise}"
    assert secret not in redactor(["info@bank.example"], [secret])(text).lower()


def test_files_of_evidence(found: Findings, tmp_path: Path) -> None:
    folder = tmp_path / "packs"
    written = write(folder, found)
    assert [path.name for path in written] == ["11-bank.example.json", "11-bank.example.md"]
    data = json.loads(written[0].read_text())
    assert (data["customer"]["messages"], data["counted"]) == (13, "messages in the gateway log")
    page = written[1].read_text()
    assert page.startswith("# Messages in the name of Name 11\n")
    assert "- messages: 13\n" in page
    assert r"| freemail\[.\]example | 12 |" in page
    assert "info@bank.example" not in page


def test_hostile_names_stay_in_the_folder(tmp_path: Path) -> None:
    evil = CustomerFinding("../../etc/passwd", "# <script>\n[x](http://e.example)", "a.example", messages=1)
    twins = [evil, replace(evil, id="..-..-etc-passwd"), CustomerFinding("CON", "n", "", messages=2)]
    written = write(tmp_path, Findings(messages=1, affected_customers=tuple(twins)))
    assert len({path.name.lower() for path in written}) == 6
    assert all(path.parent == tmp_path and path.exists() for path in written)
    page = written[1].read_text()
    assert "\n[x]" not in page
    assert "<script>" not in page.replace("\\<script\\>", "")


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError):
        write(tmp_path / "file", Findings(affected_customers=(CustomerFinding("1"),)))

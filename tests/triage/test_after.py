"""Mail after the containment: only the campaign's, only what was accepted, only what came later."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from irtool.intake import read_complaints
from irtool.records import Flow, NewMail
from irtool.triage.after import GRACE, accepted_after, flows
from irtool.triage.questions import ask

from .conftest import MakeLog, Search

T0 = datetime(2025, 4, 14, 12, tzinfo=UTC)
OWN, FORGED = "office@trial.example", "ceo@acme.example"
COMPLAINT = (
    b"Received: from gw.gateway.example by mx.victim.example; Mon, 14 Apr 2025 12:05:00 +0000\r\n"
    b"From: ceo@acme.example\r\nSender: office@trial.example\r\nReturn-Path: <>\r\nMessage-ID: <m0@trial.example>\r\n"
    b"To: v@victim.example\r\nDate: Mon, 14 Apr 2025 12:00:00 +0000\r\nSubject: x\r\n\r\nspam\r\n"
)
OWNERS = {"trial.example": "t1", "acme.example": "c1", "other.example": "c2"}


def row(minutes: float, n: int, **more: object) -> dict[str, object]:
    """One message of the campaign."""
    return {
        "time": (T0 + timedelta(minutes=minutes)).isoformat(), "id": f"<m{n}@trial.example>", "account": "t1",
        "source_ip": "198.51.100.1", "envelope_from": "", "header_from": FORGED, "header_sender": OWN,
        "recipient": f"v{n}@victim.example", **more,
    }  # fmt: skip


INNOCENT = {
    "account": "c2", "envelope_from": "a@other.example", "header_from": "a@other.example", "header_sender": None,
    "source_ip": "192.0.2.1", "recipient": "x@elsewhere.example",
}  # fmt: skip
ROWS = [
    *(row(n, n) for n in range(6)),
    row(30, 10, status="250 ok"),
    row(31, 11, status="delivered"),
    row(32, 12, source_ip="198.51.100.2"),
    *(row(33, 20 + k, status=word) for k, word in enumerate(["rejected", "Soft Reject", "deferred", "554", "bounced"])),
    *(row(34, 40 + k, **INNOCENT) for k in range(4)),
]


def contained(make_log: MakeLog, search: Search, *, at: float = 20) -> NewMail:
    """What the log has of the campaign after that minute; one IP is known to a change."""
    log = make_log(ROWS, OWNERS)
    complaints = read_complaints([("a.eml", COMPLAINT)], ["gateway.example"])
    _, found = search(complaints, log, now=T0 + timedelta(hours=1))
    assert found.from_log
    return accepted_after(log, T0 + timedelta(minutes=at), {"t1", "198.51.100.1", "victim.example", OWN})


def test_only_accepted_campaign_mail_counts(make_log: MakeLog, search: Search) -> None:
    """Three, of which one came from an IP that no change is about; neither refused nor other people's mail."""
    found = contained(make_log, search)
    assert (found.messages, found.values, found.error) == (3, ("ip 198.51.100.2",), "")
    assert found.last_seen == T0 + timedelta(minutes=32)


@pytest.mark.parametrize(("at", "messages"), [(29.9, 3), (30, 2), (32, 0), (600, 0)])
def test_later_means_later(make_log: MakeLog, search: Search, at: float, messages: int) -> None:
    """To the second."""
    assert contained(make_log, search, at=at).messages == messages


class Timeless:
    """A log without times."""

    def missing(self) -> frozenset[str]:
        """It has everything else."""
        return frozenset({"time"})

    def query(self, sql: str, parameters: object = None) -> list[dict[str, object]]:
        """Nobody should ask."""
        raise AssertionError(sql)

    def rejected_rows(self) -> int:
        """None."""
        return 0


def test_without_times_it_says_so(make_log: MakeLog) -> None:
    """Never zero for want of a column."""
    assert "no time" in accepted_after(Timeless(), T0, set()).error
    assert flows(Timeless(), "account", ["t1"], T0) == {}
    assert flows(make_log(ROWS, OWNERS), "no_such_column", ["t1"], T0) == {}


def test_flows_by_value(make_log: MakeLog) -> None:
    """Before and after, all mail of it and not only the campaign's; what was under way for two minutes is let pass."""
    log = make_log(ROWS, OWNERS)
    moment = T0 + timedelta(minutes=20)
    until = T0 + timedelta(minutes=34)
    assert flows(log, "account", ["t1", "c2", "nobody"], moment) == {
        "t1": Flow(moment, 6, 3, until),
        "c2": Flow(moment, 0, 4, until),
    }
    late = T0 + timedelta(minutes=32) - GRACE
    assert flows(log, "source_ip", ["198.51.100.2"], late)["198.51.100.2"].after == 0
    assert flows(log, "recipient_domain", ["victim.example"], moment)["victim.example"].before == 6
    assert flows(log, "header_sender", [OWN], moment)[OWN].after == 3
    assert flows(log, "account", [], moment) == {}


def test_hostile_values_are_values(make_log: MakeLog) -> None:
    """They come as parameters."""
    log = make_log(ROWS, OWNERS)
    assert flows(log, "account", ["t1' OR 1=1 --"], T0) == {}
    assert ask(log, "SELECT count(*) AS n FROM log", {})[0]["n"] == len(ROWS)


ACCEPTED = {
    "kumomta": ["Reception", "Delivery"], "rspamd": ["no action", "add header", "rewrite subject"],
    "ses": ["Send", "Delivery"], "sendgrid": ["processed", "delivered"], "mailgun": ["accepted", "delivered"],
    "postfix": ["sent", "deliverable"], "google": ["DELIVERED", "Send", "Receive"], "gmail": ["1", "2"],
    "exchange": ["RECEIVE", "SEND", "Delivered", "Expanded", "SENDEXTERNAL"], "none": ["", None],
}  # fmt: skip
REFUSED = {
    "kumomta": ["Bounce", "Expiration", "AdminBounce", "TransientFailure", "Rejection"],
    "rspamd": ["reject", "soft reject", "greylist", "quarantine", "discard"],
    "ses": ["Bounce", "Reject", "Rendering Failure"],
    "sendgrid": ["bounce", "dropped", "deferred", "not_delivered", "blocked"], "mailgun": ["failed", "rejected"],
    "postfix": ["bounced", "deferred", "expired", "undeliverable"], "google": ["BOUNCED", "REJECTED", "DROPPED"],
    "exchange": ["Failed", "Quarantined", "FilteredAsSpam", "Pending", "FAIL"],
}  # fmt: skip


@pytest.mark.parametrize("log", [*ACCEPTED])
def test_every_logs_own_words_for_out_and_not_out(make_log: MakeLog, log: str) -> None:
    out, kept = ACCEPTED[log], REFUSED.get(log, [])
    opened = make_log([row(30 + n, n, status=word) for n, word in enumerate([*out, *kept])], OWNERS)
    assert flows(opened, "account", ["t1"], T0)["t1"].after == len(out), log

"""Messages without an account: mail that was let in by its source IP, inbound mail, a column that was never filled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from irtool.adapters.logs import DuckLog
from irtool.errors import InputError
from irtool.records import Complaint, Findings, Hop
from irtool.tell.wording import LANGUAGES
from irtool.triage.after import accepted_after
from irtool.triage.replay import replay

Search = Callable[..., tuple[tuple[Complaint, ...], Findings]]
MakeLog = Callable[..., DuckLog]
NOON = datetime(2025, 4, 14, 12, tzinfo=UTC)

OWNERS = {"spam.example": "T1", "bank.example": "11", "shop.example": "10"}
PLANS = {"T1": "trial", "10": "business", "11": "business"}
SPAM = {
    "source_ip": "203.0.113.5", "envelope_from": "", "header_sender": "a@spam.example",
    "header_from": "info@bank.example", "recipient": "x@land.example", "subject": "Win",
}  # fmt: skip
USUAL = {
    "account": "10", "source_ip": "198.18.0.1", "envelope_from": "s@shop.example", "header_from": "s@shop.example",
    "recipient": "y@freemail.example", "subject": "Order",
}  # fmt: skip
REPORTED = Complaint(
    "x", "", 0, "eml", received_at=datetime(2025, 4, 14, 15, tzinfo=UTC), envelope_from="", envelope_null=True,
    sender=("a@spam.example",), from_=("info@bank.example",), recipients=("x@land.example",), subject="Win",
    hops=(Hop(1, ip="203.0.113.5", by="in.gateway.example"),),
)  # fmt: skip
NOBODY = [None, ""]


@pytest.mark.parametrize("nobody", NOBODY)
def test_a_column_in_which_nothing_stands_is_none(make_log: MakeLog, search: Search, nobody: str | None) -> None:
    """Then who owns the Sender domain stands for the account, and that is said."""
    log = make_log([{**row, "account": nobody} for row in [SPAM] * 30 + [USUAL] * 90], OWNERS, PLANS)
    _, found = search([REPORTED], log)
    assert {one.id: one.messages for one in found.accounts} == {"T1": 30}
    assert any(line.startswith("The log has no account: the accounts are those that own") for line in found.unanswered)
    assert sum(bucket.messages for bucket in found.volume) == 30
    assert accepted_after(log, NOON - timedelta(hours=1), set()).messages == 30
    with pytest.raises(InputError, match="the log has no account"):
        replay(log, own_domains=[])


@pytest.mark.parametrize("nobody", NOBODY)
def test_messages_without_an_account_among_others(make_log: MakeLog, search: Search, nobody: str | None) -> None:
    """Nobody is accused for the Sender of a message that nobody has vouched for; its messages count all the same."""
    log = make_log([{**SPAM, "account": nobody}] * 30 + [USUAL] * 90, OWNERS, PLANS)
    _, found = search([REPORTED], log)
    assert (found.messages, found.accounts) == (30, ())
    assert [(one.value, one.messages) for one in found.source_ips] == [("203.0.113.5", 30)]
    said = "No account: 30 messages of the campaign bear none in the log; who sent them is unknown."
    assert said in found.unanswered
    for language in ("it", "es", "fr", "de"):
        assert LANGUAGES[language].gap(said) != said
        assert "30" in LANGUAGES[language].gap(said)
    assert sum(bucket.messages for bucket in found.volume) == 30
    assert accepted_after(log, NOON - timedelta(hours=1), set()).messages == 30


@pytest.mark.parametrize("nobody", NOBODY)
def test_inbound_mail_is_nobodys_submission(make_log: MakeLog, search: Search, nobody: str | None) -> None:
    """A customer's own mail that comes back through a list has somebody's From, another envelope and no account."""
    wide = {**SPAM, "account": "T1", "envelope_from": "a@spam.example", "header_sender": None}
    inbound = {**wide, "account": nobody, "source_ip": "192.0.2.77", "envelope_from": "list@elsewhere.example",
               "recipient": "s@shop.example"}  # fmt: skip
    log = make_log([wide] * 30 + [inbound] * 40 + [USUAL] * 90, OWNERS, PLANS)
    reported = replace(REPORTED, envelope_from="a@spam.example", envelope_null=False, sender=())
    _, found = search([reported], log)
    assert {one.id: one.messages for one in found.accounts} == {"T1": 30}
    assert [one.value for one in found.source_ips] == ["203.0.113.5"]
    assert found.messages == 30


def test_accounts_that_share_their_source_ips_and_are_named_by_nobody(make_log: MakeLog, search: Search) -> None:
    """What the other spammers send from an IP is not what its owner would send; an office's other mail is."""
    owners = {**OWNERS, "more.example": "T2", "last.example": "T3"}
    spam = [
        {**SPAM, "source_ip": f"203.0.113.{n % 4}", "header_sender": f"a@{domain}.example"}
        for domain in ("spam", "more", "last")
        for n in range(40)
    ]
    forward = {**SPAM, "source_ip": "198.18.0.1", "header_sender": "s@shop.example", "recipient": "y@freemail.example"}
    log = make_log(
        [{**row, "account": None} for row in [*spam, *[USUAL] * 90, *[forward] * 12]],
        owners,
        {**PLANS, "T2": "trial", "T3": "trial"},
    )
    _, found = search([replace(REPORTED, hops=())], log)
    assert {one.id: one.messages for one in found.accounts} == {"T1": 40, "T2": 40, "T3": 40}
    assert {one.value: (one.messages, one.innocent) for one in found.source_ips} == {
        f"203.0.113.{n}": (30, 0) for n in range(4)
    }

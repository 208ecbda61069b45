"""Customers whose everyday mail looks like the campaign stay out of it; stolen ones that hide in theirs do not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from irtool.adapters.logs import DuckLog
from irtool.records import Complaint, Findings, Hop

Search = Callable[..., tuple[tuple[Complaint, ...], Findings]]
MakeLog = Callable[..., DuckLog]

OWNERS = {"spam.example": "T1", "more.example": "T2", "bank.example": "11", "shop.example": "10", "mill.example": "12"}
PLANS = {"T1": "trial", "T2": "trial", "10": "business", "11": "business", "12": "business"}
SPAM = {
    "account": "T1", "source_ip": "203.0.113.5", "envelope_from": "", "header_sender": "a@spam.example",
    "header_from": "info@bank.example", "recipient": "x@land.example", "subject": "Win",
}  # fmt: skip
WIDE = {**SPAM, "envelope_from": "a@spam.example", "header_sender": None}
USUAL = {
    "account": "10", "source_ip": "198.18.0.1", "envelope_from": "s@shop.example", "header_from": "s@shop.example",
    "recipient": "y@freemail.example", "subject": "Order",
}  # fmt: skip
FORWARD = {
    **USUAL, "envelope_from": "", "header_sender": "c@shop.example", "header_from": "info@bank.example",
    "subject": "Fwd",
}  # fmt: skip
REPORTED = Complaint(
    "x", "", 0, "eml", received_at=datetime(2025, 4, 14, 15, tzinfo=UTC), envelope_from="", envelope_null=True,
    sender=("a@spam.example",), from_=("info@bank.example",), recipients=("x@land.example",), subject="Win",
    hops=(Hop(1, ip="203.0.113.5", by="in.gateway.example"),),
)  # fmt: skip
REPORTED_WIDE = replace(REPORTED, envelope_from="a@spam.example", envelope_null=False, sender=())
Row = Mapping[str, object]


def found(findings: Findings) -> tuple[dict[str, int], dict[str, int], dict[str, int]]:
    """Messages of accounts, of source IPs and of customers."""
    return (
        {one.id: one.messages for one in findings.accounts},
        {one.value: one.messages for one in findings.source_ips},
        {one.id: one.messages for one in findings.affected_customers},
    )


ONLY_THE_TRIAL = ({"T1": 60}, {"203.0.113.5": 60}, {"11": 60})


@pytest.mark.parametrize("plans", [PLANS, None])
@pytest.mark.parametrize("elsewhere", [True, False])
def test_who_sends_newsletters_for_the_impersonated_is_none_of_them(
    make_log: MakeLog, search: Search, plans: Mapping[str, str] | None, elsewhere: bool
) -> None:
    """An own envelope and a client's From, from a source IP that sends nothing else: its very business."""
    letter = {**USUAL, "header_from": "info@bank.example"}
    usual = {**USUAL, "source_ip": "198.18.0.2"} if elsewhere else USUAL
    _, findings = search([REPORTED_WIDE], make_log([WIDE] * 60 + [letter] * 500 + [usual] * 40, OWNERS, plans))
    assert found(findings) == ONLY_THE_TRIAL


def test_an_old_customer_that_forwards_more_than_it_writes(make_log: MakeLog, search: Search) -> None:
    """The invitations are of the very address that is forged; they come from where its own mail comes from."""
    _, findings = search([REPORTED], make_log([SPAM] * 60 + [FORWARD] * 25 + [USUAL] * 20, OWNERS, PLANS))
    assert found(findings) == ONLY_THE_TRIAL


@pytest.mark.parametrize("plans", [PLANS, None])
def test_quiet_customers_whose_only_mail_is_a_few_forwards(
    make_log: MakeLog, search: Search, plans: Mapping[str, str] | None
) -> None:
    _, findings = search([REPORTED], make_log([SPAM] * 60 + [FORWARD] * 5, OWNERS, plans))
    assert found(findings) == ONLY_THE_TRIAL


def test_spam_from_a_customers_own_office_is_told_by_where_it_goes(make_log: MakeLog, search: Search) -> None:
    """Malware in the house: its own source IP, but the forged address and the campaign's destination."""
    inside = {**FORWARD, "recipient": "z@land.example", "subject": "Win"}
    other = {**FORWARD, "header_from": "x@mill.example"}
    log = make_log([SPAM] * 60 + [inside] * 30 + [other] * 5 + [USUAL] * 400, OWNERS, PLANS)
    _, findings = search([REPORTED], log)
    assert found(findings) == ({"T1": 60, "10": 30}, {"203.0.113.5": 60, "198.18.0.1": 30}, {"11": 90})
    account = next(one for one in findings.accounts if one.id == "10")
    assert "own destination land.example as info@bank.example" in account.evidence
    assert account.confidence < 0.5
    assert account.innocent == 405
    assert next(one for one in findings.source_ips if one.value == "198.18.0.1").innocent == 405


def test_a_few_forwards_to_the_campaigns_destination_are_not_enough(make_log: MakeLog, search: Search) -> None:
    some = {**FORWARD, "recipient": "friend@land.example"}
    _, findings = search([REPORTED], make_log([SPAM] * 60 + [some] * 5 + [USUAL] * 400, OWNERS, PLANS))
    assert found(findings) == ONLY_THE_TRIAL


def test_a_stolen_account_far_from_its_own_mail_is_told_by_the_address(make_log: MakeLog, search: Search) -> None:
    """Neither the source IP nor the destination connects it: but the owner never sent from there."""
    stolen = {**FORWARD, "source_ip": "203.0.113.99", "recipient": "z@freemail.example"}
    _, findings = search([REPORTED], make_log([SPAM] * 60 + [stolen] * 12 + [USUAL] * 400, OWNERS, PLANS))
    assert found(findings) == ({"T1": 60, "10": 12}, {"203.0.113.5": 60, "203.0.113.99": 12}, {"11": 72})


@pytest.mark.parametrize("plans", [PLANS, None])
def test_a_billing_service_has_the_subject_of_the_spam(
    make_log: MakeLog, search: Search, plans: Mapping[str, str] | None
) -> None:
    """All of its mail bears the everyday subject, and the directory need not say how old an account is."""
    own = {**WIDE, "header_from": "a@spam.example", "subject": "Invoice"}
    bills = {**USUAL, "subject": "Invoice"}
    reported = replace(REPORTED_WIDE, from_=("a@spam.example",), subject="Invoice")
    _, findings = search([reported], make_log([own] * 60 + [bills] * 40, OWNERS, plans))
    assert found(findings) == ({"T1": 60}, {"203.0.113.5": 60}, {})

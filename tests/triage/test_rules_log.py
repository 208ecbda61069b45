"""Shipped signatures as questions to a gateway log."""

from __future__ import annotations

import pytest

from irtool.adapters.logs import DuckLog
from irtool.sandbox import campaign, people
from irtool.triage import signatures
from irtool.triage.rules import Rule, row_values

ATTACKERS = sorted(trial.account for trial in people.TRIALS)
ASKED = [rule for rule in signatures.SIGNATURES if rule.for_logs]


def named(name: str) -> Rule:
    return next(rule for rule in signatures.SIGNATURES if rule.name == name)


def counted(log: DuckLog, name: str, more: str = "", **values: object) -> dict[str, object]:
    question = named(name).question()
    (row,) = log.query(question.select(tail=more), {**question.parameters, **values})  # type: ignore[dict-item]
    return row


def test_the_campaign_is_exactly_what_the_critical_signature_hits(big: DuckLog) -> None:
    """And the forwards between customers, which only the connection with a complaint tells apart."""
    theirs = counted(big, "cross-tenant-impersonation", "AND l.account IN $them", them=ATTACKERS)
    assert (theirs["messages"], theirs["accounts"]) == (19_000, 24)
    assert theirs["first_seen"] == campaign.CAMPAIGN_START
    others = counted(big, "cross-tenant-impersonation", "AND l.account NOT IN $them", them=ATTACKERS)
    assert others["messages"] == campaign.EVENT_FORWARDS + campaign.CUSTOMER_FORWARDS


def test_trial_accounts_that_send_in_other_names(big: DuckLog) -> None:
    found = counted(big, "trial-account-foreign-from", "AND l.account IN $them", them=ATTACKERS)
    assert (found["messages"], found["accounts"]) == (19_000, 24)


@pytest.mark.parametrize("rule", ASKED, ids=lambda rule: rule.name)
def test_rows_of_a_real_log_get_one_verdict(big: DuckLog, rule: Rule) -> None:
    question = rule.question()
    sample = "AND hash(l.id) % 97 = 0"
    expected = {row["id"] for row in big.query(question.select("l.id", sample), question.parameters)}
    rows = big.query("SELECT * FROM log l WHERE hash(l.id) % 97 = 0")
    assert len(rows) > 300
    found = {row["id"] for row in rows if rule.matches_row(row_values(row, big.owner, big.account))}
    assert found == expected


def test_every_shipped_signature_names_the_columns_it_needs() -> None:
    needs = {rule.name: set(rule.columns) for rule in ASKED}
    assert needs["cross-tenant-impersonation"] == {"account", "envelope_from", "header_from", "header_sender"}
    assert needs["subject-is-local-part"] == {"header_from", "subject"}

"""From one complaint to the whole campaign, and nothing but the campaign."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from irtool.adapters.logs import DuckLog, LogFile, open_log
from irtool.intake.reading import read_complaint
from irtool.records import Complaint, Findings, Hop, Indicator
from irtool.sandbox import campaign, people

Search = Callable[..., tuple[tuple[Complaint, ...], Findings]]
MakeLog = Callable[..., DuckLog]
SCALE = 0.01
EXPECTED = campaign.expected(SCALE)
BLANK = Complaint("x", "", 0, "eml", received_at=datetime(2025, 4, 14, 15, 54, tzinfo=UTC))
ATTACKERS = {trial.account for trial in people.TRIALS}


@pytest.fixture(scope="module")
def complaint() -> Complaint:
    return read_complaint("complaint.eml", campaign.complaint(SCALE).encode())


def values(counted: object) -> set[str]:
    return {one.value for one in counted}  # type: ignore[attr-defined]


def test_the_whole_campaign_and_nothing_else(big: DuckLog, complaint: Complaint, search: Search) -> None:
    (seen,), found = search([complaint], big)
    assert "cross-tenant-impersonation" in seen.signatures
    assert found.messages == EXPECTED["messages"] == 19_000
    assert {account.id for account in found.accounts} == ATTACKERS
    assert values(found.source_ips) == set(people.CAMPAIGN_IPS)
    assert values(found.destination_domains) == {"quickpost.example"}
    assert len(found.sender_addresses) == EXPECTED["sender_addresses"] == 36
    assert values(found.spoofed_addresses) == {
        "info@gateway.example", "news@gateway.example", *(f"info@{c.domain}" for c in people.IMPERSONATED)
    }  # fmt: skip
    assert (found.first_seen, found.rejected_rows) == (campaign.CAMPAIGN_START, 0)
    searched = "SELECT count(*) AS n FROM log WHERE time >= TIMESTAMP '2025-04-11 15:54:00'"
    assert big.query(searched) == [{"n": found.log_rows}]
    assert found.from_log
    assert sum(account.messages for account in found.accounts) == found.messages


def test_the_twelve_customers(big: DuckLog, complaint: Complaint, search: Search) -> None:
    _, found = search([complaint], big)
    assert {c.id: c.messages for c in found.affected_customers} == EXPECTED["per_customer"]
    bank = found.affected_customers[0]
    assert (bank.name, bank.domain, bank.locale) == ("Banca del Lago", "bancadellago.example", "it")
    assert bank.contact == "sicurezza@bancadellago.example"
    assert bank.first_seen is not None
    assert bank.last_seen is not None
    assert campaign.CAMPAIGN_START < bank.first_seen < bank.last_seen < campaign.LOG_END


def test_collateral_is_counted(big: DuckLog, complaint: Complaint, search: Search) -> None:
    _, found = search([complaint], big)
    (destination,) = found.destination_domains
    assert (destination.messages, destination.innocent) == (19_000, EXPECTED["destination_innocent"])
    by_ip = {ip.value: ip for ip in found.source_ips}
    assert by_ip[people.CAMPAIGN_IPS[0]].innocent == 12 + campaign.TESTS_EACH
    assert by_ip[people.CAMPAIGN_IPS[100]].innocent == 0
    office = next(a for a in found.sender_addresses if a.value == "office@bright-parcel.example")
    assert office.innocent == campaign.TESTS_EACH


def test_accounts_come_with_a_judgement_and_its_reasons(big: DuckLog, complaint: Complaint, search: Search) -> None:
    _, found = search([complaint], big)
    first = next(account for account in found.accounts if account.id == "T7001")
    assert (first.plan, first.status, first.partner, first.innocent) == ("trial", "active", None, 3)
    assert first.confidence >= 0.95
    assert first.evidence == (
        f"{first.messages} of its {first.messages + 3} messages in the searched span go through the hole in the relay "
        "rule; forges the same address info@gateway.example; plan trial; created 2025-04-02, 11 days before the first "
        "of them; no partner on file."
    )


def test_what_looks_alike_is_named_and_left_out(big: DuckLog, complaint: Complaint, search: Search) -> None:
    _, found = search([complaint], big)
    assert any(
        line.startswith("Left out: 28 messages of 18 other accounts show the same pattern") for line in found.unanswered
    )


def test_a_sentence_about_our_address_is_enough(big: DuckLog, search: Search) -> None:
    about = Indicator("address", "info@gateway.example", "body line 1", 0.9)
    post = replace(BLANK, format="text", indicators=(about,))
    _, found = search([post], big)
    assert (found.messages, len(found.accounts)) == (19_000, 24)


def test_one_of_the_thirty_leads_to_all(big: DuckLog, complaint: Complaint, search: Search) -> None:
    """The From is a customer's that the campaign used five times: the Sender and the destination lead on."""
    _, found = search([replace(complaint, from_=("info@bancadellago.example",), message_id=None)], big)
    assert (found.messages, len(found.affected_customers)) == (19_000, 12)


def test_the_span_begins_before_the_complaint(big: DuckLog, complaint: Complaint, search: Search) -> None:
    _, found = search([complaint], big, since=timedelta(hours=1))
    assert found.first_seen is not None
    assert found.first_seen >= campaign.REPORTED - timedelta(hours=1)
    assert 0 < found.messages < 19_000
    assert found.last_seen is not None
    assert found.last_seen > campaign.REPORTED


def test_a_span_without_the_campaign(big: DuckLog, complaint: Complaint, search: Search) -> None:
    late = replace(complaint, received_at=datetime(2026, 1, 1, tzinfo=UTC))
    _, found = search([late], big)
    assert (found.messages, found.log_rows) == (1, 0)
    assert any("no messages at all since 2025-12-29 00:00 UTC" in line for line in found.unanswered)
    assert [a.value for a in found.sender_addresses] == list(complaint.sender)


def test_a_complaint_from_the_future_is_dated_now(big: DuckLog, complaint: Complaint, search: Search) -> None:
    late = replace(complaint, received_at=datetime(9999, 12, 31, tzinfo=UTC))
    _, found = search([late], big, now=campaign.REPORTED)
    assert found.messages == 19_000
    _, found = search([late], big, now=campaign.REPORTED, since=timedelta(days=999_999))
    assert found.messages == 19_000


FLAW = {
    "account": "T1", "source_ip": "198.51.100.7", "envelope_from": "", "header_sender": "a@trial.example",
    "header_from": "info@gateway.example", "recipient": "x@target.example", "subject": "Hello", "id": "1@trial.example",
}  # fmt: skip
OWNERS = {
    "gateway.example": "0",
    "trial.example": "T1",
    "second.example": "T2",
    "shop.example": "10",
    "bank.example": "11",
}
PLANS = {"0": "internal", "T1": "trial", "T2": "trial", "10": "business", "11": "business"}
SPAM = replace(
    BLANK, envelope_from="", envelope_null=True, sender=("a@trial.example",), from_=("info@gateway.example",),
    recipients=("x@target.example",), subject="Hello", message_id="<1@trial.example>",
)  # fmt: skip
INNOCENT = {**FLAW, "account": "10", "source_ip": "198.18.0.1", "header_sender": "cal@shop.example", "id": "2"}


@pytest.mark.parametrize(
    "decoy",
    [
        {**INNOCENT, "header_from": "boss@elsewhere.example"},  # a calendar forward
        {**INNOCENT, "header_from": "a@shop.example"},  # its own From
        {**INNOCENT, "header_sender": None, "header_from": "mailer-daemon@shop.example"},  # a bounce
        {**INNOCENT, "envelope_from": "list-bounces@shop.example"},  # a mailing list
        {**INNOCENT, "header_from": "x@bank.example", "recipient": "y@other.example"},  # a colleague's invitation
        {**INNOCENT, "envelope_from": None},  # the envelope is not known
        {**INNOCENT, "account": "0", "header_sender": None, "envelope_from": "b@gateway.example"},  # our newsletter
    ],
)
def test_decoys_stay_out(make_log: MakeLog, search: Search, decoy: dict[str, object]) -> None:
    everyday = {**INNOCENT, "envelope_from": "a@shop.example", "header_sender": None, "header_from": "a@shop.example"}
    log = make_log([FLAW] * 3 + [decoy] * 2 + [everyday] * 50, OWNERS, PLANS)
    _, found = search([SPAM], log)
    assert (found.messages, [a.id for a in found.accounts]) == (3, ["T1"])
    assert found.affected_customers == ()


def test_subdomains_belong_to_their_owner(make_log: MakeLog, search: Search) -> None:
    row = {**FLAW, "header_sender": "a@mail.trial.example", "header_from": "x@a.b.bank.example"}
    _, found = search([replace(SPAM, message_id=None, from_=("x@a.b.bank.example",))], make_log([row], OWNERS, PLANS))
    assert [(c.id, c.domain) for c in found.affected_customers] == [("11", "a.b.bank.example")]


def test_accounts_that_share_the_ips_are_found(make_log: MakeLog, search: Search) -> None:
    other = {**FLAW, "account": "T2", "header_sender": "q@second.example", "header_from": "x@bank.example",
             "recipient": "y@elsewhere.example"}  # fmt: skip
    _, found = search([SPAM], make_log([FLAW, other, other], OWNERS, PLANS))
    assert {a.id for a in found.accounts} == {"T1", "T2"}
    assert [(c.id, c.name, c.messages) for c in found.affected_customers] == [("11", "Name 11", 2)]


def test_mail_of_a_trial_account_in_its_own_name(make_log: MakeLog, search: Search) -> None:
    own = {**FLAW, "envelope_from": "a@trial.example", "header_sender": None, "header_from": "a@trial.example"}
    shop = {**INNOCENT, "envelope_from": "s@shop.example", "header_sender": None, "header_from": "s@shop.example"}
    spam = replace(BLANK, envelope_from="a@trial.example", envelope_null=False, from_=("a@trial.example",))
    _, found = search([spam], make_log([own] * 4 + [shop] * 6, OWNERS, PLANS))
    assert (found.messages, [a.id for a in found.accounts]) == (4, ["T1"])
    assert values(found.sender_addresses) == {"a@trial.example"}
    assert found.spoofed_addresses == ()


def test_a_stolen_account_keeps_its_other_mail(make_log: MakeLog, search: Search) -> None:
    """An established customer's address is everyday mail: only what shares a second trait is the campaign."""
    usual = {**INNOCENT, "envelope_from": "s@shop.example", "header_sender": None, "header_from": "s@shop.example",
             "subject": "Invoice", "id": "9"}  # fmt: skip
    spam_row = {**usual, "subject": "You won", "source_ip": "203.0.113.9"}
    spam = replace(BLANK, envelope_from="s@shop.example", envelope_null=False, from_=("s@shop.example",),
                   subject="You won")  # fmt: skip
    _, found = search([spam], make_log([usual] * 20 + [spam_row] * 5, OWNERS, PLANS))
    (account,) = found.accounts
    assert (found.messages, account.id, account.innocent) == (5, "10", 20)
    assert account.confidence < 0.8
    assert values(found.source_ips) == {"203.0.113.9"}


def test_mail_forged_elsewhere_does_not_accuse_the_owner(make_log: MakeLog, search: Search) -> None:
    """Somebody outside forged our newsletter's address: our newsletter in the log is not the campaign."""
    ours = {**FLAW, "account": "0", "envelope_from": "info@gateway.example", "header_sender": None}
    forged = replace(BLANK, envelope_from="info@gateway.example", envelope_null=False, from_=("info@gateway.example",),
                     subject="Win")  # fmt: skip
    _, found = search([forged], make_log([ours] * 10, OWNERS, PLANS))
    assert found.accounts == ()
    assert found.sender_addresses == ()
    assert values(found.spoofed_addresses) == {"info@gateway.example"}
    assert any("none of this campaign" in line for line in found.unanswered)


@pytest.mark.parametrize("column", ["header_sender", "account", "source_ip", "subject", "id"])
def test_missing_columns_are_said(make_log: MakeLog, search: Search, column: str) -> None:
    row = {key: value for key, value in FLAW.items() if key != column}
    _, found = search([SPAM], make_log([row], OWNERS, PLANS))
    name = {"header_sender": "Sender header", "source_ip": "source IP", "id": "message-id"}.get(column, column)
    assert any(line.startswith(f"The log has no {name}") for line in found.unanswered)
    assert found.messages == 1


def test_a_log_without_times(tmp_path: Path, make_log: MakeLog, search: Search) -> None:
    path = tmp_path / "timeless.jsonl"
    path.write_text('{"id": "<1@trial.example>", "account": "T1", "header_from": "info@gateway.example"}\n')
    with open_log([LogFile("jsonl", str(path))]) as log:
        _, found = search([SPAM], log, make_log([], OWNERS, PLANS))
    assert (found.messages, found.first_seen, found.log_rows, found.from_log) == (1, None, 1, True)
    assert any(line.startswith("The log has no time") for line in found.unanswered)


def test_an_empty_log(make_log: MakeLog, search: Search) -> None:
    _, found = search([SPAM], make_log([], OWNERS, PLANS))
    assert (found.messages, found.log_rows) == (1, 0)
    assert [a.id for a in found.accounts] == ["T1"]


HOSTILE = "x' OR 1=1; DROP TABLE domains; --@trial.example"


def test_hostile_values_are_only_values(make_log: MakeLog, search: Search) -> None:
    rows = [{**FLAW, "subject": HOSTILE}, *[{**INNOCENT, "envelope_from": "a@shop.example"}] * 5]
    log = make_log(rows, OWNERS, PLANS)
    nasty = replace(SPAM, message_id=HOSTILE, subject=HOSTILE, sender=(HOSTILE, "a@trial.example"),
                    recipients=(HOSTILE, "x@$since"), hops=(Hop(1, ip=HOSTILE, by=HOSTILE),))  # fmt: skip
    _, found = search([nasty], log)
    assert found.messages == 1
    assert log.owner("trial.example") == "T1"


def test_progress_is_told(make_log: MakeLog, search: Search) -> None:
    said: list[str] = []

    class Told:
        def step(self, what: str, done: int = 0, total: int = 0) -> None:
            said.append(what)

    search([SPAM], make_log([FLAW], OWNERS, PLANS), progress=Told())
    assert said == ["searching the gateway log", "counting what 1 accounts sent"]

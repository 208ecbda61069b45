"""The relay rules against the complete truth table, and the order of reasons."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from irtool.sandbox.relay import RULES, Submission, decide, owners
from irtool.triage.relay_policy import Owners, since_2019_broad

TABLE = list(csv.DictReader((Path(__file__).parent / "relay_policy.csv").read_text("utf-8").splitlines()))
COLUMNS = {
    "launch": RULES["launch"],
    "2019-narrow": RULES["2019"],
    "2019-broad": since_2019_broad,
    "2025-literal": RULES["2025-literal"],
    "2025-hosted-aware": RULES["2025-hosted-aware"],
}


@dataclass(frozen=True)
class Here:
    """A provider in memory: A owns own.example, B owns other.example."""

    policy: str = "2019"
    status: str | None = "active"
    sends: bool = True
    room: bool = True
    ips: frozenset[str] = frozenset({"192.0.2.1"})
    blocked: frozenset[str] = frozenset()
    owned: dict[str, str] = field(default_factory=lambda: {"own.example": "A", "other.example": "B"})

    def account_status(self, account: str) -> str | None:
        return self.status

    def may_send(self, account: str) -> bool:
        return self.sends

    def within_limit(self, account: str) -> bool:
        return self.room

    def owns_ip(self, account: str, ip: str) -> bool:
        return ip in self.ips

    def owner(self, domain: str) -> str | None:
        return self.owned.get(domain)

    def _hit(self, value: str) -> str | None:
        return value if value in self.blocked else None

    ip_blocked = address_blocked = domain_blocked = _hit

    def rule(self) -> str:
        return self.policy


ADDRESS = {"own": "a@own.example", "other": "b@other.example", "foreign": "c@elsewhere.example"}
GOOD = Submission("A", "192.0.2.1", "a@own.example", ("x@there.example",), ("a@own.example",))


def submission(row: dict[str, str]) -> Submission:
    return Submission(
        account="A",
        ip="192.0.2.1" if row["source_ip"] == "own" else "192.0.2.99",
        envelope_from=ADDRESS.get(row["envelope_from"], ""),
        recipients=("x@there.example",),
        from_=(ADDRESS[row["from_hdr"]],),
        sender=(ADDRESS[row["sender_hdr"]],) if row["sender_hdr"] in ADDRESS else (),
    )


def test_the_table_is_complete() -> None:
    facts = {(r["envelope_from"], r["sender_hdr"], r["from_hdr"], r["source_ip"]) for r in TABLE}
    assert len(TABLE) == len(facts) == 96


@pytest.mark.parametrize("column", COLUMNS)
def test_every_row_of_the_table(column: str) -> None:
    rule = COLUMNS[column]
    for row in TABLE:
        seen = Owners(row["envelope_from"], row["sender_hdr"], row["from_hdr"], row["source_ip"])
        assert rule(seen) == (row[column] == "accept"), row


@pytest.mark.parametrize(
    ("column", "accepted"),
    [("launch", 16), ("2019-narrow", 18), ("2019-broad", 30), ("2025-literal", 14), ("2025-hosted-aware", 15)],
)
def test_how_many_of_96_are_accepted(column: str, accepted: int) -> None:
    seen = (Owners(r["envelope_from"], r["sender_hdr"], r["from_hdr"], r["source_ip"]) for r in TABLE)
    assert sum(map(COLUMNS[column], seen)) == accepted


@pytest.mark.parametrize("policy", RULES)
def test_every_row_as_a_real_submission(policy: str) -> None:
    column = "2019-narrow" if policy == "2019" else policy
    for row in TABLE:
        code, _ = decide(Here(policy), submission(row))
        assert code == (250 if row[column] == "accept" else 550), row


def test_the_hole_of_2019() -> None:
    hole = submission({"envelope_from": "null", "sender_hdr": "own", "from_hdr": "other", "source_ip": "own"})
    assert {policy: decide(Here(policy), hole)[0] for policy in RULES} == {
        "launch": 550,
        "2019": 250,
        "2025-literal": 550,
        "2025-hosted-aware": 550,
    }


@pytest.mark.parametrize(
    ("here", "code", "word"),
    [
        (Here(status=None), 535, "no such account"),
        (Here(status="disabled"), 535, "account is disabled"),
        (Here(sends=False), 550, "trial accounts"),
        (Here(room=False), 451, "hourly limit"),
        (Here(blocked=frozenset({"192.0.2.1"})), 554, "source IP is blocked: 192.0.2.1"),
        (Here(blocked=frozenset({"a@own.example"})), 550, "sender is blocked: a@own.example"),
        (Here(blocked=frozenset({"there.example"})), 550, "destination is blocked: there.example"),
        (Here(ips=frozenset()), 550, "policy 2019"),
        (Here(), 250, "accepted"),
    ],
)
def test_reasons(here: Here, code: int, word: str) -> None:
    answer, text = decide(here, GOOD)
    assert answer == code
    assert word in text


def test_a_blocked_sender_header_is_enough() -> None:
    mail = replace(GOOD, envelope_from="", sender=("bad@own.example",))
    assert decide(Here(blocked=frozenset({"bad@own.example"})), mail)[0] == 550


def test_without_recipients_nothing_is_accepted() -> None:
    assert decide(Here(), replace(GOOD, recipients=())) == (554, "5.5.1 no valid recipients")


def test_of_several_from_addresses_the_worst_counts() -> None:
    mail = replace(GOOD, envelope_from="", from_=(ADDRESS["own"], ADDRESS["other"]))
    assert owners(Here(), mail).from_ == "other"
    assert decide(Here("2025-literal"), mail)[0] == 550


addresses = st.lists(st.sampled_from(sorted(ADDRESS.values())), max_size=3).map(tuple)
submissions = st.builds(
    Submission,
    account=st.just("A"),
    ip=st.sampled_from(["192.0.2.1", "192.0.2.99", "2001:db8::1"]),
    envelope_from=st.sampled_from(["", *ADDRESS.values()]),
    recipients=st.just(("x@there.example",)),
    from_=addresses,
    sender=addresses,
)


@given(submissions)
def test_rules_only_ever_widen_as_history_says(mail: Submission) -> None:
    """literal ⊆ hosted-aware ⊆ 2019 ⊆ 2019-broad, literal ⊆ launch ⊆ 2019, and a strange IP never passes."""
    seen = owners(Here(), mail)
    passes = {name: rule(seen) for name, rule in COLUMNS.items()}
    assert passes["2025-literal"] <= passes["2025-hosted-aware"] <= passes["2019-narrow"] <= passes["2019-broad"]
    assert passes["2025-literal"] <= passes["launch"] <= passes["2019-narrow"]
    assert seen.ip == "own" or not any(passes.values())


@given(submissions, st.sampled_from(sorted(RULES)))
def test_since_2025_null_envelope_never_carries_another_customers_from(mail: Submission, policy: str) -> None:
    null = replace(mail, envelope_from="")
    if policy.startswith("2025") and decide(Here(policy), null)[0] == 250:
        assert ADDRESS["other"] not in null.from_


@given(
    submissions, st.sampled_from(sorted(RULES)), st.sampled_from(["192.0.2.1", "x", "there.example", *ADDRESS.values()])
)
def test_a_block_never_lets_more_through(mail: Submission, policy: str, value: str) -> None:
    free = decide(Here(policy), mail)[0]
    blocked = decide(Here(policy, blocked=frozenset({value})), mail)[0]
    assert blocked == 250 or blocked >= 550
    assert free == 250 or blocked != 250

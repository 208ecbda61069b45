"""Facts and intervals: every figure once, only from events, only what stands."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from irtool.errors import UsageError
from irtool.records import Change, Event, PlanStep
from irtool.tell.intervals import SOPHOS
from irtool.tell.story import story

T0 = datetime(2025, 4, 14, 17, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def block(*pairs: tuple[str, str]) -> PlanStep:
    """A step that blocks each target at each connector."""
    changes = tuple(
        Change("block", f"{target}@{connector}", "domain.block", target, connector, "do", "absent", "blocked")
        for target, connector in pairs
    )
    return PlanStep("block", "Block", "domain.block", "none", "stop", "h", changes)


def test_sophos_figures(sophos: list[Event]) -> None:
    """The numbers of the advisory."""
    figures: Any = story(sophos)["figures"]
    assert figures == {
        "messages": 1_900_000,
        "accounts": 24,
        "plan": "trial",
        "customers": 12,
        "customer_messages": 30,
        "source_ips": 112,
        "domains_blocked": 1,
        "ips_blocked": 112,
        "addresses_blocked": 24,
        "accounts_disabled": 24,
        "notices_sent": 12,
        "relays_reported": 0,
        "waiting": 0,
        "failed": 0,
        "unknown": 0,
        "undone": 0,
        "refused": 0,
        "complaints": 1,
        "notes": 2,
    }


def test_sophos_intervals(sophos: list[Event]) -> None:
    """Every interval of the advisory, measured from the first complaint."""
    rows: Any = story(sophos)["intervals"]
    seconds = {r["mark"]: r["since_reported"] for r in rows}
    assert {m: seconds[m] for m in SOPHOS} == dict(SOPHOS)
    assert seconds["campaign_start"] == -(21 * 60 + 54) * 60
    assert seconds["customers_told"] == seconds["last_account_disabled"] + 600
    assert rows[0]["mark"] == "campaign_start"


def test_order_of_writing_does_not_matter(sophos: list[Event]) -> None:
    """Facts are the same from events in any order."""
    assert story(list(reversed(sophos))) == story(sophos)


def test_who_decided(sophos: list[Event]) -> None:
    """The facts name the people; the report does not."""
    assert story(sophos)["people"] == [
        {"who": "alice", "did": "started", "step": None, "at": "2025-04-14T16:52:00Z"},
        {"who": "bob", "did": "approved", "step": "disable-trials", "at": "2025-04-17T11:40:00Z"},
    ]


def test_a_note_can_say_when_the_team_knew(sophos: list[Event], script: Any) -> None:
    """`#aware` in a note wins over the opening of the incident."""
    script.events = sophos
    script.add("note.added", datetime(2025, 4, 14, 16, 0, tzinfo=UTC), {"text": "Pager went off #aware"})
    marks: Any = story(script.events)["marks"]
    assert marks["aware"] == "2025-04-14T16:00:00Z"


def test_target_at_two_connectors_counts_once(script: Any) -> None:
    """One domain blocked in two products is one domain."""
    both = block(("a.example", "rspamd"), ("a.example", "postfix"))
    script.add("incident.opened", T0)
    script.plan(T0, both)
    script.do(both, T0 + MINUTE, T0 + 3 * MINUTE)
    facts: Any = story(script.events)
    assert facts["figures"]["domains_blocked"] == 1
    assert facts["actions"]["domain.block"]["done"] == ["a.example"]
    assert facts["marks"]["first_block"] == "2025-04-14T17:01:00Z"
    assert facts["marks"]["last_domain_block"] == "2025-04-14T17:03:00Z"


def test_half_blocked_is_not_blocked(script: Any) -> None:
    """A domain that one of two products refused is a failure, and the last block has not been reached."""
    both = block(("a.example", "rspamd"), ("a.example", "postfix"))
    script.add("incident.opened", T0)
    script.plan(T0, both)
    script.tried("change.done", T0 + MINUTE, {"after": "blocked"}, step="block", item="a.example@rspamd")
    script.add("change.failed", T0 + MINUTE, {"error": "500 no"}, step="block", item="a.example@postfix")
    facts: Any = story(script.events)
    assert facts["figures"]["domains_blocked"] == 0
    assert facts["figures"]["failed"] == 1
    assert facts["actions"]["domain.block"]["problems"] == [
        {
            "target": "a.example",
            "connector": "postfix",
            "outcome": "failed",
            "reason": "500 no",
            "at": "2025-04-14T17:01:00Z",
        }
    ]
    assert "last_domain_block" not in facts["marks"]
    assert facts["marks"]["first_block"] == "2025-04-14T17:01:00Z"


def test_undone_does_not_count(script: Any) -> None:
    """What was taken back is no block, and done again it counts from then."""
    one = block(("a.example", "rspamd"))
    script.add("incident.opened", T0)
    script.plan(T0, one)
    script.do(one, T0 + MINUTE, T0 + MINUTE)
    script.tried("undo.done", T0 + 5 * MINUTE, {"state": "absent"}, step="block", item="a.example@rspamd")
    facts: Any = story(script.events)
    assert (facts["figures"]["domains_blocked"], facts["figures"]["undone"]) == (0, 1)
    assert "first_block" not in facts["marks"]
    script.plan(T0 + 8 * MINUTE, one)
    script.do(one, T0 + 9 * MINUTE, T0 + 9 * MINUTE)
    again: Any = story(script.events)
    assert again["figures"]["domains_blocked"] == 1
    assert again["marks"]["first_block"] == "2025-04-14T17:09:00Z"


def test_failed_undo_keeps_the_time_of_the_change(script: Any) -> None:
    """The block stands, and it stood from when it was made."""
    one = block(("a.example", "rspamd"))
    script.add("incident.opened", T0)
    script.plan(T0, one)
    script.do(one, T0 + MINUTE, T0 + MINUTE)
    script.add("undo.failed", T0 + 50 * MINUTE, {"error": "down"}, step="block", item="a.example@rspamd")
    facts: Any = story(script.events)
    assert facts["marks"]["last_domain_block"] == "2025-04-14T17:01:00Z"
    assert facts["figures"]["domains_blocked"] == 1


def test_intent_without_outcome_is_unknown(script: Any) -> None:
    """Never told as done."""
    one = block(("a.example", "rspamd"))
    script.add("incident.opened", T0)
    script.plan(T0, one)
    script.add("change.intended", T0, {"before": {}}, step="block", item="a.example@rspamd")
    figures: Any = story(script.events)["figures"]
    assert (figures["unknown"], figures["domains_blocked"]) == (1, 0)


def test_no_events() -> None:
    """There is nothing to tell."""
    with pytest.raises(UsageError, match="no events"):
        story([])

"""Contradictions and slips of time zone: those of the two seeds, and each rule with a case that it must leave alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from irtool.records import Event
from irtool.tell.linter import lint
from irtool.tell.redaction import redact
from irtool.tell.slips import slip
from irtool.tell.story import story

from . import seeds
from .conftest import at


def names(events: list[Event]) -> list[str]:
    """What the linter finds, without the numbers of events."""
    return [f.name for f in lint(story(events))]


# --- the seeds ---


def test_the_four_contradictions_of_the_sophos_text(tmp_path: Path) -> None:
    """Start of the spam, the accounts, the logic, the trials: and that less than two days cannot be."""
    found = {f.name: f.text for f in lint(story(seeds.sophos(tmp_path, contradictions=True).events()))}
    wanted = {
        ":campaign_start:2025-04-12": ("12 aprile 2025", "2025-04-13 18:00:00Z"),
        "lasting:": ("meno di due giorni", "at least 65 hours"),
        ":last_account_disabled:2025-04-15": ("15 aprile 2025", "2025-04-17 11:51:00Z"),
        ":policy:2025-04-16": ("16 aprile 2025", "2025-04-15 06:00:00Z"),
        ":policy:2025-04-18": ("18 aprile 2025", "2025-04-19 04:59:00Z"),
        ":last_domain_block:2025-04-15": ("15 aprile 2025", "2025-04-14 19:07:00Z"),
    }
    for name, (said, known) in wanted.items():
        (text,) = [t for n, t in found.items() if name in n]
        assert said in text
        assert known in text
    assert len(found) == len(wanted)
    (trials,) = [t for n, t in found.items() if "2025-04-18" in n]
    assert "another time zone" in trials


def test_the_nine_hours_of_the_yarix_text(tmp_path: Path) -> None:
    """First seen 05:59:47, by its own Received header 21:59:37 +0900."""
    (finding,) = lint(story(seeds.libero(tmp_path, contradictions=True).events()))
    assert "“17 maggio 2014 alle ore 05:59:47”" in finding.first
    assert "21:59:37 +0900" in finding.second
    assert "−9 h and +10 s apart: a slip of time zone" in finding.advice


@pytest.mark.parametrize("seed", ["sophos", "libero"])
def test_the_tables_of_the_seeds_are_right(tmp_path: Path, seed: str) -> None:
    """Without what contradicts them, nothing is found."""
    assert lint(story(getattr(seeds, seed)(tmp_path).events())) == []


# --- slips ---


@given(hours=st.integers(-28, 28).filter(bool), seconds=st.integers(-60, 60))
def test_whole_and_half_hours_are_zones(hours: int, seconds: int) -> None:
    """Give or take a minute, up to fourteen hours."""
    assert slip(timedelta(hours=hours / 2, seconds=seconds)) == (
        f"{'+' if hours > 0 else '−'}{abs(hours) / 2:g} h" if abs(hours / 2 + seconds / 3600) <= 14 else ""
    )


@pytest.mark.parametrize("away", [timedelta(0), timedelta(minutes=58), timedelta(hours=20), timedelta(seconds=50)])
def test_other_differences_are_not(away: timedelta) -> None:
    """Too small, too odd, too large."""
    assert slip(away) == ""


# --- order ---


def test_the_whole_incident_is_in_order(sophos: list[Event]) -> None:
    """Nothing to say about it."""
    assert names(sophos) == []


def test_reported_before_it_began(sophos: list[Event], script: Any) -> None:
    """A first message that is later than the complaint about it."""
    moved = [e for e in sophos if e.kind != "triage.done"]
    script.events = moved
    found = {"messages": 5, "first_seen": "2025-04-14T17:54:00Z", "last_seen": "2025-04-15T16:20:00Z"}
    script.add("triage.done", at("14 17:05"), {"findings": found})
    finding = next(f for f in lint(story(script.events)) if f.name == "order:campaign_start:reported")
    assert "+2 h apart" in finding.advice.replace("−", "+")
    assert "2025-04-14 15:54:00Z" in finding.first


def test_told_before_it_was_known(sophos: list[Event]) -> None:
    """Customers cannot be told before anybody knows who they are."""
    early = datetime(2025, 4, 14, 16, 0, tzinfo=UTC)
    moved = [_moved(e, early) if e.step == "notify" and e.kind == "change.done" else e for e in sophos]
    assert "order:known:customers_told" in names(moved)


def test_blocked_before_it_began(sophos: list[Event]) -> None:
    """A block is an answer."""
    early = datetime(2025, 4, 13, 10, 0, tzinfo=UTC)
    moved = [_moved(e, early) if e.step == "block-domains" and e.kind == "change.done" else e for e in sophos]
    assert "order:campaign_start:first_block" in names(moved)


def test_messages_after_the_last_block(sophos: list[Event], script: Any) -> None:
    """The measures did not hold, or a time is wrong."""
    script.events = [e for e in sophos if e.kind != "triage.done"]
    found = {"messages": 5, "first_seen": "2025-04-13T18:00:00Z", "last_seen": "2025-04-18T16:20:00Z"}
    script.add("triage.done", at("14 17:05"), {"findings": found})
    assert "order:last_seen:blocks" in names(script.events)


def test_a_message_older_than_the_first(sophos: list[Event], script: Any) -> None:
    """The reported one passed a relay before the campaign is said to have begun."""
    script.events = sophos
    hop = {"by": "mx.far.example", "time": "2025-04-13T09:00:00Z", "time_raw": "Sun, 13 Apr 2025 18:00:00 +0900"}
    script.add("complaint.received", at("14 16:00"), {"subject": "x", "hops": [hop]})
    finding = next(f for f in lint(story(script.events)) if f.name == "order:trace:campaign_start")
    assert "+9 h apart: a slip of time zone" in finding.advice


# --- notes ---


@pytest.mark.parametrize(
    ("when", "text", "offset", "found"),
    [
        ("14 19:07", "Domain blocked at 19:07", "", None),
        ("14 17:07", "Domain blocked at 19:07", "", None),  # 19:07 is on record; the note only refers to it
        ("14 18:30", "Called the datacentre at 20:30", "", "stamp"),  # two hours: CEST
        ("14 18:30", "Called the datacentre at 20:30", "+02:00", None),  # as said
        ("14 18:30", "Called the datacentre at 18:30 UTC", "+02:00", None),
        ("14 18:30", "Called the datacentre at 18:10", "", "stamp"),
        ("14 18:30", "Called at 18:30, they answered at 18:41", "", None),
        ("14 18:30", "Team sees a queue of 40 messages", "", None),
        ("15 16:33", "All IPs and addresses blocked on 14 April 2025", "", "date"),
        ("15 16:33", "All IPs and addresses blocked on 15 April 2025", "", None),
        ("18 08:00", "23 accounts were involved", "", "figure"),
        ("18 08:00", "24 accounts were involved", "", None),
        ("14 16:55", "5 accounts found so far", "", None),
        ("14 16:55", "50 accounts found so far", "", "figure"),
        ("18 08:00", "13 customers told", "", "figure"),
        ("18 08:00", "4,000,000 messages went out", "", "figure"),
        ("18 08:00", "The team was aware after 3 hours", "", "interval"),
        ("18 08:00", "The team was aware after 58 minutes", "", None),
        ("18 08:00", "The team was aware in less than an hour", "", None),
        ("18 08:00", "Spam began on 13 April 2025 at 20:00", "", "time"),
        ("18 08:00", "Spam began on 13 April 2025 at 20:00", "+02:00", None),
    ],
)
def test_notes(sophos: list[Event], script: Any, when: str, text: str, offset: str, found: str | None) -> None:
    """Against their stamp, the figures, the dates and the intervals."""
    script.events = sophos
    script.add("note.added", at(when), {"text": text}, actor="alice", written=at("20 09:00"), offset=offset)
    kinds = {n.partition(":")[0] for n in names(script.events)}
    assert (found in kinds) if found else not kinds, names(script.events)


def test_a_note_of_the_future(sophos: list[Event], script: Any) -> None:
    """It happened after it was written: the stamp is in another zone."""
    script.events = sophos
    script.add("note.added", at("14 21:00"), {"text": "x"}, written=at("14 19:00"), actor="alice")
    (finding,) = lint(story(script.events))
    assert "+2 h apart" in finding.advice


def test_a_corrected_note_is_right_again(sophos: list[Event], script: Any) -> None:
    """What was corrected is not held against anybody."""
    script.events = sophos
    wrong = script.add("note.added", at("18 08:00"), {"text": "23 accounts"}, actor="alice")
    assert names(script.events)
    script.add("note.added", at("18 08:01"), {"text": "24 accounts", "corrects": wrong.seq}, actor="alice")
    assert names(script.events) == []


def test_what_is_explained_is_not_found_again(sophos: list[Event], script: Any) -> None:
    """By its name; the others stay."""
    script.events = sophos
    script.add("note.added", at("18 08:00"), {"text": "23 accounts"}, actor="alice")
    script.add("note.added", at("18 08:00"), {"text": "22 accounts"}, actor="alice")
    first, second = names(script.events)
    script.add("check.explained", at("18 09:00"), {"finding": first, "reason": "of the first wave"}, actor="alice")
    assert names(script.events) == [second]


@pytest.mark.parametrize("text", ["a" * 20_000, "block " * 4_000, "1 " * 9_000, "account, " * 2_500, "a@" * 9_000])
def test_very_long_notes_are_read_in_time(script: Any, text: str) -> None:
    """No pattern goes back over the text for each of its characters."""
    script.add("incident.opened", at("14 16:52"), {"title": "x"})
    script.add("note.added", at("14 17:00"), {"text": text}, actor="alice")
    script.add("report.part", at("14 18:00"), {"part": "impact", "lang": "en", "text": text, "sources": []})
    lint(story(script.events))
    redact(story(script.events), ["alice"], [], "[redacted]")


def _moved(event: Event, when: datetime) -> Event:
    return Event(**{**{n: getattr(event, n) for n in event.__slots__}, "occurred_at": when})

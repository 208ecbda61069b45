"""The timeline in its three forms."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from irtool.errors import UsageError
from irtool.records import Change, Event, PlanStep
from irtool.tell.timeline import timeline

T0 = datetime(2025, 4, 14, 17, 0, tzinfo=UTC)


def test_text_has_every_event_but_settled_intents(sophos: list[Event]) -> None:
    """80 columns, one line per event but for what people wrote, in the order things occurred."""
    lines = timeline(sophos, "text").splitlines()
    assert lines[0] == "INC-2025-0001  Spam sent through our own mail service"
    told = [e for e in sophos if not e.kind.endswith(".intended")]
    assert len(told) < len(sophos)
    assert lines[1] == f"{len(told)} events, all times UTC"
    assert max(len(line) for line in lines) <= 80
    stamps = [line[:19] for line in lines[3:] if line[:4] == "2025"]
    assert len(stamps) == len(told)
    assert stamps == sorted(stamps)
    assert "2025-04-14 19:07:00  Done: block domain win-prizes[.]example (rspamd)" in lines


def test_notes_stand_where_they_belong(sophos: list[Event]) -> None:
    """At their own time, with who, when it was written, and what corrects what."""
    text = " ".join(timeline(sophos, "text").split())
    assert (
        "2025-04-02 09:00:00 First trial account created by the attackers, from trial1[.]example"
        " (alice; written 2025-04-18 09:05:00; corrects 2025-04-02 10:00:00)"
    ) in text
    assert (
        "2025-04-02 10:00:00 First trial account created (alice; written 2025-04-18 09:00:00; corrected later)" in text
    )


def test_original_offset_is_shown(sophos: list[Event]) -> None:
    """UTC first, then the time as the complaint wrote it."""
    text = " ".join(timeline(sophos, "text").split())
    assert "2025-04-14 15:54:00 Complaint received (eml): " in text
    assert "(2025-04-15 00:54 +09:00)" in text


@pytest.mark.parametrize("offset", ["", "Z", "+00:00"])
def test_utc_is_not_repeated(script: Any, offset: str) -> None:
    """No remark if the source wrote UTC."""
    script.add("note.added", T0, {"text": "hello"}, offset=offset)
    assert timeline(script.events).splitlines()[-1] == "2025-04-14 17:00:00  hello"


@pytest.mark.parametrize("offset", ["+99:99", "JST", "\x1b[2J", "+09:0\n"])
def test_odd_offset_is_harmless(script: Any, offset: str) -> None:
    """Whatever a source claims, it is shown and nothing more."""
    script.add("note.added", T0, {"text": "hello"}, offset=offset)
    assert "\x1b" not in timeline(script.events)
    assert len(timeline(script.events).splitlines()) == 4


def test_trouble_is_told_with_its_reason(script: Any) -> None:
    """A failure has a second line that says why; success has none."""
    change = Change("block", "a.example", "domain.block", "a.example", "rspamd", "do", "absent", "blocked")
    script.add("incident.opened", T0, {"title": "x"})
    script.plan(T0, PlanStep("block", "Block", "domain.block", "none", "stop", "h", (change,)))
    at = {"step": "block", "item": "a.example"}
    script.add("change.failed", T0, {"error": "rspamd said 500\r\n\x1b[31mno " + "long " * 30}, **at)
    script.add("change.done", T0 + timedelta(minutes=1), {"effective": False}, **at)
    lines = timeline(script.events).splitlines()
    n = lines.index("2025-04-14 17:00:00  FAILED: block domain a[.]example (rspamd)")
    assert lines[n + 1].startswith(f"{'':21}! rspamd said 500\\r\\n\\x1b[31mno long")
    assert lines[-1] == f"{'':21}! the server says done, but the effect is not there"
    assert max(map(len, lines)) <= 80


def test_an_intent_without_an_outcome_is_told(script: Any) -> None:
    """Nobody knows what became of it: that is what the reader has to see."""
    change = Change("block", "a.example", "domain.block", "a.example", "rspamd", "do", "absent", "blocked")
    script.add("incident.opened", T0, {"title": "x"})
    script.plan(T0, PlanStep("block", "Block", "domain.block", "none", "stop", "h", (change,)))
    at = {"step": "block", "item": "a.example"}
    script.add("change.intended", T0, {}, **at)
    script.add("change.failed", T0, {"error": "no"}, **at)
    script.add("change.intended", T0 + timedelta(minutes=1), {}, **at)
    intents = [line for line in timeline(script.events).splitlines() if "Trying" in line]
    assert intents == ["2025-04-14 17:01:00  Trying to block domain a[.]example (rspamd)"]


def test_markdown_is_one_table(sophos: list[Event]) -> None:
    """All events, defanged, in the words of the language."""
    rows = timeline(sophos, "md", "it").splitlines()
    assert rows[:2] == ["| Data e ora (UTC) | Evento | Chi |", "| --- | --- | --- |"]
    assert len(rows) == sum(not e.kind.endswith(".intended") for e in sophos) + 2
    assert r"| 2025-04-14 19:07:00 | Fatto: bloccare il dominio win-prizes\[.\]example (rspamd) |  |" in rows


def test_json_is_the_events(sophos: list[Event]) -> None:
    """Whole, in order, and plain ASCII for any terminal."""
    text = timeline(sophos, "json")
    rows = json.loads(text)
    assert text.isascii()
    assert len(rows) == len(sophos)
    assert [r["occurred_at"] for r in rows] == sorted(r["occurred_at"] for r in rows)
    assert rows[0]["data"]["corrects"] == rows[1]["seq"]


def test_no_such_format(sophos: list[Event]) -> None:
    """Refused with the list."""
    with pytest.raises(UsageError) as caught:
        timeline(sophos, "pdf")
    assert caught.value.hint == "one of: text, md, json"


def test_nothing_yet() -> None:
    """No events, no text, but valid JSON."""
    assert (timeline([], "text"), timeline([], "md"), json.loads(timeline([], "json"))) == ("", "", [])


def test_triage_that_found_nothing(script: Any) -> None:
    """Without a campaign no zeros are counted."""
    script.add("triage.done", T0, {"findings": {"messages": 0}})
    assert timeline(script.events).splitlines()[-1] == "2025-04-14 17:00:00  Scope: no campaign found in the logs"


@pytest.mark.parametrize(
    ("kind", "data", "english", "italian"),
    [
        ("approval.refused", {"items": ["evil.example"], "reason": "ours"},
         "Left out of one: evil[.]example", "Lasciato fuori da one: evil[.]example"),
        ("approval.refused", {"items": []}, "Approval refused: one", "Approvazione negata: one"),
        ("approval.given", {"items": ["a", "b", "c", "d"]},
         "Approved in part, one: a, b, c (+1)", "Approvato in parte, one: a, b, c (+1)"),
        ("approval.revoked", {"items": [], "of": "no"}, "Veto taken back: one", "Veto ritirato: one"),
    ],
)  # fmt: skip
def test_a_decision_about_single_targets_names_them(
    script: Any, kind: str, data: Any, english: str, italian: str
) -> None:
    script.add("incident.opened", T0, {"title": "Spam", "started_by": "alice"}, actor="alice")
    script.add(kind, T0, data, step="one", actor="bob")
    for lang, says in (("en", english), ("it", italian)):
        assert says in " ".join(timeline(script.events, "text", lang).split())

"""One pass: a stream tells the same as a list, and what there is too much of is counted, not kept."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from irtool.records import Event
from irtool.tell import gather as gathering
from irtool.tell.chronicle import chronicle, left_out
from irtool.tell.gather import gather
from irtool.tell.report import report
from irtool.tell.story import story

from .conftest import at, step

MINUTE = timedelta(minutes=1)


def test_a_stream_tells_the_same_as_a_list(sophos: list[Event]) -> None:
    """The journal is read once, page by page."""
    assert story(iter(sophos)) == story(sophos)
    assert story(gather(iter(sophos))) == story(sophos)


def test_nothing_of_a_stream_is_kept(sophos: list[Event]) -> None:
    """Not the changes' data, not the complaint's headers."""
    kept = gather(iter(sophos))
    assert "headers" not in kept.complaints[0].data
    assert len(kept.moments) == 4
    assert len(kept.stretches) == 5


def test_many_complaints_and_notes_are_counted(script: Any, templates: Any, org: Any) -> None:
    """The first and the last are told, and how many there were; the report is as long as before."""
    script.add("incident.opened", at("14 16:52"), {"title": "x"})
    many = 3 * gathering.MOST_COMPLAINTS
    for n in range(many):
        mail = {"subject": str(n), "from": ["info@gateway.example"]}
        script.add("complaint.received", at("14 15:00") + n * MINUTE, mail)
    notes = gathering.FIRST_NOTES + gathering.LAST_NOTES + 70
    for n in range(notes):
        script.add("note.added", at("15 15:00") + n * MINUTE, {"text": f"Looked at it, round {n}"}, actor="alice")
    kept = gather(iter(script.events))
    assert (len(kept.complaints), kept.complaint_count) == (gathering.MOST_COMPLAINTS, many)
    assert (len(kept.notes), kept.note_count) == (gathering.FIRST_NOTES + gathering.LAST_NOTES, notes)
    assert left_out(kept, "en") == "70 notes more are in the timeline of the incident itself."
    rows = [r["text"] for r in chronicle(kept, {}, "en")]
    assert rows.count("Another complaint about the same campaign.") == 0
    assert f"The last of {many} complaints about the same campaign." in rows
    text = report(script.events, templates=templates, org=org)
    assert f"the first of {many} complaints was made" in text
    assert "70 notes more" in text


def test_a_thousand_rounds_of_one_step_are_few_lines(script: Any) -> None:
    """Stretches far apart are told singly up to a limit; after it, as one."""
    one = step("off", "Disable", "account.disable", {"a": ""})
    script.add("incident.opened", at("14 16:52"), {"title": "x"})
    script.plan(at("14 17:00"), one)
    rounds = 2 * gathering.MOST_RUNS
    for n in range(rounds):
        when = at("14 18:00") + n * timedelta(hours=1)
        script.add("change.done", when, {}, step="off", item="a")
        script.add("undo.done", when, {}, step="off", item="a")
    kept = gather(iter(script.events))
    assert len(kept.stretches) == gathering.MOST_RUNS
    assert kept.stretches[-1].last == at("14 18:00") + (rounds - 1) * timedelta(hours=1)
    assert kept.history.changes["off/a"].rounds == rounds


def test_what_is_said_once_is_the_first_or_the_last(script: Any) -> None:
    """Whatever the order of writing."""
    script.add("campaign.first_seen", at("14 10:00"))
    script.add("campaign.first_seen", at("13 10:00"))
    script.add("campaign.last_seen", at("15 10:00"))
    script.add("campaign.last_seen", at("14 10:00"))
    kept = gather(iter(script.events)).moments
    assert kept["campaign.first_seen"].occurred_at == at("13 10:00")
    assert kept["campaign.last_seen"].occurred_at == at("15 10:00")


def test_aware_is_when_an_uncorrected_note_says(script: Any) -> None:
    """A note that was taken back says nothing any more."""
    script.add("incident.opened", at("14 16:52"), {"title": "x"})
    wrong = script.add("note.added", at("14 12:00"), {"text": "Seen #aware"})
    assert gather(script.events).aware == at("14 12:00")
    script.add("note.added", at("14 16:00"), {"text": "Seen #aware", "corrects": wrong.seq})
    assert gather(script.events).aware == at("14 16:00")


def test_a_plan_without_its_step_is_no_stretch_of_anything(script: Any) -> None:
    """Outcomes of changes that no plan has are counted as events only."""
    script.add("incident.opened", at("14 16:52"), {"title": "x"})
    script.add("change.done", at("14 17:00"), {}, step="ghost", item="x")
    facts: Any = story(script.events)
    assert facts["stretches"][0]["counts"] == {"done": 0, "failed": 0, "unknown": 0}

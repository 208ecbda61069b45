"""Undoing lets mail flow again: not everybody may, and it is said aloud."""

from __future__ import annotations

import pytest

from irtool.errors import Refused


def test_who_has_no_say_undoes_nothing(world, step, incident):
    world.plan(step("one", "domain.block", "a.example"))
    world.runner().run(incident, "alice")
    for by, why in (("mallory", "has no say"), ("carol", "carol neither runs this incident nor is in the group leads")):
        with pytest.raises(Refused, match=why):
            world.runner(approvers="leads").undo(incident, by)
    assert world.states() == {"one/a.example": "done"}
    assert world.runner(approvers="leads").undo(incident, "bob").exit_code == 0


@pytest.mark.parametrize(
    ("verb", "approval", "says"),
    [
        ("domain.block", "peer", "1 × Refuse all mail to a destination domain (took a second person)"),
        ("domain.block", "self", "1 × Refuse all mail to a destination domain."),
        ("ip.block", "peer", "1 × Refuse all mail from an IP address or network (took a second person)"),
        ("ip.block", "self", ""),
    ],
)
def test_undoing_alone_what_is_severe_or_took_two_is_said_aloud(world, step, incident, verb, approval, says):
    world.plan(step("one", verb, "198.51.100.1" if verb == "ip.block" else "a.example", approval=approval))
    world.runner().decide(incident, "one", approved=True, by="bob", door="terminal")
    world.runner().run(incident, "alice")
    world.runner().undo(incident, "al", reason="a mistake")
    notes = [e for e in world.journal.rows if e.kind == "note.added"]
    assert [e.data.get("loud") for e in notes] == [True] * bool(says)
    assert all(says in str(e.data["text"]) and e.actor == "alice" for e in notes)

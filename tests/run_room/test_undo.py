"""Undo restores what was there before, and only that."""

from __future__ import annotations

import pytest

from irtool.errors import Refused, UsageError
from irtool.records import Traits


def _done(world, step, incident):
    world.server.state["old.example"] = "blocked"
    world.plan(
        step("domains", "domain.block", "a.example", "old.example"),
        step("ips", "ip.block", "198.51.100.1", connector="lists"),
        step("accounts", "account.disable", "t1", "t2"),
        step("notify", "notice.send", "c1"),
    )
    world.server.list_text = "203.0.113.9"
    world.server.state |= {"t1": "active", "t2": "active"}
    before = (dict(world.server.state), world.server.list_text)
    assert world.runner().run(incident, "alice").exit_code == 0
    return before


def test_undo_restores_what_was_there_the_last_first(world, step, incident):
    state, text = _done(world, step, incident)
    world.server.requests.clear()
    outcome = world.runner().undo(incident, "bob", reason="false alarm")
    assert outcome.exit_code == 0
    assert {k: v for k, v in world.server.state.items() if v} == {**state, "c1": "sent"}
    assert world.server.list_text == text
    undone = [e.item for e in world.journal.rows if e.kind == "undo.done"]
    assert undone == ["t1", "t2", "198.51.100.1", "a.example"]
    assert world.states()["notify/c1"] == "done", "what was told to people stays told"
    assert "1 in notify" in outcome.message
    assert world.states()["domains/old.example"] == "already"
    intent = next(e for e in world.journal.rows if e.kind == "undo.intended" and e.item == "t1")
    assert intent.data["reason"] == "false alarm"
    assert intent.data["before"] == {"state": "active", "data": {"was": "active"}, "detail": ""}


def test_undo_twice_does_nothing(world, step, incident):
    _done(world, step, incident)
    world.runner().undo(incident, "alice")
    requests = len(world.server.requests)
    outcome = world.runner().undo(incident, "alice")
    assert outcome.exit_code == 0
    assert outcome.message.startswith("there is nothing to undo")
    assert len(world.server.requests) == requests


def test_nobody_unknown_undoes_anything(world, step, incident):
    state, _ = _done(world, step, incident)
    with pytest.raises(Refused, match="mallory is not one of `people`"):
        world.runner().undo(incident, "mallory")
    assert world.server.state["a.example"] == "blocked"
    assert "a.example" not in state


def test_what_was_told_to_people_is_taken_back_only_by_name(world, step, incident):
    _done(world, step, incident)
    assert world.runner().undo(incident, "alice", step="notify").counts["undone"] == 1
    assert world.states()["notify/c1"] == "undone"
    assert world.states()["accounts/t1"] == "done"


def test_undo_of_one_step_or_one_change(world, step, incident):
    _done(world, step, incident)
    world.runner().undo(incident, "alice", "accounts", "t2")
    assert world.states()["accounts/t1"] == "done"
    assert world.server.state["t2"] == "active"
    world.runner().undo(incident, "alice", "domains")
    assert world.server.state == {
        "old.example": "blocked",
        "a.example": "",
        "t1": "disabled",
        "t2": "active",
        "c1": "sent",
    }
    with pytest.raises(UsageError, match="domains/zzz"):
        world.runner().undo(incident, "alice", "domains", "zzz")


def test_what_cannot_be_undone_is_listed_and_left(world, step, incident):
    world.plan(step("purge", "queue.purge", "a.example"), step("domains", "domain.block", "a.example"))
    world.server.state["a.example"] = "held"
    world.connectors["lists"].behaves = Traits(undoable=False)
    world.plan(step("purge", "queue.purge", "q.example"), step("d", "domain.block", "d.example", connector="lists"))
    world.runner().run(incident, "alice")
    outcome = world.runner().undo(incident, "alice")
    assert outcome.skipped == ("purge/q.example", "d/d.example")
    assert outcome.exit_code == 0


def test_what_somebody_else_has_restored_or_changed_is_left(world, step, incident):
    _done(world, step, incident)
    world.server.state |= {"t1": "active", "t2": "deleted"}
    outcome = world.runner().undo(incident, "alice", "accounts")
    assert (outcome.exit_code, outcome.failed) == (1, ("accounts/t2",))
    assert world.states()["accounts/t1"] == "undone"
    assert "somebody has changed it since" in world.history.changes["accounts/t2"].error
    assert [c for c in world.server.requests if c.method == "DELETE"] == []


@pytest.mark.parametrize(
    ("faults", "exit_code", "deletes"),
    [
        (["lost answer"], 0, 1),
        (["lost request"], 0, 2),
        (["lost request", "lost request"], 1, 2),
        (["rejected"], 1, 1),
    ],
)
def test_undo_in_doubt_is_looked_at(world, step, incident, faults, exit_code, deletes):
    _done(world, step, incident)
    world.server.faults = list(faults)
    outcome = world.runner().undo(incident, "alice", "domains")
    assert outcome.exit_code == exit_code
    assert len([c for c in world.server.requests if c.method == "DELETE"]) == deletes
    assert world.runner().undo(incident, "alice", "domains").exit_code == 0
    assert world.server.applied["DELETE a.example"] == 1


def test_an_undo_that_was_killed_is_settled_by_the_next_run(world, step, incident, crash):
    _done(world, step, incident)
    world.server.faults = ["crash after"]
    with pytest.raises(crash):
        world.runner().undo(incident, "alice", "domains")
    assert world.states()["domains/a.example"] == "undoing"
    world.journal.restart()
    assert world.runner().run(incident, "alice").exit_code == 0
    assert world.states()["domains/a.example"] == "undone"
    assert world.server.applied["POST a.example"] == 1, "what was undone is not done again"


def test_undo_of_a_change_in_doubt_looks_first(world, step, incident, crash):
    world.plan(step("one", "domain.block", "a.example", "b.example"))
    world.server.faults = ["crash after"]
    with pytest.raises(crash):
        world.runner().run(incident, "alice")
    world.journal.restart()
    assert world.runner().undo(incident, "alice").counts == {"undone": 1, "failed": 0, "unknown": 0, "skipped": 0}
    assert world.server.state == {"a.example": ""}


def test_what_was_left_to_do_is_not_done_on_top_of_an_undo(world, step, incident):
    """Undone, then resumed: nothing is blocked behind the back of whoever undid it."""
    world.plan(step("domains", "domain.block", "a.example"), step("late", "domain.block", "b.example", approval="peer"))
    assert world.runner().run(incident, "alice").word == "waiting"
    world.runner().undo(incident, "alice")
    with pytest.raises(Refused, match="was undone"):
        world.runner().run(incident, "alice")
    assert not any(world.server.state.get(name) == "blocked" for name in ("a.example", "b.example"))

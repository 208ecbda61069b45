"""Before the first change of a run: is what was approved still what would happen?"""

from __future__ import annotations

from dataclasses import replace

import pytest

from irtool.errors import StepFailed
from irtool.plan.hashes import plan_hash, step_hash


def made(world, *steps):
    return replace(world.history.plan, steps=steps, hash=plan_hash("0" * 64, steps))


@pytest.fixture
def now(world):
    """What planning again would give, and how often it was asked."""

    class Replan:
        plan = None
        asked = 0

        def __call__(self, history):
            self.asked += 1
            return self.plan or history.plan, {"digest": {"method": "POST"}}

    return Replan()


def test_the_same_plan_runs(world, step, incident, now):
    world.plan(step("one", "domain.block", "a.example"))
    assert world.runner(replan=now).run(incident, "alice").exit_code == 0
    assert (now.asked, world.journal.kinds("plan.refused")) == (1, [])


def test_another_world_has_another_plan_and_nothing_is_changed(world, step, incident, now):
    old, kept = (
        step("one", "domain.block", "a.example", approval="self"),
        step("two", "ip.block", "192.0.2.1", approval="self"),
    )
    world.plan(old, kept)
    for name in ("one", "two"):
        world.runner().decide(incident, name, approved=True, by="alice", door="terminal")
    change = replace(old.changes[0], action="refused", reason="it belongs to the customer c1")
    new = replace(old, changes=(change,), hash=step_hash("one", (change,)))
    now.plan = made(world, new, kept)
    outcome = world.runner(replan=now).run(incident, "alice")
    assert (outcome.word, outcome.exit_code) == ("refused", 5)
    assert "one/a.example: refused: it belongs to the customer c1" in outcome.message
    assert world.server.requests == []
    refused = next(e for e in world.journal.rows if e.kind == "plan.refused")
    assert [d["change"] for d in refused.data["diff"]] == ["one/a.example"]
    after = world.journal.rows[refused.seq]
    assert (after.kind, after.data["replaces"]) == ("plan.made", refused.data["plan"])
    assert after.data["calls"] == {"digest": {"method": "POST"}}
    assert world.history.status == "planned"
    now.plan = None
    assert world.runner(replan=now).run(incident, "alice").exit_code == 5, "the guard"
    assert world.states() == {"one/a.example": "refused", "two/192.0.2.1": "done"}, (
        "a step that is the same stays approved"
    )


def test_less_to_do_is_no_reason_to_stop(world, step, incident, now):
    old = step("one", "domain.block", "a.example", "b.example")
    world.plan(old)
    world.server.state["a.example"] = "blocked"
    changes = (replace(old.changes[0], action="already", before="blocked"), old.changes[1])
    now.plan = made(world, replace(old, changes=changes, hash=step_hash("one", changes)))
    assert world.runner(replan=now).run(incident, "alice").exit_code == 0
    assert world.states() == {"one/a.example": "already", "one/b.example": "done"}


def test_once_begun_it_goes_on(world, step, incident, now):
    """The rest of a run is looked at change by change, as ever."""
    old = step("one", "domain.block", "a.example")
    world.plan(old, step("two", "ip.block", "192.0.2.1", approval="peer"))
    assert world.runner(replan=now).run(incident, "alice").exit_code == 3
    now.plan = made(world, old)
    world.runner().decide(incident, "two", approved=True, by="bob", door="terminal")
    assert world.runner(replan=now).run(incident, "alice").exit_code == 0
    assert now.asked == 1


def test_who_planned_it_anew_is_no_peer(world, step, incident, now):
    old = step("one", "domain.block", "a.example", approval="peer")
    world.plan(old)
    other = replace(old.changes[0], params={"expires": "1h"})
    now.plan = made(world, replace(old, changes=(other,), hash=step_hash("one", (other,))))
    assert world.runner(replan=now).run(incident, "bob").exit_code == 5
    from irtool.errors import Refused

    with pytest.raises(Refused, match="bob started, planned or ran"):
        world.runner().decide(incident, "one", approved=True, by="bob", door="terminal")


def test_a_server_that_is_down_is_found_before_the_first_change(world, step, incident):
    def down(history):
        raise StepFailed("connector fake did not answer", done="Nothing was changed.")

    world.plan(step("one", "domain.block", "a.example"))
    with pytest.raises(StepFailed):
        world.runner(replan=down).run(incident, "alice")
    assert world.journal.kinds("change") == world.journal.kinds("run") == []
    assert world.runner().run(incident, "alice").exit_code == 0

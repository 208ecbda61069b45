"""Single targets are left out as long as they are not begun; the rest goes on."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import pytest

from irtool.errors import Refused
from irtool.records import Decision
from irtool.run.approvals import vetoes


def no(world, incident, by, *items, **more):
    return world.runner().decide(incident, "one", approved=False, by=by, door="terminal", items=items, **more)


@pytest.mark.parametrize("approval", ["none", "self", "peer"])
def test_a_veto_after_the_yes(world, step, incident, approval):
    world.plan(step("one", "domain.block", "a.example", "b.example", "c.example", approval=approval))
    if approval != "none":
        world.runner().decide(incident, "one", approved=True, by="bob", door="slack")
    no(world, incident, "carol", "b.example", reason="a customer")
    assert world.runner().run(incident, "alice").exit_code == 0
    assert world.states() == {"one/a.example": "done", "one/b.example": "skipped", "one/c.example": "done"}
    assert world.history.changes["one/b.example"].error == "refused by carol: a customer"


def test_too_late_when_it_is_begun(world, step, incident):
    world.plan(step("one", "domain.block", "a.example"))
    world.runner().run(incident, "alice")
    with pytest.raises(Refused, match=r"one/a\.example is done: it is too late for a veto"):
        no(world, incident, "bob", "a.example")


def test_an_unmapped_person_vetoes_nothing(world, step, incident):
    world.plan(step("one", "domain.block", "a.example"))
    with pytest.raises(Refused, match="has no say"):
        no(world, incident, "mallory", "a.example")


def test_a_target_names_it_on_all_its_connectors(world, step, incident):
    made = step("one", "domain.block", "a.example", "b.example")
    two = tuple(replace(c, item=f"a.example@{n}", target="a.example") for c, n in zip(made.changes, "xy", strict=True))
    from irtool.plan.hashes import step_hash

    world.plan(replace(made, changes=two, hash=step_hash("one", two)))
    no(world, incident, "bob", "a.example")
    assert set(world.states().values()) == {"skipped"}


def test_while_the_step_runs_the_item_that_is_not_begun_stays_out(world, step, incident):
    """The veto comes from another process while the first target is being made."""
    world.plan(step("one", "domain.block", "a.example", "b.example", "c.example"))

    def veto(call):
        if call.path == "/a.example":
            other = world.runner()
            other.decide(incident, "one", approved=False, by="bob", door="slack", items=["b.example"])

    world.server.check = veto
    assert world.runner().run(incident, "alice").exit_code == 0
    assert world.states() == {"one/a.example": "done", "one/b.example": "skipped", "one/c.example": "done"}
    assert list(world.server.applied) == ["POST a.example", "POST c.example"]


def test_while_the_step_runs_a_yes_is_taken_back(world, step, incident):
    world.plan(step("one", "domain.block", "a.example", "b.example", approval="peer"))
    world.runner().decide(incident, "one", approved=True, by="bob", door="slack")
    world.server.check = lambda _call: (
        world.runner().decide(incident, "one", approved=True, by="bob", door="slack", back=True)
        if len(world.server.requests) == 0
        else None
    )
    assert world.runner().run(incident, "alice").exit_code == 3
    assert world.states() == {"one/a.example": "done", "one/b.example": "planned"}


def test_an_approval_that_comes_while_another_step_runs_counts(world, step, incident):
    world.plan(step("zero", "ip.block", "198.51.100.1"), step("one", "domain.block", "a.example", approval="peer"))
    world.server.check = lambda call: (
        world.runner().decide(incident, "one", approved=True, by="bob", door="slack")
        if call.path == "/198.51.100.1"
        else None
    )
    assert world.runner().run(incident, "alice").exit_code == 0


def test_a_veto_outlasts_the_plan_until_it_is_taken_back(world, step, incident):
    world.plan(step("one", "domain.block", "a.example", "b.example"))
    no(world, incident, "bob", "a.example", reason="ours")
    assert vetoes(world.history) == {"one/a.example": "refused by bob: ours"}
    with pytest.raises(Refused, match="carol has refused nothing"):
        no(world, incident, "carol", "a.example", back=True)
    no(world, incident, "bo", "a.example", back=True)
    assert vetoes(world.history) == {}


def test_the_person_here_leaves_one_out_and_says_yes_to_the_rest(world, step, incident, approver):
    world.plan(step("one", "domain.block", "a.example", "b.example", approval="self"))
    here = approver(
        Decision(False, "alice", "terminal", "a customer", ("a.example",)), Decision(True, "alice", "terminal")
    )
    assert world.runner(approver=here).run(incident, "alice").exit_code == 0
    assert here.asked == [("one", ("a.example", "b.example")), ("one", ("b.example",))]
    assert world.states() == {"one/a.example": "skipped", "one/b.example": "done"}


def test_vetoes_and_intents_of_many_threads_agree(world, step, incident):
    """Whatever comes first: a vetoed target is never sent, a target that was sent is never vetoed."""
    names = [f"d{n:02}.example" for n in range(40)]
    world.plan(step("one", "domain.block", *names))
    world.server.delay = 0.002
    world.clock.sleep = lambda _seconds: time.sleep(0.001)  # two threads wait for each other: time has to pass
    refused: list[str] = []

    def veto():
        runner = world.runner()
        for name in reversed(names[::2]):
            try:
                runner.decide(incident, "one", approved=False, by="bob", door="slack", items=[name])
            except Refused:
                continue
            refused.append(name)

    thread = threading.Thread(target=veto)
    thread.start()
    world.runner(workers=4).run(incident, "alice")
    thread.join()
    sent = {c.path.removeprefix("/") for c in world.server.requests}
    assert sent.isdisjoint(refused)
    assert sent | set(refused) == set(names)
    assert world.history.illegal == ()


def test_a_yes_and_a_no_at_the_same_moment(make_world, step, incident):
    """Whoever is first: either the no came first and the yes is refused, or both count and nothing is made."""
    for _ in range(15):
        world = make_world()
        world.clock.sleep = lambda _seconds: time.sleep(0.001)
        world.plan(step("one", "domain.block", "a.example", approval="peer"))
        said: list[str] = []

        def answer(yes, world=world, said=said):
            try:
                world.runner().decide(incident, "one", approved=yes, by="bob" if yes else "carol", door="slack")
            except Refused as refused:
                said.append(refused.message)

        threads = [threading.Thread(target=answer, args=(yes,)) for yes in (True, False)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        kinds = world.journal.kinds("approval")
        assert kinds in (["approval.given", "approval.refused"], ["approval.refused"]), kinds
        assert (said == []) is (len(kinds) == 2)
        assert world.runner().run(incident, "alice").exit_code == 5
        assert world.server.requests == []

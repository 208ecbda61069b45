"""Nothing that needs a yes is made without one, bound to the exact changes."""

from __future__ import annotations

import pytest

from irtool.errors import Refused, UsageError
from irtool.records import Decision
from irtool.run.people import People, Person


def _peer(world, step, **more):
    world.plan(step("one", "domain.block", "a.example", "b.example", approval="peer", **more))


def test_without_a_yes_the_run_waits_and_a_yes_from_elsewhere_lets_it_go_on(world, step, incident):
    _peer(world, step)
    outcome = world.runner().run(incident, "alice")
    assert (outcome.word, outcome.exit_code, outcome.waiting) == ("waiting", 3, ("one",))
    asked = next(e for e in world.journal.rows if e.kind == "approval.asked")
    assert asked.data["items"] == ["a.example", "b.example"]
    world.runner().run(incident, "alice")
    assert world.journal.kinds().count("approval.asked") == 1
    assert world.server.requests == []
    (given,) = world.runner().decide(incident, "one", approved=True, by="U0BOB", door="slack")
    assert (given.actor, given.source, given.data["items"]) == ("bob", "slack", [])
    assert world.runner().run(incident, "alice").exit_code == 0


@pytest.mark.parametrize("by", ["alice", "al", "U0ALICE", "mallory", ""])
def test_who_started_it_is_not_their_own_peer_by_any_door(world, step, incident, by):
    _peer(world, step)
    with pytest.raises(Refused):
        world.runner().decide(incident, "one", approved=True, by=by, door="terminal")
    assert world.journal.kinds("approval") == []


def test_who_ran_it_is_no_peer_either(world, step, incident):
    _peer(world, step)
    world.runner().run(incident, "bo")
    with pytest.raises(Refused, match="bob started, planned or ran"):
        world.runner().decide(incident, "one", approved=True, by="U0BOB", door="slack")


def test_a_peer_is_in_the_approvers_group(world, step, incident):
    _peer(world, step)
    with pytest.raises(Refused, match="carol is not in the group leads"):
        world.runner(approvers="leads").decide(incident, "one", approved=True, by="carol", door="terminal")
    world.runner(approvers="leads").decide(incident, "one", approved=True, by="bob", door="terminal")


def test_an_approver_who_is_here_is_asked(world, step, incident, approver):
    _peer(world, step)
    here = approver(Decision(True, "alice", "terminal"), Decision(True, "bob", "terminal"))
    assert world.runner(approver=here).run(incident, "alice").exit_code == 0
    assert here.asked == [("one", ("a.example", "b.example"))] * 2
    note = next(e for e in world.journal.rows if e.kind == "note.added")
    assert note.data["text"].startswith("an answer of alice to step one does not count: alice started")


def test_yes_to_single_changes_makes_only_those(world, step, incident):
    _peer(world, step)
    runner = world.runner()
    runner.decide(incident, "one", approved=True, by="bob", door="terminal", items=["b.example"])
    assert runner.run(incident, "alice").exit_code == 3
    assert world.states() == {"one/a.example": "planned", "one/b.example": "done"}
    with pytest.raises(Refused, match="bob has approved it already, at 2026-01-01T"):
        runner.decide(incident, "one", approved=False, by="carol", door="terminal", items=["b.example"])
    runner.decide(incident, "one", approved=True, by="carol", door="terminal")
    assert runner.run(incident, "alice").exit_code == 0


def test_a_vetoed_change_stays_out_whatever_is_approved_later(world, step, incident):
    _peer(world, step)
    runner = world.runner()
    runner.decide(incident, "one", approved=False, by="bob", door="terminal", items=["a.example"], reason="a customer")
    runner.decide(incident, "one", approved=True, by="carol", door="terminal")
    assert runner.run(incident, "alice").counts == {"skipped": 1, "done": 1}
    assert world.history.changes["one/a.example"].error == "refused by bob: a customer"
    assert list(world.server.applied) == ["POST b.example"]


def test_a_refused_step_is_skipped_and_says_so(world, step, incident):
    world.plan(
        step("one", "domain.block", "a.example", approval="peer", on_failure="continue"),
        step("two", "ip.block", "198.51.100.1"),
    )
    runner = world.runner()
    runner.decide(incident, "one", approved=False, by="bob", door="terminal", reason="no")
    outcome = runner.run(incident, "alice")
    assert (outcome.word, outcome.exit_code, outcome.counts) == ("refused", 5, {"skipped": 1, "done": 1})
    with pytest.raises(Refused, match="bob has refused it already"):
        runner.decide(incident, "one", approved=True, by="carol", door="terminal")


def test_late_wrong_and_unneeded_decisions(world, step, incident):
    world.plan(step("one", "domain.block", "a.example", approval="peer"), step("two", "ip.block", "198.51.100.1"))
    runner = world.runner()
    with pytest.raises(Refused, match="has changed since it was shown"):
        runner.decide(incident, "one", approved=True, by="bob", door="slack", seen_hash="old")
    with pytest.raises(UsageError, match="no step 'three'"):
        runner.decide(incident, "three", approved=True, by="bob", door="slack")
    with pytest.raises(UsageError, match=r"no change 'z\.example'"):
        runner.decide(incident, "one", approved=True, by="bob", door="slack", items=["z.example"])
    with pytest.raises(Refused, match="needs no approval"):
        runner.decide(incident, "two", approved=True, by="bob", door="slack")
    runner.decide(incident, "one", approved=True, by="bob", door="slack")
    runner.run(incident, "alice")
    with pytest.raises(Refused, match="bob has approved it already"):
        runner.decide(incident, "one", approved=False, by="carol", door="slack")


def test_an_approval_does_not_cover_another_plan(world, step, incident):
    _peer(world, step)
    world.runner().decide(incident, "one", approved=True, by="bob", door="terminal")
    world.plan(step("one", "domain.block", "a.example", "c.example", approval="peer"))
    assert world.runner().run(incident, "alice").exit_code == 3
    assert world.server.requests == []


def test_yes_in_advance_does_not_cover_a_step_over_its_limit(world, step, incident, approver):
    world.plan(step("one", "domain.block", "a.example", approval="self", reason="9 are more than the limit of 5"))
    yes = Decision(True, "alice", "--yes")
    assert world.runner(approver=approver(yes, yes, yes)).run(incident, "alice").exit_code == 3
    assert world.server.requests == []
    assert world.runner(approver=approver(Decision(True, "al", "terminal"))).run(incident, "alice").exit_code == 0


def test_ctrl_c_while_being_asked_ends_the_run(world, step, incident):
    _peer(world, step)

    class Impatient:
        def ask(self, incident, step, changes):
            raise KeyboardInterrupt

    outcome = world.runner(approver=Impatient()).run(incident, "alice")
    assert (outcome.word, outcome.exit_code) == ("interrupted", 130)
    assert world.journal.kinds()[-1] == "run.ended"


def test_another_name_in_the_configuration_makes_nobody_their_own_peer(world, step, incident):
    """Whoever began as alice stays that OS account and that Slack id when `people` is edited afterwards."""
    _peer(world, step)
    world.runner().run(incident, "alice")
    renamed = People({"alice2": Person("al", "", ("leads",)), "alice3": Person("", "U0ALICE"), "bob": Person("bo")})
    doubled = People({"dora": Person("al"), "emil": Person("al")})
    for name, people in (("alice2", renamed), ("alice3", renamed), ("dora", doubled)):
        with pytest.raises(Refused, match=f"{name} started, planned or ran"):
            world.runner(people=people).decide(incident, "one", approved=True, by=name, door="terminal")
    world.runner(people=renamed).decide(incident, "one", approved=True, by="bob", door="terminal")

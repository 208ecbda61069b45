"""One alone at 3 a.m.: allowed to some, never past a guard, loud, and for somebody else to ratify."""

from __future__ import annotations

from dataclasses import replace

import pytest

from irtool.errors import Refused, UsageError
from irtool.plan.guards import Guards
from irtool.records import Decision
from irtool.run.ratify import unratified


@pytest.fixture
def peer(world, step):
    world.plan(
        replace(step("one", "domain.block", "a.example", approval="peer"), quorum=2),
        step("two", "ip.block", "198.51.100.1", approval="peer"),
    )
    return world


def glass(world, incident, by="alice", why="alone on call", step="one", **kit):
    return world.runner(**kit).decide(incident, step, approved=True, by=by, door="terminal", break_glass=why)


def test_it_covers_just_the_step_that_is_named(peer, incident):
    used, given = glass(peer, incident)
    assert (used.kind, used.data["why"], used.data["steps"], used.actor) == (
        "breakglass.used", "alone on call", ["one"], "alice",
    )  # fmt: skip
    assert given.data["break_glass"] == "alone on call"
    assert peer.runner().run(incident, "alice").exit_code == 3
    assert peer.states() == {"one/a.example": "done", "two/198.51.100.1": "planned"}


def test_a_run_with_it_goes_through_all_that_waits(peer, incident, approver):
    decision = Decision(True, "alice", "terminal", break_glass="alone")
    here = approver(decision, decision)
    assert peer.runner(approver=here).run(incident, "alice").exit_code == 0
    assert [u.steps for u in unratified(peer.history)] == [("one",), ("two",)]


@pytest.mark.parametrize(
    ("by", "why", "policy", "error"),
    [
        ("mallory", "why", "allow", "has no say"),
        ("alice", "why", "deny", "does not allow break-glass"),
        ("carol", "why", "leads", "carol is not in the group leads"),
    ],
)
def test_who_may_not(peer, incident, by, why, policy, error):
    with pytest.raises(Refused, match=error):
        glass(peer, incident, by, why, break_glass=policy)
    assert peer.journal.kinds("breakglass") == peer.journal.kinds("approval") == []


def test_a_group_may(peer, incident):
    assert glass(peer, incident, "bo", break_glass="leads")


def test_it_needs_a_reason(peer, incident):
    with pytest.raises(UsageError, match="needs a reason"):
        glass(peer, incident, why="  \t")


def test_it_is_never_past_a_guard(peer, incident):
    glass(peer, incident)
    guards = Guards(protected_domains=("a.example",))
    assert peer.runner(guards=guards).run(incident, "alice").exit_code == 3
    assert peer.states()["one/a.example"] == "refused"
    assert peer.server.requests == []


def test_it_is_not_past_a_no(peer, incident):
    peer.runner().decide(incident, "one", approved=False, by="bob", door="terminal")
    with pytest.raises(Refused, match="bob has refused it already"):
        glass(peer, incident)


def test_a_second_person_ratifies(peer, incident):
    glass(peer, incident)
    for name in ("alice", "al", "U0ALICE"):
        with pytest.raises(Refused, match="somebody else"):
            peer.runner().ratify(incident, name)
    with pytest.raises(Refused, match="has no say"):
        peer.runner().ratify(incident, "mallory")
    with pytest.raises(Refused, match="carol is not in the group leads"):
        peer.runner(approvers="leads").ratify(incident, "carol")
    assert unratified(peer.history)
    event = peer.runner().ratify(incident, "bob", note="right")
    assert (event.kind, event.actor) == ("breakglass.ratified", "bob")
    assert not unratified(peer.history)
    with pytest.raises(UsageError, match="no break-glass to ratify"):
        peer.runner().ratify(incident, "carol")


def test_a_second_person_disowns(peer, incident):
    glass(peer, incident)
    peer.runner().ratify(incident, "bob", disown="there was no hurry")
    (use,) = peer.history.break_glass
    assert (use.disowned_by, use.note, use.is_open) == ("bob", "there was no hurry", False)


def test_a_renamed_person_does_not_ratify_their_own(peer, incident):
    from irtool.run.people import People, Person

    glass(peer, incident)
    renamed = People({"alicia": Person("al"), "bob": Person("bo")})
    with pytest.raises(Refused, match="somebody else"):
        peer.runner(people=renamed).ratify(incident, "alicia")

"""How many have to say yes, for how long it counts, and taking it back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from irtool.errors import Refused
from irtool.records import Decision
from irtool.run.people import People, Person

MANY = People(
    {
        "alice": Person("al", "U0ALICE"),
        "bob": Person("bo", "U0BOB"),
        "carol": Person("ca", "U0CAROL"),
        "dora": Person("do", "U0DORA"),
    }
)


@pytest.fixture
def two(world, step):
    """A step that needs two persons within four hours."""
    made = step("one", "domain.block", "a.example", "b.example", approval="peer")
    world.plan(replace(made, quorum=2, expires="4h"))
    world.runner_of = lambda **more: world.runner(people=MANY, **more)
    return world


def yes(world, incident, by, **more):
    return world.runner_of().decide(incident, "one", approved=True, by=by, door="terminal", **more)


def test_one_of_two_is_not_enough(two, incident):
    yes(two, incident, "bob")
    assert two.runner_of().run(incident, "alice").exit_code == 3
    asked = [e for e in two.journal.rows if e.kind == "approval.asked"]
    assert (asked[-1].data["quorum"], asked[-1].data["missing"]) == (2, 1)
    yes(two, incident, "carol")
    assert two.runner_of().run(incident, "alice").exit_code == 0


@pytest.mark.parametrize(("by", "door"), [("bob", "terminal"), ("U0BOB", "slack"), ("bo", "terminal")])
def test_the_same_person_counts_once_by_any_door(two, incident, by, door):
    yes(two, incident, "bob")
    with pytest.raises(Refused, match="bob has approved it already"):
        two.runner_of().decide(incident, "one", approved=True, by=by, door=door)
    assert two.runner_of().run(incident, "alice").exit_code == 3


def test_a_new_name_is_not_a_second_person(two, incident):
    """Bob is called bobby in irtool.yaml by now, with the same OS account: that is one yes."""
    yes(two, incident, "bob")
    renamed = People({**MANY.persons, "bobby": Person("bo")})
    renamed = People({n: p for n, p in renamed.persons.items() if n != "bob"})
    with pytest.raises(Refused, match="already"):
        two.runner(people=renamed).decide(incident, "one", approved=True, by="bobby", door="terminal")
    assert two.runner(people=renamed).run(incident, "alice").exit_code == 3


def test_a_yes_ends_and_is_asked_for_again(two, incident):
    yes(two, incident, "bob")
    assert two.runner_of().run(incident, "alice").exit_code == 3
    two.clock.time += timedelta(hours=3, minutes=59)
    yes(two, incident, "carol")
    two.clock.time += timedelta(minutes=1)
    assert two.runner_of().run(incident, "alice").exit_code == 3, "bob's yes is four hours old"
    assert two.journal.kinds().count("approval.asked") == 2
    assert two.runner_of().run(incident, "alice").exit_code == 3
    assert two.journal.kinds().count("approval.asked") == 2, "asked once"
    assert two.server.requests == []
    yes(two, incident, "bob")
    assert two.runner_of().run(incident, "alice").exit_code == 0


def test_a_yes_that_ends_in_the_middle_of_a_step_covers_no_more(two, incident):
    """What was begun in time is made, the rest waits."""
    yes(two, incident, "bob")
    yes(two, incident, "carol")
    two.server.check = lambda _call: setattr(two.clock, "time", two.clock.time + timedelta(hours=5))
    assert two.runner_of().run(incident, "alice").exit_code == 3
    assert sorted(two.states().values()) == ["done", "planned"]


def test_a_yes_taken_back_does_not_count(two, incident):
    yes(two, incident, "bob")
    yes(two, incident, "carol")
    with pytest.raises(Refused, match="dora has given no yes"):
        yes(two, incident, "dora", back=True)
    yes(two, incident, "U0CAROL", back=True, reason="not sure")
    assert two.runner_of().run(incident, "alice").exit_code == 3
    assert two.server.requests == []
    yes(two, incident, "dora")
    assert two.runner_of().run(incident, "alice").exit_code == 0
    with pytest.raises(Refused, match="too late to take it back"):
        yes(two, incident, "bob", back=True)


def test_a_refusal_ends_it_however_many_said_yes(two, incident):
    yes(two, incident, "bob")
    yes(two, incident, "carol")
    two.runner_of().decide(incident, "one", approved=False, by="dora", door="slack")
    assert two.runner_of().run(incident, "alice").exit_code == 5
    assert two.server.requests == []


def test_a_quorum_of_ones_own_kind_asks_the_person_here_once(world, step, incident, approver):
    world.plan(replace(step("one", "domain.block", "a.example", approval="self"), quorum=2))
    here = approver(*[Decision(True, "alice", "terminal")] * 5)
    assert world.runner(people=MANY, approver=here).run(incident, "alice").exit_code == 3
    assert world.runner(people=MANY, approver=here).run(incident, "alice").exit_code == 3
    assert len(here.asked) == 1
    world.runner(people=MANY).decide(incident, "one", approved=True, by="bob", door="terminal")
    assert world.runner(people=MANY).run(incident, "alice").exit_code == 0

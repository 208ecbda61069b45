"""Thousands of orders in which people say yes, no, take it back, plan anew, run and let time pass."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from irtool.errors import IrtoolError, Refused, UsageError
from irtool.run.people import People, Person

from .conftest import INCIDENT, World, make_step

PEOPLE = People(
    {
        "alice": Person("al", "U0ALICE", ("leads",)),
        "bob": Person("bo", "U0BOB", ("leads",)),
        "carol": Person("ca", "U0CAROL", ("leads",)),
        "dora": Person("do", "U0DORA"),
    }
)
NAMES = {
    "alice": ("alice", "al", "U0ALICE"),
    "bob": ("bob", "bo", "U0BOB"),
    "carol": ("carol", "ca"),
    "dora": ("dora",),
}
ITEMS = ("a.example", "b.example", "c.example")
people = st.sampled_from([*sum(NAMES.values(), ()), "mallory", "root"])
items = st.sets(st.sampled_from(ITEMS)).map(lambda s: tuple(sorted(s)))


def who(name: str) -> str:
    return next((person for person, names in NAMES.items() if name in names), "")


class Deciding(RuleBasedStateMachine):
    """A model of the rule, written another way than the code: who said yes to what, when."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self.world = World(Path(self._folder.name))
        self.version = 0
        self.involved = {"alice"}
        self.yes: dict[str, dict[str, datetime]] = {}
        self.glass: dict[str, dict[str, datetime]] = {}
        self.vetoed: set[str] = set()
        self.plan()

    def teardown(self) -> None:
        self._folder.cleanup()

    def plan(self) -> None:
        made = make_step("one", "domain.block", *ITEMS, approval="peer", reason=f"version {self.version}")
        changes = tuple(replace(c, params={"version": self.version}) for c in made.changes)
        from irtool.plan.hashes import step_hash

        self.step = replace(made, changes=changes, hash=step_hash("one", changes), quorum=2, expires="2h")
        self.world.plan(self.step)
        self.yes = {item: {} for item in ITEMS}
        self.glass = {item: {} for item in ITEMS}

    def runner(self):
        return self.world.runner(people=PEOPLE, approvers="leads")

    def open(self) -> set[str]:
        states = self.world.states()
        return {i for i in ITEMS if states[f"one/{i}"] in {"planned", "failed"}}

    def good(self, item: str) -> bool:
        now = self.world.clock.now()
        alone = any(end > now for end in self.glass[item].values())
        return alone or sum(end > now for end in self.yes[item].values()) >= 2

    @rule(by=people, chosen=items)
    def approve(self, by: str, chosen: tuple[str, ...]) -> None:
        person, now = who(by), self.world.clock.now()
        waiting = {i for i in self.open() if i not in self.vetoed and not self.good(i)}
        mine = {i for i in waiting if self.yes[i].get(person, now) <= now}
        wanted = set(chosen) or mine
        may = person in {"bob", "carol"} and person not in self.involved and wanted and wanted <= mine
        try:
            self.runner().decide(INCIDENT, "one", approved=True, by=by, door="slack", items=chosen)
        except Refused:
            assert not may, (by, chosen)
        else:
            assert may, (by, chosen)
            for item in wanted:
                self.yes[item][person] = now + timedelta(hours=2)

    @rule(by=people, chosen=items)
    def veto(self, by: str, chosen: tuple[str, ...]) -> None:
        wanted = set(chosen) or self.open()
        person = who(by)
        may = person in {"bob", "carol"} and person not in self.involved and wanted and wanted <= self.open()
        try:
            self.runner().decide(INCIDENT, "one", approved=False, by=by, door="terminal", items=chosen)
        except Refused:
            assert not may, (by, chosen)
        else:
            assert may, (by, chosen)
            self.vetoed |= wanted

    @rule(by=people)
    def take_back(self, by: str) -> None:
        person = who(by)
        mine = {i for i in ITEMS if person in self.yes[i] or person in self.glass[i]}
        try:
            self.runner().decide(INCIDENT, "one", approved=True, by=by, door="slack", back=True)
        except Refused:
            assert not (mine & self.open()), by
        else:
            assert mine & self.open(), by
            for item in ITEMS:
                self.yes[item].pop(person, None)
                self.glass[item].pop(person, None)

    @rule(by=people, why=st.sampled_from(["alone", " "]))
    def break_glass(self, by: str, why: str) -> None:
        waiting = {i for i in self.open() if i not in self.vetoed and not self.good(i)}
        may = bool(who(by)) and why.strip() and waiting
        try:
            self.runner().decide(INCIDENT, "one", approved=True, by=by, door="terminal", break_glass=why)
        except (Refused, UsageError):
            assert not may, by
        else:
            assert may, by
            for item in waiting:
                self.glass[item][who(by)] = self.world.clock.now() + timedelta(hours=2)
                self.yes[item][who(by)] = self.world.clock.now() + timedelta(hours=2)

    @rule()
    def superseded(self) -> None:
        """The plan is made anew, and another one: no yes to the old one counts, and none can be given to it."""
        if any(s != "planned" for s in self.world.states().values()):
            return
        old = self.step.hash
        self.version += 1
        self.plan()
        with pytest.raises(Refused, match="has changed since it was shown"):
            self.runner().decide(INCIDENT, "one", approved=True, by="bob", door="slack", seen_hash=old)

    @rule(by=st.sampled_from(["alice", "bob", "dora"]), fault=st.sampled_from(["", "", "rejected", "lost answer"]))
    def run(self, by: str, fault: str) -> None:
        allowed = {i for i in self.open() if i not in self.vetoed and self.good(i)}
        before = len(self.world.server.requests)
        self.world.server.faults = [fault] if fault and allowed else []
        self.involved.add(by)
        try:
            self.runner().run(INCIDENT, by)
        except IrtoolError as error:
            raise AssertionError(error.message) from error
        self.world.server.faults = []
        sent = {c.path.removeprefix("/") for c in self.world.server.requests[before:]}
        assert sent == allowed, (sent, allowed)

    @rule(minutes=st.sampled_from([1, 59, 61, 119]))
    def time_passes(self, minutes: int) -> None:
        self.world.clock.time += timedelta(minutes=minutes)

    @invariant()
    def nothing_vetoed_was_sent_after_it(self) -> None:
        states = self.world.states()
        assert all(states[f"one/{i}"] in {"skipped", "planned", "failed"} for i in self.vetoed if i in self.open())
        assert self.world.history.illegal == ()


Deciding.TestCase.settings = settings(max_examples=100, stateful_step_count=20, deadline=None)
TestDeciding = Deciding.TestCase

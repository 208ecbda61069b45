"""Faults and crashes at any point: every change is made once, nothing without a yes, undo restores what was there."""

from __future__ import annotations

import contextlib

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from irtool.errors import Refused
from irtool.history import fold

FAULTS = st.lists(
    st.sampled_from(["ok", "not sent", "rejected", "lost request", "lost answer", "crash before", "crash after"]),
    max_size=6,
)
TARGETS = {"domains": ("a.example", "b.example"), "accounts": ("t1", "t2", "t3"), "ips": ("198.51.100.1",)}


def _machine(make_world, make_step, incident, crash):
    class Machine(RuleBasedStateMachine):
        @initialize(blocked=st.sets(st.sampled_from(["a.example", "198.51.100.1"])))
        def begin(self, blocked):
            self.world = make_world()
            self.world.server.state = dict.fromkeys(blocked, "blocked")
            self.world.server.state |= dict.fromkeys(TARGETS["accounts"], "active")
            self.initial = dict(self.world.server.state)
            self.world.plan(
                make_step("domains", "domain.block", *TARGETS["domains"]),
                make_step("accounts", "account.disable", *TARGETS["accounts"], approval="peer"),
                make_step("ips", "ip.block", *TARGETS["ips"], on_failure="continue"),
            )
            self.world.server.check = self.check
            self.undoing = False

        def check(self, call):
            """At the server: an intent with this key is in the journal, its step approved if it has to be."""
            kind = "undo.intended" if call.method == "DELETE" else "change.intended"
            intents = [e for e in self.world.journal.rows if e.kind == kind and e.data["key"] == call.key]
            assert intents
            if intents[-1].step == "accounts":
                assert "approval.given" in self.world.journal.kinds()

        def alive(self, what):
            with contextlib.suppress(crash):
                return what()
            self.world.journal.restart()
            return None

        @rule(faults=FAULTS, crash_in=st.none() | st.integers(1, 12), after=st.booleans())
        def trouble(self, faults, crash_in, after):
            self.world.server.faults = faults
            self.world.journal.crash_in = crash_in
            self.world.journal.crash_after_write = after

        @rule()
        def run(self):
            if not self.undoing:
                self.alive(lambda: self.world.runner().run(incident, "alice"))

        @rule()
        def approve(self):
            with contextlib.suppress(Refused):
                self.alive(
                    lambda: self.world.runner().decide(incident, "accounts", approved=True, by="bob", door="terminal")
                )

        @rule()
        def undo(self):
            self.undoing = True
            self.alive(lambda: self.world.runner().undo(incident, "alice"))

        @invariant()
        def applied_at_most_once(self):
            if hasattr(self, "world"):
                assert set(self.world.server.applied.values()) <= {1}

        def teardown(self):
            if not hasattr(self, "world"):
                return
            self.world.journal.restart()
            self.world.server.faults = []
            if not self.undoing:
                with contextlib.suppress(Refused):
                    self.world.runner().decide(incident, "accounts", approved=True, by="bob", door="terminal")
                outcome = self.world.runner().run(incident, "alice")
                assert outcome.exit_code == 0, outcome
                wanted = {t: "blocked" for n in ("domains", "ips") for t in TARGETS[n]}
                assert self.world.server.state == wanted | dict.fromkeys(TARGETS["accounts"], "disabled")
                made = {f"POST {t}" for ts in TARGETS.values() for t in ts} - {
                    f"POST {t}" for t, s in self.initial.items() if s == "blocked"
                }
                assert self.world.server.applied == dict.fromkeys(made, 1)
            outcome = self.world.runner().undo(incident, "alice")
            assert outcome.exit_code == 0, outcome
            assert {t: s for t, s in self.world.server.state.items() if s} == self.initial
            assert set(self.world.server.applied.values()) <= {1}
            assert fold(incident, self.world.journal.rows) == fold(incident, list(self.world.journal.rows))

    return Machine


def test_any_faults_and_crashes(make_world, step, incident, crash):
    run_state_machine_as_test(
        _machine(make_world, step, incident, crash),
        settings=settings(
            max_examples=60, stateful_step_count=14, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


@pytest.mark.parametrize("written", [False, True])
@pytest.mark.parametrize("boundary", range(1, 30))
def test_a_crash_at_every_event(make_world, step, incident, crash, boundary, written):
    """Killed at each append, before or after it reached the disk: one resume ends it, every change made once."""
    world = make_world()
    world.plan(
        step("domains", "domain.block", "a.example", "b.example", "c.example"),
        step("accounts", "account.disable", "t1", "t2"),
        step("ips", "ip.block", "198.51.100.1", "198.51.100.2", connector="lists"),
    )
    world.journal.crash_in, world.journal.crash_after_write = boundary, written
    with contextlib.suppress(crash):
        world.runner().run(incident, "alice")
    world.journal.restart()
    assert world.runner(workers=4).run(incident, "alice").exit_code == 0
    assert world.server.applied == dict.fromkeys(
        [f"POST {t}" for t in ("a.example", "b.example", "c.example", "t1", "t2")], 1
    )
    assert world.server.list_text.split() == ["198.51.100.1", "198.51.100.2"]

"""One incident with everything that can go wrong: what must hold whatever the order (a hypothesis state machine).

The server of conftest has real semantics, and lies where it is told to: an answer that is lost, a request that is, a
`200` for nothing, a setting without an effect. Third parties take blocks back and put others there. The process dies at
any write to the journal, before or after it reached the disk, or at any call, before or after it took effect.
"""

from __future__ import annotations

import contextlib
from collections import Counter

import hypothesis.strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from irtool.errors import IrtoolError
from irtool.history import STATES, Folding, fold
from irtool.history.machine import IN_DOUBT, UNDO_IN_DOUBT
from irtool.records import Entry, Traits

FAULTS = st.lists(
    st.sampled_from(
        ["ok", "ok", "not sent", "rejected", "lost request", "lost answer", "lie", "crash before", "crash after"]
    ),
    max_size=6,
)
CRASH = st.none() | st.tuples(st.integers(1, 12), st.booleans())
STEPS = {
    "domains": ("domain.block", ("a.example", "b.example"), "none", "fake"),
    "accounts": ("account.disable", ("t1", "t2", "t3"), "peer", "fake"),
    "limits": ("ip.block", ("198.51.100.7",), "none", "asking"),
    "ips": ("ip.block", ("198.51.100.1",), "none", "fake"),
}
WORD = {"domain.block": "blocked", "ip.block": "blocked", "account.disable": "disabled"}
TARGETS = {t: WORD[verb] for verb, targets, _, _ in STEPS.values() for t in targets}
NORMAL = {t: "active" if word == "disabled" else "" for t, word in TARGETS.items()}
OURS = [t for t in TARGETS if t != "198.51.100.7"]
"""Targets whose connector can tell what became of a change by looking."""


class Incident(RuleBasedStateMachine):
    """Subclassed with `world`, `step`, `incident` and `crash` of conftest."""

    make_world = make_step = connector = None
    incident = ""
    crash: type[BaseException] = BaseException

    @initialize(before=st.sets(st.sampled_from(["a.example", "198.51.100.1", "t2"])))
    def begin(self, before):
        self.world = self.make_world()
        self.world.connectors["asking"] = self.connector("asking", Traits(in_doubt="ask"))
        state = dict(NORMAL) | {t: TARGETS[t] for t in before}
        self.world.server.state = state
        self.initial = dict(state)
        self.strangers = Counter()
        self.meddled = set()
        self.sure = set()
        self.undoing = False
        self.replan()
        self.world.server.check = self.check
        self.rows = []

    def replan(self):
        """A plan from what there is now."""
        status = self.world.history.changes
        steps = []
        for name, (verb, targets, approval, connector) in STEPS.items():
            made = []
            for t in targets:
                there = self.world.server.state.get(t, "") == TARGETS[t]
                known = status.get(f"{name}/{t}")
                undone = known is not None and known.state == "undone"
                action = "skipped" if undone else "already" if there else "do"
                made.append(self.make_step(name, verb, t, action=action, connector=connector).changes[0])
            steps.append(self.make_step(name, verb, approval=approval, connector=connector, changes=tuple(made)))
        self.world.plan(*steps)

    # --- what the server sees ---------------------------------------------------------------------------------------

    def check(self, call):
        """At the server, at each changing call: its intent is on the disk, and it was said yes to."""
        undo = call.method == "DELETE"
        kind = "undo.intended" if undo else "change.intended"
        intents = [e for e in self.world.journal.rows if e.kind == kind and e.data["key"] == call.key]
        assert intents, f"{call.method} {call.path} without an intent"
        if undo or intents[-1].step != "accounts":
            return
        item = intents[-1].item
        status = self.world.history.changes[f"accounts/{item}"]
        if intents[-1].data["attempt"] == status.attempt and self.fresh(call.key):
            assert self.said_yes(status.under, item), f"{item} without a yes"

    def fresh(self, key):
        """Whether this is the first call of that round: a resend of what is in doubt only finishes what was begun."""
        return all(c.key != key for c in self.world.server.requests)

    def said_yes(self, step_hash, item):
        """By the events alone: somebody's yes to this step that covers the item, not taken back, and nobody's no."""
        yes = False
        for event in self.world.journal.rows:
            about = event.data.get("items") or [item]
            if event.step != "accounts" or event.data.get("hash") not in {step_hash, None, ""} or item not in about:
                continue
            if event.kind == "approval.given":
                yes = True
            elif event.kind == "approval.refused":
                return False
            elif event.kind == "approval.revoked":
                yes = False
        return yes

    def alive(self, what):
        """Do it; the process may die in it, and then the machine comes up again."""
        with contextlib.suppress(self.crash, IrtoolError):
            what()
        if self.world.journal.dead:
            self.world.journal.restart()
        self.world.server.faults = [f for f in self.world.server.faults if not f.startswith("crash")]

    # --- what happens -----------------------------------------------------------------------------------------------

    @rule(faults=FAULTS, crash=CRASH)
    def trouble(self, faults, crash):
        self.world.server.faults = faults
        self.world.journal.crash_in, self.world.journal.crash_after_write = crash or (None, False)

    @rule(lax=st.sets(st.sampled_from(OURS), max_size=2))
    def leak(self, lax):
        self.world.server.leaks = lax

    @rule()
    def run(self):
        self.alive(lambda: self.world.runner().run(self.incident, "alice"))

    @rule()
    def watch(self):
        self.alive(lambda: self.world.runner().watch(self.incident, "alice").once())

    @rule(approved=st.booleans(), item=st.none() | st.sampled_from(["t1", "t2", "t3"]))
    def decide(self, approved, item):
        items = (item,) if item else ()
        self.alive(
            lambda: self.world.runner().decide(
                self.incident, "accounts", approved=approved, by="bob", door="terminal", items=items
            )
        )

    @rule()
    def revoke(self):
        self.alive(
            lambda: self.world.runner().decide(
                self.incident, "accounts", approved=True, by="bob", door="terminal", back=True
            )
        )

    @rule()
    def plan_again(self):
        self.alive(self.replan)

    @rule(what=st.sampled_from([(None, None), ("domains", None), ("accounts", "t1")]))
    def undo(self, what):
        self.undoing = True
        self.alive(lambda: self.world.runner().undo(self.incident, "alice", *what))

    @rule(about=st.sampled_from(OURS), there=st.booleans())
    def somebody_else(self, about, there):
        """A third party takes a block back, or puts one there."""
        wanted = TARGETS[about] if there else NORMAL[about]
        if self.world.server.state.get(about, "") != wanted:
            self.world.server.state[about] = wanted
            self.strangers[about] += 1
            self.meddled.add(about)

    @rule(applied=st.booleans())
    def settle(self, applied):
        """A person looks at what no look can tell, and says what is so."""
        target = "198.51.100.7"
        there = self.world.server.state.get(target, "") == "blocked"
        self.alive(
            lambda: self.world.runner().settle(
                self.incident,
                f"limits/{target}",
                applied=there if self.state_of(target) in IN_DOUBT else not there,
                by="alice",
                reason=f"looked at it ({applied})",
            )
        )

    @rule(hours=st.integers(-30, 30))
    def the_clock_is_set(self, hours):
        self.world.clock.time = self.world.clock.time.replace(hour=abs(hours) % 24)

    # --- what must hold ---------------------------------------------------------------------------------------------

    def state_of(self, target):
        name = next(f"{s}/{target}" for s, row in STEPS.items() if target in row[1])
        return self.world.history.changes[name].state

    @invariant()
    def nothing_written_is_lost(self):
        if hasattr(self, "rows"):
            rows = self.world.journal.rows
            assert rows[: len(self.rows)] == self.rows
            assert [e.seq for e in rows] == list(range(1, len(rows) + 1))
            self.rows = list(rows)

    @invariant()
    def the_state_is_that_of_the_events(self):
        if hasattr(self, "rows"):
            history = self.world.history
            folding = Folding(self.incident)
            for event in self.world.journal.rows:
                folding.take(event)
            assert folding.history() == history == fold(self.incident, iter(self.world.journal.rows))
            assert history.illegal == ()
            assert all(s.place in STATES for s in history.changes.values())

    @invariant()
    def each_request_takes_effect_once(self):
        """Unless somebody undid it before its outcome was known: then a look cannot tell."""
        if hasattr(self, "rows"):
            keys = Counter((c.key, c.path.removeprefix("/")) for c in self.world.server.took_effect)
            for (_key, target), times in keys.items():
                assert times <= 1 + self.strangers[target], target

    @invariant()
    def what_nobody_can_tell_is_asked_about(self):
        """The connector that cannot look is never sent the same request twice, unless it certainly did not arrive."""
        if hasattr(self, "rows"):
            sent = Counter(c.key for c in self.world.server.requests if c.connector == "asking")
            certain = Counter(c.key for c in self.world.server.came_to_nothing if c.connector == "asking")
            assert all(times <= 1 + certain[key] for key, times in sent.items())

    @invariant()
    def each_round_has_a_key_of_its_own(self):
        """A change that was done and is made again is another request, for servers that know the key."""
        if hasattr(self, "rows"):
            done: dict[str, set[str]] = {}
            last: dict[str, str] = {}
            for event in self.world.journal.rows:
                name = f"{event.step}/{event.item}"
                if event.kind == "change.intended":
                    last[name] = event.data["key"]
                    assert last[name] not in done.get(name, set()), name
                elif event.kind == "change.done" and name in last:
                    done.setdefault(name, set()).add(last[name])

    @precondition(lambda self: hasattr(self, "rows"))
    @invariant()
    def nothing_in_doubt_reads_as_done(self):
        states = {s.state for s in self.world.history.changes.values()}
        if states & (IN_DOUBT | UNDO_IN_DOUBT):
            assert self.world.history.status in {"unknown", "running"}

    # --- the end ----------------------------------------------------------------------------------------------------

    def teardown(self):
        """All quiet again: go on to the end, then undo everything; what was there before is there again."""
        if not hasattr(self, "rows"):
            return
        world = self.world
        world.journal.restart()
        world.server.faults, world.server.leaks = [], set()
        world.clock.time = max(world.clock.time, *(e.recorded_at for e in world.journal.rows))
        with contextlib.suppress(IrtoolError):
            world.runner().run(self.incident, "alice")
        if self.state_of("198.51.100.7") in IN_DOUBT | UNDO_IN_DOUBT:
            self.settle(applied=True)
        world.runner().undo(self.incident, "alice")
        for target in (t for t in TARGETS if t not in self.meddled):
            state = self.state_of(target)
            assert state not in IN_DOUBT | UNDO_IN_DOUBT, (target, state)
            assert world.server.state.get(target, "") == self.initial[target], (target, state)
        self.the_state_is_that_of_the_events()
        self.nothing_written_is_lost()
        world.journal.append(self.incident, Entry("incident.closed", {"by": "alice", "reason": "end"}, actor="alice"))
        requests = len(world.server.requests)
        assert world.runner().watch(self.incident, "alice").once().over
        assert len(world.server.requests) == requests


def machine(make_world, make_step, connector, incident, crash):
    """The state machine over the fixtures of conftest."""
    parts = {"make_world": staticmethod(make_world), "make_step": staticmethod(make_step)}
    return type("Case", (Incident,), {**parts, "connector": connector, "incident": incident, "crash": crash})

"""A small world to run plans in: a journal in a list, a server that counts what is applied to it, faults on demand."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from irtool.errors import InDoubt, NotSent, Refused, Rejected
from irtool.history import History, fold
from irtool.plan.hashes import plan_hash, step_hash
from irtool.ports import Exchange
from irtool.records import (
    Call,
    Chain,
    Change,
    Decision,
    Entry,
    Event,
    Json,
    Look,
    Plan,
    PlanStep,
    Reply,
    Traits,
    to_json,
)
from irtool.run.people import People, Person
from irtool.run.runner import Runner
from irtool.verbs import CATALOGUE

INCIDENT = "INC-2026-0001"


class Crash(BaseException):
    """The process was killed here."""


class FakeClock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.time = datetime(2026, 1, 1, tzinfo=UTC)
        self.slept = 0.0

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return self.slept

    def sleep(self, seconds: float) -> None:
        self.slept += seconds
        self.time += timedelta(seconds=seconds)


class FakeJournal:
    """Events in a list, leases with epochs. `crash_in` appends from now, the process dies (before or after writing)."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.rows: list[Event] = []
        self.epoch = 0
        self.holder: int | None = None
        self.crash_in: int | None = None
        self.crash_after_write = False
        self.dead = False
        self._lock = threading.Lock()

    def open_incident(self, prefix: str, entry: Entry) -> Event:
        return self._write(entry)

    def append(self, incident: str, *entries: Entry, epoch: int | None = None) -> tuple[Event, ...]:
        with self._lock:
            if self.dead:
                raise Crash
            if epoch is not None and epoch != self.epoch:
                raise Refused("the lease was taken over")
            dies = self._dies()
            if dies and not self.crash_after_write:
                raise Crash
            written = tuple(self._write(e) for e in entries)
            if dies:
                raise Crash
            return written

    def _dies(self) -> bool:
        if self.crash_in is None:
            return False
        self.crash_in -= 1
        if self.crash_in > 0:
            return False
        self.crash_in, self.dead = None, True
        return True

    def _write(self, entry: Entry) -> Event:
        event = Event(
            INCIDENT,
            len(self.rows) + 1,
            entry.kind,
            entry.data,
            entry.step,
            entry.item,
            entry.actor,
            entry.source,
            entry.occurred_at or self.clock.now(),
            entry.offset,
            self.clock.now(),
            "",
            "",
        )
        self.rows.append(event)
        return event

    def events(self, incident: str, after: int = 0) -> Iterator[Event]:
        return iter(self.rows[after:])

    def incidents(self) -> Sequence[str]:
        return [INCIDENT]

    def lease(self, incident: str, owner: str) -> int:
        if self.holder is not None and not self.dead:
            raise Refused("a living process holds the lease")
        self.epoch += 1
        self.holder = self.epoch
        return self.epoch

    def renew(self, incident: str, epoch: int) -> None:
        if epoch != self.epoch:
            raise Refused("the lease was taken over")

    def release(self, incident: str, epoch: int) -> None:
        if self.holder == epoch and not self.dead:
            self.holder = None

    def verify(self, incident: str) -> Chain:
        return Chain(whole=True, events=len(self.rows), head="")

    def close(self) -> None:
        return None

    def restart(self) -> None:
        """The machine is up again; the dead process holds nothing."""
        self.dead, self.holder, self.crash_in = False, None, None

    def kinds(self, prefix: str = "") -> list[str]:
        return [e.kind for e in self.rows if e.kind.startswith(prefix)]


class FakeServer:
    """Targets with a state each. `faults` are used up, one for each changing call; `applied` counts, per target,
    what took effect. `down` makes every call fail to arrive."""

    def __init__(self, journal: FakeJournal) -> None:
        self.journal = journal
        self.state: dict[str, str] = {}
        self.applied: dict[str, int] = {}
        self.requests: list[Call] = []
        self.took_effect: list[Call] = []
        self.came_to_nothing: list[Call] = []
        self.faults: list[str] = []
        self.down = False
        self.leaks: set[str] = set()
        self.list_text = ""
        self.check: Callable[[Call], None] = lambda _call: None
        self.delay = 0.0
        self.busy = 0
        self.busiest = 0

    def answer(self, call: Call) -> Reply:
        if self.journal.dead:
            raise Crash
        if self.down:
            raise NotSent("connection refused")
        if not call.changes:
            return self._read(call)
        self.check(call)
        self.requests.append(call)
        fault = self.faults.pop(0) if self.faults else "ok"
        if fault in {"not sent", "rejected"}:
            self.came_to_nothing.append(call)
        if fault == "not sent":
            raise NotSent("connection refused")
        if fault == "rejected":
            return Reply(403, "no")
        if fault == "crash before":
            self.journal.dead = True
            raise Crash
        if fault == "lost request":
            raise InDoubt("timeout")
        if fault == "lie":
            return Reply(200, "ok")
        self._apply(call)
        if fault == "lost answer":
            raise InDoubt("timeout")
        if fault == "crash after":
            self.journal.dead = True
            raise Crash
        return Reply(200, "ok")

    def _read(self, call: Call) -> Reply:
        if call.path == "/list":
            return Reply(200, self.list_text)
        target = call.path.removeprefix("/effect/").removeprefix("/")
        if call.path.startswith("/effect/") and target in self.leaks:
            return Reply(200, "leaking")
        return Reply(200, self.state.get(target, ""))

    def _apply(self, call: Call) -> None:
        self.took_effect.append(call)
        if call.path == "/list":
            self.list_text = call.body or ""
            return
        target = call.path.removeprefix("/")
        self.state[target] = call.body or ""
        name = f"{call.method} {target}"
        self.applied[name] = self.applied.get(name, 0) + 1


class FakeSender:
    def __init__(self, server: FakeServer) -> None:
        self.server = server
        self.closed = False
        self._owner: int | None = None

    def send(self, call: Call) -> Reply:
        assert not self.closed, "a closed sender was used"
        assert self._owner in {None, threading.get_ident()}, "a sender was used by two threads at once"
        self._owner = threading.get_ident()
        self.server.busy += 1
        self.server.busiest = max(self.server.busiest, self.server.busy)
        try:
            if self.server.delay:
                threading.Event().wait(self.server.delay)
            return self.server.answer(call)
        finally:
            self.server.busy -= 1
            self._owner = None

    def close(self) -> None:
        self.closed = True


class FakePool:
    def __init__(self, server: FakeServer) -> None:
        self.server = server
        self.made: list[FakeSender] = []

    def sender(self) -> FakeSender:
        self.made.append(FakeSender(self.server))
        return self.made[-1]


class FakeConnector:
    """GET /target is the look, POST /target the change, DELETE /target the undo."""

    def __init__(self, name: str = "fake", traits: Traits | None = None) -> None:
        self.name = name
        self.behaves = traits or Traits(in_doubt="verify", verifies=True)

    def verbs(self) -> frozenset[str]:
        return frozenset(CATALOGUE)

    def traits(self, verb: str) -> Traits:
        return self.behaves

    def look(self, verb: str, target: str, params: Mapping[str, Json]) -> Exchange[Look]:
        reply = yield Call(self.name, "GET", f"/{target}")
        return Look(reply.body or CATALOGUE[verb].states[0], {"was": reply.body})

    def verify(self, verb: str, target: str, params: Mapping[str, Json]) -> Exchange[Look]:
        reply = yield Call(self.name, "GET", f"/effect/{target}")
        return Look(reply.body or CATALOGUE[verb].states[0])

    def change(self, verb: str, target: str, params: Mapping[str, Json], seen: Look, key: str) -> Exchange[Json]:
        reply = yield self._call("POST", target, CATALOGUE[verb].states[1], key)
        return self._good(reply)

    def undo(self, verb: str, target: str, params: Mapping[str, Json], before: Look, key: str) -> Exchange[Json]:
        reply = yield self._call("DELETE", target, str(before.data.get("was") or ""), key)
        return self._good(reply)

    def ping(self) -> Exchange[str]:
        yield Call(self.name, "GET", "/ping")
        return "fake 1"

    def _call(self, method: str, target: str, body: str, key: str) -> Call:
        return Call(self.name, method, f"/{target}", body=body, changes=True, key=key)

    @staticmethod
    def _good(reply: Reply) -> Json:
        if reply.status != 200:
            raise Rejected(f"answered {reply.status}", status=reply.status)
        return {"status": reply.status}


class ListConnector(FakeConnector):
    """A list that is read, changed and written back whole: the last writer wins."""

    def __init__(self) -> None:
        super().__init__("lists", Traits(in_doubt="verify", lock="the list", concurrency=0))

    def look(self, verb: str, target: str, params: Mapping[str, Json]) -> Exchange[Look]:
        reply = yield Call(self.name, "GET", "/list")
        return Look("blocked" if target in reply.body.split() else "absent")

    verify = look

    def change(self, verb: str, target: str, params: Mapping[str, Json], seen: Look, key: str) -> Exchange[Json]:
        reply = yield Call(self.name, "GET", "/list")
        words = [*reply.body.split(), target]
        yield Call(self.name, "PUT", "/list", body="\n".join(words), changes=True, key=key)
        return None

    def undo(self, verb: str, target: str, params: Mapping[str, Json], before: Look, key: str) -> Exchange[Json]:
        reply = yield Call(self.name, "GET", "/list")
        words = [w for w in reply.body.split() if w != target]
        yield Call(self.name, "PUT", "/list", body="\n".join(words), changes=True, key=key)
        return None


class FakeApprover:
    def __init__(self, *decisions: Decision | None) -> None:
        self.decisions = list(decisions)
        self.asked: list[tuple[str, tuple[str, ...]]] = []

    def ask(self, incident: str, step: PlanStep, changes: Sequence[Change]) -> Decision | None:
        self.asked.append((step.id, tuple(c.item for c in changes)))
        return self.decisions.pop(0) if self.decisions else None


class Ear:
    """A listener that checks that what it is told is in the journal already."""

    def __init__(self, journal: FakeJournal) -> None:
        self.journal = journal
        self.heard: list[Event] = []

    def told(self, event: Event) -> None:
        assert event in self.journal.rows
        self.heard.append(event)


PEOPLE = People(
    {
        "alice": Person("al", "U0ALICE", ("leads",)),
        "bob": Person("bo", "U0BOB", ("leads",)),
        "carol": Person("ca", "U0CAROL"),
    }
)


class World:
    """Journal, server, connectors and people, and runners that may die and come back."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = FakeClock()
        self.journal = FakeJournal(self.clock)
        self.server = FakeServer(self.journal)
        self.pool = FakePool(self.server)
        self.connectors: dict[str, FakeConnector] = {"fake": FakeConnector(), "lists": ListConnector()}
        self.journal.append(
            INCIDENT, Entry("incident.opened", {"playbook": "p", "title": "t", "started_by": "alice"}, actor="alice")
        )

    def plan(self, *steps: PlanStep) -> Plan:
        """Put a plan into the journal."""
        made = Plan("p", "0" * 64, plan_hash("0" * 64, steps), self.clock.now(), tuple(steps))
        self.journal.append(INCIDENT, Entry("plan.made", {"plan": to_json(made)}, actor="alice"))
        return made

    def runner(self, **more: object) -> Runner:
        settings: dict[str, object] = {
            "journal": self.journal,
            "connectors": self.connectors,
            "pool": self.pool,
            "clock": self.clock,
            "people": PEOPLE,
            "verbs": CATALOGUE,
            "lock_folder": self.folder / "locks",
            "patience": (0.1, 0.1),
            "workers": 1,
        }
        return Runner(**{**settings, **more})  # type: ignore[arg-type]

    @property
    def history(self) -> History:
        return fold(INCIDENT, self.journal.rows)

    def states(self) -> dict[str, str]:
        return {name: status.state for name, status in self.history.changes.items()}


def make_step(
    name: str,
    verb: str,
    *targets: str,
    approval: str = "none",
    on_failure: str = "stop",
    connector: str = "fake",
    reason: str = "",
    action: str = "do",
    changes: tuple[Change, ...] = (),
) -> PlanStep:
    before, after = CATALOGUE[verb].states
    changes = changes or tuple(
        Change(name, t, verb, t, connector, action, before=after if action == "already" else before, after=after)
        for t in targets
    )
    done = step_hash(name, changes)
    return PlanStep(name, f"Do {name}", verb, approval, on_failure, done, changes, reason)


@pytest.fixture
def step() -> Callable[..., PlanStep]:
    return make_step


@pytest.fixture
def make_world(tmp_path: Path) -> Callable[[], World]:
    numbers = itertools.count()
    return lambda: World(tmp_path / str(next(numbers)))


@pytest.fixture
def world(make_world: Callable[[], World]) -> World:
    return make_world()


@pytest.fixture
def incident() -> str:
    return INCIDENT


@pytest.fixture
def crash() -> type[BaseException]:
    return Crash


@pytest.fixture
def approver() -> type[FakeApprover]:
    return FakeApprover


@pytest.fixture
def ear(world: World) -> Ear:
    return Ear(world.journal)


@pytest.fixture
def connector() -> type[FakeConnector]:
    return FakeConnector


@pytest.fixture
def tampered() -> Callable[[PlanStep], PlanStep]:
    return lambda s: replace(s, changes=tuple(replace(c, target="evil.example") for c in s.changes))

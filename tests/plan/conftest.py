"""Connectors that answer from a table, for planning without a network."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from irtool.errors import NotSent, Rejected
from irtool.plan.guards import Guards
from irtool.plan.planner import make_plan
from irtool.playbook import load
from irtool.ports import Exchange
from irtool.records import Call, Json, Look, Reply, Traits
from irtool.verbs import CATALOGUE

TRIAGE = "  - {id: triage, title: T, uses: triage.complaint, with: {complaint: x.eml, since: 72h}}\n"


class FakeClock:
    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)

    def monotonic(self) -> float:
        return 0.0

    def sleep(self, seconds: float) -> None:
        raise AssertionError("planning does not wait")


class Sender:
    """Answers GET /target with the state in the table; `status` for all if it is not 200; `down` if it is None."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool

    def send(self, call: Call) -> Reply:
        assert not call.changes
        self.pool.calls.append(call)
        if self.pool.status is None:
            raise NotSent("connection refused")
        if self.pool.status != 200:
            return Reply(self.pool.status)
        state = self.pool.states.get(call.path.removeprefix("/"), "")
        return Reply(404) if state == "missing" else Reply(200, state)

    def close(self) -> None:
        self.pool.closed += 1


class Pool:
    def __init__(self) -> None:
        self.states: dict[str, str] = {}
        self.status: int | None = 200
        self.calls: list[Call] = []
        self.closed = 0

    def sender(self) -> Sender:
        return Sender(self)


class FakeConnector:
    def __init__(self, name: str, *verbs: str) -> None:
        self.name = name
        self._verbs = frozenset(verbs)

    def verbs(self) -> frozenset[str]:
        return self._verbs

    def traits(self, verb: str) -> Traits:
        return Traits()

    def look(self, verb: str, target: str, params: Mapping[str, Json]) -> Exchange[Look]:
        reply = yield Call(self.name, "GET", f"/{target}")
        if reply.status != 200:
            raise Rejected(f"answered {reply.status} about {target}", status=reply.status)
        return Look(reply.body or CATALOGUE[verb].states[0])

    def change(self, verb: str, target: str, params: Mapping[str, Json], seen: Look, key: str) -> Exchange[Json]:
        reply = yield Call(self.name, "POST", f"/{target}", body=f"{verb} {key}", changes=True, key=key)
        return reply.status


class Desk:
    """Makes plans from the text of steps."""

    def __init__(self) -> None:
        self.pool = Pool()
        self.guards = Guards(own_domains=("gateway.example",), customer_of={"shop.example": "c1"}.get)
        every = [v for v in CATALOGUE if v not in {"triage.complaint", "queue.hold", "queue.purge"}]
        self.connectors = {
            "fake": FakeConnector("fake", *every),
            "queue": FakeConnector("queue", "queue.hold", "queue.purge"),
        }

    def plan(self, steps: str, findings: Mapping[str, Json] | None = None, *, limits: str = "", **more: object):
        limits = f"limits: {{{limits}}}\n" if limits else ""
        playbook = load(f"playbook: p\ntitle: P\n{limits}steps:\n{TRIAGE}{steps}", "p.yaml", verbs=CATALOGUE)
        given: dict[str, object] = {
            "inputs": {},
            "findings": findings or {},
            "incident": {"id": "INC-2026-0001"},
            "org": {"name": "Example"},
            "connectors": self.connectors,
            "verbs": CATALOGUE,
            "pool": self.pool,
            "guards": self.guards,
            "clock": FakeClock(),
        }
        return make_plan(playbook, **{**given, **more})  # type: ignore[arg-type]


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def connector() -> type[FakeConnector]:
    return FakeConnector

"""A whole run in this process, against a real server on loopback, through a proxy that breaks one call of it.

The playbook makes at least one change of each verb of the sandbox. Time passes twenty times as fast for irtool: what a
server asks to wait for is waited for, but nobody sits there meanwhile.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from irtool import config as configuration
from irtool.errors import IrtoolError
from irtool.records import Findings
from irtool.run.opening import open_incident
from irtool.run.outcome import Outcome
from irtool.sandbox.app import App
from irtool.sandbox.provider import Provider
from irtool.sandbox.server import serve
from irtool.wiring.desk import Desk
from tests.services.faults import Faults, faults

from .world import DESTINATION, ME, TOKEN, submission, world

HURRY = 20
PLAYBOOK = f"""\
playbook: everything
title: One change of each verb
owner: tests
steps:
  - {{id: domains, title: D, uses: domain.block, each: "['{DESTINATION}']"}}
  - {{id: hold, title: H, uses: queue.hold, each: "['{DESTINATION}']"}}
  - {{id: addresses, title: A, uses: address.block, each: "['office@trial-0.example']"}}
  - {{id: ips, title: I, uses: ip.block, each: "['198.51.100.1', '198.51.100.2']"}}
  - {{id: limit, title: L, uses: account.limit, each: "['T000']", with: {{per_hour: 3}}}}
  - {{id: sessions, title: S, uses: account.revoke_sessions, each: "['T000']"}}
  - {{id: accounts, title: X, uses: account.disable, each: "['T000', 'T001']"}}
  - {{id: policy, title: P, uses: policy.set, each: "['trial-outbound']", with: {{value: partner-only}}}}
  - {{id: purge, title: G, uses: queue.purge, each: "['{DESTINATION}']"}}
"""


class Fast:
    """ports.Clock that hurries."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic() * HURRY

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds / HURRY)


@dataclass
class Stage:
    """Where runs are played: a provider as it is at the start of each, the proxy, and what a run without faults does.

    `seconds` is the deadline of a call.
    """

    folder: Path
    app: App
    proxy: Faults
    seconds: float = 0.5
    number: int = 0
    whole: Mapping[str, Any] = field(default_factory=dict)
    applied: int = 0
    calls: int = 0
    before: Mapping[str, Any] = field(default_factory=dict)
    undone: Mapping[str, Any] = field(default_factory=dict)
    undo_calls: int = 0

    def rehearse(self) -> None:
        """What is right: the server before, after a run without faults, and how many calls that takes."""
        with self.play() as run:
            self.before = run.state()
            assert run.through() == 1
            self.whole, self.applied = run.state(), run.counts()["applied"]
            self.calls = len(self.proxy.asked)
            assert run.undone() == 1
            self.undone = run.state()
            self.undo_calls = len(self.proxy.asked) - self.calls

    @contextmanager
    def play(self) -> Iterator[Run]:
        """A new incident at a provider as it was at the start."""
        self.number += 1
        here = self.folder / f"run-{self.number}"
        here.mkdir()
        shutil.copy(self.folder / "provider.db", here / "provider.db")
        settings = {
            "org": {"name": "Example Mail", "domains": ["gateway.example"]},
            "journal": "./irtool.db",
            "connectors": {"sandbox": {"url": self.proxy.url, "token": "file:./token"}},
            "people": {"alice": {"os_user": ME, "groups": ["all"]}},
            "timeout": self.seconds,
        }
        (here / "irtool.yaml").write_text(json.dumps(settings))
        (here / "token").write_text(TOKEN + "\n")
        self.proxy.clear()
        self.proxy.asked.clear()
        self.proxy.broken = 0
        with closing(Provider(here / "provider.db")) as provider:
            self.app.provider = provider
            with closing(Desk(configuration.load(here / "irtool.yaml"))) as desk:
                desk.clock = Fast()  # type: ignore[assignment]
                yield Run(desk, provider, self)
        shutil.rmtree(here)

    def check_run(self, kind: str, at: int) -> int:
        """A run whose `at`-th call is broken ends as one without faults; how many attempts that took."""
        with self.play() as run:
            self.proxy.order(kind, at)
            attempts = run.through()
            assert self.proxy.broken == 1
            assert run.state() == self.whole, run.said
            counts = run.counts()
            assert (counts["applied"], counts["applied_twice"]) == (self.applied, 0), run.said
            return attempts

    def check_undo(self, kind: str, at: int) -> int:
        """An undo whose `at`-th call is broken leaves what one without faults leaves; how many attempts that took."""
        with self.play() as run:
            run.through()
            self.proxy.order(kind, at)
            attempts = run.undone()
            assert self.proxy.broken == 1
            assert run.state() == self.undone, run.said
            assert run.counts()["applied_twice"] == 0
            return attempts


@dataclass
class Run:
    """One incident, from its plan to its end, by somebody who reads what irtool says and types what it proposes."""

    desk: Desk
    provider: Provider
    stage: Stage
    incident: str = ""
    said: list[str] = field(default_factory=list)

    def through(self, most: int = 8) -> int:
        """Plan and run until it is done; how many attempts that took."""
        planned = bool(self.incident) and self.desk.history(self.incident).plan is not None
        if not self.incident:
            self.open(PLAYBOOK)
        for attempt in range(1, most + 1):
            try:
                if not planned:
                    plan = self.desk.plan(self.incident, "alice")
                    planned = all(c.action == "do" for c in plan.changes)
                    self.said += [f"{c.id} {c.action} {c.reason}" for c in plan.changes if c.action != "do"]
                    if not planned:
                        continue
                outcome = self.desk.runner(self.incident).run(self.incident, "alice")
            except IrtoolError as error:
                self.said.append(error.message)
                continue
            if outcome.word == "done":
                return attempt
            self.note(outcome)
        raise AssertionError("\n".join(self.said))

    def open(self, playbook: str) -> None:
        """Open an incident with that playbook."""
        path = self.stage.folder / "playbook.yaml"
        path.write_text(playbook)
        self.incident = open_incident(
            self.desk.journal, self.desk.book(str(path)), (), Findings(), inputs={}, by="alice", door="terminal",
            began=datetime.now(UTC),
        )  # fmt: skip

    def undone(self, most: int = 6) -> int:
        """Undo until it is done; how many attempts that took."""
        for attempt in range(1, most + 1):
            try:
                outcome = self.desk.runner(self.incident).undo(self.incident, "alice")
            except IrtoolError as error:
                self.said.append(error.message)
                continue
            if outcome.word == "done":
                return attempt
            self.note(outcome)
        raise AssertionError("\n".join(self.said))

    def note(self, outcome: Outcome) -> None:
        """Keep what it said."""
        history = self.desk.history(self.incident)
        self.said.append(f"{outcome.word}: {outcome.message}")
        self.said += [f"  {s.change.id} {s.state} {s.error}" for s in history.changes.values() if s.error]

    def counts(self) -> Mapping[str, Any]:
        """What the provider counts."""
        with self.provider.session() as state:
            return dict(state.requests.count())

    def state(self) -> Mapping[str, Any]:
        """Everything at the provider, but for the moments at which holds were made."""
        dump: dict[str, Any] = dict(self.provider.dump())
        for message in dump["messages"]:
            held = message[-1]
            if isinstance(held, str) and held.startswith("irtool "):
                message[-1] = held.rpartition(" ")[0]
        return dump


@contextmanager
def stage(folder: Path) -> Iterator[Stage]:
    """A stage, ready to play on."""
    seed = folder / "seed"
    seed.mkdir()
    with world(seed) as made:
        for n in range(2):
            made.provider.submit(submission(n, 2))
    shutil.copy(seed / "provider.db", folder / "provider.db")
    with closing(Provider(folder / "provider.db")) as provider:
        app = App(provider, TOKEN)
        with serve(app) as url, faults(url) as proxy:
            found = Stage(folder, app, proxy)
            found.rehearse()
            yield found

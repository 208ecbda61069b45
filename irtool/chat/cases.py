"""Opening, running and deciding, as the terminal does it; each incident is worked on by one thread at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from irtool.chat.alarms import Alarms
from irtool.chat.board import Board
from irtool.chat.feed import Feed
from irtool.chat.views import moved_lines, progress
from irtool.chat.words import foreign, mention, problem
from irtool.errors import IrtoolError, Refused
from irtool.history import History
from irtool.run.approvals import clearance
from irtool.run.outcome import Outcome
from irtool.run.runner import Runner
from irtool.tell.clean import terminal
from irtool.wiring import Desk

DOOR = "slack"
_AT_ONCE = 8
_ENDED = frozenset({"contained", "closed"})


class Cases:
    """What the engine does for Slack."""

    def __init__(self, desk: Desk, board: Board, say: Callable[[str], None]) -> None:
        self._desk = desk
        self._board = board
        self._say = say
        self._alarms = Alarms(desk, board)
        self._opening = threading.Lock()  # the logs are read by one thread at a time
        self._lock = threading.Lock()
        self._running: dict[str, Runner | None] = {}
        self._stopping = False
        self._workers = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="irtool slack run")

    def open(self, ref: str, sources: Sequence[tuple[str, bytes]], given: Mapping[str, str], person: str) -> str:
        """Open an incident and plan it; nothing is changed. Returns its name."""
        with self._opening:
            incident = self._desk.open(ref, sources, given, person, DOOR)
            try:
                self._desk.plan(incident, person)
            finally:
                self._board.follow(incident)
        return incident

    def start(self, incident: str, person: str, plan_hash: str = "") -> None:
        """Have the incident run, or go on. `plan_hash`: only a plan that was not begun, and only this one.

        Raises Refused if somebody runs it, it is done, or the plan is another; UsageError if there is no plan.
        """
        plan = self._desk.planned(incident)
        history = self._desk.history(incident)
        if plan_hash and history.ran_by:
            raise Refused(f"{incident} was started by {history.ran_by[0]} already: it is {history.status}")
        if plan_hash and plan.hash != plan_hash:
            raise Refused(f"the plan of {incident} has changed since it was shown", hint=f"/irtool status {incident}")
        if history.status in _ENDED:
            raise Refused(f"{incident} is {history.status} already", hint=f"/irtool timeline {incident}")
        if not self._begin(incident, person):
            raise Refused(
                f"irtool is ending; {incident} stays as it is" if self._stopping else f"{incident} is running already",
                hint=f"/irtool status {incident}",
            )

    def decide(self, incident: str, step: str, *, approved: bool, person: str, **answer: Any) -> None:
        """Record the person's answer, show it, and go on if the run waited for it. Raises Refused if they may not.

        `answer` is what `Desk.decide` takes besides.
        """
        try:
            self._desk.decide(incident, step, approved=approved, by=person, door=DOOR, **answer)
        finally:
            self.settle(incident)
        self._board.follow(incident)

    def ratify(self, incident: str, person: str, *, disown: str = "", note: str = "") -> None:
        """Record a second person's word on a break-glass, for all to see. Raises Refused if it is not theirs."""
        self._desk.runner(incident, armed=False).ratify(incident, person, disown=disown, note=note, door=DOOR)
        self._board.follow(incident)

    def settle(self, incident: str) -> None:
        """Take decided requests off the channel, and go on with a run that waits for nobody any more."""
        history = self._desk.history(incident)
        self._board.settle(history)
        with self._lock:
            busy = incident in self._running
        if not busy and history.status == "waiting" and not self._asks(history):
            self._begin(incident, history.ran_by[-1])  # whose run it is; who approved is not made part of it

    def look_around(self) -> None:
        """Notice what was decided at another door, and what a watch has found."""
        self._alarms.look_around()
        for incident in self._board.waiting():
            self.settle(incident)

    def close(self) -> None:
        """Let the runs finish what is in flight, and end."""
        with self._lock:
            self._stopping = True
            for runner in self._running.values():
                if runner is not None:
                    runner.request_stop()
        self._workers.shutdown(wait=True, cancel_futures=True)

    def _begin(self, incident: str, person: str) -> bool:
        with self._lock:
            if self._stopping or incident in self._running:
                return False
            self._running[incident] = None
        self._workers.submit(self._work, incident, person)
        return True

    def _work(self, incident: str, person: str) -> None:
        try:
            self._carry_out(incident, person)
        except IrtoolError as error:
            self._board.announce(incident, [f"*{incident}* cannot go on.", *problem(error)])
        except Exception as error:  # noqa: BLE001 (a worker of a front door: nobody else would ever hear of it)
            self._say(f"slack: {incident}: {type(error).__name__}: {terminal(str(error))}")
        finally:
            with self._lock:
                self._running.pop(incident, None)

    def _carry_out(self, incident: str, person: str) -> None:
        while True:
            with Feed(lambda: self._follow(incident)) as feed:
                runner = self._desk.runner(incident, None, [feed])
                with self._lock:
                    self._running[incident] = runner
                    if self._stopping:
                        return
                outcome = runner.run(incident, person)
            history = self._desk.history(incident)
            if outcome.word == "waiting" and not self._asks(history):
                continue  # answered while the run was coming to its end
            self._tell_end(history, outcome, person)
            return

    def _asks(self, history: History) -> bool:
        """Whether somebody still has to answer what the run has asked."""
        steps, now = history.plan.steps if history.plan else (), self._desk.clock.now()
        return any(s.id in history.asked and clearance(history, s, now).ask for s in steps)

    def _follow(self, incident: str) -> bool:
        try:
            return self._board.follow(incident)
        except IrtoolError as error:  # the journal could not be read just now: the run says so itself
            self._say(f"slack: {incident}: {terminal(error.message)}")
            return False

    def _tell_end(self, history: History, outcome: Outcome, person: str) -> None:
        if outcome.word == "waiting":
            for step in outcome.waiting:
                self._board.ask(history.incident, step)
            return
        known = self._desk.people.persons.get(person)
        who = (mention(known.slack) if known else "") or foreign(person)
        lines = [f"{who}  *{history.incident}*  *{history.status.upper()}* {progress(history)}".rstrip()]
        if outcome.message:
            lines.append(foreign(outcome.message))
        again = outcome.word in {"failed", "unknown", "interrupted"}
        if outcome.word == "refused" and history.status == "planned":  # the world had moved: there is a new plan
            self._board.announce(history.incident, [*lines, *moved_lines(self._desk.events(history.incident))])
            return
        lines.append(f"Next: `{'/irtool resume' if again else 'irtool report'} {history.incident}`")
        self._board.announce(history.incident, lines)

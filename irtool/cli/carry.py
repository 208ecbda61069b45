"""Carrying out a plan from the terminal: the lines, the questions, Ctrl-C, the ending."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from irtool.cli.approver import TerminalApprover
from irtool.cli.cases import finish
from irtool.cli.out import answer, next_is, say
from irtool.cli.views import Lines
from irtool.ports import Listener
from irtool.records import Event
from irtool.run.runner import Runner
from irtool.wiring import Desk


class EventStream:
    """ports.Listener: every event as one line of JSON on stdout."""

    def told(self, event: Event) -> None:
        """Print it."""
        answer(event)


def carry_out(desk: Desk, incident: str, by: str, *, yes: bool, as_json: bool) -> None:
    """Run the incident's plan to its end, or to the next person; leaves with the run's exit code."""
    plan = desk.planned(incident)
    listener: Listener = EventStream() if as_json else Lines({c.id: c for c in plan.changes})
    runner = desk.runner(incident, TerminalApprover(by, yes=yes), [listener])
    with draining(runner):
        outcome = runner.run(incident, by)
    finish(desk.history(incident), outcome, as_json=as_json)


@contextmanager
def draining(runner: Runner) -> Iterator[None]:
    """The first Ctrl-C finishes what is in flight, the second stops at once."""

    def stop_now(_signal: int, _frame: FrameType | None) -> None:
        say("\nstopped; what was in flight is not known")
        next_is("irtool resume")
        os._exit(130)  # threads that wait for a server cannot be interrupted; the journal has every intent

    def stop(_signal: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, stop_now)
        say("\nfinishing what is in flight; Ctrl-C again stops at once")
        runner.request_stop()

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)

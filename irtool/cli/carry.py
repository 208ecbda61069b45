"""Carrying out a plan from the terminal: the lines, the questions, Ctrl-C, the ending."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from irtool.cli.approver import TerminalApprover
from irtool.cli.cases import after_plan, finish
from irtool.cli.moved_view import refusal, show_moved
from irtool.cli.out import ENDINGS, answer, leave, next_is, say
from irtool.cli.views import Lines
from irtool.errors import Refused, UsageError
from irtool.ports import Listener
from irtool.records import Event
from irtool.run.people import may_break_glass
from irtool.run.runner import Runner
from irtool.wiring import Desk


class EventStream:
    """ports.Listener: every event as one line of JSON on stdout."""

    def told(self, event: Event) -> None:
        """Print it."""
        answer(event)


def why_alone(desk: Desk, by: str, given: str | None) -> str:
    """The reason of a break-glass, "" without one. Raises UsageError for an empty one, Refused if it is not theirs."""
    if given is None:
        return ""
    if not given.strip():
        raise UsageError("break-glass needs a reason; nothing was done", hint='irtool run INCIDENT --break-glass "why"')
    against = may_break_glass(by, desk.config.settings.break_glass, desk.people)
    if against:
        raise Refused(against, hint="irtool approve INCIDENT STEP, by a second person")
    return given.strip()


def carry_out(desk: Desk, incident: str, by: str, *, yes: bool, as_json: bool, break_glass: str = "") -> None:
    """Run the incident's plan to its end, or to the next person; leaves with the run's exit code."""
    plan = desk.planned(incident)
    listener: Listener = EventStream() if as_json else Lines({c.id: c for c in plan.changes})
    approver = TerminalApprover(by, yes=yes, break_glass=break_glass)
    runner = desk.runner(incident, approver, [listener])
    with draining(runner):
        outcome = runner.run(incident, by)
    now = desk.planned(incident)
    if now.hash != plan.hash and outcome.word == "refused" and not as_json:
        show_moved(refusal(desk.events(incident)), now)
        after_plan(incident, now)
        leave(outcome.exit_code)
    finish(desk.history(incident), outcome, as_json=as_json)


@contextmanager
def draining(runner: Runner) -> Iterator[None]:
    """The first Ctrl-C, SIGTERM or SIGHUP (the terminal was closed) finishes what is in flight, a second Ctrl-C stops
    at once. What the process was started to ignore, as under nohup, it goes on to ignore."""
    ours = [n for n in ENDINGS if signal.getsignal(n) != signal.SIG_IGN]

    def stop_now(_signal: int, _frame: FrameType | None) -> None:
        say("\nstopped; what was in flight is not known")
        next_is("irtool resume")
        os._exit(130)  # threads that wait for a server cannot be interrupted; the journal has every intent

    def stop(_signal: int, _frame: FrameType | None) -> None:
        for number in ours:  # a closing terminal may be told of twice, and nobody has asked twice
            signal.signal(number, stop_now if number == signal.SIGINT else signal.SIG_IGN)
        say("\nfinishing what is in flight; Ctrl-C again stops at once")
        runner.request_stop()

    before = {number: signal.signal(number, stop) for number in ours}
    try:
        yield
    finally:
        for number, handler in before.items():
            if signal.getsignal(number) != signal.SIG_IGN:  # told twice, the second time while the process ends
                signal.signal(number, handler)

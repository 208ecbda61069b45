"""What plan, run and resume share: who is asking, which incident, and how an outcome is told."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from irtool.cli.out import answer, clean, colour, leave, next_is, say
from irtool.cli.views import findings_lines, plural, show_plan, step_states, trouble, wrapped
from irtool.errors import IrtoolError, UsageError
from irtool.history import History
from irtool.records import Json, Plan, PlanStep
from irtool.run.approvals import clearance, missing_yes
from irtool.run.outcome import Outcome
from irtool.run.ratify import unratified

_INCIDENT = re.compile(r"INC-\d{4}-\d{4,}\Z")


def is_incident(text: str) -> bool:
    """Whether the word names an incident and not a playbook."""
    return bool(_INCIDENT.match(text))


def given_inputs(pairs: Sequence[str] | None) -> dict[str, str]:
    """`--input NAME=VALUE` as a mapping."""
    found: dict[str, str] = {}
    for pair in pairs or ():
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise UsageError(
                f"--input {pair}: this is not NAME=VALUE", hint="irtool plan email-abuse FILE --input since=24h"
            )
        found[name] = value
    return found


def show_opened(history: History, plan: Plan, *, whole: bool) -> None:
    """A new or renewed plan, for people."""
    for complaint in history.complaints:
        say(f"{history.incident}  from {clean(complaint.get('source'))} ({clean(complaint.get('format'))})")
    for n, line in enumerate(findings_lines(history.findings)):
        say("\n".join(wrapped(line, f"{'triage' if n == 0 else '':<18}", f"{'':<18}")))
    show_plan(plan, whole=whole)


@contextmanager
def opened(incident: str) -> Iterator[None]:
    """What goes wrong after an incident was opened says so, and how to go on with it."""
    try:
        yield
    except IrtoolError as error:
        error.done = f"{error.done} {incident} is open; when that is mended: irtool plan {incident}".lstrip()
        raise


def plan_answer(history: History, plan: Plan) -> dict[str, object]:
    """The same for machines."""
    return {"incident": history.incident, "plan": plan, "findings": history.findings}


def after_plan(incident: str, plan: Plan) -> None:
    """Where to go from a plan."""
    actions = {c.action for c in plan.changes}
    if "do" in actions:
        next_is(f"irtool run {incident}")
    elif "refused" in actions:
        say("Every change was refused by a guard; there is nothing to run.")
        next_is("irtool triage COMPLAINT", f"irtool status {incident}")
        leave(5)
    else:
        say("There is nothing to do.")
        next_is(f"irtool report {incident}")


def finish(history: History, outcome: Outcome, *, as_json: bool) -> None:
    """Tell how a run ended and leave with its exit code."""
    incident = history.incident
    if as_json:
        summary: dict[str, Json] = {"incident": incident, "outcome": outcome.word, "exit_code": outcome.exit_code}
        answer({**summary, "status": history.status, "counts": outcome.counts, "findings": history.findings})
        leave(outcome.exit_code)
    for line in step_states(history):
        say(line)
    if outcome.message:
        say(clean(outcome.message))
    for bad in trouble(history):
        say(f"  {bad.state.upper():<9} {clean(bad.change.id)}  {clean(bad.error)}")
    show_unratified(history)
    _next(history, outcome)
    leave(outcome.exit_code)


def _next(history: History, outcome: Outcome) -> None:
    incident = history.incident
    if outcome.word == "waiting":
        show_waiting(history, outcome.waiting)
    elif outcome.word in {"unknown", "interrupted"}:
        next_is(f"irtool resume {incident}")
    elif outcome.word == "refused":
        say("What was refused was not tried; the reasons:")
        next_is(f"irtool status {incident} --all", f"irtool report {incident}")
    elif outcome.word == "failed":
        next_is("irtool doctor", f"irtool resume {incident}")
    else:
        next_is(f"irtool report {incident}", f"irtool undo {incident}")


def show_waiting(history: History, steps: Collection[str] | None = None) -> bool:
    """Say whose yes these steps want and how to give it; without `steps` the first that wants one. Whether any did."""
    shown = False
    now = datetime.now(UTC)
    for step in history.plan.steps if history.plan else ():
        waits = clearance(history, step, now).ask
        if not waits or (shown if steps is None else step.id not in steps):
            continue
        shown = True
        say(f"{history.incident} waits at {step.id} for {_whom(history, step, now)}: {plural(len(waits), 'change')}.")
        if step.approval_reason:
            say("\n".join(wrapped(clean(step.approval_reason), "  ! ", "    ")))
        next_is(f"irtool approve {history.incident} {step.id} --as PERSON", f"irtool resume {history.incident}")
    return shown


def _whom(history: History, step: PlanStep, now: datetime) -> str:
    """Whose yes a step waits for."""
    missing = missing_yes(history, step, now)
    if step.quorum <= 1:
        return "someone other than you" if step.approval == "peer" else "you"
    others = " other than you" if step.approval == "peer" else ""
    said = step.quorum - missing
    so_far = f" ({said} of {step.quorum} said yes)" if said else ""
    return f"{missing} {'person' if missing == 1 else 'persons'}{others}{so_far}"


def show_unratified(history: History) -> None:
    """Nag about a break-glass that nobody else has looked at."""
    waiting = unratified(history)
    for use in waiting:
        steps = clean(", ".join(use.steps))
        text = f"BREAK-GLASS by {clean(use.by)} alone at {use.at:%Y-%m-%d %H:%MZ} ({steps}): {clean(use.why)}"
        say(colour("\n".join(wrapped(text, "! ", "  ")), "red"))
    if waiting:
        next_is(f"irtool ratify {history.incident} --as SOMEBODY-ELSE")


def finish_undo(history: History, outcome: Outcome, again: str, *, as_json: bool) -> None:
    """Tell how an undo ended and leave with its exit code; `again` is the command that tries the rest once more."""
    if as_json:
        summary: dict[str, Json] = {
            "incident": history.incident,
            "outcome": outcome.word,
            "exit_code": outcome.exit_code,
        }
        answer({**summary, "counts": outcome.counts})
        leave(outcome.exit_code)
    if outcome.message:
        say(clean(outcome.message))
    for bad in trouble(history):
        say(f"  {bad.state.upper():<9} {clean(bad.change.id)}  {clean(bad.error)}")
    if outcome.exit_code == 0:
        say("Kept on the timeline and in the report.")
        next_is(f"irtool timeline {history.incident}")
    else:
        next_is("irtool doctor", again)
    leave(outcome.exit_code)

"""What plan, run and resume share: who is asking, which incident, and how an outcome is told."""

from __future__ import annotations

import re
from collections.abc import Sequence

from irtool.cli.out import answer, clean, leave, next_is, say
from irtool.cli.views import findings_lines, plural, show_plan, step_states, trouble, wrapped
from irtool.errors import UsageError
from irtool.history import History
from irtool.records import Json, Plan
from irtool.run.outcome import Outcome

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
    _next(history, outcome)
    leave(outcome.exit_code)


def _next(history: History, outcome: Outcome) -> None:
    incident = history.incident
    if outcome.word == "waiting":
        plan = history.plan
        for step in plan.steps if plan else ():
            if step.id in outcome.waiting:
                who = "someone other than you" if step.approval == "peer" else "you"
                say(f"{incident} waits at {step.id} for {who}: {plural(len(step.changes), 'change')}.")
                next_is(f"irtool approve {incident} {step.id} --as PERSON", f"irtool resume {incident}")
    elif outcome.word in {"unknown", "interrupted"}:
        next_is(f"irtool resume {incident}")
    elif outcome.word == "failed":
        next_is("irtool doctor", f"irtool resume {incident}")
    else:
        next_is(f"irtool report {incident}", f"irtool undo {incident} [STEP [TARGET]]")


def finish_undo(history: History, outcome: Outcome, *, as_json: bool) -> None:
    """Tell how an undo ended and leave with its exit code."""
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
        next_is(f"irtool undo {history.incident}")
    leave(outcome.exit_code)

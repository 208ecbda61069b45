"""What somebody took back behind irtool's back, made again: only what was approved, and only while that holds."""

from __future__ import annotations

from datetime import datetime

from irtool.history import ChangeStatus, History
from irtool.history.machine import ALREADY, DONE
from irtool.plan.guards import Guards
from irtool.records import Change, Verb
from irtool.run.approvals import GO, word_on

MOST = 3
"""A change is made again at most so often. Somebody who takes it back once more has a reason: a person has to talk."""


def approved_form(history: History, status: ChangeStatus) -> Change | None:
    """The change as it was approved: exactly as the plan had it under which it was made. None if none has it to do."""
    step = history.steps.get(status.under)
    found = next((c for c in step.changes if c.id == status.change.id), None) if step else None
    return found if found is not None and found.action == "do" else None


def why_not(history: History, name: str, guards: Guards, verb: Verb, now: datetime, most: int = MOST) -> str:
    """Why the change may not be made again now; "" if it may. The same rules as when it was made first, asked again."""
    status = history.changes.get(name)
    if status is not None and status.state == ALREADY:
        return "it was there before the incident, so it is not ours to make again: plan again"
    if history.closed or status is None or status.state != DONE:
        return "it is not in place any more by what the journal says"
    if status.expires_at is not None and status.expires_at <= now:
        return "its time is over"
    form = approved_form(history, status)
    if form is None:
        return "no plan on record has it to do"
    if not verb.undo:
        return f"{verb.name} cannot be undone, so it is not done again by itself"
    if word_on(history, history.steps[status.under], form.item, now) != GO:
        return "the yes to it does not count any more: it ended, or was taken back"
    if any(use.disowned_by and form.step in use.steps for use in history.break_glass):
        return "a second person does not stand by the break-glass it was made under"
    reason = guards.check(verb, form.target)
    if reason:
        return reason
    if status.remade >= most:
        return f"it was made again {status.remade} times already"
    return ""

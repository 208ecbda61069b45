"""Approvals: what people's yes and no make of the changes of a plan."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from irtool.errors import UsageError
from irtool.history import IN_DOUBT, Approval, ChangeStatus, History
from irtool.records import Change, Event, Json, PlanStep
from irtool.run.people import overlap

OPEN = frozenset({"planned", "failed"})
"""The states in which nothing was begun: a veto or a yes that is taken back still counts."""

GO, ASK, REFUSED = "go", "ask", "refused"


def pending(history: History, step: PlanStep) -> list[Change]:
    """The changes of a step that still want something done: planned, certainly failed, or in doubt."""
    return [c for c in step.changes if is_pending(c, history.changes.get(c.id))]


@dataclass(frozen=True, slots=True)
class Clearance:
    """What approvals say of pending changes: may be made, a person has to decide, a person has refused."""

    go: tuple[Change, ...] = ()
    ask: tuple[Change, ...] = ()
    refused: tuple[Change, ...] = ()


def clearance(history: History, step: PlanStep, now: datetime) -> Clearance:
    """Sort the pending changes of a step. A decision counts for exactly this plan of the step, while it lasts."""
    todo = pending(history, step)
    words = {c.id: word_on(history, step, c.item, now) for c in todo}
    sorted_ = {word: tuple(c for c in todo if words[c.id] == word) for word in (GO, ASK, REFUSED)}
    return Clearance(sorted_[GO], sorted_[ASK], sorted_[REFUSED])


def word_on(history: History, step: PlanStep, item: str, now: datetime) -> str:
    """GO, ASK or REFUSED for one change of a step."""
    covering = [a for a in history.approvals if a.covers(step.id, step.hash, item)]
    if any(not a.approved for a in covering):
        return REFUSED
    if step.approval == "none" and step.quorum <= 1:
        return GO
    valid = [a for a in covering if not a.is_over(now)]
    enough = any(a.break_glass for a in valid) or len(persons(valid)) >= step.quorum
    return GO if enough else ASK


def persons(given: Sequence[Approval]) -> list[Approval]:
    """One yes for each person, the first of theirs. Who has a name in common with another is the same person."""
    found: list[Approval] = []
    for one in given:
        if not any(overlap(_names(one), _names(other)) for other in found):
            found.append(one)
    return found


def said_yes(history: History, step: PlanStep, item: str, now: datetime) -> list[Approval]:
    """The persons whose yes to this change counts now."""
    return persons(
        [a for a in history.approvals if a.approved and a.covers(step.id, step.hash, item) and not a.is_over(now)]
    )


def missing_yes(history: History, step: PlanStep, now: datetime) -> int:
    """How many more persons the step waits for, for the change that has the fewest; 0 if it waits for nobody."""
    waiting = clearance(history, step, now).ask
    return max((step.quorum - len(said_yes(history, step, c.item, now)) for c in waiting), default=0)


def is_refused(history: History, step: PlanStep) -> bool:
    """Whether a person has refused the whole step as planned now."""
    whole = (a for a in history.approvals if not a.approved and not a.revoked and not a.items)
    return any((a.step, a.hash) == (step.id, step.hash) for a in whole)


def vetoes(history: History) -> dict[str, str]:
    """The changes (`step/item`) that a person has named and refused, in any plan of the incident, with who and why."""
    return {
        f"{a.step}/{item}": f"refused by {a.person}" + (f": {a.reason}" if a.reason else "")
        for a in history.approvals
        if not a.approved and not a.revoked
        for item in a.items
    }


def involved(events: Iterable[Event]) -> tuple[str, ...]:
    """Everybody who opened, planned or ran the incident, by all the names they had when they did it."""
    kinds = {"incident.opened", "plan.made", "run.started"}
    names: list[Json] = []
    for event in (e for e in events if e.kind in kinds):
        known_as = event.data.get("known_as")
        names += [event.actor, event.data.get("started_by"), event.data.get("by")]
        names += known_as if isinstance(known_as, list) else []
    return tuple(dict.fromkeys(n for n in names if isinstance(n, str) and n))


def find_step(history: History, step: str) -> PlanStep:
    """The step of the incident's plan. Raises UsageError if there is no plan or no such step."""
    if history.plan is None:
        raise UsageError(f"{history.incident} has no plan yet", hint="irtool plan")
    for planned in history.plan.steps:
        if planned.id == step:
            return planned
    known = ", ".join(s.id for s in history.plan.steps)
    raise UsageError(f"{history.incident} has no step {step!r}", hint=f"Its steps are: {known}.")


def is_pending(change: Change, status: ChangeStatus | None) -> bool:
    """Whether the change still wants something done."""
    if status is None:
        return False
    return status.state in IN_DOUBT or (change.action == "do" and status.state in OPEN)


def _names(given: Approval) -> tuple[str, ...]:
    return (given.person, *given.known_as)

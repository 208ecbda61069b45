"""Approvals: who may say yes or no to which changes of a plan, and what that makes of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from irtool.errors import Refused, UsageError
from irtool.history import Approval, ChangeStatus, History
from irtool.records import Change, Decision, Entry, Event, Json, PlanStep, utc
from irtool.run.kit import Kit
from irtool.run.outcome import IN_DOUBT
from irtool.run.people import DOOR_YES, may_decide

_OPEN = frozenset({"planned", "failed"})


def pending(history: History, step: PlanStep) -> list[Change]:
    """The changes of a step that still want something done: planned, certainly failed, or in doubt."""
    return [c for c in step.changes if _is_pending(c, history.changes.get(c.id))]


@dataclass(frozen=True, slots=True)
class Clearance:
    """What approvals say of pending changes: may be made, a person has to decide, a person has refused."""

    go: tuple[Change, ...] = ()
    ask: tuple[Change, ...] = ()
    refused: tuple[Change, ...] = ()


def clearance(history: History, step: PlanStep) -> Clearance:
    """Sort the pending changes of a step. Only a decision about exactly this plan of the step counts."""
    todo = pending(history, step)
    if step.approval == "none":
        return Clearance(go=tuple(todo))
    given = {c.id: history.approval_of(step.id, step.hash, c.item) for c in todo}
    return Clearance(
        go=tuple(c for c in todo if _says(given[c.id], approved=True)),
        ask=tuple(c for c in todo if given[c.id] is None),
        refused=tuple(c for c in todo if _says(given[c.id], approved=False)),
    )


def is_refused(history: History, step: PlanStep) -> bool:
    """Whether a person has refused the whole step as planned now."""
    given = [a for a in history.approvals if a.step == step.id and a.hash == step.hash and not a.items]
    return bool(given) and not given[-1].approved


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


def enter(kit: Kit, history: History, events: Sequence[Event], step: PlanStep, decision: Decision) -> list[Entry]:
    """The entries for a decision. A refusal skips its changes in the same breath, so that no later yes revives them.

    Raises UsageError for an item that the step does not have, and Refused if the person may not decide, or if it is
    decided or done already.
    """
    if history.closed:
        raise Refused(f"{history.incident} is closed")
    person = kit.people.who_is(decision.person)
    reason = may_decide(step.approval, decision.person, history.started_by, involved(events), kit.approvers, kit.people)
    if not reason and decision.door == DOOR_YES and step.approval_reason:
        reason = f"--yes does not cover this step: {step.approval_reason}"
    if not reason and decision.approved and step.approval == "none":
        reason = f"step {step.id} needs no approval"
    if reason:
        raise Refused(reason, hint="irtool status")
    chosen = _chosen(history, step, decision)
    whole = not decision.items and len(chosen) == len(pending(history, step))
    named: list[Json] = [] if whole else [c.item for c in chosen]
    data: dict[str, Json] = {"hash": step.hash, "door": decision.door, "items": named}
    data["note" if decision.approved else "reason"] = decision.reason
    kind = "approval.given" if decision.approved else "approval.refused"
    source = "slack" if decision.door == "slack" else "person"
    entries = [Entry(kind, data, step=step.id, actor=person, source=source)]
    if not decision.approved:
        why = f"refused by {person}" + (f": {decision.reason}" if decision.reason else "")
        entries += [
            Entry("change.skipped", {"reason": why}, step=c.step, item=c.item, actor=person, source=source)
            for c in chosen
            if history.changes[c.id].state in _OPEN
        ]
    return entries


def _chosen(history: History, step: PlanStep, decision: Decision) -> list[Change]:
    """The changes that the decision is about: those it names, or all that nobody has decided about yet."""
    known = {c.item for c in step.changes}
    for item in decision.items:
        if item not in known:
            raise UsageError(f"step {step.id} has no change {item!r}", hint=f"irtool status {history.incident}")
    todo = {c.item: c for c in pending(history, step)}
    wanted = decision.items or tuple(todo)
    decided = {i: history.approval_of(step.id, step.hash, i) for i in wanted}
    free = [todo[i] for i in dict.fromkeys(wanted) if i in todo and decided[i] is None]
    if not free or (decision.items and len(free) < len(set(decision.items))):
        raise Refused(_too_late(history, step, [a for a in decided.values() if a]), hint="irtool status")
    return free


def _too_late(history: History, step: PlanStep, decided: Sequence[Approval]) -> str:
    given = decided or [a for a in history.approvals if a.step == step.id and a.hash == step.hash]
    if given:
        last = given[-1]
        word = "approved" if last.approved else "refused"
        return f"step {step.id}: {last.person} has {word} it already, at {utc(last.at)}"
    return f"step {step.id} has nothing left to decide about"


def _is_pending(change: Change, status: ChangeStatus | None) -> bool:
    if status is None:
        return False
    return status.state in IN_DOUBT or (change.action == "do" and status.state in _OPEN)


def _says(approval: Approval | None, *, approved: bool) -> bool:
    return approval is not None and approval.approved is approved

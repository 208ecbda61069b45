"""Before a step: what may be made now, after asking whoever is here."""

from __future__ import annotations

from irtool.errors import Refused
from irtool.history import History
from irtool.records import Decision, Json, PlanStep
from irtool.run.approvals import Clearance, clearance, enter, is_refused
from irtool.run.session import Session

_ASKS = 3


def pass_gate(session: Session, step: PlanStep) -> Clearance:
    """Sort the step's changes by what people have decided, asking the approver while there is something to ask.

    An answer that the rules do not allow is noted in the journal and asked for again, a few times. What nobody here can
    decide is asked for in the journal.
    """
    kit = session.kit
    history = session.history()
    found = clearance(history, step)
    for _ in range(_ASKS):
        if not found.ask or kit.approver is None or kit.stop.is_set():
            break
        try:
            decision = kit.approver.ask(session.incident, step, found.ask)
        except KeyboardInterrupt:
            kit.stop.set()
            break
        if decision is None:
            break
        record(session, step, decision)
        history = session.history()
        found = clearance(history, step)
    for change in found.refused:  # a refusal from before a crash, written by a process that could not skip them
        if history.changes[change.id].state in {"planned", "failed"}:
            session.say("change.skipped", change, reason="refused")
    if found.ask and not kit.stop.is_set():
        _ask_in_journal(session, history, step, found)
    return found


def record(session: Session, step: PlanStep, decision: Decision) -> None:
    """Write a decision into the journal, or a note that says why it does not count."""
    kit = session.kit
    with kit.locks.held(f"decisions {session.incident}"):
        try:
            entries = enter(kit, session.history(), session.events(), step, decision)
        except Refused as refused:
            person = kit.people.who_is(decision.person) or decision.person
            text = f"an answer of {person} to step {step.id} does not count: {refused.message}"
            session.say("note.added", step, text=text)
            return
        session.write(*entries)


def _ask_in_journal(session: Session, history: History, step: PlanStep, found: Clearance) -> None:
    if step.id in history.asked or is_refused(history, step):
        return
    items: list[Json] = [c.item for c in found.ask]
    session.say(
        "approval.asked",
        step,
        hash=step.hash,
        approval=step.approval,
        items=items,
        reason=step.approval_reason,
    )

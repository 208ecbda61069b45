"""Before a step: what may be made now, after asking whoever is here."""

from __future__ import annotations

from datetime import datetime

from irtool.errors import Refused
from irtool.history import History
from irtool.records import Decision, Json, PlanStep
from irtool.run.approvals import Clearance, clearance, is_refused, missing_yes, said_yes
from irtool.run.deciding import enter
from irtool.run.session import Session
from irtool.run.standing import decisions

_ASKS = 3


def pass_gate(session: Session, step: PlanStep) -> Clearance:
    """Sort the step's changes by what people have decided, asking the approver while there is something to ask.

    An answer that the rules do not allow is noted in the journal and asked for again, a few times. What nobody here can
    decide is asked for in the journal.
    """
    kit = session.kit
    history = session.history()
    found = clearance(history, step, kit.clock.now())
    wrong = 0
    while (
        _wants(session, history, step, found) and wrong < _ASKS and kit.approver is not None and not kit.stop.is_set()
    ):
        try:
            decision = kit.approver.ask(session.incident, step, found.ask)
        except KeyboardInterrupt:
            kit.stop.set()
            break
        if decision is None:
            break
        counts = record(session, step, decision)
        wrong += not counts
        history = session.history()
        found = clearance(history, step, kit.clock.now())
        if counts and decision.approved:
            break  # if it still waits, then for others
    for change in found.refused:  # a refusal from before a crash, written by a process that could not skip them
        if history.changes[change.id].state in {"planned", "failed"}:
            session.say("change.skipped", change, reason="refused")
    if found.ask and not kit.stop.is_set():
        _ask_in_journal(session, history, step, found)
    return found


def _wants(session: Session, history: History, step: PlanStep, found: Clearance) -> bool:
    """Whether there is something to ask the person who runs it: not what only others are missing for."""
    now = session.kit.clock.now()
    return any(all(a.person != session.by for a in said_yes(history, step, c.item, now)) for c in found.ask)


def still_waits(session: Session, step: PlanStep) -> bool:
    """Whether changes of the step wait for a person now: a yes may have ended or been taken back since the gate."""
    return bool(clearance(session.history(), step, session.kit.clock.now()).ask)


def record(session: Session, step: PlanStep, decision: Decision) -> bool:
    """Write a decision into the journal, or a note that says why it does not count. Whether it counts."""
    kit = session.kit
    with kit.locks.alone(decisions(session.incident)):
        try:
            entries = enter(kit, session.history(), session.events(), step, decision)
        except Refused as refused:
            person = kit.people.who_is(decision.person) or decision.person
            text = f"an answer of {person} to step {step.id} does not count: {refused.message}"
            session.say("note.added", step, text=text)
            return False
        session.write(*entries)
        return True


def _ask_in_journal(session: Session, history: History, step: PlanStep, found: Clearance) -> None:
    now = session.kit.clock.now()
    if is_refused(history, step) or _is_asked(session, history, step, now):
        return
    items: list[Json] = [c.item for c in found.ask]
    session.say(
        "approval.asked",
        step,
        hash=step.hash,
        approval=step.approval,
        quorum=step.quorum,
        missing=missing_yes(history, step, now),
        items=items,
        reason=step.approval_reason,
    )


def _is_asked(session: Session, history: History, step: PlanStep, now: datetime) -> bool:
    """Whether the question still stands: it was put, and no answer to it has ended or been taken back since."""
    asked: datetime | None = None
    ends: list[datetime] = []
    for event in session.kit.journal.events(session.incident, history.planned_at):
        if event.step != step.id:
            continue
        if event.kind == "approval.asked":
            asked = event.recorded_at
        elif event.kind == "approval.revoked":
            asked = None
        elif event.kind == "approval.given" and isinstance(until := event.data.get("expires_at"), str):
            ends.append(datetime.fromisoformat(until))
    return asked is not None and all(end > now or end <= asked for end in ends)

"""The steps of a plan, strictly in order; the changes of one step at the same time."""

from __future__ import annotations

from collections.abc import Sequence

from irtool.history import IN_DOUBT, UNDO_IN_DOUBT, ChangeStatus, History
from irtool.ports import CallSender
from irtool.records import Change, PlanStep
from irtool.run.apply import apply
from irtool.run.approvals import is_refused, pending
from irtool.run.crew import Crew
from irtool.run.deed import Deed
from irtool.run.gate import pass_gate, still_waits
from irtool.run.kit import Kit
from irtool.run.outcome import Flags, is_leaking
from irtool.run.session import Session
from irtool.run.unapply import settle_undo

_TROUBLE = frozenset({"failed"}) | IN_DOUBT


def run_steps(session: Session, crew: Crew, steps: Sequence[PlanStep]) -> Flags:
    """Go through the steps until the end, or until one waits, is refused or fails and says to stop."""
    flags = Flags()
    for step in steps:
        if not _run_step(session, crew, step, flags):
            break
    return flags


def look_at_strays(session: Session, crew: Crew) -> None:
    """Settle, by looking only, what is in doubt and not up to a step: undos, and changes of an earlier plan."""
    history = session.history()
    planned = {c.id for c in history.plan.changes} if history.plan else set()

    def one(status: ChangeStatus, sender: CallSender) -> None:
        deed = Deed(session, status, sender)
        if status.state in UNDO_IN_DOUBT:
            settle_undo(deed)
        else:
            apply(deed, resend=False)

    strays = [
        s
        for name, s in history.changes.items()
        if s.state in UNDO_IN_DOUBT or (s.state in IN_DOUBT and name not in planned)
    ]
    crew.work(lanes(session.kit, strays), one)


def lanes(kit: Kit, statuses: Sequence[ChangeStatus]) -> list[tuple[int, list[ChangeStatus]]]:
    """The changes by connector and verb, each group with as many threads as its server takes."""
    groups: dict[tuple[str, str], list[ChangeStatus]] = {}
    for status in statuses:
        groups.setdefault((status.change.connector, status.change.verb), []).append(status)
    return [(width(kit, group[0].change), group) for group in groups.values()]


def width(kit: Kit, change: Change) -> int:
    """How many changes like this one may be in flight."""
    most = kit.equip(change)[0].traits(change.verb).concurrency
    return max(1, min(kit.workers, most) if most > 0 else kit.workers)


def _run_step(session: Session, crew: Crew, step: PlanStep, flags: Flags) -> bool:
    """Do one step; whether the next one may begin."""
    history = session.history()
    stop = session.kit.stop
    leaking = [s for s in _statuses(history, step.changes) if is_leaking(s)]
    if stop.is_set() and (leaking or pending(history, step)):
        flags.interrupted = True
        return False
    found = pass_gate(session, step)
    history = session.history()
    go = _statuses(history, found.go) + leaking
    only_look = [s for s in _statuses(history, (*found.ask, *found.refused)) if s.state in IN_DOUBT]
    crew.work(lanes(session.kit, only_look), lambda s, sender: apply(Deed(session, s, sender), resend=False))
    crew.work(lanes(session.kit, go), lambda s, sender: apply(Deed(session, s, sender)))
    return _may_go_on(session.history(), step, flags, asked=still_waits(session, step), stopped=stop.is_set())


def _may_go_on(history: History, step: PlanStep, flags: Flags, *, asked: bool, stopped: bool) -> bool:
    states = _statuses(history, step.changes)
    if stopped and any(s.state == "planned" for s in states):
        flags.interrupted = True
        return False
    if asked:
        flags.waiting.append(step.id)
        return False
    refused = is_refused(history, step)
    if refused:
        flags.refused.append(step.id)
    trouble = refused or any(s.state in _TROUBLE or is_leaking(s) for s in states)
    return not trouble or step.on_failure == "continue"


def _statuses(history: History, changes: Sequence[Change]) -> list[ChangeStatus]:
    return [history.changes[c.id] for c in changes if c.id in history.changes]

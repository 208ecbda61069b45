"""Undoing what an incident did: all of it, a step or one change, the last first."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from irtool.errors import UsageError
from irtool.history import IN_DOUBT, UNDO_IN_DOUBT, ChangeStatus, History
from irtool.ports import CallSender
from irtool.records import Event
from irtool.run.able import refuse_unable_to_undo
from irtool.run.apply import apply
from irtool.run.crew import Crew
from irtool.run.deed import Deed
from irtool.run.outcome import EXIT_CODES, Outcome
from irtool.run.session import Session
from irtool.run.steps import lanes
from irtool.run.unapply import unapply

_UNDOABLE = frozenset({"done"}) | UNDO_IN_DOUBT


def undo_changes(session: Session, crew: Crew, step: str | None, item: str | None, reason: str) -> Outcome:
    """Undo the chosen changes. What was there before the incident (state `already`) stays.

    Changes in doubt are looked at first. Those that cannot be undone are left and listed in `skipped`. What was told to
    people stays told unless its step is named: taking it back means writing to them again. Raises UsageError if the
    incident has no such step or change, Refused if a credential may not undo what is to be undone.
    """
    chosen = choose(session.history(), step, item)
    told = [s for s in chosen if step is None and s.state == "done" and session.kit.equip(s.change)[1].kind == "tell"]
    meant = [s for s in chosen if s not in told]
    refuse_unable_to_undo(session, [s.change for s in meant if s.state == "done" and _can(session, s)])
    return _undo(session, crew, meant, told, reason, "person")


def undo_named(session: Session, crew: Crew, names: Collection[str], reason: str, cause: str) -> Outcome:
    """Undo these changes (`step/item`), whatever they are. `cause`: person, expiry or plan."""
    chosen = [s for name, s in session.history().changes.items() if name in names]
    return _undo(session, crew, chosen, (), reason, cause)


def _undo(
    session: Session,
    crew: Crew,
    chosen: Sequence[ChangeStatus],
    told: Sequence[ChangeStatus],
    reason: str,
    cause: str,
) -> Outcome:
    in_doubt = [s for s in chosen if s.state in IN_DOUBT]
    crew.work(lanes(session.kit, in_doubt), lambda s, sender: apply(Deed(session, s, sender), resend=False))
    history = session.history()
    names = [s.change.id for s in chosen]
    todo = [history.changes[n] for n in names if history.changes[n].state in _UNDOABLE]
    able = [s for s in todo if _can(session, s)]

    def one(status: ChangeStatus, sender: CallSender) -> None:
        unapply(Deed(session, status, sender), reason, cause)

    for group in _backwards(able, session.events()):
        if not session.kit.stop.is_set():
            crew.work(lanes(session.kit, group), one)
    skipped = [s.change.id for s in todo if not _can(session, s)]
    return _conclude(session.history(), names, [s.change.id for s in able], skipped, told)


def choose(history: History, step: str | None, item: str | None) -> list[ChangeStatus]:
    """The changes of the incident that `step` and `item` name; all if they are None."""
    found = [
        s
        for s in history.changes.values()
        if (step is None or s.change.step == step) and (item is None or s.change.item == item)
    ]
    if not found and (step is not None or item is not None):
        name = "/".join(part for part in (step, item) if part)
        raise UsageError(f"{history.incident} has no change {name!r}", hint=f"irtool status {history.incident}")
    return found


def _can(session: Session, status: ChangeStatus) -> bool:
    connector, verb = session.kit.equip(status.change)
    return bool(verb.undo) and connector.traits(verb.name).undoable


def _backwards(statuses: Sequence[ChangeStatus], events: Sequence[Event]) -> list[list[ChangeStatus]]:
    """The changes step by step, the step that was begun last first."""
    begun: dict[str, int] = {}
    for event in events:
        if event.kind == "change.intended" and event.step is not None:
            begun.setdefault(event.step, event.seq)
    steps = sorted({s.change.step for s in statuses}, key=lambda name: begun.get(name, 0), reverse=True)
    return [[s for s in statuses if s.change.step == name] for name in steps]


def _conclude(
    history: History, names: Sequence[str], tried: Sequence[str], skipped: Sequence[str], told: Sequence[ChangeStatus]
) -> Outcome:
    states = {n: history.changes[n].state for n in names}
    undone = [n for n in tried if states[n] == "undone"]
    failed = tuple(n for n in tried if states[n] == "done" and history.changes[n].error)
    left = [n for n in tried if states[n] == "done" and not history.changes[n].error]
    unknown = tuple(n for n in names if states[n] in IN_DOUBT | UNDO_IN_DOUBT)
    applies = {"unknown": bool(unknown), "failed": bool(failed), "interrupted": bool(left), "done": True}
    word = next(w for w in EXIT_CODES if applies.get(w))
    parts = [f"{len(undone)} undone"] if tried else ["there is nothing to undo"]
    if failed:
        parts.append(f"{len(failed)} could not be undone")
    if unknown:
        parts.append(f"of {len(unknown)} it is not known")
    if skipped:
        parts.append(f"{len(skipped)} cannot be undone and {'stays' if len(skipped) == 1 else 'stay'}")
    if told:
        steps = ", ".join(dict.fromkeys(s.change.step for s in told))
        parts.append(f"what was told to people stays ({len(told)} in {steps}); undo that step to send corrections")
    counts = {"undone": len(undone), "failed": len(failed), "unknown": len(unknown), "skipped": len(skipped)}
    return Outcome(word, EXIT_CODES[word], counts, unknown, failed, skipped=tuple(skipped), message="; ".join(parts))

"""Leases: what an incident has in force, until when, and what is due to be undone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from irtool.errors import Refused, UsageError
from irtool.history import UNDO_IN_DOUBT, ChangeStatus, History
from irtool.records import Change, Entry, Verb, utc
from irtool.run.approvals import involved
from irtool.run.people import may_decide
from irtool.run.session import Session

_STANDS = frozenset({"done"}) | UNDO_IN_DOUBT


@dataclass(frozen=True, slots=True)
class Lease:
    """One change in force. `people` are those who said yes to it, or who ran it if it needed nobody's; `why` is the
    step's title and what they said. `until` None: it has no end. `effect` as seen last (see ChangeStatus.effect)."""

    incident: str
    change: Change
    since: datetime | None
    until: datetime | None
    people: tuple[str, ...]
    why: str
    effect: str
    state: str
    extended: bool = False

    def is_due(self, now: datetime) -> bool:
        """Whether its time is up."""
        return self.until is not None and self.until <= now


def leases(history: History, verbs: Mapping[str, Verb]) -> Iterator[Lease]:
    """All that the incident has in force and that can be undone: what people were told is not, a purge is not."""
    titles = {s.id: s.title for s in history.plan.steps} if history.plan else {}
    for status in history.changes.values():
        verb = verbs.get(status.change.verb)
        if status.state not in _STANDS or verb is None or verb.kind != "change" or not verb.undo:
            continue
        yes = [
            a
            for a in history.approvals
            if a.approved and not a.revoked and a.step == status.change.step and a.hash == status.under
            and (not a.items or status.change.item in a.items)
        ]  # fmt: skip
        said = [text for a in yes for text in (a.break_glass, a.reason) if text]
        runner = history.ran_by[-1] if history.ran_by else history.started_by
        yield Lease(
            history.incident,
            status.change,
            status.done_at,
            status.expires_at,
            tuple(dict.fromkeys(a.person for a in yes)) or ((runner,) if runner else ()),
            "; ".join(dict.fromkeys([titles.get(status.change.step, status.change.step), *said])),
            status.effect,
            status.state,
            status.leased,
        )


def due(history: History, verbs: Mapping[str, Verb], now: datetime) -> list[str]:
    """The changes (`step/item`) whose time is up and that are still in force."""
    return [lease.change.id for lease in leases(history, verbs) if lease.is_due(now)]


def set_lease(
    session: Session, step: str, item: str | None, until: datetime | None, reason: str
) -> Sequence[ChangeStatus]:
    """Give what a step has in force (or one change of it) another end, or none, on the word of the session's person.

    Raises UsageError if nothing of that name is in force or the end is not in the future, Refused if the person has no
    say in this incident.
    """
    history, kit = session.history(), session.kit
    if until is not None and until <= kit.clock.now():
        raise UsageError(f"{utc(until)} is over", hint=f"irtool undo {history.incident} {step}")
    against = may_decide("self", session.by, history.started_by, involved(session.events()), kit.approvers, kit.people)
    if against:
        raise Refused(against, hint="irtool leases")
    standing = {lease.change.id for lease in leases(history, kit.verbs)}
    chosen = [
        s
        for name, s in history.changes.items()
        if name in standing and s.change.step == step and item in {None, s.change.item, s.change.target}
    ]
    if not chosen:
        name = "/".join(part for part in (step, item) if part)
        raise UsageError(f"{history.incident} has nothing in force named {name}", hint="irtool leases")
    ends = utc(until) if until else None
    session.write(
        *(
            Entry(
                "lease.set",
                {"expires_at": ends, "reason": reason},
                step=s.change.step,
                item=s.change.item,
                actor=session.by,
                source="person",
            )
            for s in chosen
        )
    )
    return [session.history().changes[s.change.id] for s in chosen]

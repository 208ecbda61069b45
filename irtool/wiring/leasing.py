"""Leases over all incidents: what is in force, and what is due."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from irtool.errors import IrtoolError
from irtool.history import ChangeStatus
from irtool.playbook.durations import duration
from irtool.run.leases import Lease, leases
from irtool.verbs import CATALOGUE
from irtool.wiring.desk import Desk, os_user

_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Expired:
    """How undoing what was due of one incident ended; `word` and `exit_code` as of an undo."""

    incident: str
    word: str
    exit_code: int
    undone: int = 0
    message: str = ""


def in_force(desk: Desk, incident: str | None = None) -> list[Lease]:
    """What one incident, or every one, has in force; the first to end first, those without an end last."""
    names = [incident] if incident else desk.journal.incidents()
    found = [lease for name in names for lease in leases(desk.history(name), CATALOGUE)]
    return sorted(found, key=lambda lease: (lease.until or _NEVER, lease.incident, lease.change.id))


def expire(desk: Desk, incidents: Sequence[str]) -> list[Expired]:
    """Undo what is due of these incidents; the trouble of one keeps no other from its end."""
    ended = []
    for incident in incidents:
        try:
            outcome = desk.runner(incident).expire(incident, os_user())
        except IrtoolError as error:
            ended.append(Expired(incident, "refused", error.exit_code, message=error.message))
            continue
        ended.append(
            Expired(incident, outcome.word, outcome.exit_code, outcome.counts.get("undone", 0), outcome.message)
        )
    return ended


def set_lease(
    desk: Desk, incident: str, by: str, step: str, item: str | None, lasts: str, reason: str
) -> Sequence[ChangeStatus]:
    """Let a step (or one target of it) last so long from now; "" for good. Raises UsageError, Refused."""
    until = desk.clock.now() + duration(lasts) if lasts else None
    return desk.runner(incident, armed=False).set_lease(incident, by, step, item, until, reason)

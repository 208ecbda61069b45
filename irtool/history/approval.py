"""What people have decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from irtool.records import Event, Json


@dataclass(frozen=True, slots=True)
class Approval:
    """A person's yes or no to a step (`items` empty) or to single changes of it, bound to the step's hash.

    `calls` is the digest of the rendered calls that they were shown ("" if they were not), `expires_at` when the yes
    ends by itself, `break_glass` why they went past the approval of others, `revoked` whether they took it back.
    `known_as` are the other names that were theirs.
    """

    step: str
    approved: bool
    person: str
    at: datetime
    hash: str
    door: str = ""
    items: tuple[str, ...] = ()
    reason: str = ""
    calls: str = ""
    expires_at: datetime | None = None
    break_glass: str = ""
    revoked: bool = False
    known_as: tuple[str, ...] = ()

    def covers(self, step: str, step_hash: str, item: str) -> bool:
        """Whether it is about this change as planned now, and was not taken back."""
        right = self.step == step and self.hash == step_hash and not self.revoked
        return right and (not self.items or item in self.items)

    def is_over(self, now: datetime) -> bool:
        """Whether it has ended by itself."""
        return self.expires_at is not None and self.expires_at <= now


@dataclass(frozen=True, slots=True)
class BreakGlass:
    """One use of break-glass. `ratified_by` is the second person who stands by it, `disowned_by` who does not."""

    seq: int
    by: str
    why: str
    at: datetime
    steps: tuple[str, ...] = ()
    ratified_by: str = ""
    disowned_by: str = ""
    note: str = ""

    @property
    def is_open(self) -> bool:
        """Whether nobody has looked at it since."""
        return not self.ratified_by and not self.disowned_by


def approval(event: Event) -> Approval:
    """The decision that an `approval.given` or `approval.refused` holds."""
    data = event.data
    return Approval(
        step=event.step or "",
        approved=event.kind == "approval.given",
        person=event.actor or "",
        at=event.occurred_at,
        hash=str(data.get("hash", "")),
        door=str(data.get("door", "")),
        items=texts(data.get("items")),
        reason=str(data.get("reason") or ""),
        calls=str(data.get("calls") or ""),
        expires_at=moment(data.get("expires_at")),
        break_glass=str(data.get("break_glass") or ""),
        known_as=texts(data.get("known_as")),
    )


def revoke(given: Sequence[Approval], event: Event) -> list[Approval]:
    """The approvals after an `approval.revoked`: only a person's own yes goes, of the step (and hash) it names, or
    (`of: no`) their own no."""
    yes = event.data.get("of") != "no"
    wanted = str(event.data.get("hash") or "")
    items = set(texts(event.data.get("items")))
    return [
        replace(a, revoked=True)
        if a.approved is yes
        and a.person == event.actor
        and a.step == (event.step or "")
        and wanted in {"", a.hash}
        and (not items or not a.items or items & set(a.items))
        else a
        for a in given
    ]


def break_glass(used: Sequence[BreakGlass], event: Event) -> list[BreakGlass]:
    """All uses after a `breakglass.*` event. Nobody ratifies or disowns a use of their own."""
    data, actor = event.data, event.actor or ""
    if event.kind == "breakglass.used":
        by = str(data.get("by") or actor)
        use = BreakGlass(event.seq, by, str(data.get("why") or ""), event.occurred_at, texts(data.get("steps")))
        return [*used, use]
    note = str(data.get("note") or data.get("reason") or "")
    who = {"breakglass.ratified": "ratified_by", "breakglass.disowned": "disowned_by"}[event.kind]
    return [
        replace(u, note=note, **{who: actor}) if u.is_open and actor and actor != u.by else u  # type: ignore[arg-type]
        for u in used
    ]


def texts(value: Json) -> tuple[str, ...]:
    """A list of texts; () if it is none."""
    return tuple(str(v) for v in value) if isinstance(value, list) else ()


def moment(value: Json) -> datetime | None:
    """A moment as the journal writes it; None if it is none."""
    if not isinstance(value, str) or not value:
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return found if found.tzinfo else None

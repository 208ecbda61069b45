"""Where one change stands, and what an event does to that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from irtool.history.approval import moment
from irtool.history.machine import (
    ACTIONS,
    AGAIN,
    ALREADY,
    DONE,
    IN_DOUBT,
    PLANNED,
    REMARKS,
    REPLANNED,
    SHADOWED,
    UNDONE,
    follow,
)
from irtool.records import Change, Event, Json


@dataclass(frozen=True, slots=True)
class ChangeStatus:
    """Where one change stands. `before` is the look that undo restores; `key` the idempotency key of its calls.

    `rounds` counts how often it was done: somebody may have taken it back, and doing it again is another request.
    `again` is true while a change that was done is being made again, `remade` counts how often that was begun. `under`
    is the hash of the planned step that it was made under, `done_at` since when it is in place, `seq` its last event.
    `effective` and `drifted` (the setting itself is no longer as we made it) are what was seen last, at `verified_at`.
    `expires_at` is when it is to be undone, `leased` if a person has set that. `cause` says what an undo was for:
    person, expiry or plan. `disputed`: an event came that its state does not allow, so that only a look settles it and
    nothing is sent again.
    """

    change: Change
    state: str
    at: datetime | None = None
    before: Mapping[str, Json] = field(default_factory=dict)
    key: str = ""
    attempt: int = 0
    rounds: int = 0
    error: str = ""
    effective: bool | None = None
    after: str = ""
    again: bool = False
    drifted: bool = False
    verified_at: datetime | None = None
    expires_at: datetime | None = None
    leased: bool = False
    cause: str = ""
    disputed: bool = False
    under: str = ""
    done_at: datetime | None = None
    remade: int = 0
    seq: int = 0

    @property
    def effect(self) -> str:
        """What is seen of a change that is in place: effective, leaking, drifted, or "" if nothing tells."""
        if self.state not in {DONE, ALREADY}:
            return ""
        if self.drifted:
            return "drifted"
        return {True: "effective", False: "leaking", None: ""}[self.effective]

    @property
    def place(self) -> str:
        """The state as `machine.TABLE` names it."""
        return self.state + AGAIN if self.again else self.state


def planned(change: Change, under: str, event: Event, earlier: ChangeStatus | None) -> ChangeStatus:
    """A new plan does not make undone what was done under an earlier one; what others took back is to be done again.

    `under` is the hash of its step.
    """
    do = change.action == "do"
    if earlier is None or earlier.state in REPLANNED or (earlier.state == UNDONE and do):
        kept: dict[str, Any] = {}
        if earlier is not None:  # done before, whatever it is now: the next time is another request
            kept = {"attempt": earlier.attempt, "rounds": earlier.rounds}
            kept |= {"before": earlier.before} if earlier.state == PLANNED else {}
        state = ACTIONS.get(change.action, change.action)
        return ChangeStatus(change, state, at=event.recorded_at, seq=event.seq, under=under, **kept)
    facts: dict[str, Any] = {"change": change, "seq": event.seq}
    if do or not earlier.under:
        facts["under"] = under
    if earlier.state == DONE and do:
        fresh = {"effective": None, "drifted": False, "expires_at": None, "leased": False, "remade": 0}
        facts |= {"state": PLANNED, "after": "", **fresh}
    return replace(earlier, **facts)


def take(now: ChangeStatus, event: Event) -> tuple[ChangeStatus, bool]:
    """The change after the event, and whether the event was legal."""
    allowed = REMARKS.get(event.kind)
    if allowed is not None:
        return (replace(now, seq=event.seq, **_remarked(event)), True) if now.place in allowed else (now, False)
    place, legal = follow(now.place, event.kind)
    state = place.removesuffix(AGAIN)
    facts: dict[str, Any] = {
        "state": state,
        "again": place.endswith(AGAIN),
        "error": str(event.data.get("error") or ""),
        "at": event.occurred_at,
        "seq": event.seq,
        "disputed": not legal or (now.disputed and state in IN_DOUBT),
    }
    return replace(now, **facts | _besides(now, state, event)), legal


def _besides(now: ChangeStatus, state: str, event: Event) -> dict[str, Any]:
    """What the event says besides the state."""
    data = event.data
    if event.kind == "change.intended":
        before = _first_of(now, mapping(data.get("before")))
        key, remade = str(data.get("key", "")), now.remade + (now.state == DONE)
        return {"before": before, "key": key, "attempt": now.attempt + 1, "remade": remade}
    if event.kind == "change.done":
        return _done(now, event)
    if event.kind in {"change.skipped", "change.refused"} or state == SHADOWED:
        return {"error": str(data.get("reason") or "")}
    if event.kind == "undo.intended":
        return {"cause": str(data.get("cause") or "person")}
    return {}


def _done(now: ChangeStatus, event: Event) -> dict[str, Any]:
    effective = event.data.get("effective")
    known = effective if isinstance(effective, bool) else None
    return {
        "rounds": now.rounds if now.state == DONE else now.rounds + 1,
        "effective": known,
        "drifted": False,
        "done_at": now.done_at if now.state == DONE or now.again else event.occurred_at,
        "verified_at": event.occurred_at if known is not None else now.verified_at,
        "after": str(event.data.get("after", "")),
        "expires_at": now.expires_at if now.leased else now.change.expires_at,
    }


def _remarked(event: Event) -> dict[str, Any]:
    """A fact about the change that leaves its state as it is."""
    data = event.data
    if event.kind == "lease.set":
        return {"expires_at": moment(data.get("expires_at")), "leased": True}
    effective = data.get("effective")
    return {
        "effective": effective if isinstance(effective, bool) else None,
        "drifted": data.get("drifted") is True,
        "verified_at": event.occurred_at,
    }


def _first_of(now: ChangeStatus, before: Mapping[str, Json]) -> Mapping[str, Json]:
    """What undo restores: what was there before the first attempt, and of every attempt what it took from a set."""
    if not now.before:
        return before
    first, seen = mapping(now.before.get("data")), mapping(before.get("data"))
    joined: dict[str, Json] = {
        key: [*value, *(v for v in other if v not in value)]
        for key, value in first.items()
        if isinstance(value, list) and isinstance(other := seen.get(key), list)
    }
    return {**now.before, "data": {**first, **joined}}


def mapping(value: Json) -> Mapping[str, Json]:
    """An object; {} if it is none."""
    return value if isinstance(value, dict) else {}

"""How long it took: the moments from the first spam to the last customer told, measured from the first complaint."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from irtool.history import History
from irtool.records import Event, Json, utc

MARKS = (
    "campaign_start",
    "reported",
    "aware",
    "first_block",
    "last_domain_block",
    "last_address_block",
    "last_account_disabled",
    "customers_told",
)
"""The milestones, in the order an incident should reach them."""

SOPHOS: Mapping[str, int] = {
    "reported": 0,
    "aware": 58 * 60,
    "last_domain_block": (3 * 60 + 13) * 60,
    "last_address_block": (24 * 60 + 39) * 60,
    "last_account_disabled": ((2 * 24 + 19) * 60 + 57) * 60,
}
"""Seconds after the first public report in the Sophos advisory of April 2025, for comparison."""

AWARE_TAG = "#aware"
"""A note with this word says when the team knew; without one it is when the incident was opened."""

_BLOCKS = ("domain.block", "ip.block", "address.block")


def intervals(events: Sequence[Event], history: History, times: Mapping[str, datetime]) -> list[dict[str, Json]]:
    """The milestones reached: `mark`, `at`, and `since_reported` in seconds (null if there was no complaint).

    `times` are those of `actions.done_at`: only what was done and still stands counts.
    """
    moments = milestones(events, history, times)
    start = moments.get("reported")
    return [
        {
            "mark": mark,
            "at": utc(at),
            "since_reported": int((at - start).total_seconds()) if start else None,
        }
        for mark in MARKS
        if (at := moments.get(mark)) is not None
    ]


def milestones(events: Sequence[Event], history: History, times: Mapping[str, datetime]) -> dict[str, datetime]:
    """The moment of each milestone that was reached."""
    found: dict[str, datetime | None] = {
        "campaign_start": _earliest(e for e in events if e.kind == "campaign.first_seen"),
        "reported": _earliest(e for e in events if e.kind == "complaint.received"),
        "aware": _aware(events),
        "first_block": min(_moments(history, times, *_BLOCKS), default=None),
        "last_domain_block": _last(history, times, "domain.block"),
        "last_address_block": _last(history, times, "ip.block", "address.block"),
        "last_account_disabled": _last(history, times, "account.disable"),
        "customers_told": _last(history, times, "notice.send"),
    }
    if found["campaign_start"] is None:
        first = history.findings.get("first_seen")
        found["campaign_start"] = datetime.fromisoformat(first) if isinstance(first, str) else None
    return {mark: at for mark, at in found.items() if at is not None}


def _aware(events: Sequence[Event]) -> datetime | None:
    return aware_noted(events) or _earliest(e for e in events if e.kind == "incident.opened")


def aware_noted(events: Iterable[Event]) -> datetime | None:
    """When the team knew, as people noted it."""
    return _earliest(e for e in events if e.kind == "note.added" and AWARE_TAG in str(e.data.get("text", "")).split())


def _earliest(events: Iterable[Event]) -> datetime | None:
    return min((e.occurred_at for e in events), default=None)


def _moments(history: History, times: Mapping[str, datetime], *verbs: str) -> list[datetime]:
    changes = (s for s in history.changes.values() if s.change.verb in verbs and s.state == "done")
    return [times[s.change.id] for s in changes if s.change.id in times]


def _last(history: History, times: Mapping[str, datetime], *verbs: str) -> datetime | None:
    """When the last of these was done, if none of them is still open or has failed."""
    states = [s.state for s in history.changes.values() if s.change.verb in verbs]
    if any(s not in {"done", "already", "skipped", "refused", "undone"} for s in states):
        return None
    return max(_moments(history, times, *verbs), default=None)

"""How long it took: the moments from the first spam to the last customer told, measured from the first complaint."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from irtool.history import History
from irtool.records import Json, utc
from irtool.tell.gather import Gathered

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
    "first_block": (3 * 60 + 13) * 60,
    "last_domain_block": (3 * 60 + 13) * 60,
    "last_address_block": (24 * 60 + 39) * 60,
    "last_account_disabled": ((2 * 24 + 19) * 60 + 57) * 60,
}
"""Seconds after the first public report in the Sophos advisory of April 2025, for comparison."""

BLOCKS = ("domain.block", "ip.block", "address.block")

_NO_EFFECT = frozenset({"leaking", "drifted"})

VERBS: Mapping[str, tuple[str, ...]] = {
    "first_block": BLOCKS,
    "last_domain_block": ("domain.block",),
    "last_address_block": ("ip.block", "address.block"),
    "last_account_disabled": ("account.disable",),
    "customers_told": ("notice.send",),
}
"""The verbs whose changes reach a milestone."""


def intervals(marks: Mapping[str, datetime]) -> list[dict[str, Json]]:
    """The milestones reached: `mark`, `at`, and `since_reported` in seconds (null if there was no complaint)."""
    start = marks.get("reported")
    return [
        {
            "mark": mark,
            "at": utc(marks[mark]),
            "since_reported": int((marks[mark] - start).total_seconds()) if start else None,
        }
        for mark in MARKS
        if mark in marks
    ]


def milestones(gathered: Gathered) -> dict[str, datetime]:
    """The moment of each milestone that was reached. Only what was done and still stands counts."""
    history, times, moments = gathered.history, gathered.times, gathered.moments
    opened = moments.get("incident.opened")
    complaint = gathered.first_complaint
    first_seen = history.findings.get("first_seen")
    from_log = moments.get("campaign.first_seen")
    found: dict[str, datetime | None] = {
        "campaign_start": datetime.fromisoformat(first_seen)
        if isinstance(first_seen, str)
        else from_log.occurred_at
        if from_log
        else None,
        "reported": complaint.occurred_at if complaint else None,
        "aware": gathered.aware or (opened.occurred_at if opened else None),
        "first_block": min(_moments(history, times, *BLOCKS), default=None),
    }
    found |= {mark: _last(history, times, *VERBS[mark]) for mark in MARKS[4:]}
    return {mark: at for mark, at in found.items() if at is not None}


def _moments(history: History, times: Mapping[str, datetime], *verbs: str) -> list[datetime]:
    changes = (
        s
        for s in history.changes.values()
        if s.change.verb in verbs and s.state == "done" and s.effect not in _NO_EFFECT
    )
    return [times[s.change.id] for s in changes if s.change.id in times]


def _last(history: History, times: Mapping[str, datetime], *verbs: str) -> datetime | None:
    """When the last of these was done, if none of them is still open or has failed."""
    states = [s.state for s in history.changes.values() if s.change.verb in verbs]
    if any(s not in {"done", "already", "skipped", "refused", "undone"} for s in states):
        return None
    return max(_moments(history, times, *verbs), default=None)

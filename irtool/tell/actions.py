"""What was done, per verb, each target counted once however many connectors it went through."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from irtool.history import SETTLED, ChangeStatus, History
from irtool.records import Json, utc
from irtool.tell.gather import Stretch
from irtool.tell.sentences import target_of

OUTCOMES = ("unknown", "failed", "waiting", "shadowed", "done", "already", "undone", "refused", "skipped")
"""What became of a target; of its changes through several connectors the first of these counts."""

_OUTCOME_OF = {
    "in flight": "unknown",
    "unknown": "unknown",
    "undoing": "unknown",
    "undo unknown": "unknown",
    "planned": "waiting",
}


def actions(history: History, times: Mapping[str, datetime]) -> dict[str, dict[str, Json]]:
    """By verb, in the order of the plan: the targets of each outcome, reasons of trouble, first and last time."""
    by_verb: dict[str, list[ChangeStatus]] = {}
    for status in history.changes.values():
        by_verb.setdefault(status.change.verb, []).append(status)
    return {verb: _one_verb(statuses, times) for verb, statuses in by_verb.items()}


@dataclass(frozen=True, slots=True)
class Told:
    """What a stretch of changes comes to: each target once, and only what is still true of what went wrong."""

    verb: str
    done: tuple[str, ...]
    failed: tuple[str, ...]
    unknown: tuple[str, ...]


def told(stretch: Stretch, changes: Mapping[str, ChangeStatus]) -> Told:
    """The one count of a stretch, for the timeline and for the facts."""
    verb, done = "", dict[str, None]()
    wrong: dict[str, dict[str, None]] = {"failed": {}, "unknown": {}}
    for outcome, names in stretch.items.items():
        for status in (changes[name] for name in names if name in changes):
            verb, target = status.change.verb, status.change.target
            if outcome == "done":
                done[target] = None
            elif status.state not in SETTLED or stretch.undo:
                wrong[outcome][target] = None
    failed, unknown = (tuple(t for t in wrong[o] if t not in done) for o in ("failed", "unknown"))
    return Told(verb, tuple(done), failed, unknown)


def _one_verb(statuses: Sequence[ChangeStatus], times: Mapping[str, datetime]) -> dict[str, Json]:
    targets: dict[str, list[ChangeStatus]] = {}
    for status in statuses:
        targets.setdefault(status.change.target, []).append(status)
    lists: dict[str, list[Json]] = {outcome: [] for outcome in OUTCOMES}
    moments: list[datetime] = []
    for target, changes in targets.items():
        lists[outcome_of(changes)].append(target)
        moments += [times[c.change.id] for c in changes if _outcome(c) == "done" and c.change.id in times]
    facts: dict[str, Json] = dict(lists.items())
    facts["connectors"] = list(dict.fromkeys(s.change.connector for s in statuses))
    facts["problems"] = [_problem(s) for s in statuses if _outcome(s) in {"unknown", "failed", "refused"}]
    facts["first_at"] = utc(min(moments)) if moments else None
    facts["last_at"] = utc(max(moments)) if moments else None
    return facts


def outcome_of(changes: Iterable[ChangeStatus]) -> str:
    """What became of one target, from all changes made to it: done only if none of them failed or is open."""
    return min((_outcome(c) for c in changes), key=OUTCOMES.index)


def _outcome(status: ChangeStatus) -> str:
    """A change that is in place and has no effect, or no more, is no success."""
    if status.state == "done" and status.effect in {"leaking", "drifted"}:
        return "failed"
    return _OUTCOME_OF.get(status.state, status.state)


def _problem(status: ChangeStatus) -> dict[str, Json]:
    change = status.change
    reason = status.error or change.reason or status.effect
    return {
        "target": target_of(change),
        "connector": change.connector,
        "outcome": _outcome(status),
        "reason": reason,
        "at": utc(status.at) if status.at else None,
    }

"""How a run or an undo ended: one word, one exit code, and which changes want attention."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from irtool.history import IN_DOUBT, UNDO_IN_DOUBT, ChangeStatus, History
from irtool.history.machine import DONE, SHADOWED

EXIT_CODES: Mapping[str, int] = {
    "unknown": 4,
    "failed": 1,
    "waiting": 3,
    "interrupted": 130,
    "refused": 5,
    "shadowed": 5,
    "done": 0,
}
"""In the order in which they are looked for: the first that applies is the outcome."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of a run. The lists name changes (`step/item`), `waiting` names steps. `counts` counts the plan's changes
    by state; `leaking` are those that the server accepted but that have no effect, `drifted` those that somebody else
    has taken back."""

    word: str
    exit_code: int
    counts: Mapping[str, int] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    leaking: tuple[str, ...] = ()
    drifted: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    message: str = ""


@dataclass(slots=True)
class Flags:
    """What the step loop noticed on its way."""

    waiting: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    interrupted: bool = False


def is_leaking(status: ChangeStatus) -> bool:
    """Whether the server accepted the change and it has no effect, or no more."""
    return status.state == DONE and status.effect in {"leaking", "drifted"}


def conclude(history: History, flags: Flags) -> Outcome:
    """The outcome of a run, from where everything stands now."""
    planned = {c.id for c in history.plan.changes} if history.plan else set()
    ours = {n: s for n, s in history.changes.items() if n in planned}
    unknown = _named(n for n, s in history.changes.items() if s.state in IN_DOUBT | UNDO_IN_DOUBT)
    leaking = _named(n for n, s in ours.items() if is_leaking(s) and not s.drifted)
    drifted = _named(n for n, s in ours.items() if is_leaking(s) and s.drifted)
    failed = _named(n for n, s in ours.items() if s.state == "failed" and s.change.step not in flags.waiting)
    refused = bool(flags.refused) or any(s.state == "refused" for s in ours.values())
    applies = {
        "unknown": bool(unknown),
        "failed": bool(failed or leaking or drifted),
        "waiting": bool(flags.waiting),
        "interrupted": flags.interrupted,
        "refused": refused,
        "shadowed": any(s.state == SHADOWED for s in ours.values()),
        "done": True,
    }
    word = next(w for w in EXIT_CODES if applies[w])
    counts = Counter(s.effect if is_leaking(s) else s.state for s in ours.values())
    outcome = Outcome(word, EXIT_CODES[word], dict(counts), unknown, failed, leaking, drifted, tuple(flags.waiting))
    return _with_message(outcome, flags)


def _with_message(outcome: Outcome, flags: Flags) -> Outcome:
    parts = []
    if outcome.unknown:
        parts.append(f"it is not known whether {_some(outcome.unknown)} took place")
    if outcome.failed:
        parts.append(f"{_some(outcome.failed)} failed")
    if outcome.leaking:
        parts.append(f"{_some(outcome.leaking)} was accepted but has no effect")
    if outcome.drifted:
        parts.append(f"{_some(outcome.drifted)} was taken back by somebody else: irtool watch")
    if outcome.waiting:
        parts.append(f"{_some(outcome.waiting)} waits for approval")
    if flags.refused:
        parts.append(f"{_some(tuple(flags.refused))} was refused")
    if outcome.counts.get(SHADOWED):
        count = outcome.counts[SHADOWED]
        parts.append(
            f"{count} {'change was' if count == 1 else 'changes were'} only rehearsed: shadow mode sends nothing"
        )
    if flags.interrupted:
        parts.append("interrupted before the end")
    return replace(outcome, message="; ".join(parts))


def _some(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"


def _named(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(names))

"""Undoing lets mail flow again, the attackers' too: who may do it, and what the timeline says about it.

It takes less than doing did, because a wrong block hurts every minute: one mapped person who is of the incident or in
the playbook's approvers group. But where doing took a second person, or is severe, undoing alone is said aloud.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from irtool.history import History
from irtool.records import Event, Verb
from irtool.run.approvals import involved
from irtool.run.kit import Kit
from irtool.run.people import may_decide


def may_undo(kit: Kit, history: History, events: Sequence[Event], by: str) -> str:
    """Why this person may not undo anything of the incident; "" if they may."""
    return may_decide("self", by, history.started_by, involved(events), kit.approvers, kit.people)


def aloud(kit: Kit, history: History, by: str, step: str | None, item: str | None) -> str:
    """What the timeline has to say of one person alone undoing this; "" if it needs no word."""
    second = {s.id for s in history.plan.steps if s.approval == "peer"} if history.plan else set()
    counts: Counter[str] = Counter()
    for status in history.changes.values():
        change = status.change
        if status.state != "done" or step not in {None, change.step} or item not in {None, change.item}:
            continue
        verb = kit.verbs.get(change.verb)
        if verb and verb.undo and (change.step in second or _is_severe(verb)):
            counts[f"{verb.title}{' (took a second person)' if change.step in second else ''}"] += 1
    if not counts:
        return ""
    what = ", ".join(f"{n} × {name}" for name, n in sorted(counts.items()))
    return f"UNDONE BY {by} ALONE: {what}. What this stopped can go on"


def _is_severe(verb: Verb) -> bool:
    return verb.danger == "severe"

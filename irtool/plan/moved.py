"""Has the world moved since a plan was made? What was approved, against what would happen now."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from irtool.records import Change, Plan, PlanStep


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as it was planned. `change` is `step/item`, or a step; `sentence` says it to people."""

    change: str
    was: str
    now: str
    sentence: str


def differences(old: Plan, new: Plan, still_open: Collection[str]) -> tuple[Difference, ...]:
    """What of the old plan's open changes (`step/item`) would happen in another way now, or not at all.

    A target that is as wanted by now is no difference: there is less to do, and nothing that nobody has approved. Nor
    is an approval that is easier now, because the harder one still counts.
    """
    return (*_of_changes(old, new, still_open), *_of_steps(old, new, still_open))


def _of_changes(old: Plan, new: Plan, still_open: Collection[str]) -> Iterator[Difference]:
    now = {c.id: c for c in new.changes}
    before = {c.id: c for c in old.changes}
    for change in old.changes:
        if change.id not in still_open or change.action != "do":
            continue
        found = now.get(change.id)
        if found is None:
            yield Difference(change.id, change.action, "gone", f"{change.id}: it is not among the targets any more")
        elif found.action in {"skipped", "refused"}:
            yield Difference(change.id, change.action, found.action, f"{change.id}: {found.action}: {found.reason}")
        elif found.action == "do" and (sentence := _other(change, found)):
            yield Difference(change.id, change.before, found.before, f"{change.id}: {sentence}")
    for change in new.changes:
        known = before.get(change.id)
        if change.action == "do" and (known is None or (known.action != "do" and known.id in still_open)):
            was = known.action if known else "not planned"
            words = {"already": f"it was {known.before} already" if known else "", "not planned": "it was not planned"}
            said = words.get(was, f"it was {was}")
            yield Difference(change.id, was, "do", f"{change.id}: {said}, and is {change.before} now")


def _other(old: Change, new: Change) -> str:
    """In what the change would be another one; "" if it is the same."""
    if old.before != new.before:
        return f"it was {old.before} when planned and is {new.before} now"
    if (old.verb, old.target, old.connector) != (new.verb, new.target, new.connector):
        return f"it would be {new.verb} on {new.target} through {new.connector} now"
    if old.shadow != new.shadow:
        return "it is in shadow mode now" if new.shadow else "it would really be done now, and not in shadow mode"
    if old.params != new.params:
        return "its parameters are other ones now"
    if old.binding and old.binding[:1] != new.binding[:1]:
        return f"the connector {new.connector} is set up in another way now"
    if old.binding and old.binding != new.binding:
        return "what would be sent is another call now"
    if (new.collateral or 0) > (old.collateral or 0):
        return f"it would hit {new.collateral} innocent messages now, {old.collateral or 0} when planned"
    return ""


def _of_steps(old: Plan, new: Plan, still_open: Collection[str]) -> Iterator[Difference]:
    now = {s.id: s for s in new.steps}
    for step in old.steps:
        found = now.get(step.id)
        if found is None or not any(c.id in still_open for c in step.changes if c.action == "do"):
            continue
        if not any(c.action == "do" for c in found.changes) or not _harder(step, found):
            continue
        was, needs = _terms(step), _terms(found)
        why = f": {found.approval_reason}" if found.approval_reason else ""
        yield Difference(step.id, was, needs, f"{step.id}: it needed {was} when planned and needs {needs} now{why}")


def _harder(old: PlanStep, new: PlanStep) -> bool:
    rank = {"none": 0, "self": 1, "peer": 2}
    asks_more = rank.get(new.approval, 2) > rank.get(old.approval, 2) or new.quorum > old.quorum
    return asks_more or bool(new.expires and new.expires != old.expires)


def _terms(step: PlanStep) -> str:
    who = {"none": "no approval", "self": "a yes", "peer": "a second person"}.get(step.approval, step.approval)
    many = f" ({step.quorum} persons)" if step.quorum > 1 else ""
    return f"{who}{many}" + (f" within {step.expires}" if step.expires else "")

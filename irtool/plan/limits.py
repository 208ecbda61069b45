"""What makes a step need more approval than the playbook asks for: its limits, and too many innocent messages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from irtool.records import Change, PlanStep

_RANK = {"none": 0, "self": 1, "peer": 2}


UNSEEN = "nothing in the log confirms it: only the complaint says so"


def raise_approvals(
    steps: Sequence[PlanStep], limits: Mapping[str, int], unseen: Collection[str] = ()
) -> tuple[PlanStep, ...]:
    """The steps with the approval they need.

    More changes of one verb than its limit, or a verb of `unseen` (what the log was asked about and does not show): at
    least `self`. A change that would take in more innocent mail than
    guilty: `peer`. `approval_reason` says why, and while it is not empty, no `--yes` covers the step.
    """
    counts = Counter(c.verb for s in steps for c in s.changes if c.action == "do")
    return tuple(_raised(step, counts, limits, unseen) for step in steps)


def harms_more(change: Change) -> bool:
    """Whether the change would have hit more innocent messages than messages of the campaign."""
    return change.collateral is not None and change.collateral > (change.messages or 0)


def _raised(step: PlanStep, counts: Mapping[str, int], limits: Mapping[str, int], unseen: Collection[str]) -> PlanStep:
    doing = [c for c in step.changes if c.action == "do"]
    if not doing:
        return step
    reasons = []
    least = "none"
    most, count = limits.get(step.uses), counts.get(step.uses, 0)
    if most is not None and count > most:
        least = "self"
        reasons.append(f"{count} changes of {step.uses} are more than the playbook's limit of {most}")
    if step.uses in unseen:
        least = "self"
        reasons.append(UNSEEN)
    harmful = [c for c in doing if harms_more(c)]
    if harmful:
        least = "peer"
        worst = max(harmful, key=lambda c: c.collateral or 0)
        more = f" and {len(harmful) - 1} more like it" if len(harmful) > 1 else ""
        hit = f"{worst.collateral} innocent messages and {worst.messages or 0} of the campaign"
        reasons.append(f"{worst.target} would take in {hit}{more}")
    if not reasons:
        return step
    approval = max(step.approval, least, key=lambda a: _RANK.get(a, 2))
    return replace(step, approval=approval, approval_reason="; ".join(reasons))

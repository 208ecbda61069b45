"""What makes a step need more approval than the playbook asks for: limits, innocent messages, the rules of irtool.yaml.

Nothing here ever asks for less: of whose yes, how many and for how long, the strictest that applies is taken.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from irtool.playbook.durations import duration
from irtool.records import Change, PlanStep, Verb

TOTAL = "total"
COLLATERAL = "collateral"
DANGERS = ("mild", "moderate", "severe")
UNSEEN = "nothing in the log confirms it: only the complaint says so"
_RANK = {"none": 0, "self": 1, "peer": 2}
_WHO = {"self": "a person's yes", "peer": "a second person"}


@dataclass(frozen=True, slots=True)
class ApprovalRule:
    """What irtool.yaml demands for a class of changes (`about`: a verb, mild, moderate, severe, collateral, total).

    It applies to more than `above` changes of that class in a run; for collateral, to a change that would have hit more
    than `above` innocent messages.
    """

    about: str
    approval: str = "peer"
    quorum: int = 1
    expires: str = ""
    above: int = 0


@dataclass(frozen=True, slots=True)
class _Run:
    """What is counted over all steps."""

    counts: Counter[str]
    limits: Mapping[str, int]
    unseen: Collection[str]
    rules: Sequence[ApprovalRule]
    dangers: Mapping[str, str]


def raise_approvals(
    steps: Sequence[PlanStep],
    limits: Mapping[str, int],
    unseen: Collection[str] = (),
    rules: Sequence[ApprovalRule] = (),
    verbs: Mapping[str, Verb] | None = None,
) -> tuple[PlanStep, ...]:
    """The steps with the approval they need.

    More changes of one verb than its limit, or than the limit of the whole run, or a verb of `unseen` (what the log was
    asked about and does not show): at least `self`. A change that would take in more innocent mail than guilty: `peer`.
    `rules` ask for what they say. `approval_reason` says why, and while it is not empty, no `--yes` covers the step.
    """
    dangers = {name: verb.danger for name, verb in (verbs or {}).items()}
    doing = [c for s in steps for c in s.changes if c.action == "do"]
    counts = Counter(c.verb for c in doing) + Counter(dangers.get(c.verb, "") for c in doing)
    counts[TOTAL] = len(doing)
    run = _Run(counts, limits, unseen, rules, dangers)
    return tuple(_raised(step, run) for step in steps)


def harms_more(change: Change) -> bool:
    """Whether the change would have hit more innocent messages than messages of the campaign."""
    return change.collateral is not None and change.collateral > (change.messages or 0)


def _raised(step: PlanStep, run: _Run) -> PlanStep:
    doing = [c for c in step.changes if c.action == "do"]
    if not doing:
        return step
    reasons = []
    for least, reason in _limits(step, doing, run):
        step = replace(step, approval=max(step.approval, least, key=lambda a: _RANK.get(a, 2)))
        reasons.append(reason)
    for rule in run.rules:
        why = _applies(rule, step, doing, run)
        stricter = _stricter(step, rule) if why else step
        if stricter != step:
            step = stricter
            reasons.append(_says(rule, why))
    return replace(step, approval_reason="; ".join(reasons)) if reasons else step


def _limits(step: PlanStep, doing: Sequence[Change], run: _Run) -> Iterator[tuple[str, str]]:
    """The approval that a limit asks for at least, and why."""
    most, count = run.limits.get(step.uses), run.counts[step.uses]
    if most is not None and count > most:
        yield "self", f"{count} changes of {step.uses} are more than the playbook's limit of {most}"
    most, count = run.limits.get(TOTAL), run.counts[TOTAL]
    if most is not None and count > most:
        yield "self", f"{count} changes in all are more than the playbook's limit of {most} for a run"
    if step.uses in run.unseen:
        yield "self", UNSEEN
    harmful = [c for c in doing if harms_more(c)]
    if harmful:
        worst = max(harmful, key=lambda c: c.collateral or 0)
        more = f" and {len(harmful) - 1} more like it" if len(harmful) > 1 else ""
        hit = f"{worst.collateral} innocent messages and {worst.messages or 0} of the campaign"
        yield "peer", f"{worst.target} would take in {hit}{more}"


def _applies(rule: ApprovalRule, step: PlanStep, doing: Sequence[Change], run: _Run) -> str:
    """Why the rule is about this step, "" if it is not."""
    if rule.about == COLLATERAL:
        worst = max(doing, key=lambda c: c.collateral or 0)
        hit = worst.collateral or 0
        return (
            f"{worst.target} would take in {hit} innocent messages, more than {rule.above}" if hit > rule.above else ""
        )
    if rule.about not in {step.uses, run.dangers.get(step.uses), TOTAL}:
        return ""
    count = run.counts[rule.about]
    if count <= rule.above:
        return ""
    what = {TOTAL: "changes in all"}.get(rule.about, f"{rule.about} changes")
    return f"{count} {what} are more than {rule.above}" if rule.above else f"{rule.about} changes"


def _stricter(step: PlanStep, rule: ApprovalRule) -> PlanStep:
    ends = [text for text in (step.expires, rule.expires) if text]
    return replace(
        step,
        approval=max(step.approval, rule.approval, key=lambda a: _RANK.get(a, 2)),
        quorum=max(step.quorum, rule.quorum),
        expires=min(ends, key=duration) if ends else "",
    )


def _says(rule: ApprovalRule, why: str) -> str:
    wanted = f"{rule.quorum} persons" if rule.quorum > 1 else _WHO.get(rule.approval, rule.approval)
    within = f" within {rule.expires}" if rule.expires else ""
    return f"irtool.yaml asks for {wanted}{within}: {why}"

"""Playbook + findings + the state looked up now -> Plan. Changes nothing; looks at every target once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from irtool.connectors.local import BOUND
from irtool.errors import PlaybookError
from irtool.history import ChangeStatus
from irtool.plan import hashes, items, limits, rehearsal, shadow, states
from irtool.plan.guards import Guards
from irtool.plan.limits import ApprovalRule
from irtool.plan.looks import Looker, LookJob, Seen, one_by_one
from irtool.plan.rehearsal import Rehearsed
from irtool.plan.routing import route
from irtool.playbook.durations import duration
from irtool.playbook.program import Program
from irtool.ports import Clock, Connector, Progress, SenderPool
from irtool.records import Change, Json, Plan, PlanStep, Playbook, Step, Verb, to_json


@dataclass(frozen=True, slots=True)
class _Means:
    """What every step is planned with. `predicted` are the states that earlier steps of the plan leave."""

    connectors: Mapping[str, Connector]
    verbs: Mapping[str, Verb]
    guards: Guards
    now: datetime
    earlier: Mapping[str, ChangeStatus]
    look: Looker
    calls: dict[str, Json]
    vetoed: Mapping[str, str]
    shadows: Collection[str]
    predicted: dict[tuple[str, str, str], str] = field(default_factory=dict)


def make_plan(  # noqa: PLR0913 - one door, every parameter named
    playbook: Playbook,
    *,
    inputs: Mapping[str, Json],
    findings: Mapping[str, Json],
    incident: Mapping[str, Json],
    org: Mapping[str, Json],
    connectors: Mapping[str, Connector],
    verbs: Mapping[str, Verb],
    pool: SenderPool,
    guards: Guards,
    clock: Clock,
    earlier: Mapping[str, ChangeStatus] | None = None,
    progress: Progress | None = None,
    looker: Looker | None = None,
    rules: Sequence[ApprovalRule] = (),
    calls: dict[str, Json] | None = None,
    vetoed: Mapping[str, str] | None = None,
    shadows: Collection[str] = (),
) -> Plan:
    """The plan for an incident: every target with the state it has now and would have after.

    `findings`, `incident` and `org` are what expressions see. `earlier` are the changes already made under an earlier
    plan of this incident. `looker` looks at many targets at once (`run.looking`); without it they are looked at one
    after the other. `rules` are what irtool.yaml demands of approvals. `calls` is filled with what would be sent: the
    calls, for people, by the digests that are in Change.binding. `vetoed` says of changes (`step/item`) which person
    did not want them: they stay out. `shadows` are the verbs and connectors in shadow mode (see shadow.py). Raises
    PlaybookError (an expression without a value, a verb that nothing can do) before anything is looked up, and
    StepFailed if a connector is down or rejects its credentials.
    """
    means = _Means(
        connectors,
        verbs,
        guards.suspecting(findings),
        clock.now(),
        earlier or {},
        looker or one_by_one(pool),
        {} if calls is None else calls,
        vetoed or {},
        frozenset(shadows),
    )
    variables: dict[str, Json] = {
        "inputs": to_json(inputs),
        "findings": to_json(findings),
        "incident": to_json(incident),
        "org": to_json(org),
    }
    program = Program(playbook)
    drawn = [(step, _draw(step, program, variables, means)) for step in playbook.steps]
    steps, reads = [], 0
    for number, (step, changes) in enumerate(drawn, start=1):
        open_changes = [c for c in changes if c.action == "do"]
        if progress is not None and open_changes:
            progress.step(f"looking up {step.id}", number, len(drawn))
        reads += len(open_changes)
        steps.append(_planned(step, changes, _look_up(open_changes, means)))
    steps = shadow.hush(steps, verbs)
    # A complaint is anybody's word: what it claims and the log, which was asked, does not show is not done unasked.
    told_only = bool(findings.get("log_rows")) and not findings.get("from_log")
    unseen = {name for name, verb in verbs.items() if verb.kind == "change" and told_only}
    final = limits.raise_approvals(steps, playbook.limits, unseen, rules, verbs)
    whole = hashes.plan_hash(playbook.sha256, final)
    return Plan(playbook.name, playbook.sha256, whole, means.now, final, reads)


def _draw(step: Step, program: Program, variables: Mapping[str, Json], means: _Means) -> list[Change]:
    """The step's changes before anything was looked up: guarded, routed and named."""
    verb = means.verbs.get(step.uses)
    if verb is None:
        line = f"step {step.id}: there is no verb {step.uses!r}"
        raise PlaybookError(line, [line], hint="`irtool check` lists what is wrong with a playbook.")
    if verb.kind == "look":
        return []
    changes = []
    for draft in items.drafts(step, verb, program, variables):
        chosen = route(step, verb, draft, means.connectors)
        for connector in chosen:
            name = draft.target if len(chosen) == 1 else f"{draft.target}@{connector.name}"
            changes.append(_drawn(step, verb, draft, name, connector, means))
    return changes


def _drawn(step: Step, verb: Verb, draft: items.Draft, name: str, connector: Connector, means: _Means) -> Change:
    expires = draft.params.get("expires")
    change = Change(
        step=step.id,
        item=name,
        verb=verb.name,
        target=draft.target,
        connector=connector.name,
        action="do",
        after=verb.states[1],
        label=draft.label,
        params=draft.params,
        expires_at=means.now + duration(str(expires)) if expires else None,
        messages=draft.messages,
        collateral=draft.innocent,
        shadow=shadow.covers(means.shadows, verb.name, connector.name),
    )
    if draft.skipped:
        return replace(change, action="skipped", reason=draft.skipped, after="")
    reason = draft.refused or means.guards.check(verb, draft.target)
    if reason:
        return replace(change, action="refused", reason=reason, after="")
    if change.id in means.vetoed:
        return replace(change, action="skipped", reason=means.vetoed[change.id], after="")
    known = means.earlier.get(change.id)
    if known is not None and known.state == "undone":
        # The yes of before was a yes until then: nobody has said that it may be done once more.
        why = (
            "its time was up in this incident before"
            if known.cause == "expiry"
            else "it was undone in this incident before"
        )
        return replace(change, action="skipped", reason=why, after="")
    return change


def _look_up(changes: Sequence[Change], means: _Means) -> dict[str, Change]:
    """The changes with the state their targets have now, by name."""
    jobs = [LookJob(means.connectors[c.connector], c.verb, c.target, c.params, _rehearses(c, means)) for c in changes]
    seen = means.look(jobs) if jobs else ()
    return {c.item: _with_state(c, s, means) for c, s in zip(changes, seen, strict=True)}


def _rehearses(change: Change, means: _Means) -> Callable[[str], bool]:
    """For which states the change is rehearsed: those in which it can be made, now or after the steps before it."""
    verb = means.verbs[change.verb]
    coming = (change.connector, verb.target, change.target) in means.predicted
    return lambda state: states.is_startable(verb, state) or (coming and not states.is_wanted(verb, state))


def _with_state(change: Change, seen: Seen, means: _Means) -> Change:
    verb = means.verbs[change.verb]
    if seen.look is None:
        return replace(change, action="refused", reason=seen.reason, after="")
    look = seen.look
    place = (change.connector, verb.target, change.target)
    coming = means.predicted.get(place, "")
    state = coming if coming and not states.is_startable(verb, look.state) and coming == verb.states[0] else look.state
    change = replace(change, before=state, look=look.data)
    if BOUND in look.data:  # a yes is a yes to this text: it counts among what the step's hash covers
        change = replace(change, params={**change.params, BOUND: look.data[BOUND]})
    if states.is_wanted(verb, state):
        done = means.earlier.get(change.id)
        ours = done is not None and done.state == "done"
        return replace(change, action="already", reason="done in this incident before" if ours else look.detail)
    if not states.is_startable(verb, state):
        return replace(
            change,
            action="refused",
            after="",
            reason=f"it is {state}, and {verb.name} starts from {verb.states[0]}: look at it by hand.",
        )
    means.predicted[place] = verb.states[1]
    return _bound(change, seen.rehearsed, means, early=state != look.state)


def _bound(change: Change, rehearsed: Rehearsed | None, means: _Means, *, early: bool) -> Change:
    """The change bound to what it would send. `early`: what has to be there first is not, so less can be told."""
    rehearsed = rehearsed or Rehearsed(open=True)
    if rehearsed.refusal and not early:
        said = rehearsed.refusal.removeprefix(f"{change.connector}: ")
        return replace(change, action="refused", after="", reason=f"{change.connector}: {said}")
    if rehearsed.refusal:
        rehearsed = Rehearsed(open=True)
    who = rehearsal.identity(means.connectors[change.connector], change.verb, change.target, change.params)
    binding = rehearsal.binding(who, rehearsed)
    means.calls[binding[0]] = rehearsal.shown(who)
    means.calls.update(zip(binding[1:], map(rehearsal.shown, rehearsed.essences), strict=False))
    return replace(change, binding=binding)


def _planned(step: Step, changes: Sequence[Change], looked: Mapping[str, Change]) -> PlanStep:
    final = tuple(looked.get(c.item, c) for c in changes)
    return PlanStep(
        id=step.id,
        title=step.title,
        uses=step.uses,
        approval=step.approval,
        quorum=step.quorum,
        expires=step.expires,
        on_failure=step.on_failure,
        hash=hashes.step_hash(step.id, final),
        changes=final,
    )

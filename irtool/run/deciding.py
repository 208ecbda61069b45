"""A person's answer becomes entries of the journal, if it is theirs to give."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from irtool.errors import Refused, UsageError
from irtool.history import Approval, History
from irtool.plan.hashes import digest
from irtool.playbook.durations import duration
from irtool.records import Change, Decision, Entry, Event, Json, PlanStep, utc
from irtool.run.approvals import (
    ASK,
    OPEN,
    involved,
    pending,
    said_yes,
    word_on,
)
from irtool.run.kit import Kit
from irtool.run.people import DOOR_YES, SLACK, may_break_glass, may_decide, overlap
from irtool.tell.clean import defang


def enter(kit: Kit, history: History, events: Sequence[Event], step: PlanStep, decision: Decision) -> list[Entry]:
    """The entries for a decision. A refusal skips its changes in the same breath, so that no later yes revives them.

    Raises UsageError for an item that the step does not have or a break-glass without a reason, and Refused if the
    person may not decide, or if it is decided, begun or done already.
    """
    if history.closed:
        raise Refused(f"{history.incident} is closed")
    person = kit.people.who_is(decision.person) or decision.person
    against = _against(kit, history, events, step, decision)
    if against:
        raise Refused(against, hint="irtool status")
    names = [person, *kit.people.known_as(person, decision.door)]
    chosen = _chosen(history, step, decision, names, kit.clock.now())
    return (_yes if decision.approved else _no)(kit, history, step, decision, chosen, person)


def revoke(kit: Kit, history: History, step: PlanStep, decision: Decision) -> list[Entry]:
    """The entry that takes a person's own yes back, or (`decision.approved` is false) their own veto.

    Raises Refused if they gave none, or if all that their yes covers is begun.
    """
    name = kit.people.who_is(decision.person)
    return (_yes_back if decision.approved else _veto_back)(history, step, decision, name or decision.person)


def _veto_back(history: History, step: PlanStep, decision: Decision, name: str) -> list[Entry]:
    mine = [a for a in history.approvals if not a.approved and not a.revoked and (a.step, a.person) == (step.id, name)]
    wanted = set(_items(step, decision.items))
    mine = [a for a in mine if not wanted or not a.items or wanted & set(a.items)]
    if not mine:
        raise Refused(f"{name} has refused nothing in step {step.id}", hint="irtool status")
    return [_revoked(step, decision, name, {"hash": "", "of": "no"})]


def _revoked(step: PlanStep, decision: Decision, name: str, more: dict[str, Json]) -> Entry:
    items: list[Json] = [*_items(step, decision.items)]
    data: dict[str, Json] = {"items": items, "reason": decision.reason, "door": decision.door, **more}
    return Entry("approval.revoked", data, step=step.id, actor=name, source=_source(decision.door))


def _yes_back(history: History, step: PlanStep, decision: Decision, name: str) -> list[Entry]:
    mine = [
        a
        for a in history.approvals
        if a.approved and not a.revoked and a.person == name and (a.step, a.hash) == (step.id, step.hash)
    ]
    wanted = _items(step, decision.items)
    mine = [a for a in mine if not wanted or not a.items or set(wanted) & set(a.items)]
    if not mine:
        raise Refused(f"{name} has given no yes to step {step.id} that could be taken back", hint="irtool status")
    covered = [c for c in step.changes if any(a.covers(step.id, step.hash, c.item) for a in mine)]
    if not any(history.changes[c.id].state in OPEN for c in covered if c.action == "do"):
        raise Refused(
            f"all that {name} said yes to in step {step.id} is begun or done: it is too late to take it back",
            hint=f"irtool undo {history.incident} {step.id}",
        )
    return [_revoked(step, decision, name, {"hash": step.hash})]


def call_digest(step: PlanStep) -> str:
    """The digest of everything that a step would send."""
    return digest([[c.item, *c.binding] for c in step.changes if c.action == "do"])


def _against(kit: Kit, history: History, events: Sequence[Event], step: PlanStep, decision: Decision) -> str:
    if decision.break_glass:
        if not decision.break_glass.strip():
            raise UsageError("break-glass needs a reason", hint='--break-glass "why"')
        return may_break_glass(decision.person, kit.break_glass, kit.people)
    people = kit.people
    reason = may_decide(
        step.approval,
        decision.person,
        history.started_by,
        involved(events),
        kit.approvers,
        people,
        door=decision.door,
    )
    if reason:
        return reason
    if decision.door == DOOR_YES and step.approval_reason:
        return f"--yes does not cover this step: {step.approval_reason}"
    if decision.approved and step.approval == "none" and step.quorum <= 1:
        return f"step {step.id} needs no approval"
    return ""


def _yes(
    kit: Kit, history: History, step: PlanStep, decision: Decision, chosen: Sequence[Change], person: str
) -> list[Entry]:
    now = kit.clock.now()
    data: dict[str, Json] = {
        **_common(history, step, decision, chosen),
        "note": decision.reason,
        "calls": call_digest(step),
        "known_as": [*kit.people.known_as(person, decision.door)],
        "expires_at": utc(now + duration(step.expires)) if step.expires else None,
    }
    source = _source(decision.door)
    if not decision.break_glass:
        return [Entry("approval.given", data, step=step.id, actor=person, source=source)]
    why = decision.break_glass.strip()
    used: dict[str, Json] = {
        "why": why,
        "steps": [step.id],
        "by": person,
        "known_as": data["known_as"],
        "approval": step.approval,
        "quorum": step.quorum,
    }
    return [
        Entry("breakglass.used", used, step=step.id, actor=person, source=source),
        Entry("approval.given", {**data, "break_glass": why}, step=step.id, actor=person, source=source),
    ]


def _no(
    kit: Kit, history: History, step: PlanStep, decision: Decision, chosen: Sequence[Change], person: str
) -> list[Entry]:
    del kit
    source = _source(decision.door)
    data: dict[str, Json] = {**_common(history, step, decision, chosen), "reason": decision.reason}
    why = f"refused by {person}" + (f": {decision.reason}" if decision.reason else "")
    skipped: dict[str, Json] = {"reason": why}
    return [
        Entry("approval.refused", data, step=step.id, actor=person, source=source),
        *(Entry("change.skipped", skipped, step=c.step, item=c.item, actor=person, source=source) for c in chosen),
    ]


def _common(history: History, step: PlanStep, decision: Decision, chosen: Sequence[Change]) -> dict[str, Json]:
    # A no to a step that asks nobody names its changes, so that it outlasts this plan of the step.
    whole = not decision.items and len(chosen) == len(pending(history, step)) and step.approval != "none"
    named: list[Json] = [] if whole else [c.item for c in chosen]
    return {"hash": step.hash, "door": decision.door, "items": named}


def _chosen(history: History, step: PlanStep, decision: Decision, names: Sequence[str], now: datetime) -> list[Change]:
    """The changes that the decision is about: those it names, or all that are still open to it.

    A yes is for what waits for one and has none of this person's yet; a no is for all that was not begun.
    """
    wanted = _items(step, decision.items)
    todo = [c for c in pending(history, step) if not wanted or c.item in wanted]
    if decision.approved:
        mine: Sequence[str] = () if decision.break_glass else names  # alone, one goes beyond one's own yes
        free = [c for c in todo if _waits_for(history, step, c, mine, now)]
    else:
        free = [c for c in todo if history.changes[c.id].state in OPEN]
    if not free or len(free) < len(wanted):
        raise Refused(_too_late(history, step, wanted, decision), hint=f"irtool status {history.incident}")
    return free


def _waits_for(history: History, step: PlanStep, change: Change, names: Sequence[str], now: datetime) -> bool:
    if word_on(history, step, change.item, now) != ASK:
        return False
    given = said_yes(history, step, change.item, now)
    return not any(overlap(names, (a.person, *a.known_as)) for a in given)


def _items(step: PlanStep, given: Sequence[str]) -> list[str]:
    """The items that these names mean: an item, or a target with all its connectors, as it is or as it was shown.

    Raises UsageError for a name that means none.
    """
    found: list[str] = []
    for name in given:
        named = [c.item for c in step.changes if name in {c.item, c.target, defang(c.item), defang(c.target)}]
        if not named:
            raise UsageError(f"step {step.id} has no change {name!r}", hint="irtool status --all")
        found += named
    return list(dict.fromkeys(found))


def _too_late(history: History, step: PlanStep, wanted: Sequence[str], decision: Decision) -> str:
    begun = [c for c in step.changes if c.item in wanted and history.changes[c.id].state not in OPEN]
    about = [a for a in history.approvals if (a.step, a.hash) == (step.id, step.hash) and not a.revoked]
    decided: list[Approval] = [a for a in about if not wanted or not a.items or set(a.items) & set(wanted)]
    said = f"step {step.id} has nothing left to decide about"
    if decided:
        last = decided[-1]
        word = "approved" if last.approved else "refused"
        said = f"step {step.id}: {last.person} has {word} it already, at {utc(last.at)}"
    if not decision.approved and begun:
        return f"{begun[0].id} is {history.changes[begun[0].id].state}: it is too late for a veto ({said})"
    return said


def _source(door: str) -> str:
    return SLACK if door == SLACK else "person"

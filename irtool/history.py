"""Events -> where everything stands. The one place that says what an event does to a change, a step, an incident.

The state of a change is only ever derived from events, here:

    planned ──intended──> in flight ──done──────> done ──undo.intended──> undoing ──undone──────> undone
       │                      ├──────failed────> failed        ▲             ├──undo.failed────> done (undo failed)
       │                      └──────unknown───> unknown       │             └──undo.unknown───> undo unknown
       ├── already (was so before; never undone)   (a look settles: done, failed or undone)
       ├── skipped (`when` was false, or a person vetoed it)
       └── refused (a guard)

An intent without an outcome is `in flight` while its process lives and *unknown* for everybody else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from irtool.records import Change, Event, Json, Plan, from_json

KINDS: Mapping[str, str] = {
    "incident.opened": "it exists; data: playbook, title, started_by, known_as, inputs, snapshot, sha256, path",
    "complaint.received": "one complaint was read; data: the Complaint; occurred when the complaint was written",
    "triage.done": "the campaign is known; data: findings (and complaints' signatures)",
    "campaign.first_seen": "the first message of the campaign, from the log",
    "campaign.last_seen": "the last message of the campaign so far, from the log",
    "plan.made": "data: plan, known_as",
    "plan.refused": "a plan that may not be run; data: reason",
    "run.started": "data: by, known_as, epoch, resumed",
    "run.ended": "data: outcome (done, failed, waiting, unknown, refused, interrupted), exit_code, counts",
    "approval.asked": "data: hash, approval, items",
    "approval.given": "data: hash, door, items, note; actor is the person",
    "approval.refused": "data: hash, door, items, reason; actor is the person",
    "change.intended": "data: change, before (the look), key, attempt; durable before the first call",
    "change.done": "data: after, reply, effective (true, false, or null if not verified)",
    "change.already": "it was so when looked at again; data: state",
    "change.skipped": "data: reason",
    "change.refused": "a guard; data: reason",
    "change.failed": "data: error; certainly not applied",
    "change.unknown": "data: error; may or may not have been applied",
    "undo.intended": "data: before (what will be restored), key, reason",
    "undo.done": "data: state",
    "undo.failed": "data: error",
    "undo.unknown": "data: error",
    "note.added": "what people did or saw; data: text; occurred at the time they give",
    "report.written": "data: path, format, lang, sha256",
    "incident.closed": "data: by, reason",
}
"""All kinds of events and what their data hold."""

SETTLED = frozenset({"done", "already", "skipped", "refused", "undone"})


@dataclass(frozen=True, slots=True)
class ChangeStatus:
    """Where one change stands. `before` is the look that undo restores; `key` the idempotency key of its calls.

    `rounds` counts how often it was done: somebody may have taken it back, and doing it again is another request.
    """

    change: Change
    state: str
    at: datetime | None = None
    before: Mapping[str, Json] = field(default_factory=dict)
    key: str = ""
    attempt: int = 0
    rounds: int = 0
    error: str = ""
    effective: bool | None = None
    after: str = ""


@dataclass(frozen=True, slots=True)
class Approval:
    """A person's yes or no to a step (`items` empty) or to single changes of it, bound to the step's hash."""

    step: str
    approved: bool
    person: str
    at: datetime
    hash: str
    door: str = ""
    items: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class History:
    """An incident as its events tell it. `planned_at` and `undone_at` are the last events of those kinds."""

    incident: str
    events: int = 0
    title: str = ""
    playbook: str = ""
    snapshot: str = ""
    path: str = ""
    inputs: Mapping[str, Json] = field(default_factory=dict)
    started_by: str = ""
    opened_at: datetime | None = None
    complaints: tuple[Mapping[str, Json], ...] = ()
    findings: Mapping[str, Json] = field(default_factory=dict)
    plan: Plan | None = None
    changes: Mapping[str, ChangeStatus] = field(default_factory=dict)
    approvals: tuple[Approval, ...] = ()
    asked: frozenset[str] = frozenset()
    ran_by: tuple[str, ...] = ()
    outcome: str = ""
    closed: bool = False
    planned_at: int = 0
    undone_at: int = 0

    @property
    def status(self) -> str:
        """One word: opened, planned, refused, running, waiting, interrupted, unknown, failed, contained,
        undone, closed."""
        if self.closed:
            return "closed"
        if self.outcome == "running":
            return "running"
        states = {s.state for s in self.changes.values()}
        if states & {"in flight", "unknown", "undoing", "undo unknown"}:
            return "unknown"
        undone = sum(1 for s in self.changes.values() if s.state == "undone")
        if undone and undone >= sum(1 for s in self.changes.values() if s.state == "done"):
            return "undone"  # what cannot be undone, such as a purge, stays done
        if self.outcome:
            return {"done": "contained"}.get(self.outcome, self.outcome)
        return "planned" if self.plan else "opened"

    @property
    def is_open(self) -> bool:
        """Whether the incident still wants attention."""
        return not self.closed

    def approval_of(self, step: str, step_hash: str, item: str) -> Approval | None:
        """The latest decision that covers this change as planned now, or None."""
        for given in reversed(self.approvals):
            if given.step == step and given.hash == step_hash and (not given.items or item in given.items):
                return given
        return None


_AFTER = {
    "change.intended": "in flight",
    "change.done": "done",
    "change.already": "already",
    "change.skipped": "skipped",
    "change.refused": "refused",
    "change.failed": "failed",
    "change.unknown": "unknown",
    "undo.intended": "undoing",
    "undo.done": "undone",
    "undo.failed": "done",
    "undo.unknown": "undo unknown",
}


def fold(incident: str, events: Iterable[Event]) -> History:
    """The incident's state after these events. Pure: the same events always give the same answer."""
    history = History(incident)
    changes: dict[str, ChangeStatus] = {}
    for event in events:
        history = _incident(history, event, changes)
    return replace(history, changes=changes)


def _incident(history: History, event: Event, changes: dict[str, ChangeStatus]) -> History:
    history = replace(history, events=event.seq)
    data = event.data
    if event.kind in _AFTER:
        _change(changes, event)
        return replace(history, undone_at=event.seq) if event.kind == "undo.done" else history
    if event.kind == "incident.opened":
        return replace(
            history,
            title=str(data.get("title", "")),
            playbook=str(data.get("playbook", "")),
            snapshot=str(data.get("snapshot", "")),
            path=str(data.get("path", "")),
            inputs=_mapping(data.get("inputs")),
            started_by=event.actor or "",
            opened_at=event.recorded_at,
        )
    if event.kind == "complaint.received":
        return replace(history, complaints=(*history.complaints, data))
    if event.kind == "triage.done":
        return replace(history, findings=_mapping(data.get("findings")))
    if event.kind == "plan.made":
        plan = from_json(Plan, data.get("plan"))
        changes.update({c.id: _planned(c, event, changes.get(c.id)) for c in plan.changes})
        return replace(history, plan=plan, asked=frozenset(), planned_at=event.seq)
    if event.kind == "approval.asked":
        return replace(history, asked=history.asked | {event.step or ""})
    if event.kind in {"approval.given", "approval.refused"}:
        return replace(history, approvals=(*history.approvals, _approval(event)))
    if event.kind in {"run.started", "run.ended", "plan.refused", "incident.closed"}:
        return _run(history, event)
    return history


def _run(history: History, event: Event) -> History:
    if event.kind == "run.started":
        return replace(history, outcome="running", ran_by=(*history.ran_by, event.actor or ""))
    if event.kind == "run.ended":
        return replace(history, outcome=str(event.data.get("outcome", "")))
    if event.kind == "plan.refused":
        return replace(history, outcome="refused")
    return replace(history, closed=True)


def _planned(change: Change, event: Event, earlier: ChangeStatus | None) -> ChangeStatus:
    """A new plan does not make undone what was done under an earlier one; what others took back is to be done again."""
    if earlier and earlier.state == "done" and change.action == "do":
        return replace(earlier, change=change, state="planned", effective=None, after="")
    if earlier and earlier.state not in {"planned", "skipped", "refused", "already"}:
        return replace(earlier, change=change)
    state = {"do": "planned"}.get(change.action, change.action)
    return ChangeStatus(change, state, at=event.recorded_at)


def _change(changes: dict[str, ChangeStatus], event: Event) -> None:
    name = f"{event.step}/{event.item}"
    now = changes.get(name)
    if now is None:
        return
    data = event.data
    now = replace(now, state=_AFTER[event.kind], error=str(data.get("error") or ""))
    if event.kind == "change.intended":
        now = replace(
            now,
            before=_first_of(now, _mapping(data.get("before"))),
            key=str(data.get("key", "")),
            attempt=now.attempt + 1,
        )
    elif event.kind == "change.done":
        effective = data.get("effective")
        now = replace(
            now,
            rounds=now.rounds + 1,
            effective=effective if isinstance(effective, bool) else None,
            after=str(data.get("after", "")),
        )
    elif event.kind in {"change.skipped", "change.refused"}:
        now = replace(now, error=str(data.get("reason") or ""))
    changes[name] = replace(now, at=event.occurred_at)


def _first_of(now: ChangeStatus, before: Mapping[str, Json]) -> Mapping[str, Json]:
    """What undo restores: what was there before the first attempt, and of every attempt what it took from a set."""
    if not now.before:
        return before
    first, seen = _mapping(now.before.get("data")), _mapping(before.get("data"))
    joined: dict[str, Json] = {
        key: [*value, *(v for v in other if v not in value)]
        for key, value in first.items()
        if isinstance(value, list) and isinstance(other := seen.get(key), list)
    }
    return {**now.before, "data": {**first, **joined}}


def _approval(event: Event) -> Approval:
    items = event.data.get("items")
    return Approval(
        step=event.step or "",
        approved=event.kind == "approval.given",
        person=event.actor or "",
        at=event.occurred_at,
        hash=str(event.data.get("hash", "")),
        door=str(event.data.get("door", "")),
        items=tuple(str(i) for i in items) if isinstance(items, list) else (),
        reason=str(event.data.get("reason") or ""),
    )


def _mapping(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, dict) else {}

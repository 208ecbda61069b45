"""Where an incident stands: all its events, folded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from irtool.history.approval import Approval, BreakGlass, approval, break_glass, moment, revoke, texts
from irtool.history.change import ChangeStatus, mapping, planned, take
from irtool.history.kinds import KINDS
from irtool.history.machine import CHANGE_KINDS, DONE, IN_DOUBT, PLANNED, REMARKS, UNDO_IN_DOUBT, UNDONE
from irtool.records import Event, Json, Plan, PlanStep, from_json


@dataclass(frozen=True, slots=True)
class Alarm:
    """What a watch saw and cannot settle by itself. `change` is "" if it is about the whole campaign, and
    `values` are then what of it no change is about yet."""

    seq: int
    at: datetime
    reason: str
    change: str = ""
    messages: int | None = None
    since: datetime | None = None
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Illegal:
    """An event that the state of its change does not allow, and that state ("" if no plan has the change)."""

    seq: int
    kind: str
    change: str
    state: str

    def __str__(self) -> str:
        if not self.state:
            return f"event {self.seq}: {self.kind} of {self.change}, which no plan has"
        return f"event {self.seq}: {self.kind} of {self.change}, which was {self.state}"


@dataclass(frozen=True, slots=True)
class History:
    """An incident as its events tell it. `planned_at` and `undone_at` are the last events of those kinds.

    `watching` says whether a watch has begun and not ended, `steps` are those of all plans by their hash. `illegal` are
    events that cannot have been written by this version of irtool working as it should; `unread` counts events of kinds
    that it does not know.
    """

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
    break_glass: tuple[BreakGlass, ...] = ()
    watching: bool = False
    alarms: tuple[Alarm, ...] = ()
    anchors: tuple[Mapping[str, Json], ...] = ()
    illegal: tuple[Illegal, ...] = ()
    unread: int = 0
    steps: Mapping[str, PlanStep] = field(default_factory=dict)

    @property
    def status(self) -> str:
        """One word: opened, planned, refused, running, waiting, interrupted, unknown, failed, shadowed, contained,
        undone, closed."""
        if self.closed:
            return "closed"
        if self.outcome == "running":
            return "running"
        states = {s.state for s in self.changes.values()}
        if states & (IN_DOUBT | UNDO_IN_DOUBT):
            return "unknown"
        undone = sum(1 for s in self.changes.values() if s.state == UNDONE)
        if undone and undone >= sum(1 for s in self.changes.values() if s.state == DONE):
            return "undone"  # what cannot be undone, such as a purge, stays done
        if self.outcome == "done" and PLANNED in states:
            return "planned"  # a newer plan has more to do
        if self.outcome == "done" and any(s.effect in {"leaking", "drifted"} for s in self.changes.values()):
            return "failed"  # it was contained
        if self.outcome:
            return {"done": "contained"}.get(self.outcome, self.outcome)
        return "planned" if self.plan else "opened"

    @property
    def is_open(self) -> bool:
        """Whether the incident still wants attention."""
        return not self.closed

    def approval_of(self, step: str, step_hash: str, item: str) -> Approval | None:
        """The latest decision that covers this change as planned now and was not taken back, or None."""
        return next((a for a in reversed(self.approvals) if a.covers(step, step_hash, item)), None)

    def yes_of(self, step: str, step_hash: str, item: str, now: datetime) -> tuple[Approval, ...]:
        """Every valid yes to this change, one for each person, the latest of theirs. () if the latest word is a no."""
        last = self.approval_of(step, step_hash, item)
        if last is None or not last.approved:
            return ()
        valid = [a for a in self.approvals if a.approved and a.covers(step, step_hash, item) and not a.is_over(now)]
        return tuple({a.person: a for a in valid}.values())


def fold(incident: str, events: Iterable[Event]) -> History:
    """The incident's state after these events. Pure: the same events always give the same answer."""
    folding = Folding(incident)
    for event in events:
        folding.take(event)
    return folding.history()


class Folding:
    """A fold that goes on: takes events one by one, says at any time where everything stands."""

    def __init__(self, incident: str) -> None:
        self._facts: dict[str, Any] = {"incident": incident}
        self._lists: dict[str, list[Any]] = {}
        self._approvals: list[Approval] = []
        self._glass: list[BreakGlass] = []
        self._changes: dict[str, ChangeStatus] = {}
        self._asked: set[str] = set()
        self._steps: dict[str, PlanStep] = {}

    def take(self, event: Event) -> None:
        """One more event, the next in order."""
        self._facts["events"] = event.seq
        kind = event.kind
        if kind in CHANGE_KINDS or kind in REMARKS:
            self._change(event)
        elif kind.startswith("approval."):
            self._approval(event)
        elif kind.startswith("breakglass.") and kind in KINDS:
            self._glass = break_glass(self._glass, event)
        elif kind.startswith("watch."):
            self._watch(event)
        elif kind in KINDS:
            self._incident(event)
        else:
            self._facts["unread"] = int(self._facts.get("unread", 0)) + 1

    def history(self) -> History:
        """Where everything stands after the events so far."""
        lists: dict[str, Any] = {name: tuple(values) for name, values in self._lists.items()}
        return History(
            **self._facts,
            **lists,
            approvals=tuple(self._approvals),
            break_glass=tuple(self._glass),
            changes=dict(self._changes),
            asked=frozenset(self._asked),
            steps=dict(self._steps),
        )

    def _add(self, name: str, value: object) -> None:
        self._lists.setdefault(name, []).append(value)

    def _change(self, event: Event) -> None:
        name = f"{event.step}/{event.item}"
        now = self._changes.get(name)
        if now is None:
            self._add("illegal", Illegal(event.seq, event.kind, name, ""))
            return
        self._changes[name], legal = take(now, event)
        if not legal:
            self._add("illegal", Illegal(event.seq, event.kind, name, now.place))
        if event.kind == "undo.done":
            self._facts["undone_at"] = event.seq

    def _approval(self, event: Event) -> None:
        if event.kind == "approval.asked":
            self._asked.add(event.step or "")
        elif event.kind == "approval.revoked":
            self._approvals = revoke(self._approvals, event)
        elif event.kind in {"approval.given", "approval.refused"}:
            self._approvals.append(approval(event))

    def _watch(self, event: Event) -> None:
        if event.kind != "watch.alarm":
            self._facts["watching"] = event.kind == "watch.started"
            return
        data = event.data
        count = data.get("messages")
        self._add(
            "alarms",
            Alarm(
                event.seq,
                event.occurred_at,
                str(data.get("reason") or ""),
                str(data.get("change") or ""),
                count if isinstance(count, int) else None,
                moment(data.get("since")),
                texts(data.get("values")),
            ),
        )

    def _incident(self, event: Event) -> None:
        data, facts = event.data, self._facts
        match event.kind:
            case "incident.opened":
                for name in ("title", "playbook", "snapshot", "path"):
                    facts[name] = str(data.get(name, ""))
                facts |= {
                    "inputs": mapping(data.get("inputs")),
                    "started_by": event.actor or "",
                    "opened_at": event.recorded_at,
                }
            case "complaint.received":
                self._add("complaints", data)
            case "triage.done":
                facts["findings"] = mapping(data.get("findings"))
            case "plan.made":
                self._plan(event)
            case "run.started":
                facts["outcome"] = "running"
                self._add("ran_by", event.actor or "")
            case "run.ended":
                facts["outcome"] = str(data.get("outcome", ""))
            case "plan.refused":
                facts["outcome"] = "refused"
            case "incident.closed":
                facts["closed"] = True
            case "journal.anchored":
                self._add("anchors", data)

    def _plan(self, event: Event) -> None:
        plan, added = from_json(Plan, event.data.get("plan")), event.data.get("extends")
        for step in plan.steps:
            self._steps[step.hash] = step
            for change in step.changes if not added or step.id == added else ():
                earlier = self._changes.get(change.id)
                self._changes[change.id] = planned(change, step.hash, event, earlier)
        self._facts["plan"] = plan
        if added:  # its other steps stand as they stood, and so do the yeses to them
            return
        self._facts["planned_at"] = event.seq
        if self._facts.get("outcome") == "refused":
            self._facts["outcome"] = ""  # what was refused was the plan before
        self._asked.clear()

"""One pass over an incident's events: all that texts need of them, in memory that does not grow with their number.

What does grow is what people planned: one entry for each change of the plan. Complaints and notes beyond the first few
hundred are counted, and whoever writes about them says so.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from irtool.errors import UsageError
from irtool.history import History, fold
from irtool.records import Event

MOST_COMPLAINTS = 200
"""Complaints beyond these are counted, not kept."""

FIRST_NOTES, LAST_NOTES = 400, 100
"""Of the notes, the first and the last so many are kept."""

MOST_REMARKS = 200
"""Alarms about mail, and uses of break-glass, beyond these are not told."""

MOST_RUNS = 400
"""More stretches of changes than these are told as one."""

GAP = timedelta(minutes=30)
"""Changes of one step further apart than this are two stretches."""

AWARE_TAG = "#aware"
"""A note with this word says when the team knew; without one it is when the incident was opened."""

CREDIT_TAG = "#credit"
"""A note with this word names somebody who agreed to be thanked in public; it is not on the published timeline."""

_OUTCOMES = frozenset({"change.done", "change.failed", "change.unknown", "undo.done", "undo.failed", "undo.unknown"})
_EARLIEST = frozenset({"campaign.first_seen", "incident.opened"})
_LATEST = frozenset({"campaign.last_seen", "triage.done", "incident.closed"})
_NOT_FOLDED = frozenset(
    {
        "complaint.received",
        "note.added",
        "campaign.first_seen",
        "campaign.last_seen",
        "report.written",
        "report.part",
        "check.explained",
    }
)


@dataclass
class Stretch:
    """Outcomes of one step, close together: the items (names of changes) by outcome, and when."""

    step: str
    undo: bool
    first: datetime
    last: datetime
    seq: int
    items: dict[str, dict[str, None]] = field(default_factory=dict)


@dataclass
class Gathered:
    """What one pass kept. `complaints` and `notes` are whole events; `*_count` how many there were in all.

    `moments` are the events that the timeline tells once, by kind; `times` when each change that stands took effect;
    `parts` what people wrote for reports, the last of each (part, language, style); `explained` the findings of the
    checks that somebody explained; `remarks` the alarms about mail that was still accepted, and the uses of
    break-glass.
    """

    incident: str
    history: History = field(init=False)
    events: int = 0
    as_of: datetime | None = None
    complaints: list[Event] = field(default_factory=list)
    complaint_count: int = 0
    first_complaint: Event | None = None
    last_complaint: Event | None = None
    note_count: int = 0
    moments: dict[str, Event] = field(default_factory=dict)
    times: dict[str, datetime] = field(default_factory=dict)
    stretches: list[Stretch] = field(default_factory=list)
    corrected: dict[int, int] = field(default_factory=dict)
    parts: dict[tuple[str, str, str], Event] = field(default_factory=dict)
    explained: dict[str, str] = field(default_factory=dict)
    written: list[Event] = field(default_factory=list)
    remarks: list[Event] = field(default_factory=list)
    _first_notes: list[Event] = field(default_factory=list)
    _last_notes: deque[Event] = field(default_factory=lambda: deque(maxlen=LAST_NOTES))
    _aware: list[tuple[datetime, int]] = field(default_factory=list)
    _open: dict[tuple[str, bool], Stretch] = field(default_factory=dict)

    @property
    def notes(self) -> list[Event]:
        """The notes kept, in the order in which they were written; those that were corrected later are in it."""
        return [*self._first_notes, *self._last_notes]

    @property
    def aware(self) -> datetime | None:
        """When the team knew, as people noted it."""
        return min((at for at, seq in self._aware if seq not in self.corrected), default=None)

    @property
    def credits(self) -> list[str]:
        """Who agreed to be thanked, as people noted it."""
        thanked = (e for e in self.notes if CREDIT_TAG in _words(e) and e.seq not in self.corrected)
        return [" ".join(w for w in _words(e) if w != CREDIT_TAG) for e in thanked]

    def watch(self, events: Iterable[Event]) -> Iterator[Event]:
        """Look at every event; hand on those that the history is folded from."""
        for event in events:
            self.events += 1
            if self.as_of is None or event.recorded_at > self.as_of:
                self.as_of = event.recorded_at
            corrects = event.data.get("corrects")
            if isinstance(corrects, int) and corrects < event.seq:
                self.corrected[corrects] = event.seq
            self._see(event)
            if event.kind not in _NOT_FOLDED:
                yield event

    def _see(self, event: Event) -> None:
        kind = event.kind
        if kind in _OUTCOMES:
            self._outcome(event)
        elif kind == "note.added":
            self._note(event)
        elif kind == "complaint.received":
            self._complaint(event)
        elif kind in _EARLIEST or kind in _LATEST:
            known = self.moments.get(kind)
            if known is None or (_when(event) < _when(known)) == (kind in _EARLIEST):
                self.moments[kind] = event
        elif kind == "report.part":
            data = event.data
            self.parts[str(data.get("part")), str(data.get("lang")), str(data.get("style") or "")] = event
        elif kind == "check.explained":
            self.explained[str(event.data.get("finding"))] = str(event.data.get("reason") or "")
        elif kind.startswith("breakglass.") or (kind == "watch.alarm" and event.data.get("what") == "mail"):
            if len(self.remarks) < MOST_REMARKS:
                self.remarks.append(event)
        elif kind == "report.written" and event.data.get("published"):
            self.written = [*self.written[-99:], event]

    def _note(self, event: Event) -> None:
        self.note_count += 1
        if AWARE_TAG in _words(event) and len(self._aware) < FIRST_NOTES:
            self._aware.append((event.occurred_at, event.seq))
        if len(self._first_notes) < FIRST_NOTES:
            self._first_notes.append(event)
        else:
            self._last_notes.append(event)

    def _complaint(self, event: Event) -> None:
        self.complaint_count += 1
        slim = replace(event, data={k: v for k, v in event.data.items() if k != "headers"})
        if self.first_complaint is None or _when(event) < _when(self.first_complaint):
            self.first_complaint = slim
        if self.last_complaint is None or _when(event) > _when(self.last_complaint):
            self.last_complaint = slim
        if len(self.complaints) < MOST_COMPLAINTS:
            self.complaints.append(slim)

    def _outcome(self, event: Event) -> None:
        name = f"{event.step}/{event.item}"
        if event.kind == "change.done":
            self.times.setdefault(name, event.occurred_at)
        elif event.kind == "undo.done":
            self.times.pop(name, None)
        group, _, outcome = event.kind.partition(".")
        key = (event.step or "", group == "undo")
        now = self._open.get(key)
        if now is None or (abs(event.occurred_at - now.last) > GAP and len(self.stretches) < MOST_RUNS):
            now = self._open[key] = Stretch(*key, event.occurred_at, event.occurred_at, event.seq)
            self.stretches.append(now)
        now.first, now.last = min(now.first, event.occurred_at), max(now.last, event.occurred_at)
        now.seq = event.seq
        now.items.setdefault(outcome, {})[name] = None


def gather(events: Iterable[Event]) -> Gathered:
    """Everything that is told of an incident, from one pass. A list may be in any order; a stream is in the journal's.

    Raises UsageError if there are no events.
    """
    ordered = iter(sorted(events, key=lambda e: e.seq) if isinstance(events, Sequence) else events)
    first = next(ordered, None)
    if first is None:
        raise UsageError("this incident has no events", hint="irtool status")
    gathered = Gathered(first.incident)
    gathered.history = fold(first.incident, gathered.watch(_chain(first, ordered)))
    return gathered


def _chain(first: Event, rest: Iterator[Event]) -> Iterator[Event]:
    yield first
    yield from rest


def _words(event: Event) -> list[str]:
    return str(event.data.get("text", "")).split()


def _when(event: Event) -> tuple[datetime, int]:
    return (event.occurred_at, event.seq)

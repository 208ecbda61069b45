"""The timeline as a report tells it: milestones, notes, and each run of changes of one step as one line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from irtool.history import SETTLED, History
from irtool.records import Event, Json, utc
from irtool.tell import clean
from irtool.tell.intervals import AWARE_TAG, aware_noted
from irtool.tell.sentences import Sentences
from irtool.tell.timeline import corrected, in_order

GAP = timedelta(minutes=30)
"""Changes of one step further apart than this are told as two lines."""

YOUNG = timedelta(days=30)
"""An account that was created at most so long before it sent the campaign was made for it."""

NAMED_TARGETS = 3
"""Up to so many domains or rules are named, more are only counted."""

_NAMED = frozenset({"domain.block", "policy.set"})
_OUTCOMES = frozenset({"change.done", "change.failed", "change.unknown", "undo.done", "undo.failed", "undo.unknown"})
_ONCE = frozenset(
    {"campaign.first_seen", "campaign.last_seen", "incident.opened", "triage.done", "incident.closed"},
)
_FIRST = frozenset({"campaign.first_seen", "incident.opened"})
"""Of these the first is told, of the others in `_ONCE` the last."""


@dataclass
class _Run:
    """Outcomes of one step, close together."""

    step: str
    undo: bool
    events: list[Event] = field(default_factory=list)


def chronicle(events: Sequence[Event], history: History, lang: str, style: str = "") -> list[dict[str, Json]]:
    """Rows `at`, `text` of the published timeline, in order. Indicators are defanged in `style`; not yet cleaned.

    Notes that were corrected later are left out; only the last triage is told.
    """
    say = Sentences.of(history, lang)
    ordered = in_order(events)
    fixed = corrected(ordered)
    chosen = {e.kind: e.seq for e in ordered if e.kind in _ONCE}
    chosen |= {e.kind: e.seq for e in reversed(ordered) if e.kind in _FIRST}
    complaints = [e.seq for e in ordered if e.kind == "complaint.received"]
    noted = aware_noted(ordered) is not None
    rows: list[tuple[str, int, str]] = []
    for event in ordered:
        key = f"report.{event.kind}"
        if event.kind == "note.added" and event.seq not in fixed:
            words = [w for w in str(event.data.get("text", "")).split(" ") if w != AWARE_TAG]
            rows.append((utc(event.occurred_at), event.seq, clean.defang(" ".join(words), style)))
        elif event.kind == "complaint.received":
            key = key if event.seq == complaints[0] else "report.complaint.more"
            rank = 0 if event.seq == complaints[0] else event.seq  # told before it is known, in the same second too
            rows.append((utc(event.occurred_at), rank, say.words.words[key]))
        elif chosen.get(event.kind) == event.seq:
            scope = say.scope(dict(history.findings), "impersonated")
            key += ".later" if event.kind == "incident.opened" and noted else ""
            text = say.words.words[key].format(incident=event.incident, scope=scope)
            rows.append((utc(event.occurred_at), event.seq, text if scope or event.kind != "triage.done" else ""))
    rows += sorted(_account_made(ordered, chosen.get("triage.done"), say))[:1]
    noting = {c.change.step for c in history.changes.values() if c.change.verb == "note.add"}
    for run in (r for r in _runs(ordered) if r.step not in noting):
        rows += [(utc(run.events[-1].occurred_at), run.events[-1].seq, _sentence(run, say, style))]
    return [{"at": at, "text": text} for at, _, text in sorted(rows, key=lambda r: (r[0], r[1])) if text]


def _account_made(events: Sequence[Event], triage: int | None, say: Sentences) -> Iterator[tuple[str, int, str]]:
    """When the first account was created that was made for the campaign: a young one, not a customer broken into."""
    found = next((e.data.get("findings") for e in events if e.seq == triage), None)
    accounts = found.get("accounts") if isinstance(found, dict) else None
    for account in accounts if isinstance(accounts, list) else ():
        texts = [account.get(key) for key in ("created", "first_seen")] if isinstance(account, dict) else []
        if all(isinstance(t, str) for t in texts) and texts:
            created, first = (datetime.fromisoformat(str(t)) for t in texts)
            if timedelta(0) <= first - created <= YOUNG:
                yield utc(created), triage or 0, say.words.words["report.account.created"]


def _runs(ordered: Sequence[Event]) -> Iterator[_Run]:
    latest: dict[tuple[str, bool], _Run] = {}
    for event in ordered:
        if event.kind not in _OUTCOMES:
            continue
        key = (event.step or "", event.kind.startswith("undo."))
        run = latest.get(key)
        if run is None or event.occurred_at - run.events[-1].occurred_at > GAP:
            if run is not None:
                yield run
            run = latest[key] = _Run(*key)
        run.events.append(event)
    yield from latest.values()


def _sentence(run: _Run, say: Sentences, style: str) -> str:
    """`24 accounts disabled (from 11:40); 1 failed.`"""
    changes = say.history.changes
    good: dict[str, None] = {}
    bad: dict[str, dict[str, None]] = {"failed": {}, "unknown": {}}
    verb = ""
    for event in run.events:
        status = changes.get(f"{event.step}/{event.item}")
        if status is None:
            continue
        verb, target = status.change.verb, status.change.target
        outcome = event.kind.partition(".")[2]
        if outcome == "done":
            good[target] = None
        elif status.state not in SETTLED or run.undo:
            bad[outcome][target] = None
    bad = {what: {t: None for t in targets if t not in good} for what, targets in bad.items()}
    parts = [_done(run, verb, list(good), say, style)] if good else []
    parts += [say.count(len(targets), what) for what, targets in bad.items() if targets]
    if not parts:
        return ""
    if not good:
        parts.insert(0, say.words.phrase(verb).title)
    text = "; ".join(parts) + "."
    return text[0].upper() + text[1:]


def _done(run: _Run, verb: str, targets: list[str], say: Sentences, style: str) -> str:
    phrase = say.words.phrase(verb)
    n = len(targets)
    text = say.forms.plural(n, *(phrase.undone if run.undo else phrase.done)).format(n=say.forms.number(n))
    if verb in _NAMED and n <= NAMED_TARGETS:
        text += f": {say.forms.joined([clean.defang(t, style) for t in targets])}"
    start, end = run.events[0].occurred_at, run.events[-1].occurred_at
    if end - start >= timedelta(minutes=1):
        began = say.forms.clock(start) if start.date() == end.date() else say.forms.moment(start)
        text += f" ({say.words.words['from'].format(at=began)})"
    return text

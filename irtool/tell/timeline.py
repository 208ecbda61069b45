"""The timeline: every event of an incident as one line of text, one row of a Markdown table, or one JSON object.

Events stand in the order they occurred (then in the order they were written); times are UTC, with the offset of
the source where that was another. `irtool note` events stand at the time the person gave. A note that corrects
another event (data `corrects`: its seq) is marked, and so is the event it corrects.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta, timezone

from irtool.errors import UsageError
from irtool.history import fold
from irtool.records import Event, to_json
from irtool.tell import clean
from irtool.tell.sentences import Sentences

FORMATS = ("text", "md", "json")
WIDTH = 80
"""Columns of the text form."""

_STAMP = "%Y-%m-%d %H:%M:%S"
_INDENT = " " * 21
_LATE = timedelta(minutes=1)
_PEOPLE = frozenset(
    {"incident.opened", "approval.given", "approval.refused", "approval.revoked", "breakglass.used",
     "breakglass.ratified", "breakglass.disowned", "lease.set", "watch.started", "note.added", "incident.closed"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """One event for people. `marks` are remarks such as the original offset; nothing is cleaned yet."""

    at: str
    text: str
    detail: str
    who: str
    marks: tuple[str, ...]


def in_order(events: Iterable[Event]) -> list[Event]:
    """The events by when they occurred, then by when they were written."""
    return sorted(events, key=lambda e: (e.occurred_at, e.seq))


def timeline(history_events: Iterable[Event], format: str = "text", lang: str = "en") -> str:  # noqa: A002  # its name on the command line
    """The events in one of `FORMATS`: json has all of them, the others leave out intents whose outcome is known.

    Raises UsageError for another format.
    """
    events = in_order(history_events)
    if format not in FORMATS:
        raise UsageError(f'no timeline format "{format}"', hint=f"one of: {', '.join(FORMATS)}")
    if format == "json":
        return json.dumps([to_json(e) for e in events], indent=2) + "\n"
    if not events:
        return ""
    history = fold(events[0].incident, sorted(events, key=lambda e: e.seq))
    say = Sentences.of(history, lang)
    lines = _lines(_without_settled_intents(events), say)
    return _markdown(lines, say) if format == "md" else _text(lines, say)


def _without_settled_intents(events: Sequence[Event]) -> list[Event]:
    """An intent is news only while nobody knows what became of it."""
    known: dict[tuple[str | None, str | None, str], int] = {}
    for event in events:
        group, _, word = event.kind.partition(".")
        if group in {"change", "undo"} and word not in {"intended", "verified"}:
            key = (event.step, event.item, group)
            known[key] = max(event.seq, known.get(key, 0))
    return [
        e
        for e in events
        if not e.kind.endswith(".intended") or known.get((e.step, e.item, e.kind.partition(".")[0]), 0) < e.seq
    ]


def corrected(events: Iterable[Event]) -> dict[int, int]:
    """Which event (seq) was corrected by which later one."""
    pairs = ((e.data.get("corrects"), e.seq) for e in events)
    return {earlier: later for earlier, later in pairs if isinstance(earlier, int) and earlier < later}


def _lines(events: Sequence[Event], say: Sentences) -> list[Line]:
    fixed = corrected(events)
    at = {e.seq: e.occurred_at for e in events}
    lines = []
    for event in events:
        marks = [*_offset(event), *_late(event, say)]
        words = say.words.words
        marks += [words["corrects"].format(at=f"{at[old]:{_STAMP}}") for old, new in fixed.items() if new == event.seq]
        marks += [words["corrected"]] if event.seq in fixed else []
        who = (event.actor or "") if event.kind in _PEOPLE else ""
        lines.append(
            Line(f"{event.occurred_at:{_STAMP}}", say.say(event), say.detail(event), who, tuple(marks)),
        )
    return lines


def _offset(event: Event) -> list[str]:
    """The time as the source wrote it, if that was not UTC."""
    if event.offset in {"", "Z", "+00:00", "-00:00", "+0000"}:
        return []
    digits = event.offset.replace(":", "")
    if len(digits) == 5 and digits[0] in "+-" and digits[1:].isdigit():
        away = timedelta(hours=int(digits[1:3]), minutes=int(digits[3:])) * (-1 if digits[0] == "-" else 1)
        if abs(away) < timedelta(hours=24):
            there = event.occurred_at.astimezone(timezone(away))
            same_day = there.date() == event.occurred_at.date()
            return [f"{there:%H:%M} {event.offset}" if same_day else f"{there:%Y-%m-%d %H:%M} {event.offset}"]
    return [event.offset]


def _late(event: Event, say: Sentences) -> list[str]:
    """A note that was written well after what it tells of says so."""
    if event.kind != "note.added" or event.recorded_at - event.occurred_at < _LATE:
        return []
    return [say.words.words["written"].format(at=f"{event.recorded_at:{_STAMP}}")]


def _text(lines: Sequence[Line], say: Sentences) -> str:
    head = f"{say.history.incident}  {say.history.title}"
    tail = f"{say.count(len(lines), 'events')}, {say.words.words['all_utc']}"
    out = [_fit(clean.terminal(head), WIDTH), _fit(tail, WIDTH), ""]
    for line in lines:
        extra = "; ".join([*([line.who] if line.who else []), *line.marks])
        text, remark = clean.terminal(clean.defang(line.text)), f" ({clean.terminal(extra)})" if extra else ""
        out += _wrapped(text + remark, f"{line.at}  ", _INDENT)
        if line.detail:
            out += _wrapped(clean.terminal(clean.defang(line.detail)), f"{_INDENT}! ", f"{_INDENT}  ")
    return "\n".join(out) + "\n"


def _wrapped(text: str, first: str, then: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=first, subsequent_indent=then) or [first.rstrip()]


def _fit(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"


def _markdown(lines: Sequence[Line], say: Sentences) -> str:
    words = say.words.words
    rows = [[words["time"], words["event"], words["who"]]]
    for line in lines:
        text = "; ".join(part for part in (line.text, line.detail, *line.marks) if part)
        rows.append([line.at, clean.defang(text), line.who])
    return table(rows)


def table(rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table of raw texts; the first row is its head."""
    head, *body = [" | ".join(clean.markdown(cell) for cell in row) for row in rows]
    rule = " | ".join("---" for _ in rows[0])
    return "\n".join(f"| {row} |" for row in (head, rule, *body)) + "\n"

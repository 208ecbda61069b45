"""What people claim in notes and in the parts of reports, held against the events."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone

from irtool.records import Json
from irtool.tell.backing import Backing, backing, normal
from irtool.tell.extract import Duration, Moment, Number, Token, offset, tokens
from irtool.tell.lexicon import TOPICS
from irtool.tell.slips import SLACK, Finding, apart, shown, slip
from irtool.tell.story import Facts, rows

VERBS: Mapping[str, tuple[str, ...]] = {
    "last_account_disabled": ("account.disable",),
    "last_address_block": ("ip.block", "address.block"),
    "last_domain_block": ("domain.block",),
    "policy": ("policy.set",),
    "customers_told": ("notice.send",),
}
"""Topics that changes tell of."""

_SAID: Mapping[str, str] = {
    "account_created": "the first account was created",
    "campaign_start": "the campaign began",
    "last_account_disabled": "the accounts were disabled",
    "last_address_block": "the IPs and addresses were blocked",
    "last_domain_block": "the domains were blocked",
    "policy": "a rule was changed",
    "customers_told": "the affected customers were told",
    "aware": "the team became aware",
}
_COUNTED = frozenset({"accounts", "customers", "domains", "ips"})
_SENTENCE = re.compile(r"(?<=[.!?;])\s+(?=[^\W\d_a-zà-ÿ“\"'(])|\n\s*\n|\n(?=\s*[-*\d])")
MOST_OF_A_SENTENCE = 4_000
"""Characters of one sentence that are looked at."""

_NEAR = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Place:
    """One sentence that somebody wrote: where, when it is said to have happened (notes only), in which zone, and when
    it was written: what lay in the future then is a plan."""

    name: str
    words: str
    at: datetime | None
    minutes: int
    text: str
    written: datetime


@dataclass(frozen=True, slots=True)
class Span:
    """When something happened, as the events tell it."""

    first: datetime
    last: datetime
    place: str


def claims(facts: Facts) -> Iterator[Finding]:
    """Every claim that an event contradicts."""
    strict = backing({**facts, "notes": []})
    for place in _places(facts):
        found = tokens(place.text)
        yield from _stamp(place, found, strict)
        yield from _dates(place, found, facts)
        yield from _figures(place, found, facts, strict)
        yield from _intervals(place, found, facts, strict)


def _places(facts: Facts) -> Iterator[Place]:
    for note in rows(facts.get("notes")):
        if note.get("corrected"):
            continue
        seq, at = note["seq"], datetime.fromisoformat(str(note["at"]))
        minutes = offset(str(note.get("offset") or "z"))
        for text in _sentences(str(note.get("text") or "")):
            yield Place(f"note-{seq}", f"note {seq} of {shown(at)}", at, minutes, text, _at(note["written_at"]))
    for part in rows(facts.get("parts")):
        for text in _sentences(str(part.get("text") or "")):
            name = f"{part['part']}-{part['lang']}-{part['seq']}"
            yield Place(name, f"part {part['part']} ({part['lang']})", None, 0, text, _at(part["at"]))


def _sentences(text: str) -> list[str]:
    return [normal(s)[:MOST_OF_A_SENTENCE] for s in _SENTENCE.split(text) if s.strip()]


def _moment(token: Moment, place: Place) -> datetime | None:
    """The moment in UTC: what is without a zone is in the note's own, what is without a day on the note's."""
    if token.clock is None:
        return None
    here = timezone(timedelta(minutes=place.minutes))
    day = token.day if token.day and not token.yearless else place.at.astimezone(here).date() if place.at else None
    if day is None:
        return None
    if token.zoned and token.at is not None:
        return token.at
    zone = UTC if token.zoned else here
    naive = token.at.replace(tzinfo=None) if token.at else datetime.combine(day, time(*token.clock))
    return naive.replace(tzinfo=zone).astimezone(UTC)


def _stamp(place: Place, found: list[Token], strict: Backing) -> Iterator[Finding]:
    """A note that tells a time has it on its stamp, or tells of something else that is on record."""
    if place.at is None:
        return
    told = [(t, at) for t in found if isinstance(t, Moment) and (at := _moment(t, place)) is not None]
    if not told or any(abs(at - place.at) < SLACK for _, at in told):
        return
    for token, at in told:
        known = any(timedelta(0) <= at - m <= SLACK for m in strict.moments)
        if not known and (slip(at - place.at) or len(told) == 1):
            yield Finding(
                f"stamp:{place.name}",
                f"{place.words} says “{token.text}”",
                f"its stamp is {apart(place.at, at)}",
                "Correct it: irtool note TEXT --at TIME --corrects SEQ",
            )


def _dates(place: Place, found: list[Token], facts: Facts) -> Iterator[Finding]:
    """What a sentence is about happened on one of the days that it names."""
    told = [
        t for t in found if isinstance(t, Moment) and t.day and not t.month_only and _day(t) <= place.written.date()
    ]
    counted = place.at is not None and any(isinstance(t, Number) and t.noun in _COUNTED for t in found)
    if not told and not counted:
        return
    for topic in TOPICS:
        if not TOPICS[topic].search(place.text):
            continue
        spans = _known(topic, facts, place)
        days: list[tuple[Moment | None, date]] = [(t, _day(t)) for t in told]
        days = days or [(None, place.at.date() if place.at else date.min)]
        if not spans or any(_on(day, s) for _, day in days for s in spans):
            yield from _hours(place, told, topic, spans)
            continue
        token, day = days[0]
        nearest = min(spans, key=lambda s: abs((s.first.date() - day).days))
        yield Finding(
            f"date:{place.name}:{topic}:{day}",
            f"{place.words} says that {_SAID[topic]} on {f'“{token.text}”' if token is not None else day}",
            f"{nearest.place}: {_span(nearest)}",
            _zone_reach(day, nearest),
        )
    yield from _lasting(place, told, found, facts)


def _hours(place: Place, told: list[Moment], topic: str, spans: list[Span]) -> Iterator[Finding]:
    """The day is right: the hour too, if it is told."""
    exact = [(t, at) for t in told if (at := _moment(t, place)) is not None]
    if not spans or not exact or any(s.first - _NEAR <= at <= s.last + _NEAR for _, at in exact for s in spans):
        return
    token, at = exact[0]
    nearest = min(spans, key=lambda s: abs(s.first - at))
    yield Finding(
        f"time:{place.name}:{topic}:{at:%Y-%m-%d}",
        f"{place.words} says that {_SAID[topic]} “{token.text}”",
        f"{nearest.place}: {_span(nearest)}",
        f"They are {apart(at, nearest.first)}",
    )


def _lasting(place: Place, told: list[Moment], found: list[Token], facts: Facts) -> Iterator[Finding]:
    """`not before 12 April, so less than two days` has to agree with when it ended."""
    bounds = [t for t in found if isinstance(t, Duration) and t.bound == "<"]
    ends = [_object(facts.get("campaign")).get("last_seen"), _object(facts.get("marks")).get("last_address_block")]
    end = max((datetime.fromisoformat(e) for e in ends if isinstance(e, str)), default=None)
    if not told or not bounds or end is None or not TOPICS["campaign_start"].search(place.text):
        return
    latest = datetime.combine(_day(told[0]) + timedelta(days=1), time(), tzinfo=UTC)
    if (end - latest).total_seconds() > bounds[0].seconds:
        yield Finding(
            f"lasting:{place.name}",
            f"{place.words} says “{bounds[0].text}” from “{told[0].text}”",
            f"the end was {shown(end)}",
            f"That is at least {(end - latest).total_seconds() / 3600:.0f} hours",
        )


def _figures(place: Place, found: list[Token], facts: Facts, strict: Backing) -> Iterator[Finding]:
    """A note may count less while it is still being counted; never more, and not otherwise afterwards."""
    known_at = _object(facts.get("moments")).get("triage.done")
    over = max([str(t) for t in (known_at, *_object(facts.get("marks")).values()) if t], default="")
    for token in found:
        if place.at is None or not isinstance(token, Number) or token.bound:
            continue
        known = strict.numbers.get(token.noun, set())
        early = bool(over) and place.at < datetime.fromisoformat(over)
        if token.noun == "messages":
            wrong = bool(known) and min(token.values) > max(known) * 1.05
        elif token.noun in _COUNTED:
            wrong = bool(known - {0.0}) and not any(v in known or (early and v < max(known)) for v in token.values)
        else:
            continue
        if wrong:
            yield Finding(
                f"figure:{place.name}:{token.noun}", f"{place.words} says “{token.text}” {token.noun}",
                f"the events have {', '.join(strict.known(token))}",
            )  # fmt: skip


def _intervals(place: Place, found: list[Token], facts: Facts, strict: Backing) -> Iterator[Finding]:
    """An interval that a sentence gives to a milestone is one between it and something else that happened."""
    marks = {k: _at(v) for k, v in _object(facts.get("marks")).items()}
    about = next((t for t in TOPICS if t in marks and TOPICS[t].search(place.text)), None)
    if about is None:
        return
    since = Backing(durations={int(abs(marks[about] - m).total_seconds()) for m in {*strict.moments, *marks.values()}})
    rows_ = {str(r["mark"]): r["since_reported"] for r in rows(facts.get("intervals"))}
    for token in found:
        if isinstance(token, Duration) and not since.has(token):
            seconds = rows_.get(about)
            table = f" {timedelta(seconds=seconds)} after the first complaint" if isinstance(seconds, int) else ""
            yield Finding(
                f"interval:{place.name}:{token.seconds}",
                f"{place.words} says “{token.text}”",
                f"by the events {_SAID[about]}{table} ({shown(marks[about])})",
            )


def _known(topic: str, facts: Facts, place: Place) -> list[Span]:
    """When that happened: by the changes, else the marks, else what other notes have on their stamps."""
    spans = [
        Span(_at(s["first_at"]), _at(s["last_at"]), f"{s['verb']} (step {s['step']})")
        for s in rows(facts.get("stretches"))
        if s["verb"] in VERBS.get(topic, ()) and not s["undo"] and _object(s["counts"]).get("done")
    ]
    mark = _object(facts.get("marks")).get(topic)
    trace = _object(facts.get("first_trace"))
    if not spans and isinstance(mark, str):
        spans = [Span(_at(mark), _at(mark), "the milestone")]
    elif not spans and topic == "campaign_start" and trace.get("at"):
        spans = [Span(_at(trace["at"]), _at(trace["at"]), f"the earliest Received header ({trace.get('raw')})")]
    elif not spans and topic == "account_created":
        made = [str(a["created"]) for a in rows(_object(facts.get("campaign")).get("accounts")) if a.get("created")]
        spans = [Span(_at(m), _at(m), "the directory") for m in made]
    if topic == "policy" or not spans:
        notes = (n for n in rows(facts.get("notes")) if not n.get("corrected") and f"note-{n['seq']}" != place.name)
        same = [n for n in notes if TOPICS[topic].search(normal(str(n.get("text") or "")))]
        spans += [Span(_at(n["at"]), _at(n["at"]), f"note {n['seq']}") for n in same]
    return spans


def _day(token: Moment) -> date:
    if token.at is not None:
        return token.at.date()
    return token.day or date.min


def _on(day: date, span: Span) -> bool:
    return span.first.date() <= day <= span.last.date()


def _span(span: Span) -> str:
    return shown(span.first) if span.first == span.last else f"{shown(span.first)} to {shown(span.last)}"


def _zone_reach(day: date, span: Span) -> str:
    """Whether it may be the same moment, told in another zone."""
    start = datetime.combine(day, time(), tzinfo=UTC)
    for moment in (span.first, span.last):
        if start - timedelta(hours=12) <= moment <= start + timedelta(days=1, hours=14):
            return "It may be the same moment in another time zone: write times in UTC"
    return ""


def _at(value: Json) -> datetime:
    return datetime.fromisoformat(str(value))


def _object(value: Json) -> Facts:
    return value if isinstance(value, dict) else {}

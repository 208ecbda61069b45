"""Figures, dates and durations out of prose: 1,9 milioni, 14 aprile 2025 alle ore 15:54, less than two days."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone

from irtool.tell.lexicon import BOUNDS, MONTHS, NOUNS, NUMBERS, SCALES, UNITS, ZONES

MOST = 20_000
"""Characters of one line that are looked at."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A date, a time of day, or both. `at` is the moment in UTC if the text says enough; without a zone it is UTC."""

    text: str
    start: int
    day: date | None = None
    month_only: bool = False
    yearless: bool = False
    clock: tuple[int, int] | None = None
    at: datetime | None = None
    zoned: bool = False
    seconds: bool = False


@dataclass(frozen=True, slots=True)
class Duration:
    """So many seconds; `unit` is the smallest one that is said, `bound` one of `<`, `>`, `~` or ""."""

    text: str
    start: int
    seconds: int
    unit: int
    bound: str = ""


@dataclass(frozen=True, slots=True)
class Number:
    """A number, all its readings (1.234), how coarse it is, and the noun that it counts, if that is one of ours."""

    text: str
    start: int
    values: tuple[float, ...]
    step: float = 1
    noun: str = ""
    bound: str = ""
    spelled: bool = False


Token = Moment | Duration | Number

_ZONE = r"(?:\s*(?P<zone>utc|gmt|[cm]e?s?t\b|mez|mesz|[ewb]e?st\b|jst|[cemp][sd]t|brt|z\b|[+-]\d{2}:?\d{2}))?"
_CLOCK = (
    rf"(?P<h>[01]?\d|2[0-3])(?::|\.(?=\d\d\s*uhr)|\s?h\s?(?=\d\d\b))(?P<m>[0-5]\d)(?::(?P<s>[0-5]\d)(?:\.\d+)?)?{_ZONE}"
)
_LINK = r"(?:,?\s*(?:[^\W\d]+\s+){0,2}?(?:h\s+)?)"
_MONTH = "|".join(sorted(map(re.escape, MONTHS), key=len, reverse=True))
_DATES = (
    rf"(?P<y>\d{{4}})-(?P<mo>0\d|1[0-2])-(?P<d>[0-3]\d)(?:(?:t|{_LINK}){_CLOCK})?(?![\w-])",
    (
        rf"(?<![\w.])(?P<d>[0-3]?\d)(?:º|°|\.|er|st|nd|rd|th)?\s+(?:d[ei]l?\s+|of\s+)?(?P<month>{_MONTH})\b\.?"
        rf"(?:,?\s+(?:d[ei]l?\s+)?(?P<y>\d{{4}}))?(?:{_LINK}{_CLOCK})?"
    ),
    rf"\b(?P<month>{_MONTH})\.?\s+(?P<d>[0-3]?\d)(?:st|nd|rd|th)?,\s+(?P<y>\d{{4}})(?:{_LINK}{_CLOCK})?",
    rf"(?<![\w.])(?P<d>[0-3]?\d)[./](?P<mo>[01]?\d)[./](?P<y>\d{{4}})(?![\w.])(?:{_LINK}{_CLOCK})?",
    rf"\b(?P<month>{_MONTH})\s+(?:d[ei]l?\s+)?(?P<y>\d{{4}})\b",
)
_MOMENT = tuple(re.compile(p, re.IGNORECASE) for p in _DATES)
_TIME = re.compile(rf"(?<![\w:.,-]){_CLOCK}(?![\w:])", re.IGNORECASE)
_SPELLED = "|".join(sorted(map(re.escape, NUMBERS), key=len, reverse=True))
_UNIT = "|".join(sorted(map(re.escape, UNITS), key=len, reverse=True))
_SOME = rf"(?:\d+|{_SPELLED})"
_NO_TIME = r"(?!(?<=h)\s\d\d\b(?!\s*m))"  # "15 h 54" is a time of day, "15 h 54 min" is not
_ONE = rf"(?<!\w)(?P<n>{_SOME})(?:(?<=\d)|[\s-])\s?(?P<unit>{_UNIT})\b(?!['’])"
_EACH = rf"(?<!\w){_SOME}(?:(?<=\d)|[\s-])\s?(?:{_UNIT})\b(?!['’]){_NO_TIME}"
_BOUND = rf"(?:(?P<bound>{'|'.join(sorted(map(re.escape, BOUNDS), key=len, reverse=True))})(?:\s+|(?<=['’])))?"
_DURATION = re.compile(
    rf"{_BOUND}(?<![\w.,]){_EACH}\.?(?:(?:,|\s|\be\b|\band\b|\bund\b|\bet\b|\by\b)+{_EACH})*",
    re.IGNORECASE,
)
_PIECE = re.compile(_ONE, re.IGNORECASE)
_UN = re.compile(rf"\b(un['’])(?={_UNIT})", re.IGNORECASE)
_FIGURE = re.compile(
    rf"{_BOUND}(?<![\w.,\-/:@#])(?P<n>\d+(?:[.,'’\s\u00a0\u202f]\d{{3}})*(?:[.,]\d+)?|\b(?:{_SPELLED})\b(?=\s))"
    rf"(?:\s+(?P<scale>{'|'.join(sorted(SCALES, key=len, reverse=True))})\b)?"
    rf"(?:\s+(?:de|di|d[’'])(?=\s|\w))?(?![\w@/]|[.,:-]\w)",
    re.IGNORECASE,
)
_NOUN = {
    noun: re.compile(rf"(?:[^\W\d]+[\s’'-]+){{0,2}}?(?P<noun>{words})", re.IGNORECASE) for noun, words in NOUNS.items()
}


def tokens(line: str) -> list[Token]:
    """All of them, in the order of the text; each character belongs to one token at most."""
    left = _UN.sub(r"un ", line[:MOST])
    found: list[Token] = []
    for pattern in _MOMENT:
        left = _take(left, pattern, _moment, found)
    left = _take(left, _DURATION, _duration, found)
    left = _take(left, _TIME, _moment, found)
    found += _numbers(left)
    return sorted(found, key=lambda t: t.start)


def _take(text: str, pattern: re.Pattern[str], make: object, found: list[Token]) -> str:
    def taken(match: re.Match[str]) -> str:
        token = make(match)  # type: ignore[operator]  # _moment or _duration
        if token is None:
            return match[0]
        found.append(token)
        return "\x00" * len(match[0])

    return pattern.sub(taken, text)


def _moment(match: re.Match[str]) -> Moment | None:
    groups = match.groupdict()
    name = (groups.get("month") or "").lower().rstrip(".")
    month = MONTHS.get(name) or int(groups.get("mo") or 0)
    year = int(groups["y"]) if groups.get("y") else None
    clock = (int(groups["h"]), int(groups["m"])) if groups.get("h") else None
    here = Moment(
        match[0].strip(), match.start(), clock=clock, seconds=bool(groups.get("s")), zoned=bool(groups.get("zone"))
    )
    if not month:
        return here if clock else None
    if not groups.get("d"):
        return Moment(here.text, here.start, date(year or 1, month, 1), month_only=True)
    try:
        day = date(year or 2000, month, int(groups["d"]))
    except ValueError:
        return None
    at = _at(day, groups) if clock and year else None
    return Moment(
        here.text, here.start, day, yearless=year is None, clock=clock, at=at, zoned=here.zoned, seconds=here.seconds
    )


def _at(day: date, groups: dict[str, str | None]) -> datetime:
    minutes = offset(groups.get("zone") or "z")
    local = datetime(day.year, day.month, day.day, int(groups["h"] or 0), int(groups["m"] or 0), int(groups["s"] or 0),
                     tzinfo=timezone(timedelta(minutes=minutes)))  # fmt: skip
    return local.astimezone(UTC)


def offset(zone: str) -> int:
    """Minutes east of UTC of `+09:00` or an abbreviation; 0 if nobody knows it."""
    plain = zone.strip().lower().replace(":", "")
    if plain[:1] in {"+", "-"} and len(plain) == 5:
        return (int(plain[1:3]) * 60 + int(plain[3:])) * (-1 if plain[0] == "-" else 1)
    return ZONES.get(plain, 0)


def _duration(match: re.Match[str]) -> Duration | None:
    pieces = [(value(m["n"]), UNITS[m["unit"].lower()]) for m in _PIECE.finditer(match[0])]
    if not pieces:
        return None
    bound = BOUNDS.get(re.sub(r"\s+", " ", match["bound"] or "").lower(), "")
    return Duration(
        match[0].strip(" ."), match.start(), int(sum(n * u for n, u in pieces)), min(u for _, u in pieces), bound
    )


def value(text: str) -> int:
    """The number of a word or of digits."""
    return int(text) if text.isdigit() else NUMBERS.get(text.lower(), 0)


def _numbers(text: str) -> Iterator[Number]:
    for match in _FIGURE.finditer(text):
        said, scale = match["n"], SCALES.get((match["scale"] or "").lower(), 1)
        spelled = said.lower() in NUMBERS
        noun = _noun(text[match.end() :])
        if spelled and (not noun or NUMBERS[said.lower()] == 1):
            continue  # "one of them", "three things": no figure of an incident
        values, step = ((float(NUMBERS[said.lower()]),), 1.0) if spelled else _readings(said)
        bound = BOUNDS.get(re.sub(r"\s+", " ", match["bound"] or "").lower(), "")
        yield Number(
            match[0].strip(),
            match.start(),
            tuple(v * scale for v in values),
            step * scale,
            noun,
            bound,
            spelled=spelled,
        )


def _noun(rest: str) -> str:
    rest = rest.lstrip()
    found = [(m.start("noun"), noun) for noun, pattern in _NOUN.items() if (m := pattern.match(rest))]
    return min(found, key=lambda f: f[0])[1] if found else ""


def _readings(said: str) -> tuple[tuple[float, ...], float]:
    """1,900,000 and 1.9 have one reading; 1.234 has two. The second is how coarse the number is."""
    plain = re.sub(r"[\s'’]", "", said)
    marks = re.findall(r"[.,]", plain)
    if not marks:
        return (float(plain),), 1.0
    last = plain.rpartition(marks[-1])[2]
    grouped = float(re.sub(r"[.,]", "", plain))
    if len(marks) > 1 and len(set(marks)) == 1:
        return (grouped,), 1.0
    whole, _, part = plain.rpartition(marks[-1])
    decimal = float(f"{re.sub(r'[.,]', '', whole)}.{part}")
    if len(marks) > 1 or len(last) != 3:
        return (decimal,), 10.0 ** -len(part)
    return (grouped, decimal), 1.0

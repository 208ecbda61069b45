"""What `irtool doctor logs` says: for each log which questions it cannot answer, and what would cure it. Reads only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from irtool.adapters.logs import LogFile
from irtool.adapters.logs.columns import LOG
from irtool.adapters.logs.cures import advice, cure
from irtool.adapters.logs.rejects import Reject
from irtool.adapters.logs.survey import Survey, survey
from irtool.errors import IrtoolError
from irtool.wiring.evidence import Evidence

QUESTIONS = (
    ("relaying in somebody else's name (null sender, own Sender, foreign From)",
     ("account", "envelope_from", "header_from", "header_sender")),
    ("who was impersonated", ("header_from",)),
    ("which accounts sent it", ("account",)),
    ("which IPs to block", ("source_ip",)),
    ("which destination to block", ("recipient_domain",)),
    ("since when, and whether it still goes on", ("time",)),
    ("whether the complaint's message is in the log", ("id",)),
    ("messages with the same subject", ("subject",)),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Lack:
    """A column that a log does not have, and the setting that would bring it."""

    column: str
    cure: str


_TIME = "no time that can be understood"
_DOUBLE = 0.1
"""Two logs that share so many of their messages count them twice; single ones are forwards that come back."""


@dataclass(frozen=True, slots=True)
class LogCheck:
    """One log. `level`: ok, warn (questions stay open) or fault (it cannot be read). `twice` are logs before it that
    have the same messages."""

    level: str
    name: str
    format: str
    says: str
    rows: int = 0
    has: Sequence[str] = ()
    lacks: Sequence[Lack] = ()
    cannot: Sequence[str] = ()
    rejects: Sequence[Reject] = ()
    notes: Sequence[Reject] = ()
    first: datetime | None = None
    last: datetime | None = None
    advice: str = ""
    hint: str = ""
    twice: Sequence[str] = ()


def check_logs(evidence: Evidence) -> Iterator[LogCheck]:
    """Every configured log, by a sample of its rows."""
    before: dict[str, frozenset[str]] = {}
    for name, source in evidence.sources().items():
        try:
            seen = survey(source)
        except IrtoolError as error:
            yield LogCheck("fault", name, source.format, error.message, hint=error.hint)
            continue
        twice = tuple(other for other, ids in before.items() if _same(ids, seen.ids))
        before[name] = seen.ids
        check = _checked(name, source, seen)
        yield replace(check, level="warn", twice=twice) if twice else check


def _same(some: frozenset[str], others: frozenset[str]) -> bool:
    return bool(some and others) and len(some & others) >= _DOUBLE * min(len(some), len(others))


def _checked(name: str, source: LogFile, seen: Survey) -> LogCheck:
    has = tuple(column for column in LOG if seen.has(column))
    absent = [column for column in LOG if column not in has] if seen.rows else []  # of nothing nothing is lacking
    lacks = tuple(Lack(column, cure(source.format, column)) for column in absent)
    cannot = tuple(text for text, needed in QUESTIONS if not set(needed) <= set(has))
    wrong = seen.rows == 0 or bool(cannot)
    share = f"{len(has)} of {len(LOG)} columns in a sample of {seen.rows:,} messages"
    return LogCheck(
        "warn" if wrong else "ok",
        name,
        source.format,
        share if seen.rows else "no message could be read",
        seen.rows,
        has,
        lacks,
        cannot,
        [_near(reject) for reject in seen.rejects],
        [_near(note) for note in seen.notes],
        seen.first,
        seen.last,
        advice(source.format),
        _hint(seen, source.format),
    )


def _hint(seen: Survey, format_: str) -> str:
    """What to do about rows that could not be read, where that is known."""
    if any(_TIME in reject.why for reject in seen.rejects):
        more = ". Until then 03/04 counts as March 4 in the rows that were understood" if seen.rows else ""
        return f"say how its times are written, and where: times: '%d/%m/%Y %H:%M:%S', zone: Europe/Rome{more}"
    if not seen.rows and not seen.rejects:
        return "the files are empty, or have no records that stand for messages"
    if not seen.rows:
        return f"nothing in the files is as {format_} has it: is that the format?"
    return ""


def _near(reject: Reject) -> Reject:
    """With the file's path as somebody who works in this folder would type it."""
    path, here = Path(reject.file), Path.cwd()
    return replace(reject, file=str(path.relative_to(here))) if path.is_relative_to(here) else reject

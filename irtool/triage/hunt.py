"""The signatures asked of the whole gateway log, without any complaint: what bears them, and what comes again.

A correlation counts hits with equal values within its timespan. The database rolls them up by those values, by what is
counted, and by day; the windows are laid over the first and the last moment of each roll-up, so that a count of hits
(`event_count`) takes a day as a whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from irtool.errors import UsageError
from irtool.language.yamlfile import suggest
from irtool.ports import LogSource, Progress
from irtool.records import Counted, Json
from irtool.triage.questions import integer
from irtool.triage.rules import Book, Correlation, Rule
from irtool.triage.rules.fields import FIELDS
from irtool.triage.rules.sql import COUNTS, Question, value_sql

LARGEST = 10
"""Accounts that are told of each signature, and how many things that come again are told of each correlation."""
MAX_ROWS = 200_000
_OWNED, _ACCOUNTS = ("env_owner", "from_owner", "sender_owner"), ("account_plan", "account_status", "account_partner")


@dataclass(frozen=True, slots=True)
class Hit:
    """A signature and the messages of the log that bear it. `largest` are the accounts with most of them."""

    name: str
    title: str
    level: str
    messages: int
    accounts: int
    first_seen: datetime | None
    last_seen: datetime | None
    largest: tuple[Counted, ...]


@dataclass(frozen=True, slots=True)
class Again:
    """What a correlation found: the values `by` that came again, what was counted, and why in one sentence. A message
    that bears two of its signatures is two `hits`."""

    name: str
    title: str
    level: str
    by: Mapping[str, str]
    hits: int
    values: tuple[str, ...]
    first_seen: datetime
    last_seen: datetime
    evidence: str


@dataclass(frozen=True, slots=True)
class Hunt:
    """The whole answer. `messages` are those that were asked about, `asked` the signatures and correlations that this
    log can answer, `unasked` the others with the reason."""

    since: datetime | None
    messages: int
    asked: tuple[str, ...]
    hits: tuple[Hit, ...]
    again: tuple[Again, ...]
    unasked: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Roll:
    """Hits of one day with the same counted value."""

    first: datetime
    last: datetime
    value: str
    hits: int


def hunt(
    log: LogSource,
    book: Book,
    *,
    names: Sequence[str] = (),
    since: datetime | None = None,
    progress: Progress | None = None,
) -> Hunt:
    """Ask the signatures and correlations of these names (all: none) about the log since that moment (all of it: None).

    Raises UsageError for a name that there is not, InputError if the log cannot be read.
    """
    wanted = _wanted(book, names)
    lacks = _Lacks(log)
    rules = {rule.name: rule for rule in book.rules}
    unasked = {one.name: why for one in wanted if (why := lacks.why(one, rules))}
    span = _Span(since, timeless="time" in log.missing())
    hits: list[Hit] = []
    again: list[Again] = []
    asked = [one for one in wanted if one.name not in unasked]
    for number, one in enumerate(asked):
        if progress:
            progress.step(f"asking {one.name}", number, len(asked))
        if isinstance(one, Rule):
            hits += _hit(log, one, span)
        else:
            again += _again(log, one, rules, span)
    total = log.query(f"SELECT count(*) AS messages FROM log l WHERE {span.condition}", span.values)  # noqa: S608
    return Hunt(
        since, integer(total[0]["messages"]), tuple(one.name for one in asked), tuple(hits), tuple(again), unasked
    )


def _wanted(book: Book, names: Sequence[str]) -> list[Rule | Correlation]:
    every: dict[str, Rule | Correlation] = {rule.name: rule for rule in book.rules}
    every |= {one.name: one for one in book.correlations}
    for name in names:
        if name not in every:
            raise UsageError(f"there is no signature {name}{suggest(name, every)}", hint="irtool check signatures")
    return [every[name] for name in dict.fromkeys(names)] or list(every.values())


class _Lacks:
    """What this log and its directory do not have."""

    def __init__(self, log: LogSource) -> None:
        self._columns = log.missing()
        (row,) = log.query("SELECT (SELECT count(*) FROM domains) AS d, (SELECT count(*) FROM accounts) AS a")
        self._fields = frozenset((*(() if row["d"] else _OWNED), *(() if row["a"] else _ACCOUNTS)))

    def why(self, one: Rule | Correlation, rules: Mapping[str, Rule]) -> str:
        """Why it cannot be asked, "" if it can."""
        asked = [one] if isinstance(one, Rule) else [rules[name] for name in one.rules if name in rules]
        extra = () if isinstance(one, Rule) else (*one.group_by, *((one.field,) if one.field else ()))
        foreign = sorted({*(name for rule in asked for name in rule.foreign), *_not_logged(extra)})
        if foreign or not asked:
            return f"asks about {', '.join(foreign) or 'nothing'}, which no log has"
        named = {name for rule in asked for name in rule.log_fields} | set(extra)
        columns = {column for name in named for column in FIELDS[name].columns} & self._columns
        if columns:
            return f"needs {', '.join(sorted(columns))}, which this log does not have"
        fields = sorted(named & self._fields)
        return f"needs {', '.join(fields)} from the directory" if fields else ""


def _not_logged(names: Iterable[str]) -> list[str]:
    return [name for name in names if not FIELDS[name].in_log]


class _Span:
    """The searched span as a condition."""

    def __init__(self, since: datetime | None, *, timeless: bool) -> None:
        some = since is not None and not timeless
        self.condition = "l.time >= CAST($hunt_since AS TIMESTAMP)" if some else "TRUE"
        self.values: dict[str, Json] = {"hunt_since": f"{since:%Y-%m-%d %H:%M:%S}"} if some else {}

    def ask(self, log: LogSource, question: Question, what: str, tail: str = "") -> list[dict[str, object]]:
        """The question within the span."""
        narrowed = Question(
            question.before, question.source, f"({question.condition}) AND {self.condition}", question.parameters
        )
        return log.query(narrowed.select(what, tail), {**question.parameters, **self.values})


def _hit(log: LogSource, rule: Rule, span: _Span) -> Iterator[Hit]:
    question = rule.question()
    (row,) = span.ask(log, question, COUNTS)
    if not row["messages"]:
        return
    largest = span.ask(
        log,
        question,
        "l.account AS value, count(*) AS messages, min(l.time) AS first_seen, max(l.time) AS last_seen",
        f"GROUP BY l.account ORDER BY messages DESC, value LIMIT {LARGEST}",
    )
    found = tuple(_counted(one) for one in largest if one["value"] is not None)
    whole = _counted({**row, "value": ""})
    accounts = integer(row["accounts"])
    yield Hit(rule.name, rule.title, rule.level, whole.messages, accounts, whole.first_seen, whole.last_seen, found)


def _counted(row: Mapping[str, object]) -> Counted:
    first, last = _moment(row["first_seen"]), _moment(row["last_seen"])
    return Counted(str(row["value"]), integer(row["messages"]), first, last)


def _again(log: LogSource, one: Correlation, rules: Mapping[str, Rule], span: _Span) -> Iterator[Again]:
    """What comes again, the most hits first."""
    groups: dict[tuple[str, ...], list[_Roll]] = {}
    keys = [value_sql(name) for name in one.group_by]
    counted = value_sql(one.field) if one.field else "''"
    what = ", ".join(f"CAST({key} AS VARCHAR) AS key_{n}" for n, key in enumerate(keys))
    what += f", CAST({counted} AS VARCHAR) AS counted, CAST(l.time AS DATE) AS on_day"
    what += ", count(*) AS hits, min(l.time) AS first_seen, max(l.time) AS last_seen"
    there = " AND ".join(f"({key}) IS NOT NULL" for key in (*keys, counted, "l.time"))
    by = ", ".join([*(f"key_{n}" for n in range(len(keys))), "counted", "on_day"])
    for name in one.rules:
        question = rules[name].question([*one.group_by, *([one.field] if one.field else [])])
        tail = f"AND {there} GROUP BY {by} ORDER BY hits DESC, {by} LIMIT {MAX_ROWS}"
        for row in span.ask(log, question, what, tail):
            first, last = _moment(row["first_seen"]), _moment(row["last_seen"])
            if first and last:
                key = tuple(str(row[f"key_{n}"]) for n in range(len(keys)))
                value = name if one.kind == "temporal" else str(row["counted"])
                groups.setdefault(key, []).append(_Roll(first, last, value, integer(row["hits"])))
    found = [
        _told(one, dict(zip(one.group_by, key, strict=True)), rolls)
        for key, rolls in groups.items()
        if _fits(one, rolls)
    ]
    yield from sorted(found, key=lambda a: (-a.hits, sorted(a.by.values())))[:LARGEST]


def _fits(one: Correlation, rolls: Sequence[_Roll]) -> bool:
    """Whether some window of the timespan has enough."""
    begins = sorted({moment for roll in rolls for moment in (roll.first, roll.last)})
    for begin in begins:
        inside = [roll for roll in rolls if roll.last >= begin and roll.first - begin <= one.timespan]
        count = sum(r.hits for r in inside) if one.kind == "event_count" else len({r.value for r in inside})
        if count == one.least if one.exact else count >= one.least:
            return True
    return False


def _told(one: Correlation, by: Mapping[str, str], rolls: Sequence[_Roll]) -> Again:
    first, last = min(roll.first for roll in rolls), max(roll.last for roll in rolls)
    values = tuple(sorted({roll.value for roll in rolls})) if one.kind != "event_count" else ()
    hits = sum(roll.hits for roll in rolls)
    shared = ", ".join(f"{name} {value}" for name, value in by.items())
    counted = "signatures" if one.kind == "temporal" else f"{(one.field or '').rpartition('.')[2]}s"
    many = f"{len(values)} {counted} in " if values else ""
    evidence = f"{shared}: {many}{hits} hits, {first:%Y-%m-%d} to {last:%Y-%m-%d}"
    return Again(one.name, one.title, one.level, by, hits, values[:LARGEST], first, last, evidence)


def _moment(value: object) -> datetime | None:
    return value if isinstance(value, datetime) else None

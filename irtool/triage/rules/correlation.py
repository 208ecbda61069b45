"""Correlations over the complaints of an incident: what comes again on another day, from another sender.

Each hit of a named signature is an event with the time of its message. A correlation that groups by `hop.*` looks at
every hop by itself: the signature has to match the message with that hop alone, and the event has the hop's time.
Events without a time belong to nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import product

from irtool.records import Complaint
from irtool.triage.rules.fields import HOP
from irtool.triage.rules.message import Owner, message_values, moment
from irtool.triage.rules.rule import Book, Correlation, Rule
from irtool.triage.rules.values import AnyValues, Value

MAX_EVENTS = 100_000
_MAX_GROUPS = 100
"""Groups that one event may belong to, when a message has many values of a field."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Complaints that belong together. `by` are the values they share, `complaints` their sources, `values` what was
    counted (days, signatures) or nothing, `events` how many hits there are."""

    name: str
    title: str
    level: str
    by: Mapping[str, str]
    complaints: tuple[str, ...]
    events: int
    values: tuple[str, ...]
    first_seen: datetime
    last_seen: datetime


@dataclass(frozen=True, slots=True)
class _Event:
    time: datetime
    complaint: str
    counted: frozenset[str]


def clusters(complaints: Sequence[Complaint], book: Book, owner: Owner | None = None) -> tuple[Cluster, ...]:
    """What the book's correlations find in these complaints, in the order of the book."""
    rules = {rule.name: rule for rule in book.rules}
    return tuple(
        cluster
        for correlation in book.correlations
        for cluster in _correlated(
            correlation, complaints, [rules[name] for name in correlation.rules if name in rules], owner
        )
    )


def _correlated(
    correlation: Correlation, complaints: Sequence[Complaint], rules: Sequence[Rule], owner: Owner | None
) -> Iterator[Cluster]:
    groups: dict[tuple[str, ...], list[_Event]] = {}
    found = (hit for complaint in complaints for hit in _hits(correlation, complaint, rules, owner))
    for number, (values, time, source, rule) in enumerate(found):
        if number >= MAX_EVENTS:
            break
        event = _Event(time, source, _counted(correlation, values, rule, number))
        for key in _keys(correlation.group_by, values):
            groups.setdefault(key, []).append(event)
    for key, events in groups.items():
        by = dict(zip(correlation.group_by, key, strict=True))
        events.sort(key=lambda event: event.time)
        for first, last in _spans(correlation, events):
            yield _cluster(correlation, by, events[first : last + 1])


def _hits(
    correlation: Correlation, complaint: Complaint, rules: Sequence[Rule], owner: Owner | None
) -> Iterator[tuple[AnyValues, datetime, str, str]]:
    if not any(name.startswith(HOP) for name in correlation.group_by):
        values = message_values(complaint, owner)
        time = moment(complaint)
        yield from ((values, time, complaint.source, rule.name) for rule in rules if time and rule.matches(values))
        return
    for hop in complaint.hops:
        values = message_values(replace(complaint, hops=(hop,)), owner)
        for rule in rules:
            if hop.time and rule.matches(values):
                yield values.hops()[0], hop.time, complaint.source, rule.name


def _counted(correlation: Correlation, values: AnyValues, rule: str, number: int) -> frozenset[str]:
    if correlation.kind == "temporal":
        return frozenset({rule})
    if correlation.field is None:
        return frozenset({str(number)})
    return frozenset(str(value) for value in values.folded(correlation.field))


def _keys(group_by: Sequence[str], values: AnyValues) -> Iterator[tuple[str, ...]]:
    choices: list[tuple[Value, ...]] = [values.folded(name) for name in group_by]
    for number, key in enumerate(product(*choices)):
        if number >= _MAX_GROUPS:
            return
        yield tuple(str(value) for value in key)


def _spans(correlation: Correlation, events: Sequence[_Event]) -> list[tuple[int, int]]:
    """First and last index of every stretch of events in which some window of the timespan has enough."""
    inside: Counter[str] = Counter()
    found: list[tuple[int, int]] = []
    first = 0
    for last, event in enumerate(events):
        inside.update(event.counted)
        while event.time - events[first].time > correlation.timespan:
            _drop(inside, events[first].counted)
            first += 1
        enough = len(inside) == correlation.least if correlation.exact else len(inside) >= correlation.least
        if not enough:
            continue
        if found and found[-1][1] >= first:
            found[-1] = (found[-1][0], last)
        else:
            found.append((first, last))
    return found


def _drop(inside: Counter[str], values: Iterable[str]) -> None:
    for value in values:
        inside[value] -= 1
        if not inside[value]:
            del inside[value]


def _cluster(correlation: Correlation, by: Mapping[str, str], events: Sequence[_Event]) -> Cluster:
    values = {value for event in events for value in event.counted} if correlation.kind != "event_count" else set()
    return Cluster(
        name=correlation.name,
        title=correlation.title,
        level=correlation.level,
        by=by,
        complaints=tuple(dict.fromkeys(event.complaint for event in events)),
        events=len(events),
        values=tuple(sorted(values)),
        first_seen=events[0].time,
        last_seen=events[-1].time,
    )

"""The campaign over time: how many of its messages the log has in each of a few equal spans."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from irtool.ports import LogSource
from irtool.records import Bucket, Json
from irtool.triage.questions import ask, integer, lacking, sql

MOST = 120
"""At most so many buckets: as many as a picture can show."""

_WIDTHS = (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10080)
_ZERO = datetime(2000, 1, 3, tzinfo=UTC)
"""A Monday: buckets of days and weeks begin where people expect it."""


def volume(
    log: LogSource, first: datetime | None, last: datetime | None, values: Mapping[str, Json], *, by_traits: bool
) -> tuple[Bucket, ...]:
    """The buckets from the first to the last message, empty ones included; none if the log has no time.

    `values` are the parameters of the search that made the table `campaign`, `by_traits` whether it was by traits.
    """
    if first is None or last is None or "time" in log.missing():
        return ()
    width = bucket_width(first, last)
    rows = ask(
        log,
        sql("volume"),
        {
            **values,
            "unit": _unit(width),
            "first": f"{first.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}",
            "last": f"{last.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}",
            "by_traits": by_traits,
            "no_account": "account" in lacking(log),
        },
    )
    counts: dict[int, int] = {}
    for row in rows:
        if isinstance(began := row["began"], datetime):
            place = (began - _ZERO) // width
            counts[place] = counts.get(place, 0) + integer(row["messages"])
    places = range((first - _ZERO) // width, (last - _ZERO) // width + 1)
    return tuple(Bucket(_ZERO + n * width, _ZERO + (n + 1) * width, counts.get(n, 0)) for n in places)


def bucket_width(first: datetime, last: datetime) -> timedelta:
    """The smallest usual width that needs at most MOST buckets; beyond weeks whole multiples of them."""
    for minutes in _WIDTHS:
        width = timedelta(minutes=minutes)
        if (last - _ZERO) // width - (first - _ZERO) // width < MOST:
            return width
    while (last - _ZERO) // width - (first - _ZERO) // width >= MOST:
        width *= 2
    return width


def _unit(width: timedelta) -> str:
    """What the log rounds to: the coarsest unit that the buckets are made of."""
    if width < timedelta(hours=1):
        return "minute"
    return "hour" if width < timedelta(days=1) else "day"

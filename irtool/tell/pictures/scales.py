"""Where things stand on an axis, and at which round values and moments it is marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_STEPS = (
    *(timedelta(minutes=n) for n in (1, 2, 5, 10, 15, 30)),
    *(n * _HOUR for n in (1, 2, 3, 6, 12)),
    *(n * _DAY for n in (1, 2, 7, 14, 28)),
)
_ZERO = datetime(2000, 1, 3, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class TimeScale:
    """The moments from `first` to `last` on the units from `left` to `right`."""

    first: datetime
    last: datetime
    left: float
    right: float

    def at(self, moment: datetime) -> float:
        """Where the moment stands."""
        span = (self.last - self.first).total_seconds()
        part = (moment - self.first).total_seconds() / span if span else 0.5
        return self.left + part * (self.right - self.left)

    def ticks(self, most: int) -> Sequence[datetime]:
        """Round moments (in UTC), at most so many."""
        step = _STEPS[-1]
        for one in _STEPS:
            if (self.last - self.first) / one <= most:
                step = one
                break
        while (self.last - self.first) / step > most:
            step *= 2
        began = _ZERO + -((_ZERO - self.first) // step) * step
        found = []
        while began <= self.last:
            if began >= self.first:
                found.append(began)
            began += step
        return found[:most]


def round_steps(largest: int, most: int) -> Sequence[int]:
    """0 and round numbers up to the first that is not below `largest`, in at most `most` steps of 1, 2 or 5."""
    step = 1
    while True:
        for factor in (1, 2, 5):
            size = step * factor
            if size * most >= largest:
                count = max(-(-largest // size), 1)
                return [n * size for n in range(count + 1)]
        step *= 10

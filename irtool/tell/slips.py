"""Two times or figures that cannot both be right, and how far two times are apart: as clocks of two zones are?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

SLACK = timedelta(minutes=1)
"""Clocks differ; times in prose have no seconds."""

_REACH = timedelta(hours=14)
_STEP = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Finding:
    """Two places that cannot both be right. `name` is stable: it is what an explanation refers to."""

    name: str
    first: str
    second: str
    advice: str = ""

    @property
    def text(self) -> str:
        """One line."""
        return f"{self.first}; {self.second}{f'. {self.advice}' if self.advice else ''}"


def slip(away: timedelta) -> str:
    """`9 h` if two times differ as clocks of two time zones do, give or take a minute; "" if they do not."""
    steps = round(away / _STEP)
    off = away - steps * _STEP
    if not steps or abs(off) > SLACK or abs(away) > _REACH:
        return ""
    hours = steps / 2
    return f"{'+' if hours > 0 else '−'}{abs(hours):g} h"


def apart(claimed: datetime, known: datetime) -> str:
    """What to say about a claimed time and the known one."""
    away = claimed - known
    zone = slip(away)
    if zone:
        rest = int((away - round(away / _STEP) * _STEP) / timedelta(seconds=1))
        return f"{zone}{f' and {rest:+d} s' if rest else ''} apart: a slip of time zone"
    return f"{abs(away)} {'later' if away > timedelta(0) else 'earlier'}"


def shown(moment: datetime) -> str:
    """`2025-04-14 15:54:00Z`."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%SZ}"

"""Spans of time as people write them: `72h`, `30d`, `15m`, `90s`, `2w`, `1d12h`."""

from __future__ import annotations

import re
from datetime import timedelta

from irtool.errors import UsageError

_PART = re.compile(r"(\d{1,9})([smhdw])", re.ASCII)
_WHOLE = re.compile(r"(\d{1,9}[smhdw])+", re.ASCII)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_LONGEST = timedelta(days=3650)
SHAPE = "a duration like 90s, 15m, 72h, 30d or 1d12h"


def duration(text: str) -> timedelta:
    """The span a text such as `72h` means. Raises UsageError if it is none, is zero, or is longer than ten years."""
    written = text.strip()
    if not _WHOLE.fullmatch(written):
        raise UsageError(f'"{text[:40]}" is not {SHAPE}', hint="irtool triage COMPLAINT --since 72h")
    seconds = sum(int(n) * _SECONDS[unit] for n, unit in _PART.findall(written))
    if not 0 < seconds <= _LONGEST.total_seconds():
        raise UsageError(
            f'"{text[:40]}" has to be more than nothing and at most 3650d', hint="irtool triage COMPLAINT --since 72h"
        )
    return timedelta(seconds=seconds)

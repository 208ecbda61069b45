"""The times of syslog lines. Traditional ones (RFC 3164) have neither year nor zone: both have to be given or found.

The year of a file's first line is the latest in which that line is not younger than the file; from there it follows
the months. Files are put in the order of their first lines, whatever a rotation has called them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from irtool.adapters.logs.files import Clean
from irtool.errors import InputError

_MONTHS = {name: n for n, name in enumerate(b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), 1)}
_PRIORITY = re.compile(rb"<\d{1,3}>(?:1 )?")
_ISO = re.compile(rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:)([0-5]\d)(?:\.(\d{1,6}))?(Z|[+-]\d\d:\d\d)")
_LOOKED_AT = 1000
_REMEMBERED = 20_000
_SLACK = timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Stamps:
    """Moments of one file's lines. `year` is the year of the first line; `known` what was found for which stamp."""

    def __init__(self, zone: tzinfo, year: int) -> None:
        self._zone = zone
        self._year = year
        self._month = 0
        self.known: dict[bytes, bytes] = {}
        self._minutes: dict[bytes, int] = {}

    def micros(self, head: bytes) -> bytes | None:
        """Microseconds since 1970 in decimal, of a line's beginning; None if there is no time in it."""
        if head[3:4] != b" ":
            head = _bare(head)
        stamp = head[:15] if head[3:4] == b" " else head.partition(b" ")[0]
        return self.known.get(stamp) or self._found(stamp, head)

    def _found(self, stamp: bytes, head: bytes) -> bytes | None:
        """A moment not met before: of a traditional stamp the minute's beginning and the seconds."""
        iso = _ISO.fullmatch(stamp)
        if iso:
            return self._of_minute(*iso.groups())
        minute = self._minutes.get(stamp[:12]) if len(stamp) == 15 else None
        if minute is None or not stamp[13:].isdigit():
            moment = self._moment(head)
            if moment is None:
                return None
            micros = (moment - _EPOCH) // _MICROSECOND
            if len(stamp) == 15:
                self._minutes[stamp[:12]] = micros - moment.second * 1_000_000
        else:
            micros = minute + int(stamp[13:]) * 1_000_000
        if len(self.known) >= _REMEMBERED:
            self.known.clear()
            self._minutes.clear()
        found = self.known[stamp] = b"%d" % micros
        return found

    def _of_minute(self, minute: bytes, second: bytes, fraction: bytes | None, offset: bytes) -> bytes | None:
        """A moment with an offset. Hardly two are alike, but many are of the same minute."""
        base = self._minutes.get(minute + offset)
        if base is None:
            moment = _iso(minute + b"00" + offset, self._zone)
            if moment is None:
                return None
            if len(self._minutes) >= _REMEMBERED:
                self._minutes.clear()
            base = self._minutes[minute + offset] = (moment - _EPOCH) // _MICROSECOND
        return b"%d" % (base + int(second) * 1_000_000 + int((fraction or b"").ljust(6, b"0")))

    def _moment(self, head: bytes) -> datetime | None:
        parts = _parts(head)
        if parts is None:
            return _iso(head, self._zone)
        passed = parts[0] - self._month if self._month else 0
        if passed < -1 or passed == 11:  # a new year, or a straggler of the old one
            self._year += 1 if passed < 0 else -1
            self.known.clear()
            self._minutes.clear()
        self._month = parts[0]
        return _in_year(parts, self._year, self._zone)


@dataclass(frozen=True, slots=True)
class Piece:
    """One file of a log: where it is and the year of its first line."""

    path: str
    year: int


def in_order(paths: Sequence[str], zone: tzinfo, year: int | None = None) -> list[Piece]:
    """The files in the order of time. `year` is the year of the oldest line, if it must not be guessed."""
    found = [(*_first(path, zone), path) for path in paths]
    found.sort(key=lambda one: (one[0] or datetime.max.replace(tzinfo=UTC), _rotation(one[2]), one[2]))
    dated = [moment.astimezone(zone).year for moment, has_year, _ in found if moment and not has_year]
    shift = year - dated[0] if year and dated else 0
    return [Piece(path, (moment or datetime.now(UTC)).astimezone(zone).year + shift) for moment, _, path in found]


def zone_named(name: str, place: str) -> tzinfo:
    """A time zone by its IANA name. Raises InputError."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InputError(f"{place}: unknown time zone {name!r}", hint="name it like Europe/Rome or UTC") from error


def is_stamped(line: bytes) -> bool:
    """Whether a line begins as syslog lines do."""
    return _parts(line) is not None or _iso(line, UTC) is not None


def _first(path: str, zone: tzinfo) -> tuple[datetime | None, bool]:
    """The moment of the first line that has one, and whether its year was written there."""
    changed = datetime.fromtimestamp(Path(path).stat().st_mtime, UTC) + _SLACK
    with Clean(path) as clean:
        for line in islice(clean.lines(), _LOOKED_AT):
            parts = _parts(line)
            if parts is None:
                written = _iso(line, zone)
                if written:
                    return written, True
                continue
            years = (changed.year + 1, changed.year, changed.year - 1, *range(changed.year - 2, changed.year - 10, -1))
            for guess in years:  # 29 February is not in every year
                moment = _in_year(parts, guess, zone)
                if moment and moment <= changed:
                    return moment, False
    return None, False


def _parts(head: bytes) -> tuple[int, int, int, int, int] | None:
    """Month, day, hour, minute, second of `Apr 14 15:54:00 …`."""
    head = _bare(head)
    month = _MONTHS.get(head[:3])
    if month is None or head[3:4] != b" " or head[6:7] != b" " or head[9:10] != b":" or head[12:13] != b":":
        return None
    try:
        return month, int(head[4:6]), int(head[7:9]), int(head[10:12]), int(head[13:15])
    except ValueError:
        return None


def _iso(head: bytes, zone: tzinfo) -> datetime | None:
    """The moment of `2025-04-14T15:54:00.123456+02:00 …` (RFC 5424)."""
    try:
        moment = datetime.fromisoformat(_bare(head).partition(b" ")[0].decode("ascii"))
    except (ValueError, UnicodeDecodeError):
        return None
    return _utc(lambda: moment if moment.tzinfo else moment.replace(tzinfo=zone))


def _in_year(parts: tuple[int, int, int, int, int], year: int, zone: tzinfo) -> datetime | None:
    return _utc(lambda: datetime(year, *parts, tzinfo=zone))


def _utc(make: Callable[[], datetime]) -> datetime | None:
    try:
        return make().astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _bare(head: bytes) -> bytes:
    if head[:1] != b"<":
        return head
    priority = _PRIORITY.match(head)
    return head[priority.end() :] if priority else head


def _rotation(path: str) -> int:
    """The older a rotated file, the smaller: mail.log.10.gz comes before mail.log.2.gz before mail.log."""
    numbers = re.findall(r"\.(\d{1,5})(?=\.|$)", Path(path).name)
    return -int(numbers[-1]) if numbers else 0

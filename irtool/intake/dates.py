"""Dates of mail headers (RFC 5322 §3.3) as UTC. What cannot be read for certain is None, with the reason."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

_ZONE = re.compile(r"(?::\d{2}|\s)[+-]\d{4}\b|\b(?:UTC?|GMT|Z|[ECMP][SD]T)\b")
"""What RFC 5322 §4.3 gives a meaning. The standard library reads every other zone, and none at all, as UTC."""

_USUAL = re.compile(
    r"\s*(?:[A-Za-z]{3},)? {0,2}(\d{1,2}) ([A-Za-z]{3}) (\d{4}) (\d\d:\d\d:\d\d) {1,2}([+-]\d{4})(?:\s.{0,40})?",
    re.DOTALL,
)
_ISO = re.compile(
    r"\s*(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,]\d{1,9})?\s?(Z|UTC|GMT|[+-]\d\d:?\d\d)\s*", re.IGNORECASE
)
_FIRST_YEAR = "1971"
_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTHS = {name: f"{n:02}" for n, name in enumerate(_NAMES, start=1)}


def read(text: str) -> tuple[datetime | None, str]:
    """The moment, and "" or what is wrong with it.

    A date without a zone is not guessed: nine hours of error in a timeline are worse than a gap. `-0000` is UTC whose
    local zone nobody tells (RFC 5322 §3.3).
    """
    usual = _USUAL.fullmatch(text)
    if usual and usual[3] >= _FIRST_YEAR and (month := _MONTHS.get(usual[2])):
        day, _, year, clock, zone = usual.groups()
        try:
            return datetime.fromisoformat(f"{year}-{month}-{day:0>2}T{clock}{zone}").astimezone(UTC), ""
        except (ValueError, OverflowError):
            pass  # a leap second, a day that does not exist: said below
    return _read_slowly(text)


def _read_slowly(text: str) -> tuple[datetime | None, str]:
    from email.utils import parsedate_tz

    if iso := _ISO.fullmatch(text[:200]):  # programs write it where RFC 5322 has its own form
        zone = "+00:00" if iso[3].isalpha() else iso[3]
        text = f"{iso[1]}T{iso[2]}{zone}"
        try:
            return datetime.fromisoformat(text).astimezone(UTC), ""
        except (ValueError, OverflowError):
            return None, f"cannot read the date '{text}'"
    shown = " ".join(text.split())[:60]
    text = text[:200]
    try:
        parts = parsedate_tz(text)
        if parts is None:
            return None, f"cannot read the date '{shown}'"
        if 100 <= parts[0] <= 999:  # RFC 5322 §4.3; programs that counted years from 1900 wrote 102
            parts = (parts[0] + 1900, *parts[1:])
        if not _ZONE.search(text):
            return None, f"the date '{shown}' has no time zone that can be read"
        if parts[0] < int(_FIRST_YEAR):
            return None, f"the date '{shown}' is older than e-mail"
        local = datetime(*parts[:6], tzinfo=timezone(timedelta(seconds=parts[9] or 0)))
        return local.astimezone(UTC), ""
    except (ValueError, TypeError, IndexError, OverflowError):
        return None, f"cannot read the date '{shown}'"

"""Dates of mail headers (RFC 5322 §3.3) as UTC. What cannot be read for certain is None, with the reason."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

_ZONE = re.compile(r"(?::\d{2}|\s)[+-]\d{4}\b|\b(?:UTC?|GMT|Z|[ECMP][SD]T)\b")
"""What RFC 5322 §4.3 gives a meaning. The standard library reads every other zone, and none at all, as UTC."""


def read(text: str) -> tuple[datetime | None, str]:
    """The moment, and "" or what is wrong with it.

    A date without a zone is not guessed: nine hours of error in a timeline are worse than a gap. `-0000` is UTC whose
    local zone nobody tells (RFC 5322 §3.3).
    """
    from email.utils import parsedate_tz

    shown = " ".join(text.split())[:60]
    text = text[:200]
    try:
        parts = parsedate_tz(text)
        if parts is None:
            return None, f"cannot read the date '{shown}'"
        if not _ZONE.search(text):
            return None, f"the date '{shown}' has no time zone that can be read"
        local = datetime(*parts[:6], tzinfo=timezone(timedelta(seconds=parts[9] or 0)))
        return local.astimezone(UTC), ""
    except (ValueError, TypeError, IndexError, OverflowError):
        return None, f"cannot read the date '{shown}'"

"""Indicators as CSV for people with a spreadsheet and scripts (RFC 4180): no field of it is ever a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import datetime

from irtool.records import utc
from irtool.tell import clean
from irtool.tell.exports.envelope import Envelope
from irtool.tell.exports.indicators import Indicator
from irtool.tell.redaction import marking

HEAD = (
    "type", "value", "role", "block", "messages", "innocent", "first_seen", "last_seen", "confidence", "incident",
    "tlp",
)  # fmt: skip


def sheet(found: Iterable[Indicator], about: Envelope, *, defang: bool = False) -> str:
    """The indicators, one row each. With `defang` nothing in it can be clicked."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(HEAD)
    for one in found:
        writer.writerow(
            (
                one.kind,
                clean.csv(clean.defang(one.value) if defang else one.value),
                one.role,
                "yes" if one.block else "no",
                one.messages or "",
                "" if one.innocent is None else one.innocent,
                _time(one.first_seen),
                _time(one.last_seen),
                f"{one.confidence:.2f}" if one.confidence else "",
                clean.csv(about.incident),
                marking(about.tlp),
            )
        )
    return out.getvalue()


def _time(moment: datetime | None) -> str:
    return utc(moment) if moment else ""

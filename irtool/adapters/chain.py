"""Events as rows and hashes: the arithmetic of the journal's chain.

`hash = sha256(canonical JSON of all other fields)`, and the fields include the hash of the event before.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime

from irtool.records import Event, Json, utc

COLUMNS = 'incident, seq, kind, data, step, item, actor, source, occurred_at, "offset", recorded_at, prev, hash'
Row = tuple[str, int, str, str, str | None, str | None, str | None, str, str, str, str, str, str]
"""An event in the order of COLUMNS; `data` is canonical JSON, times are `records.utc` text."""


def canonical(data: Json) -> str:
    """JSON in ASCII with sorted keys and no spaces: one text for one value, whatever characters a complaint brought."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"))


def storable(text: str | None) -> str | None:
    """Text that every database takes: a lone surrogate, which only hostile input has, becomes a question mark."""
    return text if text is None else text.encode("utf-8", "replace").decode()


def digest(values: Row) -> str:
    """The hash that a row's other columns demand. It covers their text as it is stored, whatever form that has."""
    return hashlib.sha256(canonical([*values[:-1]]).encode()).hexdigest()


def row(event: Event) -> Row:
    """The event as it is stored."""
    return (
        event.incident, event.seq, event.kind, canonical(dict(event.data)), event.step, event.item, event.actor,
        event.source, utc(event.occurred_at), event.offset, utc(event.recorded_at), event.prev, event.hash,
    )  # fmt: skip


def unrow(values: Row) -> Event:
    """The stored event. Raises ValueError if its data are no JSON object or its times are no times."""
    incident, seq, kind, data, step, item, actor, source, occurred, offset, recorded, prev, known = values
    value = json.loads(data)
    if not isinstance(value, dict):
        raise ValueError(f"the data of event {seq} are not an object")  # noqa: TRY004 (a fault of the file, not of a caller)
    times = (datetime.fromisoformat(occurred), datetime.fromisoformat(recorded))
    return Event(incident, seq, kind, value, step, item, actor, source, times[0], offset, times[1], prev, known)

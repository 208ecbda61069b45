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


def hashed(event: Event) -> Event:
    """The event with the hash that its other fields demand."""
    fields: list[Json] = [*row(event)[:-1]]
    digest = hashlib.sha256(canonical(fields).encode()).hexdigest()
    return Event(**{name: getattr(event, name) for name in Event.__slots__ if name != "hash"}, hash=digest)


def row(event: Event) -> Row:
    """The event as it is stored."""
    return (
        event.incident, event.seq, event.kind, canonical(dict(event.data)), event.step, event.item, event.actor,
        event.source, utc(event.occurred_at), event.offset, utc(event.recorded_at), event.prev, event.hash,
    )  # fmt: skip


def unrow(values: Row) -> Event:
    """The stored event. Raises ValueError if a column does not have the one form in which it is written."""
    incident, seq, kind, data, step, item, actor, source, occurred, offset, recorded, prev, digest = values
    value = json.loads(data)
    if not isinstance(value, dict) or canonical(value) != data:
        raise ValueError("its data are not canonical JSON")
    times = (datetime.fromisoformat(occurred), datetime.fromisoformat(recorded))
    if (utc(times[0]), utc(times[1])) != (occurred, recorded):
        raise ValueError("its times are not canonical")
    return Event(incident, seq, kind, value, step, item, actor, source, times[0], offset, times[1], prev, digest)

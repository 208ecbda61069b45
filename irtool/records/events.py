"""The entries of the journal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from irtool.records.json import Json


@dataclass(frozen=True, slots=True)
class Entry:
    """An event about to be written. `kind` is one of `history.KINDS`. `occurred_at` None means now; `offset` is the
    original UTC offset as written in the source ("+09:00"), "" if it was UTC. `source` says who says so: irtool,
    person, slack, complaint, log."""

    kind: str
    data: Mapping[str, Json] = field(default_factory=dict)
    step: str | None = None
    item: str | None = None
    actor: str | None = None
    source: str = "irtool"
    occurred_at: datetime | None = None
    offset: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of the journal. `seq` counts from 1 without gaps in an incident; `hash` covers every other field and
    `prev`, the hash of the event before."""

    incident: str
    seq: int
    kind: str
    data: Mapping[str, Json]
    step: str | None
    item: str | None
    actor: str | None
    source: str
    occurred_at: datetime
    offset: str
    recorded_at: datetime
    prev: str
    hash: str


@dataclass(frozen=True, slots=True)
class Chain:
    """What `Journal.verify` found. `fault` says what is wrong and at which event, "" if nothing is."""

    whole: bool
    events: int
    head: str
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """A person's answer to an approval request. `items` names the changes it is about, () for all of the step.
    `break_glass` says why they go past the approval of others, "" if they do not."""

    approved: bool
    person: str
    door: str
    reason: str = ""
    items: tuple[str, ...] = ()
    break_glass: str = ""

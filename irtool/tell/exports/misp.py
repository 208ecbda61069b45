"""Indicators as a MISP event: the JSON that MISP imports and PyMISP loads."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime

from irtool.records import Json
from irtool.tell import clean
from irtool.tell.exports.envelope import Envelope
from irtool.tell.exports.indicators import Indicator

_TYPES = {
    "domain": ("Network activity", "domain"),
    "ip": ("Network activity", "ip-src"),
    "address": ("Payload delivery", "email-src"),
    "url": ("Network activity", "url"),
    "message_id": ("Payload delivery", "email-message-id"),
}
_DISTRIBUTION = {"clear": "3", "green": "2", "amber": "0", "amber+strict": "0", "red": "0"}
"""All communities, connected communities, this organisation only: whoever imports it widens it knowingly."""


def event(found: Sequence[Indicator], about: Envelope) -> str:
    """The event as JSON text, not published: that is for whoever imports it."""
    title = f"{about.incident}: {about.title}" if about.title else about.incident
    whole: dict[str, Json] = {
        "uuid": about.name_for("misp"),
        "info": clean.visible(title),
        "date": f"{about.opened_at:%Y-%m-%d}",
        "timestamp": _epoch(about.as_of),
        "threat_level_id": "2",
        "analysis": "1" if about.open else "2",
        "distribution": _DISTRIBUTION[about.tlp],
        "published": False,
        "Orgc": {"name": clean.visible(about.org), "uuid": about.name_of_org()},
        "Tag": [{"name": f"tlp:{about.tlp}"}, {"name": 'rsit:abusive-content="spam"'}],
        "Attribute": [_attribute(one, about) for one in found],
    }
    return json.dumps({"Event": whole}, indent=2) + "\n"


def _attribute(one: Indicator, about: Envelope) -> dict[str, Json]:
    category, kind = _TYPES[one.kind]
    figures = f"{one.messages} messages" if one.messages else ""
    if one.innocent is not None:
        figures += f", {one.innocent} others that a block would hit"
    attribute: dict[str, Json] = {
        "uuid": about.name_for("misp", one.kind, one.value),
        "category": category,
        "type": kind,
        "value": one.value,
        "to_ids": one.block,
        "distribution": "5",  # as the event
        "timestamp": _epoch(about.as_of),
        "comment": ": ".join(part for part in (one.role, figures) if part),
    }
    for key, moment in (("first_seen", one.first_seen), ("last_seen", one.last_seen)):
        if moment:
            attribute[key] = f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}+00:00"
    return attribute


def _epoch(moment: datetime) -> str:
    return str(int(moment.timestamp()))

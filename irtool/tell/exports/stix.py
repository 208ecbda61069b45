"""Indicators as a STIX 2.1 bundle: who tells, the report, what was seen, and patterns for what may be blocked.

Written by hand: a bundle is JSON with names, and the libraries for it cost more start-up than all of irtool. What this
makes is held against OASIS' own validator by the tests.
"""

from __future__ import annotations

import ipaddress
import json
import uuid
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from irtool.records import Json
from irtool.tell import clean
from irtool.tell.exports import tlp
from irtool.tell.exports.envelope import Envelope
from irtool.tell.exports.indicators import Indicator
from irtool.tell.redaction import marking

Object = dict[str, Json]

_OBSERVABLES = uuid.UUID("00abedb4-aa42-466c-9c01-fed23315a9b7")
"""The namespace that STIX 2.1 fixes for the ids of cyber-observable objects."""

_SINCE = "2025-01-01T00:00:00.000Z"
"""Of the identity: its id is its name, so nothing of it may depend on the incident."""

_MOST_SEEN = 999_999_999


def bundle(found: Sequence[Indicator], about: Envelope) -> str:
    """The bundle as JSON text. The same facts give the same text. Message-ids are left out: STIX has no id for them."""
    objects = [_marking(about), _identity(about)]
    for one in found:
        if one.kind != "message_id":
            objects += _objects(one, about)
    objects.append(_report(objects, about))
    whole: Object = {"type": "bundle", "id": f"bundle--{about.name_for('bundle', _time(about.as_of))}"}
    whole["objects"] = list[Json](objects)
    return json.dumps(whole, indent=2) + "\n"


def pattern(one: Indicator) -> str:
    """The STIX pattern that matches the value."""
    text = one.value.replace("\\", "\\\\").replace("'", "\\'")
    if one.kind == "address":
        return f"[email-message:from_ref.value = '{text}' OR email-message:sender_ref.value = '{text}']"
    what, operator = _observable_type(one), "ISSUBSET" if one.kind == "ip" and "/" in one.value else "="
    return f"[{what}:value {operator} '{text}']"


def _objects(one: Indicator, about: Envelope) -> Iterator[Object]:
    observable = _observable(one)
    yield observable
    seen = _observed(one, about, observable)
    if seen:
        yield seen
    if one.block:
        sign = _indicator(one, about)
        yield sign
        if seen:
            yield _common("relationship", about, "based-on", one.kind, one.value) | {
                "relationship_type": "based-on",
                "source_ref": sign["id"],
                "target_ref": seen["id"],
            }


def _observable_type(one: Indicator) -> str:
    if one.kind == "ip":
        return f"ipv{ipaddress.ip_network(one.value).version}-addr"
    return {"domain": "domain-name", "address": "email-addr", "url": "url"}[one.kind]


def _observable(one: Indicator) -> Object:
    kind = _observable_type(one)
    name = json.dumps({"value": one.value}, ensure_ascii=False, separators=(",", ":"))
    return {
        "type": kind,
        "spec_version": "2.1",
        "id": f"{kind}--{uuid.uuid5(_OBSERVABLES, name)}",
        "value": one.value,
    }


def _observed(one: Indicator, about: Envelope, observable: Object) -> Object | None:
    """How often and when it was seen; nothing if that is not known."""
    if not one.first_seen or not one.last_seen or one.messages < 1:
        return None
    return _common("observed-data", about, one.kind, one.value) | {
        "first_observed": _time(one.first_seen),
        "last_observed": _time(max(one.first_seen, one.last_seen)),
        "number_observed": min(one.messages, _MOST_SEEN),
        "object_refs": [observable["id"]],
    }


def _indicator(one: Indicator, about: Envelope) -> Object:
    sign = _common("indicator", about, one.kind, one.value) | {
        "name": one.value,
        "description": f"{one.role} of the campaign in incident {clean.visible(about.incident)}",
        "indicator_types": ["malicious-activity"],
        "pattern": pattern(one),
        "pattern_type": "stix",
        "pattern_version": "2.1",
        "valid_from": _time(one.first_seen or about.opened_at),
    }
    return sign | {"confidence": round(one.confidence * 100)} if one.confidence else sign


def _marking(about: Envelope) -> Object:
    return {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": tlp.MARKINGS[about.tlp],
        "created": tlp.CREATED,
        "name": marking(about.tlp),
        "extensions": {tlp.EXTENSION: {"extension_type": "property-extension", "tlp_2_0": about.tlp}},
    }


def _identity(about: Envelope) -> Object:
    return {
        "type": "identity",
        "spec_version": "2.1",
        "id": _who(about),
        "created": _SINCE,
        "modified": _SINCE,
        "name": clean.visible(about.org) or "unnamed",
        "identity_class": "organization",
    }


def _report(objects: Sequence[Object], about: Envelope) -> Object:
    told = [one["id"] for one in objects if one["type"] != "marking-definition"]
    return _common("report", about, "report") | {
        "name": clean.visible(f"{about.incident}: {about.title}" if about.title else about.incident),
        "report_types": ["campaign", "indicator"],
        "published": _time(about.as_of),
        "object_refs": told,
    }


def _common(kind: str, about: Envelope, *parts: str) -> Object:
    return {
        "type": kind,
        "spec_version": "2.1",
        "id": f"{kind}--{about.name_for(kind, *parts)}",
        "created_by_ref": _who(about),
        "created": _time(about.opened_at),
        "modified": _time(max(about.as_of, about.opened_at)),
        "object_marking_refs": [tlp.MARKINGS[about.tlp]],
    }


def _who(about: Envelope) -> str:
    return f"identity--{about.name_of_org()}"


def _time(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"

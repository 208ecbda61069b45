"""Rehearsing a change: what would be sent, without sending it. An approval is bound to exactly that.

The conversation of a change is held as far as it goes: its reads are sent, its changing calls are noted and taken for
done. What is noted is the *essence* of a call: all of it but what was looked up just before. The list that a body
rightly contains is taken out (what it adds and removes stays), as are the values that the connector says may vary (an
ETag), and the idempotency key. Credentials are never in a Call. The essences are bound together with the connector's
identity: its addresses, its settings and, of a manifest, the words for the verb.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from irtool.connectors.exchange import hold
from irtool.errors import CallError, IrtoolError, Rejected
from irtool.plan.hashes import digest
from irtool.plan.watched import Watched
from irtool.ports import CallSender, Connector, Identified
from irtool.records import REHEARSED, Call, Json, Look, Reply, to_json

KEY = "0" * 64
"""The idempotency key of a rehearsal."""

OPEN = "*"
"""What follows cannot be told before the server has answered."""

_LONGEST = 4000
_TELLING = 6


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What a change would send: the essences of its changing calls. `open` if more may follow; `refusal` says why the
    connector would send nothing at all."""

    essences: tuple[Json, ...] = ()
    open: bool = False
    refusal: str = ""


def rehearse(
    connector: Connector, verb: str, target: str, params: Mapping[str, Json], look: Look, sender: CallSender
) -> Rehearsed:
    """Rehearse one change. Raises CallError if the server cannot be read, which is not the fault of the target."""
    stage = _Stage(sender)
    try:
        hold(connector.change(verb, target, params, look, KEY), stage)
    except IrtoolError as error:
        if stage.noted:
            return Rehearsed(stage.essences(), open=True)
        if isinstance(error, CallError) and stage.is_down(error):
            raise
        return Rehearsed(refusal=error.message)
    return Rehearsed(stage.essences())


def binding(identity: Json, rehearsed: Rehearsed) -> tuple[str, ...]:
    """records.Change.binding: what an approval is bound to."""
    calls = (digest(essence) for essence in rehearsed.essences)
    return (digest(identity), *calls, *((OPEN,) if rehearsed.open else ()))


def identity(connector: Connector, verb: str, target: str, params: Mapping[str, Json]) -> Json:
    """Which connector it is: where its calls go and by which rules it makes them."""
    told = connector.identity(verb, target, params) if isinstance(connector, Identified) else {}
    return {"connector": connector.name, **{name: to_json(value) for name, value in told.items()}}


def essence(call: Call) -> Json:
    """All of a changing call that does not depend on the moment at which it is sent."""
    swaps = _swaps(call)
    body: Json = _swap(call.body, swaps)
    if call.merges is not None and call.body is not None:
        body = _difference(call.merges, call.body)
    found: dict[str, Json] = {
        "connector": call.connector,
        "base": call.base,
        "transport": call.transport,
        "method": call.method,
        "path": _swap(call.path, swaps),
        "headers": [[name, _swap(value, swaps)] for name, value in sorted((n.lower(), v) for n, v in call.headers)],
        "argv": [_swap(word, swaps) for word in call.argv],
        "body": body,
    }
    return {name: value for name, value in found.items() if value not in ("", [], None)}


def shown(essence: Json) -> Json:
    """An essence for people and the journal: a long body only by its digest and size."""
    if not isinstance(essence, dict):
        return essence
    body = essence.get("body")
    text = body if isinstance(body, str) else json.dumps(body)
    if len(text) <= _LONGEST:
        return essence
    return {**essence, "body": {"characters": len(text), "sha256": digest(body)}}


class _Stage:
    """A sender on which only reads are real."""

    def __init__(self, sender: CallSender) -> None:
        self.watched = Watched(sender)
        self.noted: list[Call] = []

    def send(self, call: Call) -> Reply:
        """The server's answer to a read; a changing call goes nowhere."""
        if not call.changes:
            return self.watched.send(call)
        self.noted.append(call)
        return REHEARSED

    def close(self) -> None:
        """Nothing: the sender belongs to whoever made it."""

    def is_down(self, error: CallError) -> bool:
        """Whether it is the server that could not be read, and not the connector that would not do it."""
        would_not = isinstance(error, Rejected) and not error.status and not self.watched.failed_to_send
        return bool(self.watched.calls) and not would_not and self.watched.blames_connector(error)

    def essences(self) -> tuple[Json, ...]:
        return tuple(essence(call) for call in self.noted)


def _swaps(call: Call) -> Sequence[tuple[str, str]]:
    """What is replaced by its name, the longest first: as it is, inside JSON text, and quoted in a URL."""
    named = [(value, f"{{{name}}}") for name, value in call.varies if value]
    if call.key:
        named.append((call.key.partition("/")[0], "{key}"))
    spelled = {
        (form, name)
        for value, name in named
        for form in (value, json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], quote(value, safe=""))
    }
    return sorted(spelled, key=lambda pair: (-len(pair[0]), pair))


def _swap(text: str | None, swaps: Sequence[tuple[str, str]]) -> str | None:
    """The text with what varies named: where that is all of it, or stands in it by itself and is long enough to mean
    only that."""
    for value, name in swaps if text else ():
        if text == value:
            return name
        if len(value) >= _TELLING and text and value in text:
            text = re.sub(rf"(?<![A-Za-z0-9]){re.escape(value)}(?![A-Za-z0-9])", name.replace("\\", r"\\"), text)
    return text


def _difference(there: str, body: str) -> Json:
    """What a body adds to and removes from the lines that were there, or from the one JSON list in it."""
    listed, whole = _json(there), _json(body)
    if isinstance(listed, list) and isinstance(whole, list):
        return _changed(listed, whole)
    if isinstance(listed, list) and isinstance(whole, dict):
        lists = [name for name, value in whole.items() if isinstance(value, list)]
        if len(lists) == 1:
            return {name: _changed(listed, v) if isinstance(v, list) else v for name, v in whole.items()}
    old, new = Counter(there.splitlines()), Counter(body.splitlines())
    return {"adds": [*sorted((new - old).elements())], "removes": [*sorted((old - new).elements())]}


def _changed(there: list[Json], then: list[Json]) -> Json:
    old, new = Counter(map(_canonical, there)), Counter(map(_canonical, then))
    return {"adds": [*sorted((new - old).elements())], "removes": [*sorted((old - new).elements())]}


def _canonical(value: Json) -> str:
    return json.dumps(value, sort_keys=True)


def _json(text: str) -> Json:
    try:
        found: Json = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found

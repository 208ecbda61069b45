"""What Slack sends, taken apart: commands and clicks, each taken once.

Shapes: Slack's Socket Mode (envelopes), slash commands, `app_mention` events and `block_actions` interactions.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from irtool.chat.grammar import plain

_REMEMBERED = 5000


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks and where they are answered: `respond` is Slack's response URL, "" if there is none; `trigger` opens a
    view within 3 seconds."""

    user: str
    channel: str
    thread: str = ""
    respond: str = ""
    trigger: str = ""


@dataclass(frozen=True, slots=True)
class Command:
    """What somebody typed after `/irtool` or `@irtool`."""

    asker: Asker
    text: str


@dataclass(frozen=True, slots=True)
class Click:
    """A button somebody pressed; `message` is the time stamp of the message it is on. `chosen` is what they picked, if
    it was a menu."""

    asker: Asker
    action: str
    value: str
    message: str
    chosen: str = ""


def read(kind: str, payload: Mapping[str, Any], me: str) -> Command | Click | None:
    """What an envelope of this kind says, None if it is nothing to us. `me` is our own user id."""
    if kind == "slash_commands":
        asker = Asker(
            _text(payload, "user_id"),
            _text(payload, "channel_id"),
            respond=_text(payload, "response_url"),
            trigger=_text(payload, "trigger_id"),
        )
        return Command(asker, plain(_text(payload, "text")))
    if kind == "events_api":
        return _mention(_part(payload, "event"), me)
    if kind == "interactive" and payload.get("type") == "block_actions":
        return _click(payload)
    return None


def _mention(event: Mapping[str, Any], me: str) -> Command | None:
    if event.get("type") != "app_mention" or event.get("bot_id") or event.get("subtype"):
        return None
    asker = Asker(_text(event, "user"), _text(event, "channel"), thread=_text(event, "thread_ts"))
    said = _text(event, "text")
    _, found, after = said.partition(f"<@{me}>")
    return Command(asker, plain(after if found else said))


def _click(payload: Mapping[str, Any]) -> Click | None:
    actions = payload.get("actions")
    action = actions[0] if isinstance(actions, list) and actions and isinstance(actions[0], dict) else {}
    name = _text(action, "action_id")
    if not name.startswith("irtool."):
        return None
    place = _part(payload, "container")
    asker = Asker(
        _text(_part(payload, "user"), "id"),
        _text(_part(payload, "channel"), "id") or _text(place, "channel_id"),
        thread=_text(place, "thread_ts"),
        respond=_text(payload, "response_url"),
        trigger=_text(payload, "trigger_id"),
    )
    about, chosen = _text(action, "value"), ""
    if action.get("type") == "static_select":
        about, chosen = _text(action, "block_id"), _text(_part(action, "selected_option"), "value")
    return Click(asker, name.removeprefix("irtool."), about, _text(place, "message_ts"), chosen)


def names(envelope: str, payload: Mapping[str, Any]) -> tuple[str, ...]:
    """The names under which Slack may send the same thing again."""
    found = (envelope, _text(payload, "event_id"), _text(payload, "trigger_id"))
    return tuple(n for n in found if n)


class Seen:
    """Remembers the last few thousand names."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._names: OrderedDict[str, None] = OrderedDict()

    def first(self, given: tuple[str, ...]) -> bool:
        """Whether none of the names was given before."""
        with self._lock:
            known = any(n in self._names for n in given)
            self._names.update(dict.fromkeys(given))
            while len(self._names) > _REMEMBERED:
                self._names.popitem(last=False)
        return not known


def _text(values: Mapping[str, Any], key: str) -> str:
    found = values.get(key)
    return found if isinstance(found, str) else ""


def _part(values: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = values.get(key)
    return found if isinstance(found, dict) else {}

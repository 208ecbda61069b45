"""Block Kit within its limits: 50 blocks, 3,000 characters a section, about 13,000 in all (Slack reference)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from irtool.errors import UsageError

Block = dict[str, Any]
SECTION = 2900
MESSAGE = 11_500
_BLOCKS = 45
_TEXT = 2900
_CONFIRM = 290
_VALUE = 2000
_LABEL = 140
_OPTION = 75
MOST_OPTIONS = 100


@dataclass(frozen=True, slots=True)
class Message:
    """A message: `text` is what notifications and screen readers say, `blocks` what is seen. Both are clean already."""

    text: str
    blocks: Sequence[Block] = ()


@dataclass(frozen=True, slots=True)
class Ref:
    """What a button is about: an incident; a step and its hash, or the plan's hash; the headline's time stamp."""

    incident: str
    step: str = ""
    hash: str = ""
    headline: str = ""

    def value(self) -> str:
        """As a button's value (at most 2,000 characters)."""
        return json.dumps([self.incident, self.step, self.hash, self.headline])

    @classmethod
    def of(cls, value: str) -> Ref:
        """From a button's value. Raises UsageError if it is not one of ours."""
        try:
            parts = json.loads(value) if len(value) <= _VALUE else None
        except ValueError:
            parts = None
        if not isinstance(parts, list) or len(parts) != 4 or not all(isinstance(p, str) for p in parts):
            raise UsageError("this button is not one that irtool understands", hint="/irtool status")
        return cls(*parts)


def section(text: str) -> Block:
    """A paragraph of mrkdwn in which Slack links nothing by itself."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": text[:SECTION], "verbatim": True}}


def sections(lines: Iterable[str], *, code: bool = False, room: int = MESSAGE) -> tuple[list[Block], int]:
    """Lines packed into as few sections as hold them, and how many lines found no room."""
    fence = "```" if code else ""
    packs: list[str] = []
    left = 0
    for given in lines:
        line = given[: SECTION - 10]
        if left or room < len(line) + 1:
            left += 1
            continue
        room -= len(line) + 1
        if packs and len(packs[-1]) + len(line) + 1 <= SECTION - 10:
            packs[-1] += f"\n{line}"
        elif len(packs) < _BLOCKS:
            packs.append(line)
        else:
            left += 1
    return [section(f"{fence}{pack}{fence}") for pack in packs], left


def said(*lines: str) -> Message:
    """A message of a few lines."""
    found, _ = sections(lines)
    return Message("\n".join(lines)[:_TEXT], found)


def button(action: str, label: str, ref: Ref, *, style: str = "", confirm: str = "") -> Block:
    """A button. `style`: primary or danger; `confirm`: what Slack asks first."""
    made: Block = {
        "type": "button",
        "action_id": f"irtool.{action}",
        "text": {"type": "plain_text", "text": label[:75]},
        "value": ref.value(),
    }
    if style:
        made["style"] = style
    if confirm:
        made["confirm"] = _sure(confirm)
    return made


def _sure(question: str) -> Block:
    return {
        "title": {"type": "plain_text", "text": "Sure?"},
        "text": {"type": "plain_text", "text": question[:_CONFIRM]},
        "confirm": {"type": "plain_text", "text": "Yes"},
        "deny": {"type": "plain_text", "text": "Not yet"},
    }


def row(*buttons: Block) -> Block:
    """Buttons side by side."""
    return {"type": "actions", "elements": list(buttons)}


def menu(action: str, label: str, ref: Ref, options: Sequence[tuple[str, str]], *, confirm: str = "") -> Block:
    """A row with one menu of (text, value); Slack takes 100 of them. What it is about stands in the row's own id."""
    made: Block = {
        "type": "static_select",
        "action_id": f"irtool.{action}",
        "placeholder": {"type": "plain_text", "text": label[:_LABEL]},
        "options": [
            {"text": {"type": "plain_text", "text": text[:_OPTION] or "?"}, "value": value}
            for text, value in options[:MOST_OPTIONS]
        ],
    }
    if confirm:
        made["confirm"] = _sure(confirm)
    return {"type": "actions", "block_id": ref.value(), "elements": [made]}


def modal(title: str, lines: Sequence[str]) -> Block:
    """A view that only shows."""
    found, left = sections(lines)
    if left:
        found.append(section(f"… and {left:,} more lines"))
    shown = found or [section("Nothing.")]
    return {"type": "modal", "title": {"type": "plain_text", "text": title[:24]}, "blocks": shown}

"""Text with `${{ }}` holes, taken apart. What is inside a hole is source; all else is text and stays as it is."""

from __future__ import annotations

from dataclasses import dataclass

OPEN = "${{"
CLOSE = "}}"
_QUOTES = "'\""


@dataclass(frozen=True, slots=True)
class Hole:
    """One hole: the source of its expression."""

    source: str


class UnclosedError(Exception):
    """A hole begins and does not end."""


def split(text: str) -> list[str | Hole]:
    """The literal parts and holes of a text, in order. Raises UnclosedError."""
    parts: list[str | Hole] = []
    at = 0
    while (start := text.find(OPEN, at)) >= 0:
        if start > at:
            parts.append(text[at:start])
        end = _end(text, start + len(OPEN))
        parts.append(Hole(text[start + len(OPEN) : end].strip()))
        at = end + len(CLOSE)
    if at < len(text) or not parts:
        parts.append(text[at:])
    return parts


def _end(text: str, at: int) -> int:
    """Where the hole's `}}` is: outside quotes and brackets, so that `{"a": {"b": 1}}` is whole."""
    depth = 0
    quote = ""
    escaped = False
    for i in range(at, len(text)):
        char = text[i]
        if quote:
            if escaped:
                escaped = False
            elif char == "\\":
                escaped = True
            elif char == quote:
                quote = ""
        elif char in _QUOTES:
            quote = char
        elif char in "{[(":
            depth += 1
        elif depth <= 0 and text.startswith(CLOSE, i):
            return i
        elif char in "}])":
            depth -= 1
    raise UnclosedError("a ${{ has no }}")


def has_holes(text: str) -> bool:
    """Whether the text has at least one `${{`."""
    return OPEN in text


def bare(text: str) -> str:
    """A `{{ … }}` without the dollar sign in the literal parts of the text, or the empty string."""
    for part in split(text):
        if isinstance(part, str) and (start := part.find("{{")) >= 0 and (end := part.find(CLOSE, start)) >= 0:
            found = part[start : end + len(CLOSE)]
            return found if len(found) <= 60 else found[:59] + "…"
    return ""

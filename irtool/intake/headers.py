"""The header section of a message (RFC 5322 §2.2), read by an own splitter that no input can slow down or break.

The parsers of the standard library hang or raise on abusive headers (a From with 50,000 commas, thousands of nested
comments) and disagree on a quarter of real phish; this one only splits, keeps duplicates and says what it left out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from irtool.intake import charsets

MAX_BYTES = 1_000_000
MAX_HEADERS = 1_000
MAX_VALUE = 16_384
"""Longest value kept with the complaint, in characters. Addresses are looked for in the whole value."""

Header = tuple[str, str]
"""Name as written, value unfolded, encoded words (RFC 2047) not yet decoded."""

_FOLD, _WINDOWS_FOLD = re.compile(r"\n[ \t]+"), re.compile(r"\r\n[ \t]+")
_NAME = re.compile(r"[!-9;-~]{1,200}")
_MAX_NAMES = 4_096
_CUT = 2 * MAX_VALUE
_ALWAYS_KEPT = frozenset(
    {"return-path", "from", "sender", "reply-to", "subject", "message-id", "date", "to", "content-type"}
    | {"x-mailer", "x-mimeole"}
)
_KNOWN = frozenset(
    {
        "arc-seal",
        "authentication-results",
        "bcc",
        "cc",
        "content-transfer-encoding",
        "content-type",
        "date",
        "delivered-to",
        "dkim-signature",
        "envelope-to",
        "feedback-id",
        "from",
        "in-reply-to",
        "list-unsubscribe",
        "message-id",
        "mime-version",
        "received",
        "received-spf",
        "references",
        "reply-to",
        "return-path",
        "sender",
        "subject",
        "to",
        "user-agent",
        "x-mailer",
        "x-mimeole",
        "x-original-to",
        "x-originating-ip",
        "x-priority",
        "x-received",
    }
)


@dataclass(frozen=True, slots=True)
class Block:
    """A header section. `body` is the offset of what follows it, None if nothing ends it. `faults` are sentences."""

    headers: tuple[Header, ...]
    body: int | None
    faults: tuple[str, ...] = ()


def is_known(name: str) -> bool:
    """True for the names that mail actually carries; prose before a colon is not one."""
    return name.lower() in _KNOWN


def split(content: bytes) -> Block:
    """Split the section that `content` starts with. Never raises; at most MAX_BYTES and MAX_HEADERS are read.

    Values are unfolded (RFC 5322 §2.2.3). Bytes outside ASCII are UTF-8 (RFC 6532), or else Latin-1.
    """
    end, body = _end(content)
    faults: list[str] = []
    if end > MAX_BYTES:
        faults.append(f"the headers are longer than {MAX_BYTES} bytes; the rest of them was not read")
    section = content[: min(end, MAX_BYTES)]
    try:
        text, clean = section.decode(), True
    except UnicodeDecodeError:
        text, clean = section.decode("utf-8", "surrogateescape"), False
    fields, odd = _fields(_unfolded(text).split("\n"))
    if not clean:
        fields = [(name, _repaired(value)) for name, value in fields]
    if len(fields) > MAX_HEADERS:
        fields, dropped = _within_limits(fields)
        faults += [f"more than {MAX_HEADERS} headers; {dropped} were not read"] if dropped else []
    if odd:
        faults.append(f"{odd} lines among the headers are not headers")
    return Block(tuple(fields), body, tuple(faults))


def _end(content: bytes) -> tuple[int, int | None]:
    """Where the section ends and where the body begins, whichever kind of line end it has."""
    first = content.find(b"\n")
    if first > 0 and content[first - 1] == 13:  # the other kind can only come before the end of this one
        windows = content.find(b"\n\r\n")
        unix = content.find(b"\n\n", 0, windows if windows >= 0 else len(content))
    else:
        unix = content.find(b"\n\n")
        windows = content.find(b"\n\r\n", 0, unix if unix >= 0 else len(content))
    if unix >= 0 and (windows < 0 or unix < windows):
        return unix, unix + 2
    return (windows, windows + 3) if windows >= 0 else (len(content), None)


def _unfolded(text: str) -> str:
    """Each header on one line; what is left of the line ends goes when the values are stripped."""
    if "\r\n" in text:  # two plain expressions are eight times faster than one with an optional part
        text = _WINDOWS_FOLD.sub(" ", text)
    return _FOLD.sub(" ", text) if _FOLD.search(text) else text


def _fields(lines: Sequence[str]) -> tuple[list[Header], int]:
    fields: list[Header] = []
    odd = 0
    for line in lines:
        name, colon, value = line.partition(":")
        if colon and (name in _names or _is_name(name)):
            value = value.strip()
            fields.append((name, value.replace("\r", " ") if "\r" in value else value))
        elif colon and _is_name(name.rstrip(" \t")):  # RFC 822 allowed blanks before the colon, and spammers use them
            fields.append((name.rstrip(" \t"), value.replace("\r", " ").strip()))
        elif line and not line.isspace():
            odd += 1
    return fields, odd


_names: set[str] = set()


def _is_name(name: str) -> bool:
    """RFC 5322 §2.2. The same few hundred names come again and again, so they are kept; how many is bounded."""
    if not _NAME.fullmatch(name):
        return False
    if len(_names) < _MAX_NAMES:
        _names.add(name)
    return True


def _repaired(value: str) -> str:
    return value if value.isascii() else charsets.decode(value.encode("utf-8", "surrogateescape"))


def _within_limits(fields: Sequence[Header]) -> tuple[list[Header], int]:
    """Padding with thousands of headers must not hide the few that triage needs."""
    kept: list[Header] = []
    for field in fields:
        room = MAX_HEADERS + 100 if field[0].lower() in _ALWAYS_KEPT else MAX_HEADERS
        if len(kept) < room:
            kept.append(field)
    return kept, len(fields) - len(kept)


def by_name(headers: Sequence[Header]) -> dict[str, list[str]]:
    """The values of each name, in order; the names in lower case."""
    found: dict[str, list[str]] = {}
    for name, value in headers:
        key = name.lower()
        if key in found:
            found[key].append(value)
        else:
            found[key] = [value]
    return found


def values(headers: Sequence[Header], name: str) -> list[str]:
    """All values of one header, in order."""
    wanted = name.lower()
    return [value for key, value in headers if key.lower() == wanted]


def first(headers: Sequence[Header], name: str) -> str | None:
    """The first value that is not empty, None if there is none."""
    return next((value for value in values(headers, name) if value), None)


def decoded(headers: Sequence[Header], name: str) -> str | None:
    """The first value that is not empty as people read it: encoded words decoded, at most MAX_VALUE characters."""
    value = first(headers, name)
    return None if value is None else decoded_value(value)


def decoded_value(value: str) -> str:
    """A value as people read it."""
    return charsets.decode_words(value[:_CUT])[:MAX_VALUE]

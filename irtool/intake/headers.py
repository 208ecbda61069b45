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

_END = re.compile(rb"\r?\n\r?\n")
_FIELD = re.compile(rb"([!-9;-~]{1,200})[ \t]*:(.*)", re.DOTALL)
_ALWAYS_KEPT = frozenset(
    b"return-path from sender reply-to subject message-id date to content-type x-mailer x-mimeole".split()
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
    """Split the section that `content` starts with. Never raises; at most MAX_BYTES and MAX_HEADERS are read."""
    end = _END.search(content)
    length = end.start() if end else len(content)
    faults: list[str] = []
    if length > MAX_BYTES:
        faults.append(f"the headers are longer than {MAX_BYTES} bytes; the rest of them was not read")
    lines = content[: min(length, MAX_BYTES)].split(b"\n")
    fields, dropped, odd = _fields(lines)
    if dropped:
        faults.append(f"more than {MAX_HEADERS} headers; {dropped} were not read")
    if odd:
        faults.append(f"{odd} lines among the headers are not headers")
    return Block(tuple(_text(field) for field in fields), end.end() if end else None, tuple(faults))


def _fields(lines: Sequence[bytes]) -> tuple[list[tuple[bytes, list[bytes]]], int, int]:
    fields: list[tuple[bytes, list[bytes]]] = []
    current: list[bytes] = []
    dropped = odd = 0
    for line in lines:
        if line[:1] in (b" ", b"\t"):
            current.append(line.strip())
        elif found := _FIELD.match(line):
            current = [found[2].strip()]
            if len(fields) < _room(found[1]):
                fields.append((found[1], current))
            else:
                dropped += 1
        elif line.strip():
            current = []
            odd += 1
    return fields, dropped, odd


def _room(name: bytes) -> int:
    """Padding with thousands of headers must not hide the few that triage needs."""
    return MAX_HEADERS + 100 if name.lower() in _ALWAYS_KEPT else MAX_HEADERS


def _text(field: tuple[bytes, list[bytes]]) -> Header:
    name, parts = field
    return name.decode("ascii"), charsets.decode(b" ".join(parts)).strip()


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
    return None if value is None else charsets.decode_words(value[: 2 * MAX_VALUE])[:MAX_VALUE]

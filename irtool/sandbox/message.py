"""The headers a relay looks at, read from a raw message without trusting it."""

from __future__ import annotations

import re

from irtool.sandbox import names
from irtool.sandbox.problems import Problem

MAX_HEADERS = 256 * 1024
"""Bytes of headers that are read."""

_END = re.compile(r"\r?\n\r?\n")
_FOLD = re.compile(r"\r?\n[ \t]+")
_QUOTED_LOCAL = re.compile(r'"([^"]*)"@')
_QUOTED = re.compile(r'"[^"]*"')
_ADDRESS = re.compile(r"[^\s@<>,;:()\"\[\]]{1,64}@[^\s@<>,;:()\"\[\]]{1,253}")


def headers(raw: str) -> dict[str, list[str]]:
    """All header values by lower-case name, unfolded, in order. Lines that are not headers are left out."""
    head = _END.split(raw[:MAX_HEADERS], maxsplit=1)[0]
    found: dict[str, list[str]] = {}
    for line in _FOLD.sub(" ", head).splitlines():
        name, colon, value = line.partition(":")
        if colon and name and not name.isspace():
            found.setdefault(name.strip().lower(), []).append(value.strip())
    return found


def addresses(values: list[str]) -> tuple[str, ...]:
    """Every address these header values could be read as naming, quoted display names excepted. Duplicates fall away.

    A relay that looks at one reading while the recipient's program shows another can be fooled: so all of them count.
    """
    found: dict[str, None] = {}
    for value in values:
        for text in _ADDRESS.findall(_QUOTED.sub(" ", _QUOTED_LOCAL.sub(r"\1@", value))):
            try:
                found[names.address(text)] = None
            except Problem:
                continue
    return tuple(found)

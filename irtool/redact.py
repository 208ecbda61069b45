"""Secrets that nobody may read: the values this process was given, and striking them out of every text that leaves it.

Servers say back what they were told: in an error page, in a redirect, in "535 wrong password hunter2". What they say
goes into the journal and onto the terminal, so whoever resolves a secret makes it known here, and every exit asks.
"""

from __future__ import annotations

import base64
import html
import json
import re
import threading
from collections.abc import Iterator, Mapping
from urllib.parse import quote, quote_plus

from irtool.records import Json

SHORTEST = 6
"""Secrets with fewer characters are words that may stand in any answer, and are left alone."""

STRUCK = "***"


class Secrets:
    """Known secrets, in every spelling in which a server is likely to repeat them. Threads may share it."""

    def __init__(self) -> None:
        self._forms: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        self._lock = threading.Lock()

    def add(self, value: str, user: str = "") -> None:
        """Make a secret known; `user` is the name it is sent with, if any."""
        if len(value) < SHORTEST:
            return
        with self._lock:
            forms = self._forms | set(_spellings(value, user))
            if forms != self._forms:
                self._forms = forms
                longest_first = sorted(forms, key=len, reverse=True)
                self._pattern = re.compile("|".join(map(re.escape, longest_first)))

    def hide(self, text: str) -> str:
        """The text with every known secret struck out."""
        return self._pattern.sub(STRUCK, text) if self._pattern else text

    def hide_in(self, value: Json) -> Json:
        """The same for every text inside a value, the names in mappings included."""
        if self._pattern is None:
            return value
        if isinstance(value, str):
            return self.hide(value)
        if isinstance(value, Mapping):
            return {self.hide(name): self.hide_in(inner) for name, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self.hide_in(inner) for inner in value]
        return value

    def holds(self, value: Json) -> bool:
        """Whether there is a known secret anywhere in it."""
        return bool(self._pattern) and self.hide_in(value) != value


def _spellings(value: str, user: str) -> Iterator[str]:
    """The secret as it is, quoted for URLs, JSON and HTML, and in the base64 of HTTP and SMTP authentication."""
    quoted = (quote(value, safe=""), quote(value), quote_plus(value))
    yield from (value, *quoted, *(_lower_hex(q) for q in quoted))
    yield from (json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1])
    yield from (html.escape(value), html.escape(value, quote=False))
    raw = value.encode("utf-8", "surrogatepass")
    name = user.encode("utf-8", "surrogatepass")
    form = f"{quote_plus(user)}:{quote_plus(value)}".encode()  # RFC 6749 §2.3.1
    for plain in (raw, name + b":" + raw, b"\0" + name + b"\0" + raw, form):
        packed = base64.b64encode(plain).rstrip(b"=").decode()
        yield from (packed, packed.replace("+", "-").replace("/", "_"))


def _lower_hex(quoted: str) -> str:
    return re.sub("%[0-9A-F]{2}", lambda found: found[0].lower(), quoted)


KNOWN = Secrets()
"""The secrets of this process."""

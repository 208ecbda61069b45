"""Headers as people paste them: indented, quoted, with blank lines between folded lines, in the middle of prose.

Web pages and tickets do all of that to a Received chain; RFC 5322 reads the result as prose.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from irtool.intake import headers
from irtool.intake.headers import Header

MAX_LINES = 20_000
_PREFIX = re.compile(r"[ \t\u00a0]{0,200}(?:[>|•*·–-][ \t\u00a0]{0,20}){0,8}")
_FIELD = re.compile(r"([A-Za-z][A-Za-z0-9-]{1,60}):(?!//)[ \t]{0,200}(.*)", re.DOTALL)
_TRACE_GOES_ON = re.compile(r"(?:by|with|id|for|via|from)\s|\(|(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),\s", re.IGNORECASE)
_STRONG = frozenset({"received", "message-id", "return-path", "x-mailer", "x-mimeole", "x-originating-ip"})


@dataclass(frozen=True, slots=True)
class Pasted:
    """`headers` in order; `rest` is the text with those lines emptied; `leads` is true if it begins with a header."""

    headers: tuple[Header, ...]
    rest: str
    leads: bool


def read(text: str) -> Pasted:
    """Take the headers out of a text. In prose, lines count as headers only if a header nobody types is among them."""
    lines = text.splitlines()
    fields: list[tuple[str, list[str]]] = []
    rest: list[str] = []
    state = _State()
    for line in lines[:MAX_LINES]:
        bare = line[_PREFIX.match(line).end() :].strip()  # type: ignore[union-attr]  # matches the empty string
        found = _FIELD.fullmatch(bare)
        if found and headers.is_known(found[1]) and len(fields) < headers.MAX_HEADERS:
            state.begin(found[1], found[2], indent=len(line) - len(line.lstrip()))
            fields.append((found[1], state.parts))
        elif not bare:
            state.blank = True
        elif state.goes_on(line, bare):
            state.parts.append(bare)
        else:
            state.end()
            rest.append(line)
            continue
        rest.append("")
    first = next((line.strip() for line in lines if line.strip()), "")
    opening = _FIELD.fullmatch(first[_PREFIX.match(first).end() :])  # type: ignore[union-attr]
    leads = bool(opening and headers.is_known(opening[1]))
    if not leads and not any(name.lower() in _STRONG for name, _ in fields):
        return Pasted((), text, leads=False)
    kept = tuple((name, " ".join(part for part in parts if part)) for name, parts in fields)
    return Pasted(kept, "\n".join([*rest, *lines[MAX_LINES:]]), leads)


class _State:
    """Which header is open, and whether the next line may still belong to it."""

    def __init__(self) -> None:
        self.name, self.parts, self.indent, self.blank = "", [""], 0, False

    def begin(self, name: str, value: str, *, indent: int) -> None:
        self.name, self.parts, self.indent, self.blank = name.lower(), [value], indent, False

    def end(self) -> None:
        self.name = ""

    def goes_on(self, line: str, bare: str) -> bool:
        """True if the line continues the open header; a trace header is open until its date has come."""
        if not self.name or len(self.parts) > 200:
            return False
        deeper = len(line) - len(line.lstrip()) > self.indent
        dated = ";" in " ".join(self.parts) and not self.parts[-1].rstrip().endswith(";")
        if self.name == "received":
            going = not dated and (deeper or bool(_TRACE_GOES_ON.match(bare)))
        else:
            going = deeper and not (self.blank and not self.parts[0])
        self.blank = self.blank and not going
        return going

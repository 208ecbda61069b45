"""Headers as people paste them: indented, quoted, with blank lines between folded lines, in the middle of prose.

Web pages and tickets do all of that to a Received chain; RFC 5322 reads the result as prose.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from irtool.intake import dates, headers
from irtool.intake.headers import Header

MAX_LINES = 20_000
_PREFIX = re.compile(r"[ \t\u00a0]{0,200}(?:[>|•*·–-][ \t\u00a0]{0,20}){0,8}")
_FIELD = re.compile(r"([A-Za-z][A-Za-z0-9-]{1,60}):(?!//)[ \t]{0,200}(.*)", re.DOTALL)
_TRACE_GOES_ON = re.compile(r"(?:by|with|id|for|via|from)\s|\(|(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),\s", re.IGNORECASE)
_RUN_ON = re.compile(
    r"(?<=\S)[ \t]{1,20}"
    r"(?=(?:Received|Return-Path|From|To|Cc|Subject|Date|Message-ID|Reply-To|Sender|X-Mailer):[ \t])"
)
"""Where line ends were lost on the way, as web forms and tickets do."""
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
    for number, line in ((n, part) for n, whole in enumerate(lines[:MAX_LINES]) for part in _broken_up(whole)):
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
            rest[number:] = [line]
            continue
        rest[number:] = [""]
    first = next((line.strip() for line in lines if line.strip()), "")
    opening = _FIELD.fullmatch(first[_PREFIX.match(first).end() :])  # type: ignore[union-attr]
    leads = bool(opening and headers.is_known(opening[1]))
    if not leads and not any(name.lower() in _STRONG for name, _ in fields):
        return Pasted((), text, leads=False)
    kept = tuple((name, " ".join(part for part in parts if part)) for name, parts in fields)
    return Pasted(kept, "\n".join([*rest, *lines[MAX_LINES:]]), leads)


def _broken_up(line: str) -> list[str]:
    """A line that holds several headers as several lines; only behind one that nobody types."""
    begin = _PREFIX.match(line).end()  # type: ignore[union-attr]  # matches the empty string
    if not line[begin : begin + 20].lower().startswith(("received:", "return-path:", "delivered-to:")):
        return [line]
    first, *others = _RUN_ON.split(line[begin:])
    return [line[:begin] + first, *others]


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
        _, semicolon, date = " ".join(self.parts).rpartition(";")
        dated = bool(semicolon and date.strip())
        if self.name == "received":  # its date may be folded too: `Tue, 7 Oct` / ` 2025 08:00:01 +0000`
            going = (deeper and not (dated and dates.read(date)[0])) or (not dated and bool(_TRACE_GOES_ON.match(bare)))
        else:
            going = deeper and not (self.blank and not self.parts[0])
        self.blank = self.blank and not going
        return going

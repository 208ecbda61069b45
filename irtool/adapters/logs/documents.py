"""JSON that is not one object on a line, as lines: arrays, pages of an API, records spread over lines or written one
behind the other without a line end (Firehose), or as text inside a notification (SNS).

A value is read at a time, so a file may be larger than memory. What cannot be read becomes a line that is no object:
whoever reads the lines counts it.
"""

from __future__ import annotations

import codecs
import io
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from irtool.adapters.logs import files

_SAMPLE = 8 << 20
_CHUNK = 1 << 16
RECORD, PAGE = 2_000_000, 64 << 20
"""Characters of one record, and of an object that has the records in a list: a longer one is none."""
BROKEN = "!"
"""A line that is no object."""
_BETWEEN = re.compile(r"[\s,\[\]\x1e\ufeff]*")
_WORD = 12
"""Characters of the longest word or escape that the end of what was read can cut in two."""
_LONGEST = 40
"""Digits of a number."""
_NEXT = re.compile(r"\n\s*\{|\}\s*,?\s*\{")


def are_lines(path: str, lists: Sequence[str] = (), inside: Sequence[str] = ()) -> bool:
    """Whether the file has records on lines of their own. `lists` are keys of a page under which its records are,
    `inside` keys under which a record is as text."""
    seen = ""
    left = _SAMPLE
    with files.unpacked(path) as text:
        while left > 0 and (line := _line(text, left)):
            left -= len(line)
            shown = line.decode("utf-8", "replace").lstrip("\ufeff").strip()
            seen = seen or shown[:1]
            value = _parsed(shown)
            if isinstance(value, dict):
                return not any(isinstance(value.get(key), list) for key in lists) and not _within(value, inside)
    return seen not in {"{", "["}


def flatten(path: str, target: Path, lists: Sequence[str] = (), inside: Sequence[str] = ()) -> None:
    """Write the file's records to `target`, one on a line."""
    with target.open("w", encoding="utf-8", errors="replace") as out:
        for value in _values(path, lists):
            for record in _records(value, lists, inside):
                out.write(BROKEN if record is None else json.dumps(record, separators=(",", ":")))
                out.write("\n")


def _records(value: object, lists: Sequence[str], inside: Sequence[str]) -> Iterator[object]:
    """The records of a value; None for what is none."""
    if not isinstance(value, dict):
        yield None
        return
    page = next((value[key] for key in lists if isinstance(value.get(key), list)), None)
    if page is not None:
        yield from (record if isinstance(record, dict) else None for record in page)
    elif text := _within(value, inside):
        within = _parsed(text)
        yield within if isinstance(within, dict) else None
    else:
        yield value


def _values(path: str, lists: Sequence[str]) -> Iterator[object]:
    """One value after the other, elements of arrays too; None for what cannot be read."""
    decode = json.JSONDecoder(parse_int=_whole).raw_decode
    pieces = _pieces(path)
    buffer, at, more = _longer("", pieces, _CHUNK)
    size = PAGE if any(f'"{key}"' in buffer for key in lists) else RECORD
    while True:
        at = _BETWEEN.match(buffer, at).end()  # type: ignore[union-attr]  # it matches always
        try:
            value, at = decode(buffer, at)
            yield value
            continue
        except json.JSONDecodeError as error:
            torn = error.pos > len(buffer) - _WORD or error.msg.startswith("Unterminated")
        except RecursionError:
            torn = False
        if torn and more and len(buffer) - at < size:
            wanted = max(_CHUNK, len(buffer) - at)  # twice as much each time, as it is read anew
            buffer, at, more = _longer(buffer[at:], pieces, wanted)
        elif at < len(buffer):
            yield None
            at = _skip(buffer, at)
        else:
            return


def _whole(digits: str) -> int | str:
    """A number that is too long to be one stays text: to compute it would take long."""
    return int(digits) if len(digits) < _LONGEST else digits


def _skip(buffer: str, at: int) -> int:
    """Where the next record may begin."""
    found = _NEXT.search(buffer, at + 1)
    return found.end() - 1 if found else len(buffer)


def _longer(buffer: str, pieces: Iterator[str], wanted: int) -> tuple[str, int, bool]:
    parts = [buffer]
    while wanted > 0:
        piece = next(pieces, None)
        if piece is None:
            return "".join(parts), 0, False
        parts.append(piece)
        wanted -= len(piece)
    return "".join(parts), 0, True


def _pieces(path: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    with files.unpacked(path) as text:
        while True:
            try:
                data = text.read1(_CHUNK)
            except files.torn():
                return
            if not data:
                return
            yield decoder.decode(data)


def _line(text: io.BufferedIOBase, most: int) -> bytes:
    try:
        return text.readline(most)
    except files.torn():
        return b""


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _within(value: dict[str, object], inside: Sequence[str]) -> str:
    """The text of the record that this one only carries, "" if it is one itself."""
    return next((text for key in inside if isinstance(text := value.get(key), str)), "")

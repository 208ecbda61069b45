"""CSV logs as rows: quotes, line breaks in quotes, byte order marks, UTF-16, several header lines. Never evaluated: a
cell that begins with `=` is text like any other. Standard library only.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO, cast

from irtool.adapters.logs import columns
from irtool.adapters.logs.files import NOTHING, UNIT, torn, unpacked
from irtool.adapters.logs.presets import Preset
from irtool.adapters.logs.rejects import Rejects
from irtool.adapters.logs.shapes import LogFile
from irtool.errors import InputError

NAMES = (*columns.LOG, "kind", "origin")
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_LONGEST = 10_000
"""Characters of a value that are kept; a field that is longer than _FIELD is an unclosed quote."""
_FIELD = 1_000_000
_BATCH = 20_000
_BAD = str.maketrans({UNIT.decode(): "?", NOTHING.decode(): "?", "\n": " ", "\r": " ", "\x00": "?"})


@dataclass(frozen=True, slots=True)
class Header:
    """The columns of one file: how its lines are split, and where each wanted column is."""

    names: Sequence[str]
    dialect: type[csv.Dialect]
    held: Mapping[str, tuple[int, ...]]
    kind: int | None


def rows(paths: Sequence[str], source: LogFile, preset: Preset, rejects: Rejects) -> Iterator[list[bytes]]:
    """Lists of rows: the values of NAMES joined by UNIT, as they are written. `kind` is the number of the group that
    the record belongs to, 0 for none. Raises InputError if a file has no header or lacks a mapped column."""
    for path in paths:
        bad = 0
        with _text(path) as text:
            made: list[bytes] = []
            for cells in _lines(text, path, source, preset):
                if cells is None:
                    bad += 1
                    continue
                made.append(cells)
                if len(made) >= _BATCH:
                    yield made
                    made = []
            yield made
        rejects.add(path, bad, "not as many fields as the header, or an unclosed quote")


def columns_of(path: str, source: LogFile, preset: Preset) -> frozenset[str]:
    """The log's columns that a file has."""
    with _text(path) as text:
        header, _ = _header(text, path, source, preset)
    return frozenset(header.held) if header else frozenset()


def _lines(text: io.TextIOBase, path: str, source: LogFile, preset: Preset) -> Iterator[bytes | None]:
    """A row, or None where there is none to be had."""
    csv.field_size_limit(_FIELD)
    header, reader = _header(text, path, source, preset)
    if header is None:
        return
    end = UNIT + path.translate(_BAD).encode("utf-8", "replace")
    made = 0
    while not source.most or made < source.most:
        made += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except (csv.Error, UnicodeError):
            yield None
        except torn():
            yield None
            return
        else:
            if cells and not (len(cells) == 1 and cells[0].startswith("#")):
                yield _row(cells, header, preset) + end if len(cells) == len(header.names) else None


def _row(cells: Sequence[str], header: Header, preset: Preset) -> bytes:
    values = []
    for name in columns.LOG:
        texts = (cells[at] for at in header.held.get(name, ()))
        value = next((text for text in texts if text != ""), None)
        if value is None and name == "envelope_from" and name in header.held:
            value = ""
        if value is None or value == preset.unknown:
            values.append(NOTHING)
        else:
            if name == "recipient":
                value = _first_recipient(value)
            values.append(value[:_LONGEST].translate(_BAD).encode("utf-8", "replace"))
    kind = 1
    if header.kind is not None and cells[header.kind]:
        word = cells[header.kind].upper()
        kind = next((n for n, group in enumerate(preset.kinds, 1) if word in {w.upper() for w in group}), 0)
    return UNIT.join((*values, b"%d" % kind))


def _first_recipient(value: str) -> str:
    """`a@b##Receive, Deliver;c@d##…` (Microsoft), `a@b;c@d` or `a@b, c@d`: the first."""
    first = value.partition("##")[0]
    for mark in (";", ","):
        if mark in first and '"' not in first:
            first = first.partition(mark)[0]
    return first.strip()


def _header(
    text: io.TextIOBase, path: str, source: LogFile, preset: Preset
) -> tuple[Header | None, Iterator[list[str]]]:
    """The header: the first line, or the `#Fields:` line of Microsoft's tracking logs."""
    for line in islice(text, 100):
        first = line.strip("\r\n")
        named = first.startswith("#Fields:")
        if first and (named or not first.startswith("#")):
            first = first.removeprefix("#Fields:").strip() if named else first
            dialect = _dialect(first)
            names = next(csv.reader([first], dialect), [])
            names = [name.strip() for name in names]
            held = _held(names, path, source, preset)
            kind = next((names.index(name) for name in preset.kind if name in names), None)
            return Header(names, dialect, held, kind), csv.reader(text, dialect)
    return None, iter(())


def _held(names: Sequence[str], path: str, source: LogFile, preset: Preset) -> dict[str, tuple[int, ...]]:
    place = {name.lower(): at for at, name in reversed(list(enumerate(names)))}
    mapped = columns.resolve(columns.LOG, source.columns, names, path)
    held: dict[str, tuple[int, ...]] = {}
    for name in columns.LOG:
        if name in source.columns:
            held[name] = (list(names).index(mapped[name]),)
        elif name in preset.columns:
            held[name] = tuple(place[n.lower()] for n in preset.columns[name] if n.lower() in place)
        elif name in mapped and not preset.columns:
            held[name] = (list(names).index(mapped[name]),)
    held = {name: at for name, at in held.items() if at}
    if not held:
        raise InputError(f"{path}: none of its columns is known", hint=f"map them under columns: {', '.join(names)}")
    return held


def _dialect(line: str) -> type[csv.Dialect]:
    """Commas, unless there are more semicolons or tabs in the header."""

    class Found(csv.excel):
        delimiter = max(",;\t", key=line.count)
        strict = False

    return Found


def _text(path: str) -> io.TextIOWrapper:
    with unpacked(path) as start:
        try:
            first = start.read1(4)
        except torn():
            first = b""
    encoding = next((name for mark, name in _MARKS if first.startswith(mark)), "")
    if not encoding and len(first) == 4 and first[1:2] == b"\x00" and first[3:4] == b"\x00":
        encoding = "utf-16-le"
    return io.TextIOWrapper(
        cast("BinaryIO", unpacked(path)), encoding=encoding or "utf-8", errors="replace", newline=""
    )

"""Strict YAML with the position of every key: what playbooks, manifests and irtool.yaml are read with.

A deliberate subset of YAML 1.2 (https://yaml.org/spec/1.2.2/): mappings with text keys, lists and scalars. Only
`true`, `false`, `null`, `~`, whole numbers and decimals are not text, so that `NO`, `on`, `24:00`, `0123`, `1e5` and
dates stay as they are written. Repeated keys, anchors, aliases, tags and merge keys are faults.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from irtool.errors import FaultsError
from irtool.records import Json

MAX_CHARACTERS = 1_000_000
MAX_DEPTH = 50
MAX_FAULTS = 50

Path = tuple[str | int, ...]

_CONSTANTS: Mapping[str, Json] = {"true": True, "false": False, "null": None, "~": None, "": None}
_WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,17})", re.ASCII)
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]{0,17})\.[0-9]{1,17}", re.ASCII)
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Place:
    """A position in a file; both numbers count from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Document:
    """A YAML file as data. `places` has the position of each key and list item by its path; () is the document."""

    data: Json
    places: Mapping[Path, Place]
    name: str
    text: str

    def where(self, path: Sequence[str | int]) -> str:
        """`file:line:column` of what is at `path`, or of the nearest thing around it that is there."""
        known = tuple(path)
        while known and known not in self.places:
            known = known[:-1]
        place = self.places.get(known, Place(1, 1))
        return f"{self.name}:{place.line}:{place.column}"


def suggest(word: str, known: Iterable[str]) -> str:
    """` Did you mean "x"?` for the likeliest of the known words, or the empty string."""
    by_lower = {k.lower(): k for k in known}
    close = difflib.get_close_matches(word.lower()[:100], list(by_lower), n=1, cutoff=0.6)
    return f' Did you mean "{by_lower[close[0]]}"?' if close else ""


def read(text: str, name: str) -> Document:
    """Read one YAML document. `name` is the file's name in faults.

    Raises FaultsError with all faults, each `name:line:column  what`: syntax, repeated keys, anchors, aliases, tags,
    more than 1,000,000 characters, nesting deeper than 50.
    """
    text = text.removeprefix("\ufeff")
    if len(text) > MAX_CHARACTERS:
        raise _broken(name, [f"{name}:1:1  the file is larger than 1 MB"])
    if bad := _UNPRINTABLE.search(text):
        line = text.count("\n", 0, bad.start()) + 1
        column = bad.start() - text.rfind("\n", 0, bad.start())
        raise _broken(name, [f"{name}:{line}:{column}  the character U+{ord(bad[0]):04X} is not allowed here"])
    builder = _Builder(name)
    data = builder.document(text)
    if builder.faults:
        raise _broken(name, builder.faults)
    return Document(data, MappingProxyType(builder.places), name, text)


def _broken(name: str, faults: Sequence[str]) -> FaultsError:
    return FaultsError(f"{name} cannot be read as YAML", faults)


class _StopError(Exception):
    """The rest of the file cannot be understood; the fault is already noted."""


@dataclass(slots=True)
class _Builder:
    """Builds data out of the parser's events, so that marks, tags and anchors are still to be seen."""

    name: str
    places: dict[Path, Place] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def document(self, text: str) -> Json:
        import yaml

        events = yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        self.places[()] = Place(1, 1)
        try:
            return self._first_document(events)
        except yaml.YAMLError as error:
            self._syntax(error, text)
        except _StopError:
            pass
        return None

    def _first_document(self, events: Iterator[Any]) -> Json:
        data: Json = None
        documents = 0
        for event in events:
            kind = type(event).__name__
            if kind == "DocumentStartEvent":
                documents += 1
                if documents > 1:
                    self._fault(event, "a second document begins here; one file holds one")
                    raise _StopError
            elif kind in {"ScalarEvent", "MappingStartEvent", "SequenceStartEvent", "AliasEvent"}:
                self.places[()] = _place(event)
                data = self._value(event, events, ())
        return data

    def _value(self, event: Any, events: Iterator[Any], path: Path) -> Json:
        kind = type(event).__name__
        if kind == "AliasEvent":
            self._fault(event, f"aliases (*{event.anchor}) are not allowed; write the value out")
            return None
        if event.anchor:
            self._fault(event, f"anchors (&{event.anchor}) are not allowed")
        if event.tag:
            self._fault(event, f"tags ({event.tag.replace('tag:yaml.org,2002:', '!!')}) are not allowed")
        if kind == "ScalarEvent":
            return str(event.value) if event.style else _scalar(event.value)
        if len(path) >= MAX_DEPTH:
            self._fault(event, f"nested deeper than {MAX_DEPTH} levels")
            raise _StopError
        return self._mapping(events, path) if kind == "MappingStartEvent" else self._list(events, path)

    def _list(self, events: Iterator[Any], path: Path) -> list[Json]:
        items: list[Json] = []
        for event in events:
            if type(event).__name__ == "SequenceEndEvent":
                break
            here = (*path, len(items))
            self.places[here] = _place(event)
            items.append(self._value(event, events, here))
        return items

    def _mapping(self, events: Iterator[Any], path: Path) -> dict[str, Json]:
        data: dict[str, Json] = {}
        for event in events:
            if type(event).__name__ == "MappingEndEvent":
                break
            key = self._key(event)
            here = (*path, key)
            if key in data:
                first = self.places[here]
                self._fault(event, f'the key "{key}" is repeated (first at line {first.line})')
            else:
                self.places[here] = _place(event)
            value = self._value(next(events), events, here)
            data.setdefault(key, value)
        return data

    def _key(self, event: Any) -> str:
        if type(event).__name__ != "ScalarEvent":
            self._fault(event, 'a key has to be a word here; a value like ${{ … }} needs quotes: "${{ … }}"')
            raise _StopError
        if event.anchor or event.tag:
            self._fault(event, "anchors and tags are not allowed")
        key = str(event.value)
        if key == "<<" and not event.style:
            self._fault(event, "merge keys (<<) are not allowed; write the values out")
        return key

    def _fault(self, event: Any, what: str) -> None:
        place = _place(event)
        self.faults.append(f"{self.name}:{place.line}:{place.column}  {what}")
        if len(self.faults) >= MAX_FAULTS:
            raise _StopError

    def _syntax(self, error: Exception, text: str) -> None:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        what = str(getattr(error, "problem", None) or "this is not YAML")
        if context := getattr(error, "context", None):
            what = f"{what}, {context}"
        rows = text.split("\n")
        row = rows[line - 1] if line <= len(rows) else ""
        self.faults.append(f"{self.name}:{line}:{column}  {what}{_hint(row, rows[max(0, line - 2)])}")


def _place(event: Any) -> Place:
    return Place(event.start_mark.line + 1, event.start_mark.column + 1)


def _scalar(value: str) -> Json:
    """A scalar written without quotes."""
    if value in _CONSTANTS:
        return _CONSTANTS[value]
    if _WHOLE.fullmatch(value):
        return int(value)
    return float(value) if _DECIMAL.fullmatch(value) else value


def _hint(row: str, before: str) -> str:
    """What usually is behind a syntax error on this row (or the one before it)."""
    if row[: len(row) - len(row.lstrip())].count("\t"):
        return "; indent with spaces, not tabs"
    if "${{" in row and "{" in row.split("${{", 1)[0]:
        return '; inside { } a text with ${{ … }} needs quotes: "${{ … }}"'
    for line in (row, before):
        if re.match(r"\s*(- )?[\w.-]+:\s+([\"']).*?\2\s*\S", line):
            return "; a value that begins with a quote must be inside quotes as a whole"
    return ""

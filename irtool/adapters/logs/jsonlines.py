"""JSON logs -> rows in normal form, in one pass: the database reads only the keys that are wanted.

A line that is no object, is torn, has none of the keys or no time is a row of NULLs to the database; such rows carry
the name of their file in the column `rejected` and are no part of the log.
"""

# ruff: noqa: S608 - names and paths are quoted by columns; SQL has no parameters in their places

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from irtool.adapters.logs import columns, documents, engine, files
from irtool.adapters.logs.columns import literal
from irtool.adapters.logs.jsonkeys import Keys
from irtool.adapters.logs.kept import Kept
from irtool.adapters.logs.paths import matching
from irtool.adapters.logs.presets import Preset
from irtool.adapters.logs.shapes import LogFile

if TYPE_CHECKING:
    import duckdb

_SNIFFED, _CASES = 20_000, 200
_LINE = 2_000_000
"""Bytes of a line; a longer one is no record of a mail server."""
_MUCH = 1_500_000_000
"""Bytes of text of a source that become too many rows for a table."""
_LISTS = columns.ADDRESSES | {"account", "source_ip"}


@dataclass(frozen=True, slots=True)
class JsonRows:
    """What the lines became has `rejected` (a file's name) and `kind` beside the log's columns; `held` are the columns
    that the mapping found, None if the values decide."""

    held: frozenset[str] | None
    origins: Mapping[str, str]


class JsonReader:
    """Reads one source. Raises InputError for a mapping to a key that no line has."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, folder: Path, label: str, preset: Preset) -> None:
        self._connection = connection
        self._folder = folder
        self._label = label
        self._preset = preset

    def load(self, source: LogFile, kept: Kept) -> JsonRows:
        """Keep all files of the source."""
        import duckdb

        origins = self._flattened(matching(source.path))
        try:
            return self._read(source, origins, kept)
        except duckdb.IOException as error:
            if "GZIP" not in str(error):
                raise
            whole = files.salvaged(list(origins), self._folder)
            return self._read(source, {new: origins[old] for new, old in whole.items()}, kept)

    def _flattened(self, paths: Sequence[str]) -> dict[str, str]:
        """Files with one object on a line, each with its origin: those that are something else are taken apart, and
        packed ones have the ending that says so."""
        preset = self._preset
        found = {}
        for count, path in enumerate(paths):
            target = self._folder / f"{self._label}-flat-{count}.jsonl"
            if documents.are_lines(path, preset.lists, preset.inside):
                found[files.named(path, target)] = path
            else:
                documents.flatten(path, target, preset.lists, preset.inside)
                found[str(target)] = path
        return found

    def _read(self, source: LogFile, origins: Mapping[str, str], kept: Kept) -> JsonRows:
        keys = self._keys(list(origins), source)
        if keys is None:
            none = "CAST(NULL AS VARCHAR)"
            kept.add(f"SELECT *, {none} AS rejected, {none} AS several, 1 AS kind FROM ({columns.NO_ROWS})")
            return JsonRows(frozenset(source.columns), origins)
        listed = columns.literals(files.escaped(path) for path in origins)
        options = f"format = 'newline_delimited', ignore_errors = true, {_sized()}"
        table = keys.table(f"read_json({listed}, {options}, columns = {keys.shape()})", source.most)
        seen = _Seen(keys, self._preset, next(iter(origins)))
        with engine.zone(self._connection, source.zone):
            kept.add(self._select(keys, table, source, seen), many=files.text_size(origins) > _MUCH)
        held = None if self._preset.columns else frozenset(keys.places)
        return JsonRows(held, origins)

    def _select(self, keys: Keys, table: str, source: LogFile, seen: _Seen) -> str:
        preset = self._preset
        kind = _kind(keys.first(preset.kind), preset)
        if seen.best:  # then no other kind becomes rows
            table, kind = f"(SELECT * FROM {table} WHERE {kind} = 1)", "1"
        values = {}
        for name, places in keys.places.items():
            entry = [f"CASE WHEN {kind} = 1 THEN {keys.value(p)} END" for p in preset.entry.get(name, ())]
            blank = bool(preset.columns) and name != "envelope_from"
            value = _first([*entry, *map(keys.value, places)], blank=blank)
            rare = [place for place in places if place not in seen.places and keys.is_cheap(place)]
            short = _first([*entry, *(keys.value(place) for place in places if place not in rare)], blank=blank)
            if rare and short:  # to see that nothing is there costs less than to look what it is
                none = " AND ".join(f"{keys.value(place)} IS NULL" for place in rare)
                value = f"CASE WHEN {none} THEN {short} ELSE {value} END"
            value = f"NULLIF({value}, {literal(preset.unknown)})" if preset.unknown else value
            is_list = name in (_LISTS if preset.columns else columns.ADDRESSES)
            values[name] = (value, "JSON" if is_list else "VARCHAR")
        several = columns.several(*values["recipient"], "filename") if "recipient" in values else "NULL"
        more = {"kind": kind, "empty": keys.all_null(), "origin": "filename", "several": several}
        inner = columns.normalised(table, values, source.times or preset.spelling, more)
        bad = "time IS NULL" if "time" in keys.places else "empty"  # a line with nothing in it has no time either
        return f"SELECT * EXCLUDE (empty, origin), CASE WHEN {bad} THEN origin END AS rejected FROM ({inner})"

    def _keys(self, paths: Sequence[str], source: LogFile) -> Keys | None:
        """Which keys hold which columns; None if no line of the files is an object."""
        preset = self._preset
        if preset.columns:
            known = {name: preset.columns[name] for name in columns.LOG if name in preset.columns}
            places = {**known, **{name: (place,) for name, place in self._mapped(paths, source).items()}}
            extra = [*preset.kind, *(place for some in preset.entry.values() for place in some)]
            return Keys(places, extra)
        top, there = self._there(paths, source.columns)
        if not top:
            return None
        held = columns.resolve(columns.LOG, source.columns, there, source.place)
        return Keys({name: (place,) for name, place in held.items()}, (), frozenset(top))

    def _mapped(self, paths: Sequence[str], source: LogFile) -> dict[str, str]:
        """The columns that the user maps, whatever the format knows."""
        if not source.columns:
            return {}
        there = self._there(paths, source.columns)[1]
        held = columns.resolve(columns.LOG, source.columns, there, source.place)
        return {name: held[name] for name in source.columns}

    def _there(self, paths: Sequence[str], mapping: Mapping[str, str]) -> tuple[list[str], list[str]]:
        """The keys of the objects; and the same with the nested ones that the mapping names."""
        top: list[str] = []
        there: list[str] = []
        for limit in (f"LIMIT {_SNIFFED}", ""):  # a rare key may come late: look at everything before saying no
            top = self._top(paths, limit)
            nested = [name for name in mapping.values() if name not in top and name.split(".")[0] in top]
            there = [*top, *(name for name in nested if "." in name)]
            if set(mapping.values()) <= set(there):
                break
        return top, there

    def _top(self, paths: Sequence[str], limit: str) -> list[str]:
        sql = f"SELECT DISTINCT unnest(json_keys(json)) FROM ({self._objects(paths, limit)}) ORDER BY 1"
        return [str(row[0]) for row in self._connection.execute(sql).fetchall()]

    def _objects(self, paths: Sequence[str], limit: str) -> str:
        lines = f"read_ndjson_objects({columns.literals(map(files.escaped, paths))}, ignore_errors = true, {_sized()})"
        return f"SELECT json FROM {lines} WHERE json_type(json) = 'OBJECT' {limit}"


class _Seen:
    """What the first lines of a file have: `places`, all of them if there is no line; and whether there is a record of
    the `best` kind."""

    def __init__(self, keys: Keys, preset: Preset, path: str) -> None:
        self.places: set[str] = set()
        self.best = False
        every = {place for some in keys.places.values() for place in some}
        for record in _first_records(path):
            self.places |= {place for place in every if _at(record, place) is not None}
            kinds = (_at(record, place) for place in preset.kind)
            kind = next((kind for kind in kinds if kind is not None), None)
            self.best = self.best or any(kind in group for group in preset.kinds[:1] if isinstance(kind, str))
        self.places = self.places or every


def _first_records(path: str) -> Iterator[object]:
    with files.unpacked(path) as text:
        for _ in range(_CASES):
            try:
                yield json.loads(text.readline(_LINE))
            except (ValueError, RecursionError):
                continue
            except files.torn():
                return


def _at(record: object, place: str) -> object:
    for step in place.split("."):
        record = record.get(step) if isinstance(record, dict) else None
    return record


def _first(values: Sequence[str], *, blank: bool) -> str:
    """SQL for the first value that holds something; whether an empty text is nothing, is `blank`."""
    found = [f"NULLIF({value}, '')" for value in values] if blank else values
    return f"COALESCE({', '.join(found)})" if len(found) > 1 else "".join(found)


def _kind(value: str, preset: Preset) -> str:
    """SQL for the number of the group that a record belongs to; 0 is none of them."""
    if not preset.kinds:
        return "1"
    cases = " ".join(
        f"WHEN {value} IN ({', '.join(literal(word) for word in sorted(group))}) THEN {count}"
        for count, group in enumerate(preset.kinds, 1)
    )
    return f"(CASE WHEN {value} IS NULL THEN 1 {cases} ELSE 0 END)"


def _sized() -> str:
    return f"maximum_object_size = {_LINE}"

"""The files of a log as tables: each source becomes one SELECT with the normalised columns."""

# ruff: noqa: S608 - names and paths are quoted by columns; SQL has no parameters in their places

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from irtool.adapters.logs import columns, engine, postfix, separated, syslog
from irtool.adapters.logs.files import escaped
from irtool.adapters.logs.jsonlines import JsonReader
from irtool.adapters.logs.kept import MANY, Kept
from irtool.adapters.logs.paths import is_store, matching
from irtool.adapters.logs.presets import PRESETS, Preset
from irtool.adapters.logs.rejects import SEVERAL, Rejects
from irtool.adapters.logs.rows import RowFiles
from irtool.adapters.logs.shapes import FORMATS, LogFile
from irtool.errors import InputError

if TYPE_CHECKING:
    import duckdb

_NO_TIME = "no time that can be understood"
_BROKEN = "torn, no object, or none of the keys or no time in it"


class Loader:
    """Reads sources into a fresh database. `rejects`, `lacking` and `readable` add up over them; `kind` is the number
    of the group of records that stand for messages in the last one, 0 if it has no such groups."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
        self._connection = connection
        self._folder = folder
        self.rejects = Rejects()
        self.lacking: list[frozenset[str]] = []
        self.readable: list[str] = []
        self.kind = 0

    def source(self, number: int, source: LogFile) -> str:
        """The SELECT that gives the normalised rows of one source. Raises InputError."""
        if source.format not in FORMATS:
            raise InputError(f"{source.place}: unknown log format {source.format!r}", hint=f"use {', '.join(FORMATS)}")
        syslog.zone_named(source.zone, source.place)
        label = f"log-{number}"
        with engine.reading(source.place):
            if source.format == "parquet":
                return self._parquet(label, source)
            if source.format == "postfix":
                return self._postfix(label, source)
            preset = PRESETS[source.format]
            return (self._json if preset.reader == "jsonl" else self._csv)(label, source, preset)

    def _parquet(self, label: str, source: LogFile) -> str:
        paths = matching(source.path)
        table = engine.parquet(paths)
        there = engine.kinds(self._connection, table)
        held = columns.resolve(columns.LOG, source.columns, list(there), source.place)
        empty, full = self._by_statistics(paths)
        held = {key: name for key, name in held.items() if name not in empty}
        values = {key: (columns.identifier(name), there[name]) for key, name in held.items()}
        kept = [] if source.columns or not set(columns.STORED) <= set(there) else columns.STORED[len(columns.LOG) :]
        if source.most:
            table = f"(SELECT *, filename FROM {table} LIMIT {source.most})"
        plain = bool(kept and is_store(source.path)) or self._is_plain(table, values)
        if plain:
            rows = columns.plain_rows(table, values, kept)
            kept = [*kept, "recipient_domain"]
        else:
            several = columns.several(*values["recipient"], "filename") if "recipient" in values else "NULL"
            more = {"origin": "filename", "several": several}
            written, kept = Kept(self._connection, self._folder, label), []
            with engine.zone(self._connection, source.zone):
                written.add(columns.normalised(table, values, source.times, more), many=self._rows(paths) > MANY)
            rows, paths = f"SELECT * FROM {written.sql}", written.files
            self._several(written.sql, {})
        self._loaded(held, paths)
        timed = "time" in held and not (plain and held["time"] in full)
        return self._timed(rows, timed=timed, kept=kept)

    def _timed(self, rows: str, *, timed: bool, kept: Sequence[str] = ()) -> str:
        """The rows that have a time, if the files have one at all; the others are counted by their `origin`."""
        view = f"SELECT {columns.log_view(kept)} FROM ({rows})"
        if not timed:
            return view
        before = self.rejects.rows
        self._count(f"SELECT origin AS rejected FROM ({rows}) WHERE time IS NULL", {}, _NO_TIME)
        return f"{view} WHERE time IS NOT NULL" if self.rejects.rows > before else view

    def _is_plain(self, table: str, values: dict[str, tuple[str, str]]) -> bool:
        if not all(columns.is_plain(key, kind) for key, (_, kind) in values.items()):
            return False
        # one column at a time: then the database looks at each different value of a column once, not at each row
        checks = [columns.odd(key, name) for key, (name, _) in values.items()]
        return not any(
            engine.number(self._connection, f"SELECT count(*) FROM (SELECT 1 FROM {table} WHERE {odd} LIMIT 1)")
            for odd in checks
            if odd != "false"
        )

    def _json(self, label: str, source: LogFile, preset: Preset) -> str:
        kept = Kept(self._connection, self._folder, label)
        found = JsonReader(self._connection, self._folder, label, preset).load(source, kept)
        table = kept.sql
        self._count(f"SELECT rejected FROM {table} WHERE rejected IS NOT NULL", found.origins, _BROKEN)
        self._several(table, found.origins)
        self._loaded(self._filled(table) if found.held is None else found.held, kept.files)
        return f"SELECT {columns.log_view(())} FROM {table} WHERE rejected IS NULL AND {self._kind(table, preset)}"

    def _csv(self, label: str, source: LogFile, preset: Preset) -> str:
        paths = matching(source.path)
        kept = Kept(self._connection, self._folder, label)
        rows = RowFiles(kept, self._folder, label, separated.NAMES)
        held = frozenset[str]().union(*(separated.columns_of(path, source, preset) for path in paths))
        spelling = source.times or preset.spelling
        values = {name: (columns.identifier(name), "VARCHAR") for name in columns.LOG if name in held}
        more = {"origin": "origin", "kind": "CAST(kind AS TINYINT)"}
        with engine.zone(self._connection, source.zone):
            made = separated.rows(paths, source, preset, self.rejects)
            rows.take(made, lambda table: columns.normalised(table, values, spelling, more))
        self._loaded(held, kept.files)
        return self._timed(f"SELECT * FROM {kept.sql} WHERE {self._kind(kept.sql, preset)}", timed="time" in held)

    def _postfix(self, label: str, source: LogFile) -> str:
        zone = syslog.zone_named(source.zone, source.place)
        pieces = syslog.in_order(matching(source.path), zone, source.year)
        kept = Kept(self._connection, self._folder, label)
        rows = RowFiles(kept, self._folder, label, postfix.NAMES)
        if source.most:
            pieces = pieces[-1:]
        reader = postfix.PostfixReader(self.rejects, zone)
        values = {name: (columns.identifier(name), "VARCHAR") for name in postfix.NAMES}
        rows.take(reader.rows(pieces, source.most or None), lambda table: columns.normalised(table, values))
        self._loaded(self._filled(kept.sql) | {"time"}, kept.files)
        return f"SELECT {columns.log_view(())} FROM {kept.sql}"

    def _kind(self, table: str, preset: Preset) -> str:
        """The condition that leaves one record for a message, of a log that has several."""
        if not preset.kinds:
            return "true"
        self.kind = engine.number(self._connection, f"SELECT min(kind) FROM {table} WHERE kind > 0")
        return f"kind = {self.kind}" if self.kind else "false"

    def _filled(self, table: str) -> frozenset[str]:
        """The columns of our own table that hold anything at all."""
        counts = ", ".join(f"count({name})" for name in columns.LOG)
        found = self._connection.execute(f"SELECT {counts} FROM {table}").fetchone() or ()
        return frozenset(name for name, count in zip(columns.LOG, found, strict=True) if count)

    def _by_statistics(self, paths: Sequence[str]) -> tuple[frozenset[str], frozenset[str]]:
        """By the files' own statistics: the columns in which nothing stands, which are as good as not there, and those
        in which something stands in every row."""
        sql = (
            "SELECT path_in_schema, bool_and(COALESCE(stats_null_count = num_values, false)), "
            "bool_and(COALESCE(stats_null_count = 0, false)) AND count(DISTINCT file_name) = $files "
            "FROM parquet_metadata($paths) GROUP BY ALL"
        )
        values = {"paths": [escaped(path) for path in paths], "files": len(paths)}
        rows = self._connection.execute(sql, values).fetchall()
        return frozenset(str(row[0]) for row in rows if row[1]), frozenset(str(row[0]) for row in rows if row[2])

    def _rows(self, paths: Sequence[str]) -> int:
        """The rows of Parquet files."""
        named = columns.literals(escaped(path) for path in paths)
        return engine.number(self._connection, f"SELECT sum(num_rows) FROM parquet_file_metadata({named})")

    def _several(self, table: str, origins: Mapping[str, str]) -> None:
        """Note the messages of which the log has only the first recipient."""
        for name, count in self._by_name(f"SELECT several FROM {table} WHERE several IS NOT NULL"):
            self.rejects.note(origins.get(name, name), count, SEVERAL)

    def _count(self, sql: str, origins: Mapping[str, str], why: str) -> None:
        for name, count in self._by_name(sql):
            self.rejects.add(origins.get(name, name), count, why)

    def _by_name(self, sql: str) -> list[tuple[str, int]]:
        rows = self._connection.execute(f"SELECT t.*, count(*) FROM ({sql}) t GROUP BY ALL ORDER BY 1").fetchall()
        return [(str(name), int(count)) for name, count in rows]

    def _loaded(self, held: Iterable[str], readable: Sequence[str] = ()) -> None:
        has = {*held, *(("recipient_domain",) if "recipient" in held else ())}
        self.lacking.append(frozenset(columns.LOG) - has)
        self.readable.extend(readable)

"""`irtool ingest`: any log -> a store, a folder of Parquet files in normal form, one or more for each day.

What was read once is not read again: a file counts as known by path, size and time, or else by its content, wherever it
lies now. A file that has grown replaces what was read of it before, and so does one that is read in another way. The
files of a Postfix log are read together, because messages go on in the next file; what they no longer reach back to
stays in the store. New files are put in place first, then the manifest: a run that was cut off leaves the store as it
was, and the next one clears up.

A store answers as its files would, read together. So of a log with several records for a message the files that have
only lesser ones (deliveries, where others have receptions) give no rows; and a column that is mapped need not be in
every file.
"""

# ruff: noqa: S608 - names and paths are quoted by columns; SQL has no parameters in their places

from __future__ import annotations

import fcntl
import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from irtool.adapters.logs import columns, engine
from irtool.adapters.logs.columns import literal
from irtool.adapters.logs.loading import Loader
from irtool.adapters.logs.manifest import MANIFEST, InputFile, Manifest, Unit, hashed, seen, unit_name
from irtool.adapters.logs.paths import matching
from irtool.adapters.logs.rejects import Reject, Rejects
from irtool.adapters.logs.shapes import LogFile
from irtool.errors import InputError, UsageError
from irtool.ports import Progress

if TYPE_CHECKING:
    import duckdb

_TOGETHER = frozenset({"postfix"})
_PACKED = (".gz", ".zst")


@dataclass(frozen=True, slots=True)
class Ingested:
    """What a source has in the store now: rows, rejected rows and span of all its units; `read` and `known` count its
    files of today, `rejects` and `notes` are of those that were read now."""

    source: str
    rows: int
    rejected: int
    first: str
    last: str
    read: int
    known: int
    rejects: tuple[Reject, ...] = ()
    notes: tuple[Reject, ...] = ()


def ingest(sources: Mapping[str, LogFile], folder: Path, progress: Progress | None = None) -> list[Ingested]:
    """Bring a store up to date with these sources. Raises InputError, UsageError if another process is at it."""
    if folder.exists() and not (folder / MANIFEST).exists() and any(folder.glob("*")):
        raise InputError(f"{folder}: is neither empty nor a store", hint="name a new folder with --output")
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder):
        return [_source(name, source, folder, progress) for name, source in sources.items()]


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise UsageError(f"{folder}: another irtool ingest is at work here", hint="wait for it") from error
        yield


def _source(name: str, source: LogFile, folder: Path, progress: Progress | None) -> Ingested:
    paths = matching(source.path)
    groups = [paths] if source.format in _TOGETHER else [[path] for path in paths]
    rejects = Rejects()
    read = 0
    for count, group in enumerate(groups):
        if progress:
            progress.step(f"reading {name}", count, len(groups))
        if _Group(name, source, group, folder, rejects).bring():
            read += len(group)
    _settle(folder, name)
    units = [unit for unit in Manifest.read(folder).units if unit.source == name]
    return Ingested(
        name,
        sum(unit.rows for unit in units),
        sum(unit.rejected for unit in units),
        min((unit.first for unit in units if unit.first), default=""),
        max((unit.last for unit in units if unit.last), default=""),
        read,
        len(paths) - read,
        tuple(rejects.found),
        tuple(rejects.notes),
    )


def _settle(folder: Path, name: str) -> None:
    """Of a log with several records for a message only the best that any of its files has stand for messages."""
    manifest = Manifest.read(folder)
    best = min((unit.kind for unit in manifest.units if unit.source == name and unit.kind), default=0)
    less = [unit for unit in manifest.units if unit.source == name and unit.kind != best and unit.outputs]
    if less:
        empty = {id(unit): replace(unit, outputs=(), rows=0, first="", last="") for unit in less}
        Manifest(tuple(empty.get(id(unit), unit) for unit in manifest.units)).write(folder)
        _sweep(folder)


class _Group:
    """Files of a source that are read together, on their way into the store."""

    def __init__(self, name: str, source: LogFile, group: Sequence[str], folder: Path, rejects: Rejects) -> None:
        self._name = name
        self._all = source
        self._source = replace(source, path=group)
        self._folder = folder
        self._rejects = rejects
        options = [source.format, dict(source.columns), source.zone, source.year, source.times]
        self._how = json.dumps(options, sort_keys=True)
        self._start = json.dumps(options[:1])[:-1]

    def bring(self) -> bool:
        """Read the files unless the store has them; whether it did."""
        manifest = Manifest.read(self._folder)
        now = [seen(path) for path in self._source.path]
        alike = [unit for unit in manifest.units if unit.how == self._how]
        if any(_places(unit) == {(one.path, one.size, one.mtime) for one in now} for unit in alike):
            return False
        whole, old = self._known(now, alike)
        same = next((unit for unit in alike if _contents(unit) == {one.sha256 for one in whole}), None)
        if same:  # the same content lies somewhere else now
            moved = replace(same, inputs=tuple(whole))
            Manifest(tuple(moved if unit is same else unit for unit in manifest.units)).write(self._folder)
            return False
        old += self._otherwise(whole, manifest.units)
        unit = self._read(whole, old)
        Manifest((*(one for one in manifest.units if one not in old), unit)).write(self._folder)
        _sweep(self._folder)
        return True

    def _known(self, now: Sequence[InputFile], alike: Sequence[Unit]) -> tuple[list[InputFile], list[Unit]]:
        """The files with their hashes, and the units that they replace."""
        if self._source.format in _TOGETHER:
            return [hashed(one)[0] for one in now], [unit for unit in alike if unit.source == self._name]
        (one,) = now
        whole, beginnings = hashed(one, [unit.inputs[0].size for unit in alike])
        old = []
        for unit in alike:
            before = unit.inputs[0]
            gone = not Path(before.path).exists()
            grown = beginnings.get(before.size) == before.sha256
            packed = any(before.path + ending == one.path for ending in _PACKED)
            if before.sha256 != whole.sha256 and (before.path == one.path or (gone and (grown or packed))):
                old.append(unit)
        return [whole], old

    def _otherwise(self, whole: Sequence[InputFile], units: Sequence[Unit]) -> list[Unit]:
        """The units of the same files that were read in another way: with a zone or a mapping that was wrong."""
        paths, hashes = {one.path for one in whole}, {one.sha256 for one in whole if one.size}
        return [
            unit
            for unit in units
            if unit.how != self._how and any(one.path in paths or one.sha256 in hashes for one in unit.inputs)
        ]

    def _read(self, inputs: Sequence[InputFile], old: Sequence[Unit]) -> Unit:
        name = unit_name(self._how, inputs)
        with tempfile.TemporaryDirectory(prefix=".irtool-", dir=self._folder) as scratch:
            connection = engine.connect(Path(scratch))
            try:
                loader = Loader(connection, Path(scratch))
                with engine.reading(self._source.place):
                    connection.execute(f"CREATE VIEW new AS {self._select(loader)}")
                    kept = self._kept(connection, old)
                    written = [*kept, *self._write(connection, name, Path(scratch))]
                    found = self._totals(connection, written)
            finally:
                connection.close()
        self._rejects.found += loader.rejects.found
        self._rejects.notes += loader.rejects.notes
        rows, first, last = found
        return Unit(
            self._name, self._how, tuple(inputs), tuple(written), rows, loader.rejects.rows, first, last, loader.kind
        )

    def _select(self, loader: Loader) -> str:
        """The SELECT of the rows. A mapped column that only other files of the source have is left out."""
        try:
            return loader.source(0, self._source)
        except InputError:
            absent = {key for key in self._source.columns if not self._has(self._source, key)}
            others = [replace(self._all, path=[path]) for path in matching(self._all.path)]
            if not absent or any(key == "time" or not any(self._has(one, key) for one in others) for key in absent):
                raise
            held = {key: name for key, name in self._source.columns.items() if key not in absent}
            return loader.source(0, replace(self._source, columns=held))

    def _has(self, source: LogFile, key: str) -> bool:
        """Whether a file has what one column is mapped to."""
        with tempfile.TemporaryDirectory(prefix=".irtool-", dir=self._folder) as scratch:
            connection = engine.connect(Path(scratch))
            try:
                Loader(connection, Path(scratch)).source(0, replace(source, columns={key: source.columns[key]}, most=1))
            except InputError:
                return False
            finally:
                connection.close()
        return True

    def _kept(self, connection: duckdb.DuckDBPyConnection, old: Sequence[Unit]) -> list[str]:
        """What the files do not reach back to any more: whole days stay as they are, part of a day joins the new."""
        connection.execute("CREATE VIEW everything AS SELECT * FROM new")
        together = [unit for unit in old if self._source.format in _TOGETHER and unit.how.startswith(self._start)]
        outputs = [name for unit in together for name in unit.outputs]
        start = connection.execute("SELECT min(time), CAST(min(time) AS DATE) FROM new").fetchone()
        if not outputs or start is None or start[0] is None:
            return []
        days = {name: name.partition("/")[0].removeprefix("day=") for name in outputs}
        same = [str(self._folder / name) for name, day in days.items() if day == str(start[1])]
        if same:
            rest = f"SELECT * FROM {engine.parquet(same)} WHERE time < TIMESTAMP {literal(str(start[0]))}"
            connection.execute(f"CREATE OR REPLACE VIEW everything AS SELECT * FROM new UNION ALL BY NAME {rest}")
        return [name for name, day in days.items() if day < str(start[1])]

    def _write(self, connection: duckdb.DuckDBPyConnection, name: str, scratch: Path) -> list[str]:
        """One file for each day, put in place when all of them are whole."""
        days = connection.execute("SELECT DISTINCT CAST(time AS DATE) FROM everything ORDER BY 1").fetchall()
        made = {}
        for (day,) in days:
            label = f"day={day}" if day else "undated"
            when = f"time >= DATE '{day}' AND time < DATE '{day}' + INTERVAL 1 DAY" if day else "time IS NULL"
            part = scratch / f"{label}.parquet"
            select = f"SELECT {columns.store_select()} FROM everything WHERE {when}"
            connection.execute(f"COPY ({select}) TO {literal(str(part))} (FORMAT parquet, COMPRESSION zstd)")
            made[f"{label}/{name}.parquet"] = part
        for target, part in made.items():
            (self._folder / target).parent.mkdir(exist_ok=True)
            part.replace(self._folder / target)
        return list(made)

    def _totals(self, connection: duckdb.DuckDBPyConnection, written: Sequence[str]) -> tuple[int, str, str]:
        if not written:
            return 0, "", ""
        table = engine.parquet([str(self._folder / name) for name in written])
        spell = "strftime({}, '%Y-%m-%dT%H:%M:%SZ')"
        sql = f"SELECT count(*), {spell.format('min(time)')}, {spell.format('max(time)')} FROM {table}"
        row = connection.execute(sql).fetchone() or (0, None, None)
        return int(row[0]), str(row[1] or ""), str(row[2] or "")


def _sweep(folder: Path) -> None:
    """Remove what no unit names: replaced files, and what a run left that was cut off."""
    named = {name for unit in Manifest.read(folder).units for name in unit.outputs}
    for path in [*folder.glob("day=*/*.parquet"), *folder.glob("undated/*.parquet")]:
        if str(path.relative_to(folder)) not in named:
            path.unlink()
    for scratch in folder.glob(".irtool-*"):
        shutil.rmtree(scratch, ignore_errors=True)


def _places(unit: Unit) -> set[tuple[str, int, int]]:
    return {(one.path, one.size, one.mtime) for one in unit.inputs}


def _contents(unit: Unit) -> set[str]:
    return {one.sha256 for one in unit.inputs}

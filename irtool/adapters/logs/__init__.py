"""The gateway log and the provider's directory as SQL tables, in DuckDB. The only importer of duckdb.

Tables, all in normalised columns, times as TIMESTAMP in UTC:

    log       time, id (as written), account, source_ip, envelope_from ('' is the null sender, NULL is not known),
              header_from, header_sender, recipient, recipient_domain, subject, size, status and, derived,
              envelope_domain, from_domain, sender_domain; columns that the files do not have are NULL and named by
              `missing()`
    accounts  account, name, plan, status, created, contact, locale, partner; one row for each account
    domains   domain, account; one row for each domain

Parquet in normal form is read where it lies; other Parquet and JSONL (plain, .gz, .zst) is read once into a private
Parquet file. After loading, queries can read nothing but these files: no other path, no network, no extension.
"""

# ruff: noqa: S608 - names and paths are quoted by logcolumns; SQL has no parameters in their places

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from irtool.adapters import logcolumns as columns
from irtool.adapters import logfiles as files
from irtool.errors import InputError, UsageError
from irtool.intake.domains import u_label
from irtool.ports import Progress
from irtool.records import Json, utc

if TYPE_CHECKING:
    import duckdb

FORMATS = ("parquet", "jsonl")
_MEMORY = "800MB"
_SNIFFED = 20_000


@dataclass(frozen=True, slots=True)
class LogFile:
    """Log files of one shape. `format` is parquet or jsonl, `path` a glob, `columns` maps normalised names to theirs;
    in JSONL `a.b` names a key in an object."""

    format: str
    path: str
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DirectoryFiles:
    """Where the directory lies: for each table its file (CSV, JSON, JSONL or Parquet) and column mapping, or None."""

    accounts: tuple[str, Mapping[str, str]] | None = None
    domains: tuple[str, Mapping[str, str]] | None = None


class DuckLog:
    """An open log with its directory: `ports.LogSource` and `ports.Directory`. Used by one thread at a time."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, folder: tempfile.TemporaryDirectory[str]) -> None:
        self._connection = connection
        self._folder = folder
        self._missing = frozenset(columns.LOG)
        self._rejected = 0

    def __enter__(self) -> DuckLog:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the database and remove its private files."""
        self._connection.close()
        self._folder.cleanup()

    def load(self, sources: Sequence[LogFile], directory: DirectoryFiles) -> None:
        """Make the tables and shut the door behind them. Called once, by `open_log`. Raises InputError."""
        loader = _Loader(self._connection, Path(self._folder.name))
        loader.table("accounts", columns.ACCOUNTS, directory.accounts)
        loader.table("domains", columns.DOMAINS, directory.domains)
        selects = [loader.source(number, source) for number, source in enumerate(sources)]
        selects = selects or [f"SELECT {columns.log_select({})} WHERE false"]
        self._connection.execute("CREATE VIEW log AS " + " UNION ALL BY NAME ".join(selects))
        self._missing = frozenset.intersection(*loader.lacking) if loader.lacking else self._missing
        self._rejected = loader.rejected
        self._connection.execute(f"SET allowed_paths = {columns.literals(loader.readable)}")
        self._connection.execute("SET enable_external_access = false")
        self._connection.execute("SET lock_configuration = true")

    def missing(self) -> frozenset[str]:
        """The normalised columns that none of the log files has."""
        return self._missing

    def rejected_rows(self) -> int:
        """Rows that could not be read, or whose time could not be understood."""
        return self._rejected

    def query(self, sql: str, parameters: Mapping[str, Json] | None = None) -> list[dict[str, object]]:
        """Rows of one query; times come back timezone-aware.

        Raises UsageError if the query is not valid, InputError if it reads a file that is gone or not the log's.
        """
        import duckdb

        try:
            cursor = self._connection.execute(sql, dict(parameters or {}))
            names = [column[0] for column in cursor.description or ()]
            rows = cursor.fetchall()
        except (duckdb.IOException, duckdb.OutOfMemoryException, duckdb.PermissionException) as error:
            raise InputError(f"the log cannot be read: {_first_line(error)}") from error
        except duckdb.Error as error:
            raise UsageError(f"the log cannot answer this query: {_first_line(error)}") from error
        return [{name: _aware(value) for name, value in zip(names, row, strict=True)} for row in rows]

    def owner(self, domain: str) -> str | None:
        """The account that owns the domain, or the nearest parent of it that is owned."""
        labels = domain.strip().rstrip(".").lower().split(".")[-127:]
        spellings = (labels, [u_label(label) for label in labels])
        names: list[Json] = [".".join(s[start:]) for s in spellings for start in range(len(s))]
        sql = (
            "SELECT account FROM domains WHERE domain IN $names "
            "ORDER BY len(string_split(domain, '.')) DESC, length(domain) DESC LIMIT 1"
        )
        rows = self.query(sql, {"names": names})
        return str(rows[0]["account"]) if rows else None

    def account(self, account: str) -> Mapping[str, Json] | None:
        """The account's row, `created` as text; None if it is not on file."""
        rows = self.query("SELECT * FROM accounts WHERE account = $account", {"account": account})
        if not rows:
            return None
        return {k: utc(v) if isinstance(v, datetime) else None if v is None else str(v) for k, v in rows[0].items()}


def open_log(sources: Sequence[LogFile], directory: DirectoryFiles | None = None) -> DuckLog:
    """Open log files and directory as one database; the caller closes it. Either may be empty.

    Raises InputError if a file cannot be read or lacks a column that its mapping names.
    """
    folder = tempfile.TemporaryDirectory(prefix="irtool-log-")
    log = DuckLog(_connect(Path(folder.name)), folder)
    try:
        log.load(sources, directory or DirectoryFiles())
    except BaseException:
        log.close()
        raise
    return log


def write_parquet(folder: Path, statements: Sequence[tuple[str, str]], progress: Progress | None = None) -> list[Path]:
    """Write each (label, SELECT) to `folder/label.parquet`; returns the files. A file appears when it is whole.

    For logs that are made rather than received: the SQL is our own. Raises InputError if the disk refuses.
    """
    import duckdb

    written = []
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".irtool-", dir=folder) as scratch:
        connection = _connect(Path(scratch))
        for number, (label, sql) in enumerate(statements):
            if progress:
                progress.step(f"writing {label}", number, len(statements))
            part, target = Path(scratch) / "part.parquet", folder / f"{label}.parquet"
            try:
                connection.execute(f"COPY ({sql}) TO {columns.literal(str(part))} (FORMAT parquet, COMPRESSION zstd)")
            except duckdb.Error as error:
                raise InputError(f"{target}: {_first_line(error)}") from error
            part.replace(target)
            written.append(target)
        connection.close()
    if progress:
        progress.step("log written", len(statements), len(statements))
    return written


class _Loader:
    """Reads files into the tables of a fresh database. `rejected`, `lacking` and `readable` add up over the sources."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
        self._connection = connection
        self._folder = folder
        self.rejected = 0
        self.lacking: list[frozenset[str]] = []
        self.readable: list[str] = []

    def table(self, name: str, wanted: Sequence[str], origin: tuple[str, Mapping[str, str]] | None) -> None:
        """Load one table of the directory; the first of several rows with one key counts."""
        key = wanted[0]
        if origin is None:
            self._connection.execute(
                f"CREATE TABLE {name} AS SELECT {columns.directory_select(wanted, {})} WHERE false"
            )
            return
        path, mapping = origin
        table = _directory_table(files.matching(path), path)
        with _reading(path):
            there = self._columns(table)
            held = columns.resolve(wanted, mapping, list(there), path)
            for needed in ("account", key):
                if needed not in held:
                    raise InputError(f"{path}: no column for {needed}", hint=f"the file has: {', '.join(there)}")
            select = columns.directory_select(wanted, {k: (columns.identifier(n), there[n]) for k, n in held.items()})
            self._connection.execute(
                f"CREATE TABLE {name} AS SELECT DISTINCT ON ({key}) * FROM (SELECT {select} FROM {table}) "
                f"WHERE {key} IS NOT NULL AND account IS NOT NULL ORDER BY {key}, account"
            )

    def source(self, number: int, source: LogFile) -> str:
        """The SELECT that gives the normalised rows of one source."""
        if source.format not in FORMATS:
            raise InputError(f"{source.path}: unknown log format {source.format!r}", hint=f"use {' or '.join(FORMATS)}")
        paths = files.matching(source.path)
        with _reading(source.path):
            read = self._parquet if source.format == "parquet" else self._jsonl
            return read(number, paths, source)

    def _parquet(self, number: int, paths: Sequence[str], source: LogFile) -> str:
        """Parquet is read where it lies if it is in normal form (one scan tells), else once into a private file."""
        table = _parquet_table(paths)
        there = self._columns(table)
        held = columns.resolve(columns.LOG, source.columns, list(there), source.path)
        values = {key: (columns.identifier(name), there[name]) for key, name in held.items()}
        if self._is_plain(table, values):
            query = f"SELECT {columns.plain_select(values)} FROM {table}"
        else:
            target = str(self._folder / f"log-{number}.parquet")
            self._connection.execute(_copy(f"SELECT {columns.log_select(values)} FROM {table}", target))
            paths, query = [target], f"SELECT * FROM {_parquet_table([target])}"
        if "time" in held:
            self.rejected += self._number(f"SELECT count(*) FROM ({query}) WHERE time IS NULL")
        self._loaded(held, paths)
        return query

    def _is_plain(self, table: str, values: Mapping[str, tuple[str, str]]) -> bool:
        if not all(columns.is_plain(key, kind) for key, (_, kind) in values.items()):
            return False
        odd = " OR ".join(columns.odd(key, name) for key, (name, _) in values.items()) or "false"
        return self._number(f"SELECT count(*) FROM (SELECT 1 FROM {table} WHERE {odd} LIMIT 1)") == 0

    def _jsonl(self, number: int, paths: Sequence[str], source: LogFile) -> str:
        import duckdb

        target = str(self._folder / f"log-{number}.parquet")
        try:
            held = self._ingest(paths, source, target)
        except duckdb.IOException as error:
            if "GZIP" not in str(error):
                raise
            held = self._ingest(files.salvaged(paths, self._folder), source, target)
        table = _parquet_table([target])
        self.rejected += self._number(f"SELECT count(*) FROM {table} WHERE rejected")
        self._loaded(held, [target])
        return f"SELECT * EXCLUDE (rejected) FROM {table} WHERE NOT rejected"

    def _ingest(self, paths: Sequence[str], source: LogFile, target: str) -> Sequence[str]:
        """JSON lines -> Parquet. A line that is no object, is torn, has none of the columns or no time is marked
        rejected: DuckDB reads such lines as rows of NULLs. Returns the normalised columns that were found."""
        held = self._places(paths, source)
        if not held:
            self._connection.execute(_copy(f"SELECT {columns.log_select({})}, true AS rejected WHERE false", target))
            return list(source.columns)
        types = {place[0]: "JSON" if len(place) > 1 else "VARCHAR" for place in sorted(held.values(), key=len)}
        empty = " AND ".join(f"{columns.identifier(name)} IS NULL" for name in types)
        timeless = " OR time IS NULL" if "time" in held else ""
        shape = ", ".join(f"{columns.literal(name)}: '{kind}'" for name, kind in types.items())
        table = f"read_json({_paths(paths)}, format = 'newline_delimited', ignore_errors = true, columns = {{{shape}}})"
        values = {key: (_extract(p), "JSON" if key in columns.ADDRESSES else "VARCHAR") for key, p in held.items()}
        select = f"SELECT {columns.log_select(values)}, ({empty}){timeless} AS rejected FROM {table}"
        self._connection.execute(_copy(select, target))
        return list(held)

    def _places(self, paths: Sequence[str], source: LogFile) -> dict[str, tuple[str, ...]]:
        """The path of keys to each normalised column; {} if no line of the files is an object."""
        for limit in (f"LIMIT {_SNIFFED}", ""):  # a rare key may come late: look at everything before saying no
            keys = self._keys(paths, limit)
            nested = [name for name in source.columns.values() if name not in keys and name.split(".")[0] in keys]
            there = [*keys, *(name for name in nested if "." in name)]
            if set(source.columns.values()) <= set(there):
                break
        if not keys:
            return {}
        held = columns.resolve(columns.LOG, source.columns, there, source.path)
        return {key: (name,) if name in keys else tuple(name.split(".")) for key, name in held.items()}

    def _keys(self, paths: Sequence[str], limit: str) -> list[str]:
        lines = f"read_ndjson_objects({_paths(paths)}, ignore_errors = true)"
        objects = f"SELECT json FROM {lines} WHERE json_type(json) = 'OBJECT' {limit}"
        rows = self._connection.execute(
            f"SELECT DISTINCT unnest(json_keys(json)) FROM ({objects}) ORDER BY 1"
        ).fetchall()
        return [str(row[0]) for row in rows]

    def _columns(self, table: str) -> dict[str, str]:
        rows = self._connection.execute(f"DESCRIBE SELECT * FROM {table}").fetchall()
        return {str(row[0]): str(row[1]) for row in rows}

    def _number(self, sql: str) -> int:
        row = self._connection.execute(sql).fetchone()
        return int(row[0]) if row else 0

    def _loaded(self, held: Iterable[str], readable: Sequence[str]) -> None:
        self.lacking.append(frozenset(columns.LOG).difference(held, _derived(held)))
        self.readable.extend(readable)


def _derived(held: Iterable[str]) -> set[str]:
    return {"recipient_domain"} if "recipient" in held else set()


def _extract(place: Sequence[str]) -> str:
    top, *rest = place
    if not rest:
        return columns.identifier(top)
    steps = "".join(f".{columns.quoted_key(key)}" for key in rest)
    return f"json_extract_string({columns.identifier(top)}, {columns.literal('$' + steps)})"


def _paths(paths: Sequence[str]) -> str:
    return columns.literals(files.escaped(path) for path in paths)


def _parquet_table(paths: Sequence[str]) -> str:
    return f"read_parquet({_paths(paths)}, union_by_name = true, hive_partitioning = false)"


def _directory_table(paths: Sequence[str], name: str) -> str:
    kind = name.removesuffix(".gz").removesuffix(".zst").rpartition(".")[2].lower()
    if kind == "parquet":
        return _parquet_table(paths)
    if kind == "csv":
        return f"read_csv({_paths(paths)}, all_varchar = true, header = true, union_by_name = true)"
    if kind in {"json", "jsonl", "ndjson"}:
        return f"read_json({_paths(paths)}, union_by_name = true, sample_size = -1)"
    raise InputError(f"{name}: unknown kind of directory file", hint="use a .csv, .json, .jsonl or .parquet file")


def _copy(select: str, target: str) -> str:
    return f"COPY ({select}) TO {columns.literal(target)} (FORMAT parquet, COMPRESSION zstd)"


def _connect(folder: Path) -> duckdb.DuckDBPyConnection:
    """A private database that fetches no extension, spills into `folder` and counts time in UTC."""
    import duckdb

    settings = {
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "enable_progress_bar": "false",
        "memory_limit": _MEMORY,
        "parquet_metadata_cache": "true",
        "preserve_insertion_order": "false",
        "temp_directory": str(folder / "spill"),
        "threads": str(os.cpu_count() or 1),
        "TimeZone": "UTC",
    }
    connection = duckdb.connect(":memory:")
    for name, value in settings.items():
        connection.execute(f"SET {name} = {columns.literal(value)}")
    return connection


@contextmanager
def _reading(path: str) -> Iterator[None]:
    """Faults of a file as InputError with its name."""
    import duckdb

    try:
        yield
    except duckdb.Error as error:
        raise InputError(f"{path}: cannot be read: {_first_line(error)}") from error


def _aware(value: object) -> object:
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) and value.tzinfo is None else value


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0][:300]

"""An open log: what the other rooms ask."""

# ruff: noqa: S608 - names and paths are quoted by columns; SQL has no parameters in their places

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from irtool.adapters.logs import columns, directory, engine
from irtool.adapters.logs.loading import Loader
from irtool.adapters.logs.rejects import Reject, Rejects
from irtool.adapters.logs.shapes import DirectoryFiles, LogFile
from irtool.adapters.scratch import Scratch
from irtool.errors import InputError, UsageError
from irtool.ports import Progress
from irtool.records import Json, utc

if TYPE_CHECKING:
    import duckdb


class DuckLog:
    """An open log with its directory: `ports.LogSource` and `ports.Directory`. Used by one thread at a time."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, folder: Scratch) -> None:
        self._connection = connection
        self._folder = folder
        self._missing = frozenset(columns.LOG)
        self._rejects = Rejects()

    def __enter__(self) -> DuckLog:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the database and remove its private files."""
        self._connection.close()
        self._folder.cleanup()

    def load(self, sources: Sequence[LogFile], files: DirectoryFiles) -> None:
        """Make the tables and shut the door behind them. Called once, by `open_log`. Raises InputError."""
        loader = Loader(self._connection, Path(self._folder.name))
        directory.load(self._connection, "accounts", columns.ACCOUNTS, files.accounts)
        directory.load(self._connection, "domains", columns.DOMAINS, files.domains)
        selects = [loader.source(number, source) for number, source in enumerate(sources)]
        nothing = f"SELECT {columns.log_view(())} FROM ({columns.NO_ROWS})"
        self._connection.execute("CREATE VIEW log AS " + " UNION ALL BY NAME ".join(selects or [nothing]))
        self._missing = frozenset.intersection(*loader.lacking) if loader.lacking else self._missing
        self._rejects = loader.rejects
        engine.shut(self._connection, loader.readable)

    def missing(self) -> frozenset[str]:
        """The normalised columns that none of the log files has."""
        return self._missing

    def rejected_rows(self) -> int:
        """Rows or lines that could not be read, or whose time could not be understood."""
        return self._rejects.rows

    def rejects(self) -> Sequence[Reject]:
        """The same, file by file, with the reason."""
        return tuple(self._rejects.found)

    def notes(self) -> Sequence[Reject]:
        """Rows that are in the log but lack something that stood in the file."""
        return tuple(self._rejects.notes)

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
            raise InputError(f"the log cannot be read: {engine.first_line(error)}") from error
        except duckdb.Error as error:
            raise UsageError(f"the log cannot answer this query: {engine.first_line(error)}") from error
        return [{name: _aware(value) for name, value in zip(names, row, strict=True)} for row in rows]

    def owner(self, domain: str) -> str | None:
        """The account that owns the domain, or the nearest parent of it that is owned."""
        from irtool.intake.domains import u_label  # brings all of intake with it, which a log does not need

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
    folder = Scratch("irtool-log-")
    log = DuckLog(engine.connect(Path(folder.name)), folder)
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
        connection = engine.connect(Path(scratch))
        for number, (label, sql) in enumerate(statements):
            if progress:
                progress.step(f"writing {label}", number, len(statements))
            part, target = Path(scratch) / "part.parquet", folder / f"{label}.parquet"
            try:
                connection.execute(f"COPY ({sql}) TO {columns.literal(str(part))} (FORMAT parquet, COMPRESSION zstd)")
            except duckdb.Error as error:
                raise InputError(f"{target}: {engine.first_line(error)}") from error
            part.replace(target)
            written.append(target)
        connection.close()
    if progress:
        progress.step("log written", len(statements), len(statements))
    return written


def _aware(value: object) -> object:
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) and value.tzinfo is None else value

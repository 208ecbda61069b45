"""The private database of one open log, and small helpers to talk to it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from irtool.adapters.logs import columns
from irtool.adapters.logs.files import escaped
from irtool.errors import InputError

if TYPE_CHECKING:
    import duckdb

MEMORY = "700MB"
"""What the engine may use; IRTOOL_LOG_MEMORY says otherwise. Larger work goes through files."""


def connect(folder: Path) -> duckdb.DuckDBPyConnection:
    """A private database that fetches no extension, spills into `folder` and counts time in UTC."""
    import duckdb

    settings = {
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "enable_progress_bar": "false",
        "memory_limit": os.environ.get("IRTOOL_LOG_MEMORY") or MEMORY,
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


def shut(connection: duckdb.DuckDBPyConnection, readable: Sequence[str]) -> None:
    """From now on nothing but these files can be read, and nothing else be reached or changed."""
    connection.execute(f"SET allowed_paths = {columns.literals(readable)}")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


@contextmanager
def reading(place: str) -> Iterator[None]:
    """Faults of a file as InputError with its name."""
    import duckdb

    try:
        yield
    except duckdb.Error as error:
        raise InputError(f"{place}: cannot be read: {first_line(error)}") from error
    except OSError as error:
        raise InputError(f"{place}: cannot be read: {error.strerror}") from error


@contextmanager
def zone(connection: duckdb.DuckDBPyConnection, name: str) -> Iterator[None]:
    """Times without an offset are of this zone meanwhile."""
    connection.execute(f"SET TimeZone = {columns.literal(name)}")
    try:
        yield
    finally:
        connection.execute("SET TimeZone = 'UTC'")


def number(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    """The one number that a query answers with."""
    row = connection.execute(sql).fetchone()
    return int(row[0]) if row and row[0] is not None else 0


def kinds(connection: duckdb.DuckDBPyConnection, table: str) -> dict[str, str]:
    """Names and types of a table's columns."""
    rows = connection.execute(f"DESCRIBE SELECT * FROM {table}").fetchall()  # noqa: S608 - quoted by the caller
    return {str(row[0]): str(row[1]) for row in rows}


def parquet(paths: Sequence[str]) -> str:
    """The table that these Parquet files are together."""
    listed = columns.literals(escaped(path) for path in paths)
    return f"read_parquet({listed}, union_by_name = true, hive_partitioning = false)"


def first_line(error: Exception) -> str:
    """The first line of a database's message."""
    return str(error).strip().partition("\n")[0][:300]

"""The normalised rows of one source: a table of the database as long as they are few, files of our own if many.

A table that does not fit into the database's memory is written out and read back for every question. Parquet is
smaller, and a question reads only the columns that it names.
"""

# ruff: noqa: S608 - names and paths are quoted by columns; SQL has no parameters in their places

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from irtool.adapters.logs import columns, engine

if TYPE_CHECKING:
    import duckdb

MANY = 2_000_000
"""Rows of a table, at most; about 450 MB."""
_SHAPE = "FORMAT parquet, COMPRESSION snappy, PARQUET_VERSION V2, WRITE_BLOOM_FILTER false, DICTIONARY_SIZE_LIMIT 2000"
"""What is written fastest: the files live as long as the questions."""


class Kept:
    """Rows are added as a SELECT; all of them have the same columns."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, folder: Path, label: str) -> None:
        self._connection = connection
        self._folder = folder
        self._label = label
        self._rows = 0
        self._made = False
        self.files: list[str] = []

    def add(self, select: str, *, many: bool = False) -> None:
        """Rows more; `many` says that they are too many for a table."""
        if many or self._rows >= MANY:
            target = str(self._folder / f"{self._label}-{len(self.files)}.parquet")
            self._connection.execute(f"COPY ({select}) TO {columns.literal(target)} ({_SHAPE})")
            self.files.append(target)
            return
        table = columns.identifier(self._label)
        self._rows += engine.number(
            self._connection, f"INSERT INTO {table} {select}" if self._made else f"CREATE TABLE {table} AS {select}"
        )
        self._made = True

    @property
    def sql(self) -> str:
        """What stands behind FROM to have all the rows."""
        table = columns.identifier(self._label)
        if not self.files:
            return table
        packed = engine.parquet(self.files)
        return f"(SELECT * FROM {table} UNION ALL BY NAME SELECT * FROM {packed})" if self._made else packed

"""Rows that Python has made, on their way into the database: a small file at a time, so that memory stays small."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from irtool.adapters.logs import columns
from irtool.adapters.logs.files import NOTHING, UNIT, escaped

if TYPE_CHECKING:
    import duckdb

_BATCH = 200_000


class RowFiles:
    """Writes rows as Parquet files `label-N.parquet` in normal form. A row is its values joined by `UNIT`."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, folder: Path, label: str, names: Sequence[str]) -> None:
        self._connection = connection
        self._text = folder / f"{label}.rows"
        self._stem = str(folder / label)
        self._names = names
        self.written: list[str] = []

    def take(self, rows: Iterable[list[bytes]], select: Callable[[str], str]) -> None:
        """Write lists of rows; `select` makes the SELECT that normalises a table of them. One file at least is made."""
        out = self._text.open("wb")
        count = 0
        try:
            for some in rows:
                if not some:
                    continue
                out.write(b"\n".join(some))
                out.write(b"\n")
                count += len(some)
                if count >= _BATCH:
                    out.close()
                    self._convert(select)
                    out, count = self._text.open("wb"), 0
        finally:
            out.close()
        if count or not self.written:
            self._convert(select)
        self._text.unlink()

    def _convert(self, select: Callable[[str], str]) -> None:
        target = f"{self._stem}-{len(self.written)}.parquet"
        self._connection.execute(copy(select(self._table()), target))
        self.written.append(target)

    def _table(self) -> str:
        kinds = ", ".join(f"{columns.literal(name)}: 'VARCHAR'" for name in self._names)
        return (
            f"read_csv({columns.literal(escaped(str(self._text)))}, auto_detect = false, header = false, "
            f"delim = {columns.literal(UNIT.decode())}, quote = '', escape = '', comment = '', "
            f"nullstr = {columns.literal(NOTHING.decode())}, new_line = '\\n', max_line_size = 4000000, "
            f"columns = {{{kinds}}})"
        )


def copy(select: str, target: str) -> str:
    """The statement that writes a private file: read again within minutes, so packing it hard would not pay."""
    return f"COPY ({select}) TO {columns.literal(target)} (FORMAT parquet, COMPRESSION lz4_raw)"

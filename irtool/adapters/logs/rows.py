"""Rows that Python has made, on their way into the database: a small file at a time, so that memory stays small."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from irtool.adapters.logs import columns
from irtool.adapters.logs.files import NOTHING, UNIT, escaped

if TYPE_CHECKING:
    from irtool.adapters.logs.kept import Kept

_BATCH = 4 * 122_880
"""Four of the database's row groups: what does not fill one is copied once more."""


class RowFiles:
    """Rows as what the database keeps. A row is its values joined by `UNIT`."""

    def __init__(self, kept: Kept, folder: Path, label: str, names: Sequence[str]) -> None:
        self._kept = kept
        self._text = folder / f"{label}.rows"
        self._names = names
        self._made = False

    def take(self, rows: Iterable[list[bytes]], select: Callable[[str], str]) -> None:
        """Keep lists of rows; `select` gives the SELECT that normalises a table of them."""
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
        if count or not self._made:
            self._convert(select)
        self._text.unlink()

    def _convert(self, select: Callable[[str], str]) -> None:
        self._kept.add(select(self._rows()))
        self._made = True

    def _rows(self) -> str:
        kinds = ", ".join(f"{columns.literal(name)}: 'VARCHAR'" for name in self._names)
        return (
            f"read_csv({columns.literal(escaped(str(self._text)))}, auto_detect = false, header = false, "
            f"delim = {columns.literal(UNIT.decode())}, quote = '', escape = '', comment = '', "
            f"nullstr = {columns.literal(NOTHING.decode())}, new_line = '\\n', max_line_size = 4000000, "
            "parallel = false, "  # for files this small, threads cost more than they save
            f"columns = {{{kinds}}})"
        )

"""A look at a log before it is needed: which of the normalised columns does it really have?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from irtool.adapters.logs import columns
from irtool.adapters.logs.database import open_log
from irtool.adapters.logs.rejects import Reject
from irtool.adapters.logs.shapes import LogFile

_ROWS, _LINES = 50_000, 300_000
RARE = 0.01
"""A column that fewer of the rows have is as good as none, except for Sender, which few messages have."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What a sample of the log shows: `filled` counts the rows in which each column holds something, `ids` are the
    messages' ids."""

    rows: int
    filled: Mapping[str, int]
    first: datetime | None
    last: datetime | None
    rejected: int
    rejects: tuple[Reject, ...]
    notes: tuple[Reject, ...]
    ids: frozenset[str] = frozenset()

    def has(self, name: str) -> bool:
        """Whether questions about this column can be answered."""
        count = self.filled.get(name, 0)
        return count > 0 and (name == "header_sender" or count >= self.rows * RARE)


def survey(source: LogFile) -> Survey:
    """Read the first rows of the source (of a Postfix log the newest file's first lines). Raises InputError."""
    sample = replace(source, most=_LINES if source.format == "postfix" else _ROWS)
    with open_log([sample]) as log:
        counts = ", ".join(f"count({name}) AS {name}" for name in columns.LOG if name != "time")
        sql = f"SELECT count(*) AS rows, count(time) AS time, {counts}, min(time) AS first, max(time) AS last FROM log"  # noqa: S608 - our own names
        (found,) = log.query(sql)
        first, last = found["first"], found["last"]
        return Survey(
            int(str(found["rows"])),
            {name: int(str(found[name])) for name in columns.LOG},
            first if isinstance(first, datetime) else None,
            last if isinstance(last, datetime) else None,
            log.rejected_rows(),
            tuple(log.rejects()),
            tuple(log.notes()),
            frozenset(str(row["id"]).strip("<>") for row in log.query("SELECT DISTINCT id FROM log WHERE id <> ''")),
        )

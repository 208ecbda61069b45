"""The provider's block lists: destination domains, source IPs and networks, addresses (envelope and header)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from irtool.records import Json, utc
from irtool.sandbox import names
from irtool.sandbox.problems import Problem


@dataclass(frozen=True, slots=True)
class Block:
    """One entry. `note` and `owner` are for people; after `expires` (UTC) it has no effect but stays until replaced."""

    note: str = ""
    owner: str = ""
    expires: datetime | None = None


class Blocks:
    """The block lists, in one transaction at `now`."""

    def __init__(self, connection: sqlite3.Connection, now: datetime) -> None:
        self._db = connection
        self._now = utc(now)

    def get(self, kind: str, value: str) -> dict[str, Json]:
        """The entry for exactly this value. Raises Problem 404."""
        found = self._find(kind, _spell(kind, value))
        if found is None:
            raise Problem(404, "not on the list")
        return found

    def put(self, kind: str, value: str, block: Block) -> tuple[dict[str, Json], dict[str, Json] | None]:
        """Add the entry or replace it. Returns it and what was there before."""
        value = _spell(kind, value)
        before = self._find(kind, value)
        row = (kind, value, block.note, block.owner, utc(block.expires) if block.expires else None)
        after = self._show(row)
        if after != before:
            self._db.execute("INSERT OR REPLACE INTO blocks VALUES (?, ?, ?, ?, ?)", row)
        return after, before

    def delete(self, kind: str, value: str) -> None:
        """Take the entry off the list. Raises Problem 404."""
        done = self._db.execute("DELETE FROM blocks WHERE kind = ? AND value = ?", (kind, _spell(kind, value)))
        if not done.rowcount:
            raise Problem(404, "not on the list")

    def page(self, kind: str, *, after: str = "", limit: int = 100) -> list[dict[str, Json]]:
        """Entries in the order of their values, from the one after `after`."""
        _spelling(kind)
        query = "SELECT * FROM blocks WHERE kind = ? AND value > ? ORDER BY value LIMIT ?"
        return [self._show(tuple(row)) for row in self._db.execute(query, (kind, after, limit))]

    def values(self, kind: str) -> list[str]:
        """All values of a list, in order."""
        _spelling(kind)
        rows = self._db.execute("SELECT value FROM blocks WHERE kind = ? ORDER BY value", (kind,))
        return [str(row[0]) for row in rows]

    def become(self, kind: str, values: Iterable[str]) -> None:
        """Make the list hold exactly these values; an entry that stays keeps its note, owner and end."""
        wanted, there = {_spell(kind, value) for value in values}, set(self.values(kind))
        for value in there - wanted:
            self.delete(kind, value)
        for value in wanted - there:
            self.put(kind, value, Block())

    def hit(self, kind: str, values: Iterable[str]) -> str | None:
        """The first of these values that is blocked now."""
        query = "SELECT 1 FROM blocks WHERE kind = ? AND value = ? AND (expires IS NULL OR expires > ?)"
        return next((v for v in values if self._db.execute(query, (kind, v, self._now)).fetchone()), None)

    def dump(self) -> list[Json]:
        """All entries, in a fixed order."""
        return [list(row) for row in self._db.execute("SELECT * FROM blocks ORDER BY kind, value")]

    def _find(self, kind: str, value: str) -> dict[str, Json] | None:
        query = "SELECT * FROM blocks WHERE kind = ? AND value = ?"
        row = self._db.execute(query, (kind, value)).fetchone()
        return self._show(tuple(row)) if row else None

    def _show(self, row: tuple[Json, ...]) -> dict[str, Json]:
        _, value, note, owner, expires = row
        active = expires is None or str(expires) > self._now
        return {"value": value, "note": note, "owner": owner, "expires": expires, "active": active}


def _spelling(kind: str) -> None:
    if kind not in names.KINDS:
        raise Problem(404, "no such list: domains, ips, addresses")


def _spell(kind: str, value: str) -> str:
    _spelling(kind)
    return names.KINDS[kind](value)

"""Messages at the provider: the log of all, the queue of those on their way, the outbox of those delivered."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from irtool.records import Json, utc
from irtool.sandbox import names
from irtool.sandbox.problems import Problem
from irtool.sandbox.relay import Submission, domain_of

MAX_IDS = 50_000
"""How many messages one request may name."""

_SHOWN = "id, time, account, source_ip, envelope_from, header_from, header_sender, recipient, subject, size, code, text"


@dataclass(frozen=True, slots=True)
class Which:
    """Messages by id, or by envelope sender and recipient domain (both if both are given), or by who holds them."""

    ids: tuple[int, ...] = ()
    sender: str = ""
    domain: str = ""
    held_by: str = ""


class Queue:
    """Messages, in one transaction at `now`. One row is one message to one recipient."""

    def __init__(self, connection: sqlite3.Connection, now: datetime) -> None:
        self._db = connection
        self._now = now

    def add(self, submission: Submission, code: int, text: str) -> list[int]:
        """Log a submission with the relay's answer, and queue it if that was 250. Returns the new ids."""
        head = (utc(self._now), submission.account, submission.ip, submission.envelope_from)
        header = (", ".join(submission.from_), ", ".join(submission.sender) or None)
        place = "queued" if code == 250 else "refused"
        ids = []
        for to in submission.recipients:
            row = (*head, *header, to, domain_of(to), submission.subject, submission.size, code, text, place)
            marks = ",".join("?" * len(row))
            done = self._db.execute(f"INSERT INTO messages VALUES (NULL, {marks}, NULL)", row)  # noqa: S608
            ids.append(int(done.lastrowid or 0))
        return ids

    def sent_last_hour(self, account: str) -> int:
        """How many messages of the account were accepted in the last hour."""
        since = utc(self._now - timedelta(hours=1))
        query = "SELECT count(*) FROM messages WHERE account = ? AND time > ? AND code = 250"
        return int(self._db.execute(query, (account, since)).fetchone()[0])

    def find(self, which: Which, places: Sequence[str], *, limit: int = MAX_IDS) -> tuple[int, list[dict[str, Json]]]:
        """How many messages match, and the first of them."""
        where, values = _where(which, places)
        total = self._db.execute(f"SELECT count(*) FROM messages WHERE {where}", values).fetchone()[0]  # noqa: S608
        query = f"SELECT {_SHOWN}, place, held_by FROM messages WHERE {where} ORDER BY id LIMIT ?"  # noqa: S608
        return total, [dict(row) for row in self._db.execute(query, (*values, limit))]

    def hold(self, which: Which, by: str) -> list[int]:
        """Keep queued messages from going out, in the name of `by`. Returns the ids of those now held that were not."""
        return self._move(which, ("queued",), "held", by)

    def release(self, which: Which) -> list[int]:
        """Let held messages go on. Returns their ids."""
        return self._move(which, ("held",), "queued", None)

    def purge(self, which: Which) -> list[int]:
        """Throw held messages away. Returns their ids."""
        return self._move(which, ("held",), "purged", None)

    def deliver(self) -> int:
        """Send everything that is queued. Returns how many."""
        return self._db.execute("UPDATE messages SET place = 'sent' WHERE place = 'queued'").rowcount

    def dump(self) -> list[Json]:
        """All messages, in order."""
        return [list(row) for row in self._db.execute("SELECT * FROM messages ORDER BY id")]

    def _move(self, which: Which, places: Sequence[str], to: str, by: str | None) -> list[int]:
        where, values = _where(which, places)
        query = f"UPDATE messages SET place = ?, held_by = ? WHERE {where} RETURNING id"  # noqa: S608
        return sorted(row["id"] for row in self._db.execute(query, (to, by, *values)).fetchall())


def _where(which: Which, places: Sequence[str]) -> tuple[str, list[object]]:
    """The condition and its values. Ids travel as one JSON array: SQLite limits how many parameters there may be."""
    parts = [f"place IN ({','.join('?' * len(places))})"]
    values: list[object] = list(places)
    if which.ids:
        if len(which.ids) > MAX_IDS:
            raise Problem(400, f"at most {MAX_IDS} ids at once")
        parts.append("id IN (SELECT value FROM json_each(?))")
        values.append(f"[{','.join(str(i) for i in which.ids)}]")
    if which.sender:
        parts.append("envelope_from = ?")
        values.append("" if which.sender == "<>" else names.address(which.sender))
    if which.domain:
        parts.append("domain = ?")
        values.append(names.domain(which.domain))
    if which.held_by:
        parts.append("held_by = ?")
        values.append(which.held_by)
    return " AND ".join(parts), values

"""What the admin API remembers about requests: the change log, answers to repeat, faults to make on purpose."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass

from irtool.records import Json
from irtool.sandbox.problems import Problem

FAULTS = ("500", "429", "garbage", "slow", "apply_then_500")
"""Faults that can be ordered: an error, a rate limit, an answer that is not JSON, a delay, and the nastiest: the
request is carried out and the answer says 500."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the API answers. `applied` is true if the request changed something, `replayed` if it is a repetition;
    `etag` names the state of what was answered (RFC 9110 §8.8.3)."""

    status: int
    body: Json = None
    applied: bool = False
    replayed: bool = False
    etag: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault that a request runs into."""

    kind: str
    seconds: float


class Requests:
    """The memory of requests, in one transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def log(self, time: str, method: str, path: str, key: str | None, answer: Answer, fault: str | None) -> None:
        """One line of the change log."""
        row = (time, method, path, key, answer.status, answer.applied, answer.replayed, fault)
        self._db.execute("INSERT INTO requests VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?)", row)

    def page(self, *, after: int = 0, limit: int = 100) -> list[Json]:
        """Lines of the change log, the oldest first, from the one after `after`."""
        rows = self._db.execute("SELECT * FROM requests WHERE seq > ? ORDER BY seq LIMIT ?", (after, limit))
        return [dict(row) | {"applied": bool(row["applied"]), "replayed": bool(row["replayed"])} for row in rows]

    def count(self, method: str = "", path: str = "") -> dict[str, Json]:
        """How many requests there were (of that method, under that path), how many of them changed something, how
        many were answered again from memory, and how many keys changed something more than once (must be 0)."""
        where = "(? = '' OR method = ?) AND substr(path, 1, length(?)) = ?"
        row = self._db.execute(
            f"SELECT count(*) AS requests, coalesce(sum(applied), 0) AS applied, "  # noqa: S608
            f"coalesce(sum(replayed), 0) AS replayed FROM requests WHERE {where}",
            (method, method, path, path),
        ).fetchone()
        twice = self._db.execute(
            "SELECT count(*) FROM (SELECT 1 FROM requests WHERE applied AND key IS NOT NULL GROUP BY key "
            "HAVING count(*) > 1)"
        ).fetchone()[0]
        return dict(row) | {"applied_twice": twice}

    def recall(self, key: str, request: str) -> Answer | None:
        """The answer this key got before. Raises Problem 422 if that was another request."""
        row = self._db.execute("SELECT * FROM answers WHERE key = ?", (key,)).fetchone()
        if row is None:
            return None
        if row["request"] != request:
            raise Problem(422, "this Idempotency-Key was used for another request")
        return Answer(row["status"], json.loads(row["body"]), replayed=True)

    def remember(self, key: str, request: str, answer: Answer) -> None:
        """Keep a successful answer for the key."""
        row = (key, request, answer.status, json.dumps(answer.body))
        self._db.execute("INSERT INTO answers VALUES (?, ?, ?, ?)", row)

    def order_fault(self, kind: str, times: int, match: str, method: str, seconds: float) -> None:
        """Make the next `times` requests whose path contains `match` run into a fault."""
        if kind not in FAULTS:
            raise Problem(400, f"kind must be one of: {', '.join(FAULTS)}")
        row = (kind, times, match, method, seconds)
        self._db.execute("INSERT INTO faults VALUES (NULL, ?, ?, ?, ?, ?)", row)

    def faults(self) -> list[Json]:
        """Faults not yet used up."""
        return [dict(row) for row in self._db.execute("SELECT * FROM faults ORDER BY id")]

    def clear_faults(self) -> None:
        """Order no more faults."""
        self._db.execute("DELETE FROM faults")

    def take_fault(self, method: str, path: str) -> Fault | None:
        """The fault this request runs into, used up once."""
        row = self._db.execute(
            "SELECT * FROM faults WHERE instr(?, match) AND (method = '' OR method = ?) ORDER BY id LIMIT 1",
            (path, method),
        ).fetchone()
        if row is None:
            return None
        self._db.execute("UPDATE faults SET times = times - 1 WHERE id = ?", (row["id"],))
        self._db.execute("DELETE FROM faults WHERE times <= 0")
        return Fault(row["kind"], row["seconds"])

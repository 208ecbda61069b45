"""The journal on SQLite: append-only, hash-chained, one file that is the whole truth about all incidents.

Each incident is a chain (chain.py): the hash of an event covers all its fields and the hash of the event before.
Writes are durable when `append` returns (WAL, synchronous=FULL); appends of several threads share one commit. A lease
with an epoch keeps a second process out; a process that lost it cannot append, hence cannot act.

What the chain proves: no event was edited, removed, added or reordered by somebody who did not recompute everything
after it. What it cannot prove: that whoever holds the file did not rewrite the whole of it. Keep the head hash that
`irtool verify` prints somewhere else for that. The seal (`seal.py`) additionally finds any changed byte of the file.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from irtool.adapters.chain import COLUMNS, Row, digest, row, storable, unrow
from irtool.adapters.processes import held, process
from irtool.adapters.seal import Seal
from irtool.errors import ConfigError, IrtoolError, Refused, UsageError
from irtool.history import KINDS
from irtool.records import Chain, Entry, Event, Json, to_json, utc
from irtool.redact import KNOWN

LEASE = timedelta(seconds=20)
"""How long a lease lasts without a renewal; a holder on this machine that is dead loses it at once."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS events (
  incident TEXT NOT NULL, seq INTEGER NOT NULL, kind TEXT NOT NULL, step TEXT, item TEXT, actor TEXT,
  source TEXT NOT NULL, occurred_at TEXT NOT NULL, "offset" TEXT NOT NULL, recorded_at TEXT NOT NULL,
  data TEXT NOT NULL, prev TEXT NOT NULL, hash TEXT NOT NULL, PRIMARY KEY (incident, seq)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS heads (incident TEXT PRIMARY KEY, seq INTEGER NOT NULL, hash TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS leases (
  incident TEXT PRIMARY KEY, epoch INTEGER NOT NULL, owner TEXT NOT NULL, process TEXT NOT NULL, until TEXT NOT NULL);
CREATE TRIGGER IF NOT EXISTS events_keep BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER IF NOT EXISTS events_stay BEFORE DELETE ON events BEGIN SELECT RAISE(ABORT, 'append-only'); END;
"""


@dataclass(slots=True)
class _Ticket:
    """One append that waits for a commit."""

    incident: str
    entries: Sequence[Entry]
    epoch: int | None
    opens: bool = False
    events: tuple[Event, ...] = ()
    error: IrtoolError | None = None
    settled: bool = field(default=False)


class SqliteJournal:
    """ports.Journal in one SQLite file. Safe for several threads and processes on one machine (local disk)."""

    def __init__(self, path: Path, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.path = path
        self._now = now
        self._seal = Seal(path)
        self._pending: list[_Ticket] = []
        self._pending_lock = threading.Lock()
        self._lock = threading.RLock()
        if not path.parent.is_dir():
            raise ConfigError(f"journal {path}: the folder does not exist", hint=f"mkdir -p {path.parent}")
        try:
            if not path.exists():
                path.touch(mode=0o600)
            self._db = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON"):
                self._db.execute(f"PRAGMA {pragma}")
            if self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0:
                self._db.executescript("BEGIN IMMEDIATE;" + _SCHEMA + "COMMIT;")
        except (sqlite3.Error, OSError, UnicodeDecodeError) as error:  # a damaged schema is not always a DatabaseError
            raise ConfigError(
                f"journal {path}: {error}", hint="check the file's rights and that it is a journal"
            ) from error
        self._wrote = False

    # --- writing ---

    def open_incident(self, prefix: str, entry: Entry) -> Event:
        """Open the next incident `prefix-NNNN` with its first event."""
        return self._hand_in(_Ticket(prefix, (entry,), None, opens=True))[0]

    def append(self, incident: str, *entries: Entry, epoch: int | None = None) -> tuple[Event, ...]:
        """Write events durably; with `epoch`, only while that lease is the newest."""
        return self._hand_in(_Ticket(incident, entries, epoch))

    def _hand_in(self, ticket: _Ticket) -> tuple[Event, ...]:
        """Group commit: whoever gets the lock first writes everything that waits, in one transaction."""
        for entry in ticket.entries:
            if entry.kind not in KINDS:
                raise ValueError(f"unknown kind of event: {entry.kind}")
        with self._pending_lock:
            self._pending.append(ticket)
        with self._lock:
            if not ticket.settled:
                with self._pending_lock:
                    batch, self._pending = self._pending, []
                self._commit(batch)
        if ticket.error:
            raise ticket.error
        return ticket.events

    def _commit(self, batch: Sequence[_Ticket]) -> None:
        try:
            with self._transaction():
                for ticket in batch:
                    try:
                        ticket.events = tuple(self._write(ticket))
                    except IrtoolError as error:
                        ticket.error = error
        except IrtoolError as error:
            for ticket in batch:
                ticket.events, ticket.error = (), error
        finally:
            for ticket in batch:
                ticket.settled = True

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            with self._lock:
                self._db.execute("BEGIN IMMEDIATE")
                try:
                    self._seal.break_()
                    yield
                    self._db.execute("COMMIT")
                    self._wrote = True
                except BaseException:
                    self._db.execute("ROLLBACK")
                    raise
        except (sqlite3.Error, OSError) as error:
            raise IrtoolError(
                f"the journal {self.path} cannot be written: {error}",
                done="nothing was sent for what could not be recorded",
                hint="free the disk or fix the file's rights, then: irtool resume",
            ) from error

    def _write(self, ticket: _Ticket) -> Iterator[Event]:
        incident, head = ticket.incident, (0, "")
        if ticket.opens:
            incident = self._next_name(ticket.incident)
        else:
            found = self._db.execute("SELECT seq, hash FROM heads WHERE incident = ?", (incident,)).fetchone()
            if found is None:
                raise UsageError(f"there is no incident {incident} in {self.path}", hint="irtool status")
            head = (int(found[0]), str(found[1]))
        if ticket.epoch is not None:
            self._check_epoch(incident, ticket.epoch)
        for entry in ticket.entries:
            event = self._event(incident, entry, *head)
            head = (event.seq, event.hash)
            self._db.execute(f"INSERT INTO events ({COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)", row(event))  # noqa: S608 (constant names)
            yield event
        self._db.execute("INSERT OR REPLACE INTO heads VALUES (?,?,?)", (incident, *head))

    def _next_name(self, prefix: str) -> str:
        rows = self._db.execute(
            "SELECT incident FROM heads WHERE substr(incident, 1, ?) = ?", (len(prefix) + 1, prefix + "-")
        )
        numbers = [int(name.rpartition("-")[2]) for (name,) in rows if name.rpartition("-")[2].isdigit()]
        return f"{prefix}-{max(numbers, default=0) + 1:04d}"

    def _event(self, incident: str, entry: Entry, seq: int, prev: str) -> Event:
        now = self._now()
        event = Event(
            incident=incident, seq=seq + 1, kind=entry.kind, data=_without_secrets(entry),
            step=storable(entry.step), item=storable(entry.item), actor=storable(entry.actor), source=entry.source,
            occurred_at=(entry.occurred_at or now).astimezone(UTC), offset=entry.offset, recorded_at=now,
            prev=prev, hash="",
        )  # fmt: skip
        return replace(event, hash=digest(row(event)))

    # --- reading ---

    def events(self, incident: str, after: int = 0) -> Iterator[Event]:
        """The incident's events in order; read in pages, so that a very long incident stays small in memory."""
        for values in self._rows(incident, after):
            yield unrow(values)

    def _rows(self, incident: str, after: int = 0) -> Iterator[Row]:
        while rows := self._page(incident, after):
            yield from rows
            after = rows[-1][1]

    def _page(self, incident: str, after: int, size: int = 1000) -> list[Row]:
        sql = f"SELECT {COLUMNS} FROM events WHERE incident = ? AND seq > ? ORDER BY seq LIMIT ?"  # noqa: S608 (constant names)
        try:
            with self._lock, closing(self._db.execute(sql, (incident, after, size))) as cursor:
                return cursor.fetchall()
        except sqlite3.Error as error:
            raise IrtoolError(f"the journal {self.path} cannot be read: {error}", hint="irtool verify") from error

    def incidents(self) -> Sequence[str]:
        """All incidents, the oldest first."""
        try:
            with self._lock:
                return [
                    found[0]
                    for found in self._db.execute(
                        "SELECT incident FROM events WHERE seq = 1 ORDER BY recorded_at, incident"
                    )
                ]
        except sqlite3.Error as error:
            raise IrtoolError(f"the journal {self.path} cannot be read: {error}", hint="irtool verify") from error

    # --- the lease ---

    def lease(self, incident: str, owner: str) -> int:
        """Take the lease; the epoch it returns is larger than every earlier one."""
        with self._transaction():
            found = self._db.execute(
                "SELECT epoch, owner, process, until FROM leases WHERE incident = ?", (incident,)
            ).fetchone()
            if found and held(str(found[2]), str(found[3]), self._now()):
                raise Refused(
                    f"{incident} is being worked on by {found[1]} (process {found[2]})",
                    hint=f"wait for it, or stop that process; then: irtool resume {incident}",
                )
            epoch = int(found[0]) + 1 if found else 1
            values = (incident, epoch, owner, process(), utc(self._now() + LEASE))
            self._db.execute("INSERT OR REPLACE INTO leases VALUES (?,?,?,?,?)", values)
            return epoch

    def renew(self, incident: str, epoch: int) -> None:
        """Prolong the lease, if it is still ours."""
        with self._transaction():
            self._check_epoch(incident, epoch)
            self._db.execute("UPDATE leases SET until = ? WHERE incident = ?", (utc(self._now() + LEASE), incident))

    def release(self, incident: str, epoch: int) -> None:
        """End the lease; the epoch stays, so that it never comes back."""
        with self._transaction():
            sql = "UPDATE leases SET until = '', process = '' WHERE incident = ? AND epoch = ?"
            self._db.execute(sql, (incident, epoch))

    def holder(self, incident: str) -> str:
        """Who holds the lease now, "" if nobody alive does."""
        with self._lock:
            found = self._db.execute(
                "SELECT owner, process, until FROM leases WHERE incident = ?", (incident,)
            ).fetchone()
        return str(found[0]) if found and held(str(found[1]), str(found[2]), self._now()) else ""

    def _check_epoch(self, incident: str, epoch: int) -> None:
        found = self._db.execute("SELECT epoch, owner FROM leases WHERE incident = ?", (incident,)).fetchone()
        if not found or int(found[0]) != epoch:
            who = f" by {found[1]}" if found else ""
            raise Refused(
                f"{incident} was taken over{who}; this process does nothing more", hint=f"irtool status {incident}"
            )

    # --- proof ---

    def verify(self, incident: str) -> Chain:
        """Recompute the chain of the incident; the file's structure too and, if it was closed cleanly, its seal."""
        count, prev = 0, ""
        try:
            for values in self._rows(incident):
                count += 1
                seq, kind, before, known = values[1], values[2], values[-2], values[-1]
                if seq != count:
                    return Chain(False, count, prev, f"event {count} is missing: the next one is {seq}")
                if before != prev:
                    return Chain(
                        False, count, prev, f"event {count} does not follow event {count - 1}: removed or reordered"
                    )
                if digest(values) != known:
                    return Chain(False, count, prev, f"event {count} ({kind}) was changed after it was written")
                prev = known
            fault = self._file_fault(incident, count, prev)
        except (IrtoolError, sqlite3.Error, ValueError, TypeError, OverflowError) as error:
            return Chain(False, count, prev, f"event {count + 1} cannot be read: {error}")
        return Chain(not fault, count, prev, fault)

    def _file_fault(self, incident: str, count: int, head: str) -> str:
        with self._lock:
            found = self._db.execute("SELECT seq, hash FROM heads WHERE incident = ?", (incident,)).fetchone()
            if found is None or tuple(found) != (count, head):
                return (
                    f"the journal ends at event {count}, but its head says {found[0] if found else 'nothing'}: cut off"
                )
            problem = str(self._db.execute("PRAGMA integrity_check(1)").fetchone()[0])
            if problem != "ok":
                return f"the file is damaged: {problem}"
            self._db.execute("BEGIN IMMEDIATE")
            try:
                return self._seal.fault()
            finally:
                self._db.execute("ROLLBACK")

    def close(self) -> None:
        """Fold the write-ahead log into the file, seal it if this process wrote, and close."""
        with self._lock:
            try:
                if self._wrote:
                    busy = self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
                    if not busy:
                        self._db.execute("BEGIN IMMEDIATE")
                        self._seal.put()
                        self._db.execute("ROLLBACK")
            except (sqlite3.Error, OSError):
                self._seal.break_()  # an unsealed journal is still a chained one
            finally:
                self._db.close()


def _without_secrets(entry: Entry) -> dict[str, Json]:
    """The data as it is kept: what a server said about a change may repeat a secret. What undo restores stays exact."""
    data = to_json(entry.data)
    rows = data if isinstance(data, dict) else {}
    if not entry.kind.startswith(("change.", "undo.")):
        return rows
    ours = {"change", "before", "key"}
    return {name: value if name in ours else KNOWN.hide_in(value) for name, value in rows.items()}

"""The provider's memory: one SQLite file that several threads and processes may use at once."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Lock

from irtool.errors import UsageError

VERSION = 1

SCHEMA = f"""
CREATE TABLE accounts (
    id TEXT PRIMARY KEY, name TEXT, plan TEXT, created TEXT, contact TEXT, locale TEXT, partner TEXT,
    disabled INTEGER NOT NULL DEFAULT 0, per_hour INTEGER, sessions INTEGER NOT NULL DEFAULT 1);
CREATE TABLE domains (domain TEXT PRIMARY KEY, account TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX domains_of ON domains (account);
CREATE TABLE sources (account TEXT, network TEXT, PRIMARY KEY (account, network)) WITHOUT ROWID;
CREATE TABLE blocks (
    kind TEXT, value TEXT, note TEXT NOT NULL, owner TEXT NOT NULL, expires TEXT, PRIMARY KEY (kind, value)
    ) WITHOUT ROWID;
CREATE TABLE policies (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE messages (
    id INTEGER PRIMARY KEY, time TEXT NOT NULL, account TEXT NOT NULL, source_ip TEXT NOT NULL,
    envelope_from TEXT NOT NULL, header_from TEXT, header_sender TEXT, recipient TEXT NOT NULL, domain TEXT NOT NULL,
    subject TEXT NOT NULL, size INTEGER NOT NULL, code INTEGER NOT NULL, text TEXT NOT NULL,
    place TEXT NOT NULL CHECK (place IN ('refused', 'queued', 'held', 'purged', 'sent')),
    held_by TEXT);
CREATE INDEX messages_sender ON messages (envelope_from, place);
CREATE INDEX messages_domain ON messages (domain, place);
CREATE INDEX messages_place ON messages (place);
CREATE INDEX messages_account ON messages (account, time);
CREATE TABLE requests (
    seq INTEGER PRIMARY KEY, time TEXT NOT NULL, method TEXT NOT NULL, path TEXT NOT NULL, key TEXT,
    status INTEGER NOT NULL, applied INTEGER NOT NULL, replayed INTEGER NOT NULL, fault TEXT);
CREATE TABLE answers (key TEXT PRIMARY KEY, request TEXT NOT NULL, status INTEGER NOT NULL, body TEXT) WITHOUT ROWID;
CREATE TABLE faults (
    id INTEGER PRIMARY KEY, kind TEXT NOT NULL, times INTEGER NOT NULL, match TEXT NOT NULL, method TEXT NOT NULL,
    seconds REAL NOT NULL);
PRAGMA user_version = {VERSION};
"""


class Store:
    """Connections to one provider's file. Raises UsageError if the file is not one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._idle: SimpleQueue[sqlite3.Connection] = SimpleQueue()
        self._writing = Lock()
        try:
            with self.transaction() as connection:
                version = connection.execute("PRAGMA user_version").fetchone()[0]
        except sqlite3.DatabaseError as error:
            self.close()
            raise UsageError(f"{path}: cannot be opened as a sandbox: {error}") from error
        if version != VERSION:
            self.close()
            raise UsageError(f"{path}: not a sandbox, or one of another version", hint="remove it and start afresh")

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A short transaction that sees and changes one state of the provider; undone if the block raises."""
        connection = self._take()
        try:
            # Within a process a lock hands over at once; only other processes have to poll for SQLite's.
            with self._writing:
                connection.execute("BEGIN IMMEDIATE")
                try:
                    yield connection
                    connection.execute("COMMIT")
                except BaseException:
                    if connection.in_transaction:
                        connection.execute("ROLLBACK")
                    raise
        finally:
            self._idle.put(connection)

    def close(self) -> None:
        """Close the connections that are not in use."""
        while True:
            try:
                self._idle.get_nowait().close()
            except Empty:
                return

    def _take(self) -> sqlite3.Connection:
        try:
            return self._idle.get_nowait()
        except Empty:
            return _connect(self.path)


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    try:
        # A crash of the machine may lose the last moments of a pretend provider, a crash of the process does not.
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
    except sqlite3.DatabaseError:
        connection.close()
        raise
    return connection

"""What grows with the journal sees every event once, in order, from however many threads it is asked for."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

from irtool.adapters.follow import Follower
from irtool.adapters.journal import SqliteJournal
from irtool.records import Entry, Event


def journal(folder: Path) -> Iterator[SqliteJournal]:
    made = SqliteJournal(folder / "j.db")
    yield made
    made.close()


def test_every_event_once_in_order(tmp_path: Path) -> None:
    for book in journal(tmp_path):
        name = book.open_incident("INC-2026", Entry("incident.opened")).incident
        seen: list[int] = []

        def add(into: list[int], event: Event) -> None:
            into.append(event.seq)

        follower = Follower(book, name, seen, add)
        assert follower.now() == [1]

        def work(book: SqliteJournal = book, name: str = name, follower: Follower[list[int]] = follower) -> None:
            for _ in range(25):
                book.append(name, Entry("note.added", {"text": "x"}))
                follower.now()

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert follower.now() == list(range(1, 102))

"""What an incident's events add up to, kept up to date without reading them all again."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from irtool.ports import Journal
from irtool.records import Event

T = TypeVar("T")


class Follower(Generic[T]):
    """Holds one thing that grows with the journal: `add` is given it and every event once, in order.

    `now` may be called from any thread.
    """

    def __init__(self, journal: Journal, incident: str, thing: T, add: Callable[[T, Event], None]) -> None:
        self._journal = journal
        self._incident = incident
        self._thing = thing
        self._add = add
        self._seen = 0
        self._lock = threading.Lock()

    def now(self) -> T:
        """The thing after all events that are in the journal now."""
        with self._lock:
            for event in self._journal.events(self._incident, self._seen):
                self._add(self._thing, event)
                self._seen = event.seq
        return self._thing

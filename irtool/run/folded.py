"""An incident's history that is kept up to date: reads only what was written since it was last asked."""

from __future__ import annotations

import threading

from irtool.history import Folding, History
from irtool.ports import Journal


class Folded:
    """One incident of one journal. May be asked from several threads."""

    def __init__(self, journal: Journal, incident: str) -> None:
        self._journal = journal
        self._incident = incident
        self._folding = Folding(incident)
        self._last = 0
        self._known: History | None = None
        self._lock = threading.Lock()

    def history(self) -> History:
        """Where everything stands now, by the events of all processes."""
        with self._lock:
            last = self._last
            for event in self._journal.events(self._incident, last):
                self._folding.take(event)
                self._last = event.seq
            if self._known is None or self._last != last:
                self._known = self._folding.history()
            return self._known

"""May this change still begin? Asked right before its intent is written, so that no veto comes too late unheard.

Decisions are recorded while their lock is held alone, intents while it is shared: each of the two sees the other. A
mark on the lock says whether anything was decided since, so that a run in which nobody intervenes reads nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager

from irtool.history import History
from irtool.history.machine import DONE
from irtool.records import Change
from irtool.run.approvals import GO, OPEN, find_step, word_on
from irtool.run.folded import Folded
from irtool.run.kit import Kit


def decisions(incident: str) -> str:
    """The name of the lock under which decisions about an incident are recorded."""
    return f"decisions {incident}"


class Standing:
    """What people have decided about one incident, as it stands at each moment. Shared by all threads of a run."""

    def __init__(self, kit: Kit, incident: str, folded: Folded) -> None:
        self._kit = kit
        self._incident = incident
        self._folded = folded
        self._lock = threading.Lock()
        self._marks = -1
        self._history: History | None = None

    @contextmanager
    def beginning(self, change: Change) -> Generator[bool, None, None]:
        """Whether the change may begin. Its intent is to be written in here. Raises NotSent if that cannot be told."""
        with self._kit.locks.shared(decisions(self._incident)) as marks:
            yield self._stands(self._read(marks), change)

    def _read(self, marks: int) -> History:
        with self._lock:
            if self._history is None or marks != self._marks:
                self._history = self._folded.history()
                self._marks = marks
            return self._history

    def _stands(self, history: History, change: Change) -> bool:
        status = history.changes.get(change.id)
        if status is None or status.change != change:
            return False
        if status.state not in OPEN:  # done before and made again, or skipped since
            return status.state == DONE
        return word_on(history, find_step(history, change.step), change.item, self._kit.clock.now()) == GO

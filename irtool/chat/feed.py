"""Follows a run in the channel from a thread of its own: what Slack takes its time over never holds up a change."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType

from irtool.records import Event

PACE = 1.2
"""Seconds between posts: Slack takes one message a second in a channel and 50 edits a minute."""

_GATHER = 0.2


class Feed:
    """ports.Listener and context manager. `follow` posts at most one message and says whether there is more to tell."""

    def __init__(self, follow: Callable[[], bool]) -> None:
        self._follow = follow
        self._news = threading.Event()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._pump, name="irtool slack feed", daemon=True)

    def told(self, event: Event) -> None:
        """Only that there is news: what it is stands in the journal."""
        del event
        self._news.set()

    def __enter__(self) -> Feed:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._news.set()
        self._thread.join()

    def _pump(self) -> None:
        more = False
        while not self._over.is_set():
            if not more:
                self._news.wait()
                self._over.wait(_GATHER)
            self._news.clear()
            more = self._follow()
            self._over.wait(PACE)
        while self._follow():
            threading.Event().wait(PACE)

"""Not faster than a server takes it."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

from irtool.ports import CallSender, Clock
from irtool.records import Call, Reply


class Pace:
    """Spaces the calls to each connector. Shared by all threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._next: dict[str, datetime] = {}

    def wait(self, connector: str, per_second: float) -> None:
        """Wait until the connector may be called again. `per_second` 0 is no limit."""
        if per_second <= 0:
            return
        with self._lock:
            now = self._clock.now()
            turn = max(now, self._next.get(connector, now))
            self._next[connector] = turn + timedelta(seconds=1 / per_second)
        pause = (turn - now).total_seconds()
        if pause > 0:
            self._clock.sleep(pause)


class Paced:
    """A sender that keeps the pace."""

    def __init__(self, sender: CallSender, pace: Pace, per_second: float) -> None:
        self._sender = sender
        self._pace = pace
        self._per_second = per_second

    def send(self, call: Call) -> Reply:
        """The server's answer, after waiting for this call's turn."""
        self._pace.wait(call.connector, self._per_second)
        return self._sender.send(call)

    def close(self) -> None:
        """Nothing: the sender belongs to whoever made it."""

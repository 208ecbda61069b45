"""The calls to one connector: when the next one may begin.

The limit is counted from the end of a call to the begin of a later one. What the server sees lies in between, so
however long a request is under way, no window of a second at the server holds more than `per_second` of them.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from dataclasses import dataclass, field

from irtool.ports import Clock
from irtool.run.ledger import Ledger

_SLICE = 0.2
"""A wait looks for a stop so often (seconds)."""
_CAREFUL = 0.1
_SLOWEST = 5.0
"""Seconds between two calls: at the most after the first request to slow down, and ever."""
_STEADY = 10
"""So many good answers in a row, and a connector that was slowed down goes a little faster again."""


@dataclass(slots=True)
class Lane:
    """The calls to one connector: when the next one may begin, and how far apart they have to be."""

    clock: Clock
    connector: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)
    turn: float = 0.0
    closed: float = 0.0
    gap: float = 0.0
    under_way: int = 0
    ended: deque[float] = field(default_factory=deque)
    calls: int = 0
    good: int = 0
    trouble: int = 0

    def begin(self, per_second: float, ledger: Ledger | None = None) -> str:
        """Wait until a call may begin, also for other processes if there is a ledger; the name of the call in it."""
        name = ""
        while True:
            with self.lock:
                pause = self._missing(per_second)
                if pause <= 0 and per_second > 0 and ledger is not None:
                    self.calls += 1
                    name = f"{os.getpid()}.{id(self)}.{self.calls}"
                    limit = (_most(per_second), _period(per_second))
                    pause = ledger.take(self.connector, name, *limit, self.clock.monotonic())
                if pause <= 0:
                    self.turn = self.clock.monotonic() + max(self.gap, 1 / per_second if per_second > 0 else 0.0)
                    self.under_way += 1
                    return name
            self.clock.sleep(min(pause, _SLICE))

    def end(self, name: str = "", per_second: float = 0.0, ledger: Ledger | None = None) -> None:
        """A call has ended, however it did."""
        with self.lock:
            if name and ledger is not None:
                ledger.end(self.connector, name, self.clock.monotonic() + _period(per_second))
            self.under_way -= 1
            self.ended.append(self.clock.monotonic())
            while len(self.ended) > 10_000:
                self.ended.popleft()

    def well(self) -> None:
        """A call was answered, and not with a request to wait."""
        with self.lock:
            self.trouble = 0
            self.good += 1
            if self.gap and self.good >= _STEADY:
                self.good = 0
                self.gap = self.gap * 0.7 if self.gap > 0.01 else 0.0

    def slow_down(self, seconds: float) -> None:
        """The server asks not to be called for so long: nobody calls it, and then at half the speed."""
        with self.lock:
            now = self.clock.monotonic()
            self.good = 0
            self.closed = max(self.closed, now + seconds)
            recent = sum(1 for end in self.ended if end > now - 1)
            self.gap = min(_SLOWEST, max(2 * self.gap, min(_CAREFUL, 2 / max(recent, 1))))

    def wait(self, seconds: float, stop: threading.Event) -> bool:
        """Wait; False as soon as a stop is asked for."""
        until = self.clock.monotonic() + seconds
        while not stop.is_set():
            left = until - self.clock.monotonic()
            if left <= 0:
                return True
            self.clock.sleep(min(left, _SLICE))
        return False

    def shut_for(self) -> float:
        """For how many seconds the server wants no call any more."""
        return max(0.0, self.closed - self.clock.monotonic())

    def _missing(self, per_second: float) -> float:
        """Seconds until a call may begin, 0 if it may now."""
        now = self.clock.monotonic()
        pause = self.turn - now
        if per_second > 0:
            most, period = _most(per_second), _period(per_second)
            while self.ended and self.ended[0] <= now - period:
                self.ended.popleft()
            over = self.under_way + len(self.ended) - most
            if over >= 0:
                pause = max(pause, self.ended[over] + period - now if over < len(self.ended) else _SLICE / 4)
        return pause


def _most(per_second: float) -> int:
    """How many calls a window holds."""
    return max(1, int(per_second))


def _period(per_second: float) -> float:
    """How long the window is: a second, or longer for a limit below one a second."""
    return max(1.0, 1 / per_second)

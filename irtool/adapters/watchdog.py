"""A total deadline for blocking socket work.

A read timeout starts again with each byte, so a server that drips can hold a call for ever. One thread per pool shuts
down the sockets of calls that are past their deadline; the blocked read then ends with an error.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from dataclasses import dataclass

_TICK = 0.1


@dataclass(slots=True)
class Watch:
    """One call under watch. `socket` is set once it is connected; `expired` is set by the watchdog."""

    deadline: float
    socket: socket.socket | None = None
    expired: bool = False


class Watchdog:
    """Shuts down the sockets of calls that take too long. Shared by the senders of a pool."""

    def __init__(self) -> None:
        self._watched: dict[int, Watch] = {}
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def watch(self, seconds: float) -> Watch:
        """Start watching a call that has to end within so many seconds."""
        watch = Watch(time.monotonic() + seconds)
        with self._changed:
            self._watched[id(watch)] = watch
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="call deadlines", daemon=True)
                self._thread.start()
            elif len(self._watched) == 1:
                self._changed.notify()
        return watch

    def done(self, watch: Watch) -> None:
        """The call has ended."""
        with self._changed:
            self._watched.pop(id(watch), None)

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._watched:
                    self._changed.wait()
                for watch in self._watched.values():
                    _end_if_late(watch)
            time.sleep(_TICK)


def _end_if_late(watch: Watch) -> None:
    if time.monotonic() < watch.deadline:
        return
    watch.expired = True
    if watch.socket is not None:
        with contextlib.suppress(OSError):
            watch.socket.shutdown(socket.SHUT_RDWR)

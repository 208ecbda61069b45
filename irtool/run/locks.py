"""One writer at a time for lists that are read, changed and written back: in this process and between processes."""

from __future__ import annotations

import fcntl
import hashlib
import os
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from irtool.errors import NotSent
from irtool.ports import Clock

_POLL = 0.05
_PATIENCE = 120.0


class Locks:
    """Locks by name. `folder` holds one empty file for each and is made when first needed (local disk, flock(2))."""

    def __init__(self, folder: Path, clock: Clock, patience: float = _PATIENCE) -> None:
        self._folder = folder
        self._clock = clock
        self._patience = patience
        self._guard = threading.Lock()
        self._here: dict[str, threading.Lock] = {}

    @contextmanager
    def held(self, name: str) -> Generator[None, None, None]:
        """Hold the lock of this name; "" is no lock. Raises NotSent if another process keeps it for too long."""
        if not name:
            yield
            return
        with self._guard:
            here = self._here.setdefault(name, threading.Lock())
        with here:
            handle = self._open(name)
            try:
                self._acquire(handle, name)
                yield
            finally:
                os.close(handle)  # gives the lock back too

    def _open(self, name: str) -> int:
        self._folder.mkdir(parents=True, exist_ok=True)
        plain = "".join(c if c.isalnum() else "-" for c in name)[:40]
        short = hashlib.sha256(name.encode()).hexdigest()[:12]
        return os.open(self._folder / f"{plain}-{short}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def _acquire(self, handle: int, name: str) -> None:
        waited = 0.0
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if waited >= self._patience:
                    raise NotSent(f"another process has kept the lock {name} for {waited:.0f} s") from None
                self._clock.sleep(_POLL)
                waited += _POLL
            else:
                return

"""One writer at a time for lists that are read, changed and written back: in this process and between processes."""

from __future__ import annotations

import fcntl
import hashlib
import os
import stat
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from irtool.errors import NotSent
from irtool.ports import Clock

_POLL = 0.05
_PATIENCE = 120.0


class Locks:
    """Locks by name. `folder` holds one empty file for each and is made when first needed (local disk, flock(2)).

    Whoever may write the file that it is named after (`irtool.db.locks`: the journal) may take the locks too: several
    people, each with an OS account of their own, work on one journal.
    """

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
        beside = self._folder.with_suffix("")
        shared = beside.stat() if beside.is_file() else None
        if not self._folder.exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            _share(self._folder, shared, 0o770)
        plain = "".join(c if c.isalnum() else "-" for c in name)[:40]
        short = hashlib.sha256(name.encode()).hexdigest()[:12]
        path = self._folder / f"{plain}-{short}.lock"
        known = path.exists()
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if not known:
            _share(path, shared, 0o660)
        return handle

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


def _share(path: Path, like: os.stat_result | None, mode: int) -> None:
    """Give a new file or folder to the group that may write `like`, if there is one."""
    if like is None or not like.st_mode & stat.S_IWGRP:
        return
    with suppress(OSError):  # not one of the group: the rights stay with the owner
        os.chown(path, -1, like.st_gid)
        path.chmod(mode)

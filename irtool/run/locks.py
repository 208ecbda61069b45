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
_FLAGS = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
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
        self._paths: dict[str, Path] = {}

    @contextmanager
    def held(self, name: str) -> Generator[None, None, None]:
        """Hold the lock of this name; "" is no lock.

        Raises NotSent if another process keeps it for too long, or if there is no place for it (a full or read-only
        disk): without the lock nothing is written.
        """
        if not name:
            yield
            return
        with self._guard:
            here = self._here.setdefault(name, threading.Lock())
        with here, self._flock(name, fcntl.LOCK_EX):
            yield

    @contextmanager
    def alone(self, name: str) -> Generator[None, None, None]:
        """Hold a lock that others only share, and leave a mark for them that it was held.

        Whoever wants it alone waits at the door of it, so that those who share it cannot keep it for ever. Raises
        NotSent if that takes too long, or if there is no place for the mark.
        """
        with self._flock(f"{name} door", fcntl.LOCK_EX), self._flock(name, fcntl.LOCK_EX) as handle:
            try:
                os.lseek(handle, 0, os.SEEK_END)
                os.write(handle, b".")
            except OSError as error:
                raise self._no_place(name, error) from None
            yield

    @contextmanager
    def shared(self, name: str) -> Generator[int, None, None]:
        """Hold the lock together with others who share it; the number of marks that those who had it alone left."""
        with self._flock(f"{name} door", fcntl.LOCK_SH):
            inside = self._flock(name, fcntl.LOCK_SH)
            handle = inside.__enter__()
        try:
            yield os.fstat(handle).st_size
        finally:
            inside.__exit__(None, None, None)

    @contextmanager
    def _flock(self, name: str, how: int) -> Generator[int, None, None]:
        try:
            handle = self.open(name)
        except OSError as error:
            raise self._no_place(name, error) from None
        try:
            self._acquire(handle, name, how)
            yield handle
        finally:
            os.close(handle)  # gives the lock back too

    def _no_place(self, name: str, error: OSError) -> NotSent:
        return NotSent(f"the lock {name} cannot be taken: {self._folder}: {error.strerror}")

    def open(self, name: str) -> int:
        """The file of a lock, open; whoever may write the journal may write it too. Raises OSError."""
        known = self._paths.get(name)
        if known is not None:
            with suppress(FileNotFoundError):  # somebody has removed the folder: it is made anew
                return os.open(known, _FLAGS, 0o600)
        self._paths[name] = path = self._made(name)
        return os.open(path, _FLAGS, 0o600)

    def _made(self, name: str) -> Path:
        """The lock's file, with the rights of the file that the folder is named after."""
        beside = self._folder.with_suffix("")
        shared = beside.stat() if beside.is_file() else None
        if not self._folder.exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            _share(self._folder, shared, 0o770)
        plain = "".join(c if c.isalnum() else "-" for c in name)[:40]
        short = hashlib.sha256(name.encode()).hexdigest()[:12]
        path = self._folder / f"{plain}-{short}.lock"
        if not path.exists():
            os.close(os.open(path, _FLAGS, 0o600))
            _share(path, shared, 0o660)
        return path

    def _acquire(self, handle: int, name: str, how: int = fcntl.LOCK_EX) -> None:
        waited = 0.0
        while True:
            try:
                fcntl.flock(handle, how | fcntl.LOCK_NB)
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

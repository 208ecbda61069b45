"""Private folders for work in progress, which do not outlive the process, however it ends.

A process that is killed, or told twice to stop, removes nothing. So each folder holds a lock for as long as its process
lives, and whoever makes the next one clears away those of this user that nobody holds any more.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
import time
from pathlib import Path

_LOCK, _DRAFT = "lock", ".lock"
_OLD = 86_400.0
"""Seconds after which a folder without a lock is nobody's; one that was just made has none for a moment."""
_MAX_LOOKED_AT = 1_000


class Scratch:
    """A folder of our own in the temporary folder. Has `name` and `cleanup` like tempfile.TemporaryDirectory."""

    def __init__(self, prefix: str) -> None:
        clear(prefix)
        self._folder = tempfile.TemporaryDirectory(prefix=prefix)
        self.name = self._folder.name
        self._lock = _lock(Path(self.name))

    def cleanup(self) -> None:
        """Remove it with all that is in it."""
        self._folder.cleanup()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def clear(prefix: str) -> None:
    """Remove the folders of that name whose process is gone."""
    place = Path(tempfile.gettempdir())
    for number, folder in enumerate(place.glob(f"{prefix}*")):
        if number == _MAX_LOOKED_AT:
            return
        with contextlib.suppress(OSError):
            if _is_ours(folder) and _is_left(folder):
                shutil.rmtree(folder)


def _lock(folder: Path) -> int | None:
    """Hold the folder. The lock gets its name when it is held: nobody finds it free in between."""
    handle = os.open(folder / _DRAFT, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # a file system without locks: the folder is cleared a day after it was left
        os.close(handle)
        return None
    (folder / _DRAFT).rename(folder / _LOCK)
    return handle


def _is_ours(folder: Path) -> bool:
    found = folder.lstat()
    return folder.is_dir() and not folder.is_symlink() and found.st_uid == os.getuid()


def _is_left(folder: Path) -> bool:
    try:
        handle = os.open(folder / _LOCK, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return time.time() - folder.lstat().st_mtime > _OLD
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(handle)
    return True

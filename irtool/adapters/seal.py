"""The seal of a journal file: the hash of all its bytes, put beside it whenever a process closes it cleanly.

The chain proves the events; the seal also finds a changed byte where no event is (free space of a page, the file's
header). It is broken before every write, so after a crash there is none, and the chain alone speaks.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path


class Seal:
    """The seal of one file. Every call is made while the caller holds the file's write lock."""

    def __init__(self, path: Path) -> None:
        self._file = path
        self._path = path.with_name(path.name + ".seal")

    def put(self) -> None:
        """Seal the file as it is now; does nothing while part of it is still in the write-ahead log."""
        if self._log_is_empty():
            draft = self._path.with_name(f"{self._path.name}.{os.getpid()}")
            draft.write_text(self._digest() + "\n")
            draft.chmod(self._file.stat().st_mode & 0o777)  # whoever may write the journal may seal it
            draft.replace(self._path)

    def break_(self) -> None:
        """The file is about to change."""
        self._path.unlink(missing_ok=True)

    def fault(self) -> str:
        """What is wrong with the file's bytes, "" if nothing is or nothing can be said."""
        if not self._path.exists() or not self._log_is_empty():
            return ""
        if self._path.read_text(errors="replace").strip() != self._digest():
            return f"bytes of {self._file.name} were changed outside irtool after it was closed"
        return ""

    def _log_is_empty(self) -> bool:
        log = self._file.with_name(self._file.name + "-wal")
        return not log.exists() or log.stat().st_size == 0

    def _digest(self) -> str:
        with self._file.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()

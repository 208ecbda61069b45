"""Complaints as they came in, byte for byte: files named after the SHA-256 of what is in them, in one folder.

The folder stands beside the journal and not in it: the journal is hashed as a whole each time it is closed and may be a
database server, and a mailbox of 200 MB has no place in either. The SHA-256 in an incident's chained events binds the
two, and every read proves it. Nothing kept here is opened by anything, executed or fetched: the files have no ending
and belong to whoever owns the journal (0600; its group may read them where the group may write the journal).
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import stat
import tempfile
from pathlib import Path

from irtool.errors import IrtoolError

_DIGEST = re.compile(r"[0-9a-f]{64}")


class Altered(IrtoolError):
    """A kept file is not what it was when it was kept."""


class Originals:
    """The files of one folder. Safe for several threads and processes: what is there is never written again."""

    def __init__(self, folder: Path, journal: Path) -> None:
        self.folder = folder
        self._journal = journal

    def keep(self, content: bytes) -> str:
        """Keep these bytes, durably, and return their SHA-256. The same bytes are kept once.

        Raises IrtoolError if they cannot be written.
        """
        digest = hashlib.sha256(content).hexdigest()
        try:
            if not self._has(digest, content):
                self._write(digest, content)
        except OSError as error:
            raise IrtoolError(
                f"the complaint cannot be kept in {self.folder}: {error.strerror}",
                done="nothing was recorded and nothing was sent",
                hint="free the disk or fix the folder's rights, then type the same again",
            ) from error
        return digest

    def read(self, digest: str, size: int) -> bytes:
        """The bytes of that SHA-256. Raises Altered if the file is gone, cannot be read, or is not what was kept."""
        if not _DIGEST.fullmatch(digest):
            raise Altered(f"{digest[:80]!r} is no SHA-256, so no file was ever kept under it")
        try:
            handle = os.open(self.folder / digest, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
            with os.fdopen(handle, "rb") as file:
                found = os.fstat(file.fileno())
                fits = stat.S_ISREG(found.st_mode) and found.st_size == size
                content = file.read() if fits else b""
        except FileNotFoundError:
            raise Altered(f"{digest} is not in {self.folder} any more") from None
        except OSError as error:
            raise Altered(f"{digest} in {self.folder} cannot be read: {error.strerror}") from error
        if not fits or hashlib.sha256(content).hexdigest() != digest:
            raise Altered(f"{digest} in {self.folder} was changed after it was kept")
        return content

    def _has(self, digest: str, content: bytes) -> bool:
        """Whether it is there, whole: a file that somebody damaged is written anew."""
        try:
            return self.read(digest, len(content)) == content
        except Altered:
            return False

    def _write(self, digest: str, content: bytes) -> None:
        """Write beside it, flush, rename: there is the whole file or none, also after a power cut."""
        if not self.folder.is_dir():
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._share(self.folder, 0o770)
        handle, draft = tempfile.mkstemp(dir=self.folder, prefix=".draft-")  # 0600
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            self._share(Path(draft), 0o640)
            Path(draft).replace(self.folder / digest)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(draft).unlink()
            raise
        handle = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def _share(self, path: Path, mode: int) -> None:
        """Let the group that may write the journal in; without such a group the rights stay with the owner."""
        with contextlib.suppress(OSError):  # no journal yet, or we are not of its group
            like = self._journal.stat()
            if like.st_mode & stat.S_IWGRP:
                os.chown(path, -1, like.st_gid)
                path.chmod(mode)

"""Files that irtool writes for people: Calls with transport "file", into one folder and never out of it."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from irtool.errors import NotSent, Rejected
from irtool.records import Call, Reply

_KINDS = (".md", ".txt", ".html")
"""What is written for people ends like this, so that it never replaces a journal, a configuration or a playbook."""


class FileSender:
    """Writes `call.body` to the file `call.path` in a folder (ports.CallSender): whole or not at all.

    A file of that name is replaced. Method PING only tells whether the folder can be written to. The Reply has status 0
    and the path as its body.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, call: Call) -> Reply:
        """Write the file.

        Raises Rejected for a name that leads out of the folder or is not one, NotSent if it cannot be written: the file
        of before is then still there.
        """
        if call.method == "PING":
            if not os.access(self._folder, os.W_OK | os.X_OK):
                raise Rejected(f"{self._folder} cannot be written to", hint="Give irtool the right to write there.")
            return Reply(0, str(self._folder))
        if call.method != "WRITE":
            raise Rejected(f"a file cannot be asked to {call.method}")
        path = self._inside(call.path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _write(path, (call.body or "").encode("utf-8"))
        except UnicodeEncodeError:
            raise NotSent(f"{path} cannot be written: the text is not valid Unicode") from None
        except OSError as error:
            raise NotSent(f"{path} cannot be written: {error.strerror}") from None
        return Reply(0, str(path))

    def close(self) -> None:
        """Nothing is kept open."""

    def _inside(self, name: str) -> Path:
        parts = Path(name).parts
        fit = name and name.isprintable() and not name.endswith("/") and not Path(name).is_absolute()
        if Path(name).suffix.lower() not in _KINDS:
            raise Rejected(f"{name!r} is not a document", hint=f"Give a name that ends in {', '.join(_KINDS)}.")
        if not fit or any(part == ".." or part.startswith(".") for part in parts) or len(name) > 200:
            raise Rejected(f"{name!r} is not a file name that can be written", hint="Give a name such as bulletin.md.")
        folder = self._folder.resolve()
        path = folder.joinpath(*parts)
        if not path.parent.resolve().is_relative_to(folder) or path.is_dir():
            raise Rejected(f"{name!r} leads out of {self._folder}, or is a folder")
        return path


class FilePool:
    """Makes FileSenders for one folder (ports.SenderPool)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def sender(self) -> FileSender:
        """A new sender."""
        return FileSender(self._folder)


def _write(path: Path, data: bytes) -> None:
    """Write beside it and rename: readers see the old file or the new one."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".irtool-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise

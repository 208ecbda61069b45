"""Writing a file that somebody may be reading: whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from irtool.cli.out import clean
from irtool.errors import UsageError


def save(path: Path, content: bytes) -> None:
    """Put the content in place of the file at once. Raises UsageError if it cannot be written; the old one stays."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_bytes(content)
        beside.replace(path)
    except OSError as error:
        if path.parent.is_dir():
            beside.unlink(missing_ok=True)
        raise UsageError(
            f"{clean(path)}: {error.strerror}; nothing was written", hint="name a file that can be written"
        ) from error

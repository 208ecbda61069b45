"""Complaints as the user names them: files, folders, `-` for stdin. Sizes are checked before anything is read."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from irtool.errors import InputError

LIMIT = 25_000_000
"""Bytes of one complaint; a larger file is not a complaint but a mailbox or a mistake."""


def read_all(names: Sequence[str]) -> list[tuple[str, bytes]]:
    """Name and content of every complaint. Raises InputError for what is missing, unreadable or too large."""
    return [_read(name) for name in names for name in _files(name)]


def _files(name: str) -> Iterator[str]:
    path = Path(name)
    if name != "-" and path.is_dir():
        files = sorted(str(p) for p in path.iterdir() if p.is_file() and not p.name.startswith("."))
        if not files:
            raise InputError(f"{name}: there is no file in this folder", hint="name a file, a folder with files, or -")
        yield from files
    else:
        yield name


def _read(name: str) -> tuple[str, bytes]:
    if name == "-":
        content = sys.stdin.buffer.read(LIMIT + 1)
    else:
        path = Path(name)
        try:
            if path.stat().st_size > LIMIT:
                raise _too_large(name, path.stat().st_size)
            with path.open("rb") as stream:  # a pipe or a device tells no size
                content = stream.read(LIMIT + 1)
        except OSError as error:
            raise InputError(
                f"{name}: {error.strerror}", hint="name a complaint: .eml, ARF, or pasted text; - is stdin"
            ) from error
    if len(content) > LIMIT:
        raise _too_large(name, len(content))
    return name, content


def _too_large(name: str, size: int) -> InputError:
    return InputError(
        f"{name}: {size / 1e6:.0f} MB is too large for a complaint (at most {LIMIT / 1e6:.0f} MB); it was not read",
        hint="give one message, or cut out the headers: head -c 1000000 FILE | irtool triage -",
    )

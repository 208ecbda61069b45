"""Complaints as the user names them: files, folders, Maildirs, `-` for stdin. Sizes are checked before anything is
read."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from irtool.errors import InputError
from irtool.intake import read_complaints, size_limit

MAX_FILES = 10_000
MAX_DEPTH = 10
MAX_TOTAL = 512 * 1024 * 1024
"""Bytes of all files of one command together."""
_HEAD = 1_000
_MAILDIR = ("cur", "new")


def read_all(names: Sequence[str]) -> list[tuple[str, bytes]]:
    """Name and content of every complaint. Raises InputError for what is missing, unreadable or too large.

    A file in a folder may be no complaint; a file that somebody named is one, or nothing is done.
    """
    read: list[tuple[str, bytes]] = []
    total = 0
    for name in names:
        for file in _files(name):
            content = _read(file)
            total += len(content)
            if total > MAX_TOTAL:
                raise InputError(
                    f"{name}: more than {MAX_TOTAL // 2**20} MB of complaints in all; nothing was read",
                    hint="give a part of it at a time",
                )
            if content.strip() or file == name:  # empty files in a folder are nobody's complaint
                read.append((file, content))
    for name, content in read if len(read) > 1 else ():
        if name in names:
            read_complaints([(name, content)])
    if names and not read:
        raise InputError(f"{', '.join(names)}: every file is empty", hint="name a file with a complaint in it")
    return read


def _files(name: str) -> Iterator[str]:
    path = Path(name)
    if name == "-" or not path.is_dir():
        yield name
        return
    found: list[str] = []
    for file in _walk(path):
        if len(found) == MAX_FILES:
            raise InputError(f"{name}: more than {MAX_FILES} files in this folder", hint="give a part of it at a time")
        found.append(str(file))
    if not found:
        raise InputError(f"{name}: there is no file in this folder", hint="name a file, a folder with files, or -")
    yield from found


def _walk(folder: Path, depth: int = 0) -> Iterator[Path]:
    """The files below, in order of their names; hidden ones and links are left out, for a link may lead anywhere.

    Of a Maildir (with its `.Folders`) only the messages: what servers keep beside them, and `tmp`, is not mail.
    """
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise InputError(f"{folder}: {error.strerror}", hint="name a folder that can be read") from error
    folders = {entry.name for entry in entries if entry.is_dir(follow_symlinks=False)}
    maildir = folders.issuperset(_MAILDIR)
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            wanted = entry.name in _MAILDIR or entry.name.startswith(".") if maildir else entry.name[0] != "."
            if wanted and depth < MAX_DEPTH:
                yield from _walk(Path(entry.path), depth + 1)
        elif entry.is_file(follow_symlinks=False) and not maildir and not entry.name.startswith("."):
            yield Path(entry.path)


def _read(name: str) -> bytes:

    if name == "-":
        head = sys.stdin.buffer.read(_HEAD)
        limit = size_limit(head)
        content = head + sys.stdin.buffer.read(limit + 1 - len(head))
    else:
        path = Path(name)
        try:
            with path.open("rb") as file:
                head = file.read(_HEAD)
                limit = size_limit(head)
                if path.stat().st_size > limit:
                    raise _too_large(name, path.stat().st_size, limit)
                content = head + file.read(limit + 1 - len(head))
        except OSError as error:
            raise InputError(
                f"{name}: {error.strerror}", hint="name a complaint: .eml, ARF, or pasted text; - is stdin"
            ) from error
    if len(content) > limit:
        raise _too_large(name, len(content), limit)
    return content


def _too_large(name: str, size: int, limit: int) -> InputError:
    return InputError(
        f"{name}: {size / 1e6:.0f} MB is too large for a complaint (at most {limit / 1e6:.0f} MB); it was not read",
        hint="give one message, or cut out the headers: head -c 1000000 FILE | irtool triage -",
    )

"""Log files on disk: which ones a pattern means, and what can still be read of a torn .gz."""

from __future__ import annotations

import glob
import zlib
from collections.abc import Sequence
from pathlib import Path

from irtool.errors import InputError

_CHUNK = 1 << 20


def matching(pattern: str) -> list[str]:
    """The files a path or glob means, absolute and sorted. Raises InputError if there are none."""
    exact = Path(pattern)
    named = [pattern] if exact.is_file() else glob.glob(pattern, recursive=True)  # noqa: PTH207 - may be absolute
    found = sorted(path for path in named if Path(path).is_file())
    if not found:
        raise InputError(f"{pattern}: no such file", hint="check the path in irtool.yaml; it is relative to that file")
    return [str(Path(path).resolve()) for path in found]


def escaped(path: str) -> str:
    """The path so that a reader that expands globs takes every character as it is."""
    return "".join(f"[{c}]" if c in "*?[" else c for c in path)


def salvaged(paths: Sequence[str], folder: Path) -> list[str]:
    """The same files with every .gz unpacked into `folder` as far as it goes: a gateway may still be writing it."""
    return [_unpacked(Path(path), folder / f"salvaged-{n}.jsonl") if path.endswith(".gz") else path
            for n, path in enumerate(paths)]  # fmt: skip


def _unpacked(path: Path, target: Path) -> str:
    with path.open("rb") as packed, target.open("wb") as plain:
        stream = zlib.decompressobj(wbits=31)
        while data := packed.read(_CHUNK):
            while data:
                try:
                    plain.write(stream.decompress(data))
                except zlib.error:
                    return str(target)
                data = stream.unused_data
                if stream.eof:
                    stream = zlib.decompressobj(wbits=31)
    return str(target)

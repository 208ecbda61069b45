"""Which files a pattern means."""

from __future__ import annotations

import glob
from collections.abc import Sequence
from pathlib import Path

from irtool.adapters.logs.manifest import MANIFEST, Manifest
from irtool.errors import InputError


def matching(patterns: str | Sequence[str]) -> list[str]:
    """The files that paths, globs and stores (folders made by `irtool ingest`) mean, absolute, sorted, each once.

    Raises InputError if one of them means none.
    """
    named = [patterns] if isinstance(patterns, str) else patterns
    return list(dict.fromkeys(path for pattern in named for path in _one(pattern)))


def is_store(patterns: str | Sequence[str]) -> bool:
    """Whether these are stores and nothing else: what is in them is in normal form."""
    named = [patterns] if isinstance(patterns, str) else patterns
    return all((Path(pattern) / MANIFEST).is_file() for pattern in named)


def _one(pattern: str) -> list[str]:
    exact = Path(pattern)
    if (exact / MANIFEST).is_file():
        return [str(exact.resolve() / name) for name in Manifest.read(exact).outputs()]
    names = [pattern] if exact.is_file() else glob.glob(pattern, recursive=True)  # noqa: PTH207 - may be absolute
    found = sorted(path for path in names if Path(path).is_file())
    if not found:
        raise InputError(f"{pattern}: no such file", hint="check the path in irtool.yaml; it is relative to that file")
    return [str(Path(path).resolve()) for path in found]

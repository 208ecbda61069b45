"""The faults of one file, collected."""

from __future__ import annotations

import re
from collections.abc import Iterable

from irtool.language.yamlfile import Document

Path = tuple[str | int, ...]
_PLACE = re.compile(r":(\d+):(\d+)  ")


class Faults:
    """Collects lines `file:line:column  what`; places come from the document."""

    def __init__(self, doc: Document) -> None:
        self.doc = doc
        self.lines: list[str] = []

    def say(self, path: Path, what: str) -> None:
        """There is a fault at this path."""
        self.lines.append(f"{self.doc.where(path)}  {what}")


def in_order(lines: Iterable[str]) -> list[str]:
    """The lines by their place in the file, each once."""
    return sorted(dict.fromkeys(lines), key=_place)


def _place(line: str) -> tuple[int, int]:
    found = _PLACE.search(line)
    return (int(found[1]), int(found[2])) if found else (0, 0)

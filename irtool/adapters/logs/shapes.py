"""The public shapes of this room: which files are a log, and which are the directory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from irtool.adapters.logs.presets import PRESETS

FORMATS = ("parquet", "postfix", *PRESETS)


@dataclass(frozen=True, slots=True)
class LogFile:
    """Log files of one shape.

    `format` is one of FORMATS, `path` a path, glob or store, or several of them. `columns` maps normalised names to
    theirs and goes before what the format knows; in JSON `a.b` names a key in an object. `zone` is where times without
    an offset were written, `year` the year of a Postfix log's first line if it must not be guessed from the files'
    times, `times` how times are spelled (strptime) that are not ISO 8601. `most` rows or lines of a file are read, 0
    for all.
    """

    format: str
    path: str | Sequence[str]
    columns: Mapping[str, str] = field(default_factory=dict)
    zone: str = "UTC"
    year: int | None = None
    times: str = ""
    most: int = 0

    @property
    def place(self) -> str:
        """The paths, for people."""
        return self.path if isinstance(self.path, str) else ", ".join(self.path)


@dataclass(frozen=True, slots=True)
class DirectoryFiles:
    """Where the directory lies: for each table its file (CSV, JSON, JSONL or Parquet) and column mapping, or None."""

    accounts: tuple[str, Mapping[str, str]] | None = None
    domains: tuple[str, Mapping[str, str]] | None = None

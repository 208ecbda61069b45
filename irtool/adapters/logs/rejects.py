"""What could not be read, file by file: counted, never fatal and never silently nothing."""

from __future__ import annotations

from dataclasses import dataclass, field

SEVERAL = "message to several recipients: only the first is known here"


@dataclass(frozen=True, slots=True)
class Reject:
    """`rows` rows or lines of `file` that are not in the log, and why; or, as a note, that are there with less."""

    file: str
    rows: int
    why: str


@dataclass(slots=True)
class Rejects:
    """Collects them over all files of a log."""

    found: list[Reject] = field(default_factory=list)
    notes: list[Reject] = field(default_factory=list)

    def add(self, file: str, rows: int, why: str) -> None:
        """Rows that are not in the log."""
        if rows:
            self.found.append(Reject(file, rows, why))

    def note(self, file: str, rows: int, what: str) -> None:
        """Rows that are in the log, but lack something."""
        if rows:
            self.notes.append(Reject(file, rows, what))

    @property
    def rows(self) -> int:
        """All rejected rows."""
        return sum(reject.rows for reject in self.found)

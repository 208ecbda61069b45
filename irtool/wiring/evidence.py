"""Logs and directory of the configuration, and the triage that asks them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from irtool.adapters.logs import DirectoryFiles, DuckLog, LogFile, open_log
from irtool.config import Config, DirectoryFile
from irtool.ports import Progress
from irtool.records import Complaint, Findings
from irtool.triage import triage
from irtool.triage.rules import Book, book


class Evidence:
    """The configured logs and directory, opened when first asked."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._log: DuckLog | None = None

    @property
    def log(self) -> DuckLog:
        """Logs and directory as tables. Raises InputError if a file cannot be read or lacks a mapped column."""
        if self._log is None:
            settings = self._config.settings
            sources = [LogFile(s.format, str(self._config.place(s.path)), s.columns) for s in settings.logs.values()]
            files = DirectoryFiles(self._file(settings.directory.accounts), self._file(settings.directory.domains))
            self._log = open_log(sources, files)
        return self._log

    def _file(self, file: DirectoryFile | None) -> tuple[str, dict[str, str]] | None:
        return (str(self._config.place(file.path)), file.columns) if file else None

    def owner(self, domain: str) -> str | None:
        """The account that owns the domain, None without a directory."""
        return self.log.owner(domain) if self._config.settings.directory.domains else None

    def triage(
        self, complaints: Sequence[Complaint], since: timedelta, now: datetime, progress: Progress | None
    ) -> tuple[tuple[Complaint, ...], Findings]:
        """Complaints with signatures, and the campaign."""
        settings = self._config.settings
        return triage(
            complaints,
            self.log if settings.logs else None,
            self.log if settings.directory.domains or settings.directory.accounts else None,
            own_domains=settings.org.domains,
            since=since,
            now=now,
            trusted_relays=settings.trusted_relays,
            book=self._book(),
            progress=progress,
        )

    def _book(self) -> Book:
        """The shipped signatures, and the user's own on top of them."""
        own = self._config.settings.signatures
        return book([self._config.place(own)] if own else [])

    def close(self) -> None:
        """Close the files."""
        if self._log is not None:
            self._log.close()

"""Logs and directory of the configuration, and the triage that asks them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from irtool.adapters.logs import DirectoryFiles, DuckLog, LogFile, open_log
from irtool.adapters.logs.store import Ingested, ingest
from irtool.config import Config, DirectoryFile
from irtool.errors import UsageError
from irtool.ports import Progress
from irtool.records import Complaint, Findings
from irtool.triage import triage
from irtool.triage.hunt import Hunt, hunt
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
            directory = self._config.settings.directory
            files = DirectoryFiles(self._file(directory.accounts), self._file(directory.domains))
            self._log = open_log(list(self.sources().values()), files)
        return self._log

    def sources(self) -> dict[str, LogFile]:
        """The configured logs by name."""
        found = {}
        for name, log in self._config.settings.logs.items():
            named = (log.path,) if isinstance(log.path, str) else log.path
            paths = tuple(str(self._config.place(path)) for path in named)
            found[name] = LogFile(log.format, paths, log.columns, log.zone, log.year, log.times)
        return found

    def ingest(
        self,
        names: Sequence[str],
        format_: str | None,
        options: Mapping[str, str],
        folder: Path,
        progress: Progress | None,
    ) -> list[Ingested]:
        """Read configured logs (all, if none is named), or paths and globs of the given format, into a store.

        `options` are the mapping of a path's columns and, under `zone`, `year` and `times`, what else its format needs.
        Raises UsageError for a name that is not configured.
        """
        known = self.sources()
        if format_ is None:
            unknown = [name for name in names if name not in known]
            if unknown or not known:
                have = f"configured are: {', '.join(known)}" if known else "no log is configured"
                what = f"{unknown[0]} is no configured log" if unknown else "there is no log to read"
                raise UsageError(f"{what}; {have}", hint=f"irtool ingest {' '.join(names) or 'PATH'} --format FORMAT")
            chosen = {name: known[name] for name in names or known}
        else:
            chosen = {name: _ad_hoc(format_, name, options) for name in names}
        return ingest(chosen, folder, progress)

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

    def hunt(self, names: Sequence[str], since: timedelta | None, now: datetime, progress: Progress | None) -> Hunt:
        """The signatures over the whole log. Raises UsageError without a log, or for a name that there is not."""
        if not self._config.settings.logs:
            raise UsageError("there is no log to ask", hint="irtool.yaml: add logs:")
        return hunt(self.log, self._book(), names=names, since=now - since if since else None, progress=progress)

    def _book(self) -> Book:
        """The shipped signatures, and the user's own on top of them."""
        own = self._config.settings.signatures
        return book([self._config.place(own)] if own else [])

    def close(self) -> None:
        """Close the files."""
        if self._log is not None:
            self._log.close()


def _ad_hoc(format_: str, path: str, options: Mapping[str, str]) -> LogFile:
    columns = {name: value for name, value in options.items() if name not in {"zone", "year", "times"}}
    year = options.get("year", "")
    if year and not year.isdigit():
        raise UsageError(f"the year is a number, not {year!r}", hint="--year 2025")
    zone = options.get("zone") or "UTC"
    return LogFile(format_, path, columns, zone, int(year) if year else None, options.get("times", ""))

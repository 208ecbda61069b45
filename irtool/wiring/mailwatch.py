"""The configured mail log, read again while an incident is watched."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from irtool.adapters.logs.paths import matching
from irtool.playbook.durations import duration
from irtool.records import Complaint, Entry, Findings, Flow, Json, NewMail, Plan, from_json, to_json
from irtool.triage.after import accepted_after, flows
from irtool.wiring.evidence import Evidence

if TYPE_CHECKING:
    from irtool.wiring.desk import Desk

_Print = tuple[tuple[str, int, int], ...]


class LogWatch:
    """ports.MailWatch over the logs of irtool.yaml. The log is read again only if its files have changed."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._print: _Print = ()
        self._evidence: Evidence | None = None
        self._findings: tuple[str, Findings] | None = None

    def since(self, incident: str, moment: datetime) -> NewMail | None:
        """The campaign's mail accepted after that moment; None without a log."""
        if not self._desk.config.settings.logs:
            return None
        log, history = self._log(), self._desk.history(incident)
        if self._findings is None or self._findings[0] != incident:
            complaints = tuple(from_json(Complaint, dict(c)) for c in history.complaints)
            since = duration(str(history.inputs.get("since") or "72h"))
            now = history.opened_at or self._desk.clock.now()
            self._findings = incident, log.triage(complaints, since, now, None)[1]
        if not self._findings[1].from_log:
            return NewMail(moment)
        return accepted_after(log.log, moment, {s.change.target for s in history.changes.values()})

    def flows(self, column: str, values: Collection[str], moment: datetime) -> Mapping[str, Flow]:
        """Mail before and after that moment, by value; empty without a log."""
        return flows(self._log().log, column, values, moment) if self._desk.config.settings.logs else {}

    def close(self) -> None:
        """Close the log."""
        if self._evidence is not None:
            self._evidence.close()
        self._evidence = None

    def _log(self) -> Evidence:
        """The log as it is now: what was read is kept while its files are the same."""
        printed = self._fingerprint()
        if self._evidence is None or printed != self._print:
            self.close()
            self._print, self._evidence, self._findings = printed, Evidence(self._desk.config), None
        return self._evidence

    def propose(self, incident: str, by: str) -> Plan:
        """The campaign of now on the timeline, then a plan for it. Raises Refused while somebody else is at work."""
        found = self._findings[1] if self._findings else Findings()
        entries = [Entry("triage.done", {"findings": to_json(found), "signatures": {}})]
        if found.last_seen:
            count: Mapping[str, Json] = {"messages": found.messages}
            entries.append(Entry("campaign.last_seen", count, source="log", occurred_at=found.last_seen))
        self._desk.journal.append(incident, *entries)
        return self._desk.plan(incident, by)

    def _fingerprint(self) -> _Print:
        """Names, sizes and times of all files of the logs. Raises InputError if a log has none."""
        found = []
        for source in Evidence(self._desk.config).sources().values():
            for path in matching(source.path):
                stat = Path(path).stat()
                found.append((path, stat.st_size, stat.st_mtime_ns))
        return tuple(found)

"""What is written for people about one incident: notices, reports to relay operators, bulletins, the report."""

from __future__ import annotations

from collections.abc import Mapping

from irtool.adapters.journal import SqliteJournal
from irtool.config import Config
from irtool.errors import UsageError
from irtool.records import Json
from irtool.wiring.letters import Letters
from irtool.wiring.reports import Reports


class Paper:
    """Renders from the incident's events alone."""

    def __init__(self, config: Config, journal: SqliteJournal, incident: str) -> None:
        self._config = config
        self._journal = journal
        self._incident = incident
        self.letters = Letters(config, journal, incident)

    def render(self, verb: str, target: str, params: Mapping[str, Json]) -> str:
        """The message or the file that a local connector sends or writes."""
        if verb in {"notice.send", "abuse.report"}:
            return self.letters.message(verb, target, params)
        if verb == "bulletin.write":
            reports = Reports(self._config, self._journal, self._incident)
            lang = str(params.get("locale") or params.get("lang") or "")
            return reports.write(reports.order(style="bulletin", lang=lang)).md()
        raise UsageError(f"{verb} writes nothing")

    def ready(self, verb: str) -> None:
        """Raises UsageError if a template is missing or faulty that the verb or its undo writes with."""
        from irtool.wiring.templating import ready

        ready(self._config, verb)

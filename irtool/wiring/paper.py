"""What is written for people about one incident: notices, reports to relay operators, bulletins, the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from irtool.adapters.journal import SqliteJournal
from irtool.config import Config
from irtool.errors import StepFailed, UsageError
from irtool.history import fold
from irtool.records import Event, Json
from irtool.shipped import folder

CORRECTION = "customer-notice-correction"


class Paper:
    """Renders from the incident's events alone."""

    def __init__(self, config: Config, journal: SqliteJournal, incident: str) -> None:
        self._config = config
        self._journal = journal
        self._incident = incident

    def render(self, verb: str, target: str, params: Mapping[str, Json]) -> str:
        """The message or the file that a local connector sends or writes."""
        events = list(self._journal.events(self._incident))
        lang = str(params.get("locale") or params.get("lang") or "")
        if verb == "notice.send":
            return self._notice(events, target, lang, str(params.get("template") or "customer-notice"))
        if verb == "abuse.report":
            return self._relay_report(events, target, str(params.get("to") or ""), lang or "en", params)
        if verb == "bulletin.write":
            return self._bulletin(events, lang or self._config.settings.org.languages[0])
        raise UsageError(f"{verb} writes nothing")

    def report(self, *, lang: str, format_: str, style: str) -> str:
        """The post-incident report, or the bulletin if that is the style. Raises UsageError."""
        from irtool.tell.report import report

        events = list(self._journal.events(self._incident))
        if style == "bulletin":
            if format_ != "md":
                raise UsageError("a bulletin is written as md", hint="irtool report --style bulletin --format md")
            return self._bulletin(events, lang)
        if style != "report":
            raise UsageError(f"--style {style}: there is report and bulletin", hint="irtool report --style report")
        known = {p.name for t in self._templates() for p in (t / style).glob("*") if p.is_dir()}
        if lang not in known:
            raise UsageError(f"--lang {lang}: reports are written in {', '.join(sorted(known))}", hint="irtool report")
        return report(events, lang=lang, format=format_, templates=self._templates(), org=self._org())

    def _notice(self, events: Sequence[Event], customer: str, lang: str, template: str) -> str:
        from irtool.tell.notices import notice

        findings = fold(self._incident, events).findings
        rows = findings.get("affected_customers")
        found = [r for r in rows if isinstance(r, dict) and r.get("id") == customer] if isinstance(rows, list) else []
        if not found:
            raise StepFailed(
                f"{customer} is not among the affected customers of {self._incident}", hint="irtool triage"
            )
        return notice(
            events,
            found[0],
            lang=lang,
            template=CORRECTION if template == "correction" else template,
            templates=self._templates(),
            org=self._org(),
            sender=self._sender(),
            date=events[-1].recorded_at,
        )

    def _relay_report(self, events: Sequence[Event], relay: str, to: str, lang: str, params: Mapping[str, Json]) -> str:
        from irtool.tell.relays import TEMPLATE, relay_report

        relays = fold(self._incident, events).findings.get("relays")
        rows = [r for r in relays if isinstance(r, dict)] if isinstance(relays, list) else []
        same = [r for r in rows if relay in {r.get("by"), r.get("ip")}]
        counts = [n for r in same if isinstance(n := r.get("messages"), int)]
        found = {**(same[0] if same else {"by": relay}), "messages": sum(counts)}
        return relay_report(
            events,
            {**found, "contact": to} if to else found,
            lang=lang,
            template=str(params.get("template") or TEMPLATE),
            templates=self._templates(),
            org=self._org(),
            sender=self._sender(),
            date=events[-1].recorded_at,
        )

    def _bulletin(self, events: Sequence[Event], lang: str) -> str:
        from irtool.tell.bulletin import bulletin

        return bulletin(events, lang=lang, templates=self._templates(), org=self._org())

    def _sender(self) -> str:
        notices = self._config.settings.notices
        return notices.from_ if notices else "irtool <nobody@localhost.invalid>"

    def _templates(self) -> list[Path]:
        own = self._config.settings.templates
        return [*([self._config.place(own)] if own else []), folder("templates")]

    def _org(self) -> dict[str, Json]:
        org = self._config.settings.org
        return {"name": org.name, "domains": list(org.domains), "contact": org.contact, "url": org.url}

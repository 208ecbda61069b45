"""Mail about one incident, from its events alone: notices to customers, reports to relay operators."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from irtool.adapters.follow import Follower
from irtool.config import Config
from irtool.connectors.local import Draft
from irtool.errors import StepFailed, UsageError
from irtool.ports import Journal
from irtool.records import Event, Json
from irtool.shipped import folder
from irtool.tell.ledger import ARRIVED, OPEN, Ledger, template_of, version_of
from irtool.tell.notices import CORRECTION, UPDATE, Letterhead, Wanted

_ANY_DAY = datetime(2000, 1, 1, tzinfo=UTC)
_ABOUT_CHANGES = ("change.", "undo.", "notice.")


@dataclass
class Known:
    """What letters are written from. `events` are those that can change what a letter says; the rest is in the
    ledger."""

    events: list[Event] = field(default_factory=list)
    ledger: Ledger = field(default_factory=Ledger)
    findings: Mapping[str, Json] = field(default_factory=dict)
    customers: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)
    facts: dict[str, Json] | None = None
    last: datetime = _ANY_DAY

    def add(self, event: Event) -> None:
        """One more event."""
        self.ledger.add(event)
        self.last = event.recorded_at
        about_a_notice = f"{event.step}/{event.item}" in self.ledger.rows and event.kind.startswith(_ABOUT_CHANGES)
        if about_a_notice:
            return
        self.events.append(event)
        self.facts = None
        found = event.data.get("findings") if event.kind == "triage.done" else None
        if isinstance(found, dict):
            self.findings = found
            rows = found.get("affected_customers")
            every = [r for r in rows if isinstance(r, dict)] if isinstance(rows, list) else []
            self.customers = {str(r["id"]): r for r in every if r.get("id")}

    def story(self) -> dict[str, Json]:
        """The facts, gathered again only after something happened that a letter could mention."""
        from irtool.tell.story import story

        facts = self.facts
        if facts is None:
            facts = self.facts = story(self.events)
        return facts


def templates(config: Config) -> list[Path]:
    """The folders of templates: the user's own first."""
    own = config.settings.templates
    return [*([config.place(own)] if own else []), folder("templates")]


def letterhead(config: Config) -> Letterhead:
    """What all notices have in common."""
    org, notices = config.settings.org, config.settings.notices
    us: dict[str, Json] = {"name": org.name, "domains": list(org.domains), "contact": org.contact, "url": org.url}
    if notices is None:
        return Letterhead(templates(config), us, "irtool <nobody@localhost.invalid>")
    genuine = notices.genuine
    text: Json = dict(genuine.text) if isinstance(genuine.text, dict) else genuine.text
    proof: dict[str, Json] = {"phone": genuine.phone, "url": genuine.url, "pgp": genuine.pgp, "text": text}
    return Letterhead(templates(config), us, notices.from_, proof)


class Letters:
    """Writes the letters of one incident. May be used from several threads."""

    def __init__(self, config: Config, journal: Journal, incident: str) -> None:
        self.incident = incident
        self.letterhead = letterhead(config)
        self._follower: Follower[Known] = Follower(journal, incident, Known(), Known.add)
        self._checked: set[str] = set()

    def known(self) -> Known:
        """What is known now."""
        return self._follower.now()

    def message(self, verb: str, target: str, params: Mapping[str, Json], to: str = "") -> str:
        """The whole message, as it would leave now; a notice sent `to` somebody else is a test."""
        from irtool.tell.notices import write

        known = self.known()
        if verb == "abuse.report":
            return self._relay_report(known, target, params, known.last)
        customer = self.customer(known, target)
        return write(known.story(), customer, self.letterhead, self.wanted(known, target, params), known.last, to)

    def draft(self, verb: str, target: str, params: Mapping[str, Json]) -> Draft:
        """The letter as it stands, bound by its digest. Raises FaultsError if a template that it needs is faulty."""
        from irtool.tell import mail
        from irtool.tell.notices import digest, identity_of, recipient_of

        known = self.known()
        if verb == "abuse.report":
            return self._relay_draft(known, target, params)
        customer = self.customer(known, target)
        wanted = self.wanted(known, target, params)
        recipient = recipient_of(customer)
        domain = mail.address(self.letterhead.sender, what="notices.from in irtool.yaml").domain
        told = doubt = ""
        for row in known.ledger.same(target, wanted.template, wanted.version):
            if row.state in ARRIVED and row.sent_at:
                told = f"told before, {row.sent_at:%Y-%m-%d %H:%MZ}"
            doubt = row.change if row.state in OPEN else doubt
        self._check(wanted, customer)
        return Draft(
            "" if told else digest(known.story(), customer, self.letterhead, wanted),
            recipient.addr_spec,
            identity_of(domain, self.incident, customer, wanted),
            told,
            "" if told else doubt,
        )

    def customer(self, known: Known, name: str) -> Mapping[str, Json]:
        """One affected customer. Raises StepFailed if it is none."""
        found = known.customers.get(name)
        if found is None:
            raise StepFailed(f"{name} is not among the affected customers of {self.incident}", hint="irtool triage")
        return found

    def wanted(self, known: Known, target: str, params: Mapping[str, Json]) -> Wanted:
        """Which notice these parameters are about, with what the ledger adds."""
        template, version = template_of(params), version_of(params)
        lang = str(params.get("locale") or params.get("lang") or "")
        thread = known.ledger.thread(target)
        if template in {"correction", CORRECTION}:
            corrected = str(params.get("corrects") or "customer-notice")
            return Wanted(CORRECTION, version, lang, thread=thread, corrects=corrected)
        lines: tuple[str, ...] = ()
        if template == UPDATE:
            texts = known.ledger.texts.get(version, {})
            spoken = lang or str(known.customers.get(target, {}).get("locale") or "")
            lines = tuple(text_for(texts, spoken).splitlines())
        return Wanted(template, version, lang, lines, thread)

    def _check(self, wanted: Wanted, customer: Mapping[str, Json]) -> None:
        """Every template that this notice and its correction need, once for each."""
        from irtool.tell.letters import language
        from irtool.wiring.templating import raise_faults

        folders = self.letterhead.templates
        for template in (wanted.template, CORRECTION):
            lang = language(wanted.lang or str(customer.get("locale") or ""), template, folders)
            name = f"notices/{lang}/{template}.txt.j2"
            if name not in self._checked:
                raise_faults(folders, [name, "notices/page.html.j2"])
                self._checked.add(name)

    def _relay_report(self, known: Known, relay: str, params: Mapping[str, Json], date: datetime) -> str:
        from irtool.tell.relays import TEMPLATE, relay_report

        relays = known.findings.get("relays")
        rows = [r for r in relays if isinstance(r, dict)] if isinstance(relays, list) else []
        same = [r for r in rows if relay in {r.get("by"), r.get("ip")}]
        counts = [n for r in same if isinstance(n := r.get("messages"), int)]
        found = {**(same[0] if same else {"by": relay}), "messages": sum(counts)}
        to = str(params.get("to") or "")
        return relay_report(
            known.events,
            {**found, "contact": to} if to else found,
            lang=str(params.get("locale") or params.get("lang") or "en"),
            template=str(params.get("template") or TEMPLATE),
            templates=self.letterhead.templates,
            org=self.letterhead.org,
            sender=self.letterhead.sender,
            date=date,
        )

    def _relay_draft(self, known: Known, relay: str, params: Mapping[str, Json]) -> Draft:
        import hashlib

        from irtool.tell import mail

        text = self._relay_report(known, relay, params, _ANY_DAY)
        named = dict(mail.headers(text))
        return Draft(hashlib.sha256(text.encode()).hexdigest(), named.get("To", ""), named.get("Message-ID", ""))


def text_for(texts: Mapping[str, str], locale: str) -> str:
    """The text of an update for a locale: its language's, else the one for all, else English, else any."""
    lang = locale.replace("_", "-").partition("-")[0].lower()
    return texts.get(lang) or texts.get("") or texts.get("en") or next(iter(texts.values()), "")


def no_customer(incident: str, customer: str) -> UsageError:
    """The error for a customer who gets no notice of this incident."""
    return UsageError(f"{incident} has no notice to {customer}", hint=f"irtool notices {incident}")

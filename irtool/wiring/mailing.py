"""What the desk does about notices beyond sending them: the ledger, updates, bounces, receipts, tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from irtool import playbook as books
from irtool.errors import Refused, UsageError
from irtool.history import History
from irtool.plan.hashes import plan_hash
from irtool.plan.planner import make_plan
from irtool.records import Call, Entry, Json, Plan, PlanStep, Playbook, Step, to_json
from irtool.run.looking import looker
from irtool.tell.bounces import Returned, returned
from irtool.tell.ledger import ARRIVED, Ledger, Told, Unreached, correction_id, unreached
from irtool.tell.notices import CORRECTION, UPDATE
from irtool.verbs import CATALOGUE
from irtool.wiring.desk import Desk
from irtool.wiring.letters import text_for
from irtool.wiring.plumbing import Pool

MAX_TEXT = 20_000
"""Characters that the text of an update may have."""


@dataclass(frozen=True, slots=True)
class Matched:
    """One message that came back, and what it was found to be about. `outcome`: bounced, delayed, known (told before),
    answer (no report), delivered, or unknown (not about a notice of ours)."""

    message: Returned
    outcome: str
    incident: str = ""
    row: Told | None = None


class Mailing:
    """The notices of a desk."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def ledger(self, incident: str) -> Ledger:
        """Who was told what, and what came back."""
        return Ledger.of(self.desk.events(incident))

    def customer(self, incident: str, name: str, ledger: Ledger | None = None) -> Told:
        """The latest notice to this customer, by id. Raises UsageError if there is none."""
        ledger = ledger or self.ledger(incident)
        rows = ledger.about(name)
        if not rows:
            raise UsageError(f"{incident} has no notice to {name}", hint=f"irtool notices {incident}")
        return max(rows, key=lambda r: (r.sent_at is not None, r.version))

    # --- updates ---

    def update(self, incident: str, texts: Mapping[str, str], by: str, customers: Sequence[str] = ()) -> PlanStep:
        """Plan an update (text by language, "" for all) to those who were told. Nothing is sent: it needs a yes.

        Adds one step to the incident's plan; the others, and the yeses to them, stay as they are. Raises UsageError if
        nobody was told yet or a language has no text, Refused if the incident is closed or undone.
        """
        history = self.desk.history(incident)
        if history.closed or history.status == "undone" or history.plan is None:
            raise Refused(f"{incident} is {history.status}: no update is sent", hint=f"irtool status {incident}")
        ledger = self.ledger(incident)
        rows = self._told(history, ledger, customers)
        texts = {lang: _text(lang, text) for lang, text in texts.items()}
        _check_languages(rows, texts)
        version = ledger.last() + 1
        epoch = self.desk.journal.lease(incident, by)
        try:
            drafted: dict[str, Json] = {"version": version, "texts": dict(texts), "by": by}
            self.desk.journal.append(incident, Entry("notice.drafted", drafted, actor=by, source="person"), epoch=epoch)
            step = self._planned(history, rows, version)
            joined = _with(history.plan, step)
            known_as: list[Json] = [*self.desk.people.known_as(by)]
            data: dict[str, Json] = {"plan": to_json(joined), "known_as": known_as, "extends": step.id}
            self.desk.journal.append(incident, Entry("plan.made", data, actor=by), epoch=epoch)
        finally:
            self.desk.journal.release(incident, epoch)
        return step

    def _told(self, history: History, ledger: Ledger, customers: Sequence[str]) -> list[dict[str, Json]]:
        told = {r.customer for r in ledger.rows.values() if r.state in ARRIVED - {"corrected", "correcting"}}
        for name in customers:
            if name not in told:
                raise UsageError(
                    f"{name} was sent no notice that an update could follow", hint=f"irtool notices {history.incident}"
                )
        wanted = set(customers) or told
        rows = history.findings.get("affected_customers")
        found = [r for r in rows if isinstance(r, dict) and r.get("id") in wanted] if isinstance(rows, list) else []
        if not found:
            raise UsageError(
                f"nobody was sent a notice of {history.incident} yet; there is nothing to update",
                hint=f"irtool notices {history.incident}",
            )
        return found

    def _planned(self, history: History, rows: Sequence[dict[str, Json]], version: int) -> PlanStep:
        """The step, planned as any other: guarded, limited, looked up, bound to its text."""
        desk, incident = self.desk, history.incident
        plan = history.plan
        original = books.load(history.snapshot, history.path or history.playbook, verbs=CATALOGUE, path=history.path)
        sent = [s for s in (plan.steps if plan else ()) if s.uses == "notice.send"]
        step = Step(
            id=f"update-{version}",
            title=f"Send update {version} to the customers who were told",
            uses="notice.send",
            with_={"template": UPDATE, "locale": "${{ item.locale }}", "version": str(version)},
            each="findings.affected_customers",
            approval="self" if sent and all(s.approval != "peer" for s in sent) else "peer",
            on_failure="continue",
            via=next((s.via for s in original.steps if s.uses == "notice.send"), ()),
        )
        book = Playbook("notice-update", step.title, (step,), text="steps: []", sha256="", limits=original.limits)
        connected = desk.connectors(incident)
        pool = Pool(desk.config, connected)
        made = make_plan(
            book,
            inputs={},
            findings={**history.findings, "affected_customers": list(rows)},
            incident={"id": incident, "opened_at": to_json(history.opened_at)},
            org={"name": desk.config.settings.org.name, "domains": list(desk.config.settings.org.domains)},
            connectors=connected,
            verbs=CATALOGUE,
            pool=pool,
            guards=desk.guards(),
            clock=desk.clock,
            looker=looker(pool, desk.clock, desk.config.settings.workers),
        )
        return made.steps[0]

    # --- what came back ---

    def bounces(self, sources: Sequence[tuple[str, bytes]], by: str) -> list[Matched]:
        """Read messages that came back and record those that are about our notices, each once."""
        ledgers = {name: self.ledger(name) for name in self.desk.journal.incidents()}
        index = _index(ledgers)
        seen = self._digests(ledgers)
        found = []
        for message in returned(sources):
            match = _match(message, index)
            if match.row is not None and match.outcome in {"bounced", "delayed"}:
                if (match.incident, message.sha256) in seen:
                    match = replace(match, outcome="known")
                else:
                    self._record(match, by)
                    seen.add((match.incident, message.sha256))
            found.append(match)
        return found

    def _digests(self, ledgers: Mapping[str, Ledger]) -> set[tuple[str, str]]:
        """The messages that were recorded before, by incident."""
        return {
            (name, str(event.data.get("sha256")))
            for name, ledger in ledgers.items()
            if ledger.rows
            for event in self.desk.events(name)
            if event.kind in {"notice.bounced", "notice.delayed"}
        }

    def _record(self, match: Matched, by: str) -> None:
        row, message = match.row, match.message
        assert row is not None  # noqa: S101 (the caller asked)
        now = datetime.now(UTC)
        when = message.date if message.date and row.sent_at and row.sent_at <= message.date <= now else None
        data: dict[str, Json] = {
            **_about(row),
            "status": message.status,
            "said": message.said,
            "recipient": message.recipient or row.recipient,
            "message_id": row.message_id,
            "sha256": message.sha256,
        }
        self._write(match.incident, row, f"notice.{match.outcome}", data, by, source="log", when=when)

    def acknowledge(self, incident: str, customer: str, by: str, note: str) -> Told:
        """Record that the customer has the notice, by whatever means. Raises UsageError if there is no notice to them,
        Refused if `by` is nobody of `people`."""
        self._mapped(by)
        row = self.customer(incident, customer)
        self._write(incident, row, "notice.acknowledged", {**_about(row), "note": note}, by, source="person")
        return row

    def unreachable(self, incident: str, patience: timedelta) -> list[Unreached]:
        """Whom somebody has to reach by other means."""
        return unreached(self.ledger(incident), datetime.now(UTC), patience)

    def escalate(self, incident: str, found: Sequence[Unreached], by: str) -> int:
        """Put on the timeline who has to be reached by other means, each once; returns how many are new."""
        self._mapped(by)
        new = [one for one in found if one.row.escalated_at is None]
        for one in new:
            data: dict[str, Json] = {**_about(one.row), "reason": one.reason}
            self._write(incident, one.row, "notice.escalated", data, by, source="person")
        return len(new)

    # --- trying ---

    def test(self, incident: str, customer: str, to: str, by: str) -> str:
        """Send the notice to one customer to ourselves, marked as a test; returns what the server said.

        It never counts as told. Raises UsageError for an address that is not ours, Refused if `by` is nobody of
        `people`, CallError if it cannot be sent.
        """
        self._mapped(by)
        own = self._own_domains()
        if to.rpartition("@")[2].lower() not in own:
            raise Refused(
                f"{to} is not one of our own addresses ({', '.join(sorted(own)) or 'org.domains is empty'}): a test "
                "holds a customer's data",
                hint="give an address of org.domains",
            )
        status = next((s for s in self.desk.notices(incident) if s.change.target == customer), None)
        if status is None:
            raise UsageError(f"{incident} has no notice to {customer}", hint=f"irtool notices {incident}")
        message = self.desk.paper(incident).letters.message("notice.send", customer, status.change.params, to)
        connected = self.desk.connectors(incident)
        sender = Pool(self.desk.config, connected).sender()
        try:
            reply = sender.send(Call("mail", "SEND", to, transport="smtp", body=message, changes=True))
        finally:
            sender.close()
        row = self.customer(incident, customer)
        data: dict[str, Json] = {**_about(row), "to": to}
        self._write(incident, row, "notice.tested", data, by, source="person")
        return reply.body

    def _own_domains(self) -> set[str]:
        settings = self.desk.config.settings
        own = {d.lower() for d in settings.org.domains}
        if settings.notices:
            own.add(settings.notices.from_.rpartition("@")[2].strip(" >").lower())
        return own

    def _mapped(self, by: str) -> None:
        if not self.desk.config.settings.people or not self.desk.people.who_is(by):
            raise Refused(f"{by} is not one of `people` in irtool.yaml and has no say", hint="let one of them do it")

    def _write(
        self,
        incident: str,
        row: Told,
        kind: str,
        data: Mapping[str, Json],
        by: str,
        *,
        source: str,
        when: datetime | None = None,
    ) -> None:
        step, _, item = row.change.partition("/")
        entry = Entry(kind, data, step=step, item=item, actor=by, source=source, occurred_at=when)
        self.desk.journal.append(incident, entry)


def _about(row: Told) -> dict[str, Json]:
    return {"customer": row.customer, "name": row.name or row.customer, "version": row.version}


def _text(lang: str, text: str) -> str:
    text = text.strip()
    if not text:
        raise UsageError(f"the text of the update{f' ({lang})' if lang else ''} is empty; nothing was planned")
    if len(text) > MAX_TEXT:
        raise UsageError(f"the text of the update has more than {MAX_TEXT:,} characters; nothing was planned")
    return text


def _check_languages(rows: Sequence[Mapping[str, Json]], texts: Mapping[str, str]) -> None:
    """Nobody is written to in a language that was not meant for them without somebody having said so."""
    from irtool.tell.wording import base

    if "" in texts:
        return
    missing = sorted({base(str(r.get("locale") or "")) for r in rows} - set(texts))
    if missing:
        raise UsageError(
            f"there is no text for customers who read {', '.join(missing)}; nothing was planned",
            hint=f"irtool notices update … --file {missing[0]}=FILE, or one --file FILE for all",
        )
    assert all(text_for(texts, str(r.get("locale") or "")) for r in rows)  # noqa: S101 (checked above)


def _with(plan: Plan, step: PlanStep) -> Plan:
    steps = (*(s for s in plan.steps if s.id != step.id), step)
    return replace(plan, steps=steps, hash=plan_hash(plan.playbook_sha256, steps))


def _index(ledgers: Mapping[str, Ledger]) -> dict[str, tuple[str, Told]]:
    """The left side of every Message-ID that was sent, corrections too."""
    found = {}
    for incident, ledger in ledgers.items():
        for row in ledger.rows.values():
            for name in (row.message_id, correction_id(row, incident, CORRECTION)):
                if name:
                    found[name.strip("<>").rpartition("@")[0]] = (incident, row)
    return found


def _match(message: Returned, index: Mapping[str, tuple[str, Told]]) -> Matched:
    incident, row = next((index[t] for t in message.tokens if t in index), ("", None))
    if row is None:
        return Matched(message, "unknown")
    word = {"failed": "bounced", "delayed": "delayed", "delivered": "delivered", "": "answer"}[message.action]
    return Matched(message, word, incident, row)

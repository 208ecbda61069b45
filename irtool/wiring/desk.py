"""The desk: everything a front door can ask for, the same for the terminal and for Slack."""

from __future__ import annotations

import os
import pwd
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from pathlib import Path

from irtool import config as configuration
from irtool import playbook as books
from irtool.adapters.clock import SystemClock
from irtool.adapters.journal import SqliteJournal
from irtool.config import Config
from irtool.errors import Refused, UsageError
from irtool.history import ChangeStatus, History, fold
from irtool.plan.guards import Guards
from irtool.plan.planner import make_plan
from irtool.playbook.durations import duration
from irtool.ports import Approver, Connector, Listener, Progress
from irtool.records import Change, Complaint, Entry, Event, Findings, Json, Plan, Playbook, to_json
from irtool.run.looking import looker
from irtool.run.opening import open_incident, record_plan
from irtool.run.people import People, Person
from irtool.run.runner import Runner
from irtool.verbs import CATALOGUE
from irtool.wiring.evidence import Evidence
from irtool.wiring.paper import Paper
from irtool.wiring.plumbing import Pool, Unarmed, connectors


class Desk:
    """One configuration at work. Opens the journal when it is first needed; used by one thread at a time."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.clock = SystemClock()
        self._journal: SqliteJournal | None = None

    @property
    def journal(self) -> SqliteJournal:
        """The journal. Raises UsageError where there is neither an irtool.yaml nor a journal."""
        if self._journal is None:
            if self.config.path is None and not self.config.journal.exists():
                raise UsageError("there is no irtool.yaml and no journal here", hint="irtool demo")
            self._journal = SqliteJournal(self.config.journal)
        return self._journal

    @cached_property
    def evidence(self) -> Evidence:
        """Logs and directory, opened once."""
        return Evidence(self.config)

    def close(self) -> None:
        """Close what was opened."""
        if "evidence" in self.__dict__:
            self.evidence.close()
        if self._journal is not None:
            self._journal.close()

    # --- people ---

    @property
    def people(self) -> People:
        """The mapped people; without any, whoever uses this OS account is the one person there is."""
        named = {
            n: Person(os_user=p.os_user, slack=p.slack, groups=tuple(p.groups))
            for n, p in self.config.settings.people.items()
        }
        return People(named or {os_user(): Person(os_user=os_user())})

    def who(self, claimed: str | None, *, exactly: bool = False) -> str:
        """The person at this terminal. `--as` chooses among the people of this OS account and nobody else.

        Without it, an account that several people share speaks for the first of them, unless it has to be known
        `exactly`. Raises Refused for somebody else's name, UsageError if it has to be said which person it is.
        """
        me = os_user()
        mine = self.sharing(me)
        if claimed:
            if claimed in mine:
                return claimed
            known = self.people.persons.get(claimed)
            if known is None:
                raise Refused(f"{claimed} is not one of the people in irtool.yaml", hint="add them under people:")
            raise Refused(
                f"{claimed} is the OS user {known.os_user or '(none)'}, and you are {me}: nobody speaks for another",
                hint=f"let {claimed} type it in their own session",
            )
        if len(mine) > 1 and exactly:
            raise UsageError(
                f"the OS account {me} belongs to {', '.join(mine)}: say who you are", hint=f"add --as {mine[0]}"
            )
        return mine[0] if mine else me

    def sharing(self, account: str) -> list[str]:
        """The people who use this OS account, in the order of irtool.yaml."""
        return [n for n, p in self.people.persons.items() if p.os_user == account]

    # --- complaints and campaign ---

    def read(self, sources: Sequence[tuple[str, bytes]]) -> tuple[Complaint, ...]:
        """Complaints from bytes. Raises InputError."""
        from irtool.intake import read_complaints

        return read_complaints(sources, self.config.settings.org.domains)

    def triage(
        self, complaints: Sequence[Complaint], since: str, progress: Progress | None = None
    ) -> tuple[tuple[Complaint, ...], Findings]:
        """The complaints with the signatures they bear, and the campaign in the logs."""
        return self.evidence.triage(complaints, duration(since), self.clock.now(), progress)

    # --- incidents ---

    def book(self, ref: str) -> Playbook:
        """The playbook of that path or shipped name. Raises PlaybookError with all its faults."""
        path, text = books.locate(ref)
        return books.load(text, path, verbs=CATALOGUE, path=path)

    def open(
        self,
        ref: str,
        sources: Sequence[tuple[str, bytes]],
        given: Mapping[str, str],
        by: str,
        door: str,
        progress: Progress | None = None,
    ) -> str:
        """Open an incident: read, triage, record. Nothing is recorded if any of it cannot be done."""
        began = self.clock.now()
        book = self.book(ref)
        inputs = books.inputs(book, given, [name for name, _ in sources])
        complaints = self.read(sources)
        since = str(inputs.get("since") or "72h")
        complaints, findings = self.triage(complaints, since, progress)
        return open_incident(
            self.journal,
            book,
            complaints,
            findings,
            inputs=inputs,
            by=by,
            door=door,
            began=began,
            known_as=self.people.known_as(by),
        )

    def plan(self, incident: str, by: str, progress: Progress | None = None) -> Plan:
        """Look every target up and record the plan."""
        history = self.history(incident)
        book = books.load(history.snapshot, history.path or history.playbook, verbs=CATALOGUE, path=history.path)
        connected = self.connectors(incident)
        pool = Pool(self.config, connected)
        org = self.config.settings.org
        opened = history.opened_at or self.clock.now()
        plan = make_plan(
            book,
            inputs=history.inputs,
            findings=history.findings,
            incident={"id": incident, "opened_at": to_json(opened)},
            org={"name": org.name, "domains": list(org.domains)},
            connectors=connected,
            verbs=CATALOGUE,
            pool=pool,
            guards=self.guards(self.evidence.owner),
            clock=self.clock,
            earlier=history.changes,
            progress=progress,
            looker=looker(pool, self.clock, self.config.settings.workers),
        )
        record_plan(self.journal, incident, plan, by, self.people.known_as(by))
        return plan

    def guards(self, owner: Callable[[str], str | None] = lambda _domain: None) -> Guards:
        """What no approval overrides, from the configuration and, with its `owner`, the directory."""
        settings = self.config.settings
        return Guards(
            own_domains=settings.org.domains,
            customer_of=owner,
            protected_domains=settings.protected.domains,
            protected_networks=settings.protected.networks,
            protected_accounts=settings.protected.accounts,
            own_networks=settings.org.networks,
        )

    def connectors(self, incident: str) -> dict[str, Connector]:
        """All connectors; what they write for people is written for this incident."""
        return connectors(self.config, self.paper(incident).render)

    def paper(self, incident: str) -> Paper:
        """What is written for people about this incident."""
        return Paper(self.config, self.journal, incident)

    def runner(
        self,
        incident: str,
        approver: Approver | None = None,
        listeners: Sequence[Listener] = (),
        *,
        armed: bool = True,
    ) -> Runner:
        """What carries out the plans of this incident; if not `armed`, it can only record what people decide."""
        history = self.history(incident)
        connected = self.connectors(incident)
        book = books.load(history.snapshot, history.path or history.playbook, verbs=CATALOGUE, path=history.path)
        return Runner(
            journal=self.journal,
            connectors=connected,
            pool=Pool(self.config, connected) if armed else Unarmed(),
            clock=self.clock,
            people=self.people,
            verbs=CATALOGUE,
            lock_folder=self.config.journal.with_name(self.config.journal.name + ".locks"),
            approver=approver,
            listeners=listeners,
            approvers=book.approvers,
            guards=self.guards(),
            workers=self.config.settings.workers,
        )

    def decide(
        self,
        incident: str,
        step: str,
        *,
        approved: bool,
        by: str,
        door: str,
        items: Sequence[str] = (),
        reason: str = "",
        seen_hash: str = "",
    ) -> None:
        """Record a person's yes or no. Raises Refused if it is not theirs to say.

        The timeline says so if the person shares their OS account, because the yes then proves less.
        """
        others = [n for n in self.sharing(os_user()) if n != by] if door == "terminal" else []
        door = f"{door} (OS account shared with {', '.join(others)})" if others else door
        runner = self.runner(incident, armed=False)
        runner.decide(
            incident, step, approved=approved, by=by, door=door, items=items, reason=reason, seen_hash=seen_hash
        )

    def settle(self, incident: str, change: str, *, applied: bool, by: str) -> None:
        """Record what a person says became of a change in doubt."""
        self.runner(incident).settle(incident, change, applied=applied, by=by, reason="said at the terminal")

    def undoable(self, incident: str, step: str | None, item: str | None) -> list[Change]:
        """The changes that an undo would take back, the last first."""
        history = self.history(incident)
        _check_names(history, step, item)
        done = [s.change for s in history.changes.values() if s.state in {"done", "undoing", "undo unknown"}]
        chosen = [c for c in done if step in {None, c.step} and item in {None, c.item, c.target}]
        told = {"tell"} if step is None else set()
        return [c for c in reversed(chosen) if CATALOGUE[c.verb].undo and CATALOGUE[c.verb].kind not in told]

    # --- looking ---

    def events(self, incident: str) -> Iterator[Event]:
        """The incident's events."""
        return self.journal.events(incident)

    def history(self, incident: str) -> History:
        """Where the incident stands. Raises UsageError if there is none of that name."""
        history = fold(incident, self.journal.events(incident))
        if not history.events:
            raise UsageError(f"there is no incident {incident} in {self.config.journal}", hint="irtool status")
        return history

    def planned(self, incident: str) -> Plan:
        """The incident's plan. Raises UsageError if it has none yet."""
        plan = self.history(incident).plan
        if plan is None:
            raise UsageError(f"{incident} has no plan yet", hint=f"irtool plan {incident}")
        return plan

    def pick(self, given: str | None, *, any_state: bool = False) -> str:
        """The incident meant: the given one, the only open one, or (`any_state`) the only one there is."""
        if given:
            self.history(given)
            return given
        names = list(self.journal.incidents())
        unfinished = [n for n in names if self.history(n).status not in {"contained", "undone", "closed", "refused"}]
        for candidates in (unfinished, names) if any_state else (unfinished or names,):
            if len(candidates) == 1:
                return candidates[0]
        if not names:
            raise UsageError("there are no incidents yet", hint="irtool plan email-abuse COMPLAINT")
        raise UsageError(f"which incident? {', '.join(names[-5:])}", hint="irtool status")

    def status_data(self, history: History) -> dict[str, Json]:
        """An incident's standing for machines."""
        counts: dict[str, Json] = {}
        for status in history.changes.values():
            count = counts.get(status.state)
            counts[status.state] = (count if isinstance(count, int) else 0) + 1
        return {
            "incident": history.incident,
            "playbook": history.playbook,
            "status": history.status,
            "opened_at": to_json(history.opened_at),
            "started_by": history.started_by,
            "running": self.journal.holder(history.incident),
            "counts": counts,
            "changes": [
                {"id": s.change.id, "state": s.state, "effective": s.effective, "error": s.error}
                for s in history.changes.values()
            ],
        }

    def note(self, incident: str, text: str, by: str, when: datetime | None) -> Event:
        """Put a note on the timeline, with its own time."""
        offset = when.strftime("%z") if when else ""
        shown = f"{offset[:3]}:{offset[3:]}" if offset and offset != "+0000" else ""
        entry = Entry("note.added", {"text": text}, actor=by, source="person", occurred_at=when, offset=shown)
        return self.journal.append(incident, entry)[0]

    def close_incident(self, incident: str, by: str, reason: str) -> Event:
        """Close the incident. Raises Refused while somebody works on it, or if it is closed, or `by` is nobody's."""
        if not self.people.who_is(by):
            raise Refused(f"{by} is not one of `people` in irtool.yaml and has no say", hint="let one of them close it")
        if self.history(incident).closed:
            raise Refused(f"{incident} is closed already", hint=f"irtool timeline {incident}")
        epoch = self.journal.lease(incident, by)
        try:
            entry = Entry("incident.closed", {"by": by, "reason": reason}, actor=by, source="person")
            return self.journal.append(incident, entry, epoch=epoch)[0]
        finally:
            self.journal.release(incident, epoch)

    # --- telling ---

    def report(self, incident: str, *, lang: str, format_: str, style: str) -> str:
        """The post-incident report or the bulletin."""
        return self.paper(incident).report(lang=lang, format_=format_, style=style)

    def report_written(self, incident: str, path: Path, format_: str, lang: str, digest: str) -> None:
        """Put on the timeline that a report was written."""
        data: dict[str, Json] = {"path": str(path), "format": format_, "lang": lang, "sha256": digest}
        self.journal.append(incident, Entry("report.written", data))

    def notices(self, incident: str) -> list[ChangeStatus]:
        """The notices of the incident's plan and what became of them."""
        return [s for s in self.history(incident).changes.values() if s.change.verb == "notice.send"]

    def notice(self, incident: str, customer: str) -> str:
        """The notice to one customer as it would be sent now."""
        for status in self.notices(incident):
            if status.change.target == customer:
                return self.paper(incident).render("notice.send", customer, status.change.params)
        raise UsageError(f"{incident} has no notice to {customer}", hint=f"irtool notices {incident}")


def _check_names(history: History, step: str | None, item: str | None) -> None:
    changes = [s.change for s in history.changes.values()]
    if step and step not in {c.step for c in changes}:
        raise UsageError(f"{history.incident} has no step {step}", hint=f"irtool status {history.incident}")
    if item and not any(c.step == step and item in {c.item, c.target} for c in changes):
        raise UsageError(f"step {step} has no target {item}", hint=f"irtool status {history.incident} --all")


def os_user() -> str:
    """The OS account of this process, from the system and not from the environment, which anybody can set."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


@contextmanager
def open_desk(path: Path | None) -> Iterator[Desk]:
    """A desk for the configuration found; closed at the end."""
    desk = Desk(configuration.load(path))
    try:
        yield desk
    finally:
        desk.close()

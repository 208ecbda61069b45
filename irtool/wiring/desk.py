"""The desk: everything a front door can ask for, the same for the terminal and for Slack."""

from __future__ import annotations

import os
import pwd
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path

from irtool import config as configuration
from irtool import playbook as books
from irtool.adapters.clock import SystemClock
from irtool.adapters.journal import SqliteJournal
from irtool.config import Config
from irtool.errors import Refused, UsageError
from irtool.history import ChangeStatus, History
from irtool.plan.guards import Guards
from irtool.playbook.durations import duration
from irtool.ports import Approver, Connector, Listener, Progress
from irtool.records import Change, Complaint, Entry, Event, Findings, Json, Plan, Playbook
from irtool.run.folded import Folded
from irtool.run.moving import Replan
from irtool.run.opening import open_incident, record_plan
from irtool.run.people import People
from irtool.run.ratify import unratified
from irtool.run.runner import Runner
from irtool.verbs import CATALOGUE
from irtool.wiring import approving
from irtool.wiring.evidence import Evidence
from irtool.wiring.originals import keep
from irtool.wiring.paper import Paper
from irtool.wiring.plumbing import Pool, Unarmed, connectors
from irtool.wiring.reports import Reports
from irtool.wiring.standing import status_data

_MOMENT = timedelta(seconds=30)
"""So long a plan is taken for what there is now."""


class Desk:
    """One configuration at work. Opens the journal when it is first needed; used by one thread at a time."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.clock = SystemClock()
        self._journal: SqliteJournal | None = None
        self._made: tuple[str, datetime] | None = None
        self._folded: dict[str, Folded] = {}

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
        return approving.people(self.config, os_user())

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
        if mine:
            return mine[0]
        return f"{me} (OS account)" if self.people.who_is(me) else me  # it only bears the name of one of the people

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
            evidence=keep(self.config, sources, complaints),
        )

    def plan(self, incident: str, by: str, progress: Progress | None = None, *, shadow: bool = False) -> Plan:
        """Look every target up and record the plan, all of it in shadow mode if `shadow`."""
        plan, calls = approving.make(self, self.history(incident), progress, shadow=shadow)
        record_plan(self.journal, incident, plan, by, self.people.known_as(by), calls)
        self._made = (plan.hash, self.clock.now())
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
        paper = self.paper(incident)
        return connectors(self.config, paper.render, paper.letters.draft, paper.ready)

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
            break_glass=self.config.settings.break_glass,
            shadows=self.config.settings.shadow,
            replan=self._replan(history),
            guards=self.guards(),
            workers=self.config.settings.workers,
        )

    def _replan(self, history: History) -> Replan | None:
        """How the plan is made anew before a run; not if this process has made it a moment ago."""
        if self._made and history.plan is not None:
            hash_, when = self._made
            if history.plan.hash == hash_ and self.clock.now() - when < _MOMENT:
                return None
        shadow = history.plan is not None and history.plan.is_shadow
        return lambda now: approving.make(self, now, shadow=shadow)

    def decide(  # noqa: PLR0913 - an answer and all that belongs to it, by name
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
        break_glass: str = "",
        back: bool = False,
    ) -> None:
        """Record a person's yes or no, or (`back`) that they take it back. Raises Refused if it is not theirs to say.

        `break_glass` says why they go past the approval of others.

        The timeline says so if the person shares their OS account, because the yes then proves less.
        """
        others = [n for n in self.sharing(os_user()) if n != by] if door == "terminal" else []
        door = f"{door} (OS account shared with {', '.join(others)})" if others else door
        runner = self.runner(incident, armed=False)
        runner.decide(
            incident,
            step,
            approved=approved,
            by=by,
            door=door,
            items=items,
            reason=reason,
            seen_hash=seen_hash,
            break_glass=break_glass,
            back=back,
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
        history = self._folded.setdefault(incident, Folded(self.journal, incident)).history()
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
        names = list(self.journal.incidents())
        if given in names or (not given and len(names) == 1):
            return given or names[0]
        if given:
            raise UsageError(f"there is no incident {given} in {self.config.journal}", hint="irtool status")
        unfinished = [n for n in names if self.history(n).status not in {"contained", "undone", "closed", "refused"}]
        for candidates in (unfinished, names) if any_state else (unfinished or names,):
            if len(candidates) == 1:
                return candidates[0]
        if not names:
            raise UsageError("there are no incidents yet", hint="irtool plan email-abuse COMPLAINT")
        raise UsageError(f"which incident? {', '.join(names[-5:])}", hint="irtool status")

    def status_data(self, history: History) -> dict[str, Json]:
        """An incident's standing for machines."""
        return status_data(history, self.journal.holder(history.incident))

    def note(self, incident: str, text: str, by: str, when: datetime | None, corrects: int | None = None) -> Event:
        """Put a note on the timeline, with its own time. Raises UsageError if what it corrects is no note of it."""
        if corrects is not None and not any(
            e.seq == corrects and e.kind == "note.added" for e in self.journal.events(incident, corrects - 1)
        ):
            raise UsageError(
                f"event {corrects} of {incident} is no note; nothing was written",
                hint=f"irtool timeline {incident} --json",
            )
        offset = when.strftime("%z") if when else ""
        shown = f"{offset[:3]}:{offset[3:]}" if offset and offset != "+0000" else ""
        data: dict[str, Json] = {"text": text} | ({"corrects": corrects} if corrects is not None else {})
        entry = Entry("note.added", data, actor=by, source="person", occurred_at=when, offset=shown)
        return self.journal.append(incident, entry)[0]

    def close_incident(self, incident: str, by: str, reason: str) -> Event:
        """Close the incident. Raises Refused while somebody works on it, or if it is closed, or `by` is nobody's."""
        if not self.people.who_is(by):
            raise Refused(f"{by} is not one of `people` in irtool.yaml and has no say", hint="let one of them close it")
        history = self.history(incident)
        if history.closed:
            raise Refused(f"{incident} is closed already", hint=f"irtool timeline {incident}")
        if unratified(history) and not reason.strip():
            raise Refused(
                f"{incident}: break-glass was used and nobody else has ratified it",
                hint=f'irtool ratify {incident}   (or: irtool close {incident} --reason "why all the same")',
            )
        epoch = self.journal.lease(incident, by)
        try:
            entry = Entry("incident.closed", {"by": by, "reason": reason}, actor=by, source="person")
            return self.journal.append(incident, entry, epoch=epoch)[0]
        finally:
            self.journal.release(incident, epoch)

    # --- telling ---

    def reports(self, incident: str) -> Reports:
        """What is published about this incident."""
        return Reports(self.config, self.journal, incident)

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

"""Carries out the plans of incidents. Every outcome is in the journal; a runner remembers nothing."""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path

from irtool.errors import Refused, UsageError
from irtool.history import IN_DOUBT, ChangeStatus, History, fold
from irtool.plan.guards import Guards
from irtool.plan.hashes import plan_hash, step_hash
from irtool.ports import Approver, Clock, Connector, Journal, Listener, MailWatch, SenderPool
from irtool.records import Decision, Event, Json, Plan, Verb
from irtool.run.able import refuse_unable
from irtool.run.approvals import find_step, pending
from irtool.run.crew import Crew
from irtool.run.deciding import enter, revoke
from irtool.run.kit import Kit
from irtool.run.leases import due, set_lease
from irtool.run.locks import Locks
from irtool.run.moving import Replan, refuse_moved
from irtool.run.outcome import Outcome, conclude
from irtool.run.people import People
from irtool.run.ratify import judge
from irtool.run.reopening import aloud, may_undo
from irtool.run.session import Session
from irtool.run.settle import settle
from irtool.run.standing import decisions
from irtool.run.steps import look_at_strays, run_steps
from irtool.run.undo import undo_changes, undo_named
from irtool.run.watch import Watch


class Runner:
    """Runs, resumes, approves, settles and undoes. May be used from several threads, for different incidents.

    `approvers` is the playbook's group, `lock_folder` holds the lock files of lists that have one writer at a time,
    `workers` is the most threads per connector, `patience` the seconds between looks while an effect does not show.
    `guards` are those of now: what they refuse is not done, although it was planned. `break_glass` says who may go past
    the approval of others: allow, deny or a group.
    `shadows` are in shadow mode now. `replan` makes the plan anew, to see whether the world has moved.
    """

    def __init__(  # noqa: PLR0913 - everything a run needs, by name
        self,
        *,
        journal: Journal,
        connectors: Mapping[str, Connector],
        pool: SenderPool,
        clock: Clock,
        people: People,
        verbs: Mapping[str, Verb],
        lock_folder: Path,
        approver: Approver | None = None,
        listeners: Sequence[Listener] = (),
        approvers: str | None = None,
        break_glass: str = "allow",
        shadows: Collection[str] = (),
        replan: Replan | None = None,
        guards: Guards | None = None,
        workers: int = 8,
        patience: Sequence[float] = (0.2, 0.5, 1.0, 2.0, 4.0),
        heartbeat: float = 4.0,
    ) -> None:
        self._guards = guards or Guards()
        self._replan = replan
        self._kit = Kit(
            journal=journal,
            connectors=connectors,
            pool=pool,
            clock=clock,
            verbs=verbs,
            people=people,
            locks=Locks(lock_folder, clock),
            approver=approver,
            listeners=tuple(listeners),
            approvers=approvers,
            break_glass=break_glass,
            shadows=frozenset(shadows),
            workers=workers,
            patience=tuple(patience),
            heartbeat=heartbeat,
        )

    def run(self, incident: str, by: str) -> Outcome:
        """Run the incident's plan, or go on with it: from the first event to the end, or to what stops it.

        Before the first change everything is looked at again: a plan that would not happen as approved is refused, and
        the incident has a new one.
        Raises UsageError if there is no plan, ConfigError if a connector of it is missing, Refused if a credential may
        not do what the plan still wants, the incident is closed, its plan or journal was tampered with, or another
        living process runs it (or takes it over meanwhile).
        """
        self._check_journal(incident)
        with Session(self._kit, incident, by) as session:
            history = session.history()
            plan = self._checked(history)
            refuse_unable(session, plan)
            moved = refuse_moved(session, plan, self._replan)
            if moved:
                return moved
            resumed = bool(history.ran_by)
            known_as: list[Json] = [*self._kit.people.known_as(session.by)]
            session.say("run.started", by=session.by, known_as=known_as, epoch=session.epoch, resumed=resumed)
            self._guard_again(session, plan)
            with closing(Crew(self._kit.pool, self._kit.stop)) as crew:
                look_at_strays(session, crew)
                flags = run_steps(session, crew, plan.steps)
            outcome = conclude(session.history(), flags)
            session.say("run.ended", outcome=outcome.word, exit_code=outcome.exit_code, counts=dict(outcome.counts))
            return outcome

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
    ) -> tuple[Event, ...]:
        """Record a person's yes or no to a step, or to some of its changes, from any process.

        `by` is any name of theirs. `seen_hash` is the step's hash that they were shown, if the door knows it.
        `break_glass` says why they go past the approval of others; `back` takes an earlier yes (or no) of theirs back.
        Raises UsageError if there is no such step or item, Refused if they may not decide, if it is decided or done
        already, or if the plan has changed since they saw it.
        """
        kit = self._kit
        self._check_journal(incident)
        with kit.locks.alone(decisions(incident)):
            events = list(kit.journal.events(incident))
            history = fold(incident, events)
            planned = find_step(history, step)
            if seen_hash and seen_hash != planned.hash:
                raise Refused(
                    f"the plan of step {step} has changed since it was shown", hint=f"irtool status {incident}"
                )
            decision = Decision(approved, by, door, reason, tuple(items), break_glass)
            entries = (
                revoke(kit, history, planned, decision) if back else enter(kit, history, events, planned, decision)
            )
            written = kit.journal.append(incident, *entries)
        kit.tell(written)
        return written

    def ratify(self, incident: str, by: str, *, disown: str = "", note: str = "", door: str = "terminal") -> Event:
        """Record a second person's word on the break-glass of an incident.

        Raises UsageError if there was none, Refused if it is not theirs to say.
        """
        kit = self._kit
        self._check_journal(incident)
        with kit.locks.alone(decisions(incident)):
            events = list(kit.journal.events(incident))
            entry = judge(kit, fold(incident, events), events, by, disown=disown, note=note, door=door)
            written = kit.journal.append(incident, entry)
        kit.tell(written)
        return written[0]

    def settle(self, incident: str, change_id: str, *, applied: bool, by: str, reason: str) -> None:
        """Record a person's word on a change (`step/item`) that is in doubt and that no look can tell.

        Raises UsageError if there is no such change, Refused if it is not in doubt, the person has no say, or another
        living process runs the incident.
        """
        with Session(self._kit, incident, by) as session:
            settle(session, change_id, applied=applied, reason=reason)

    def undo(
        self, incident: str, by: str, step: str | None = None, item: str | None = None, reason: str = ""
    ) -> Outcome:
        """Undo what the incident did (or one step, or one change of it), the last first. Done twice, it does nothing.

        Raises UsageError if there is no such step or change, ConfigError if a connector is missing, Refused if the
        person has no say, another living process runs the incident or the journal was tampered with.
        """
        self._check_journal(incident)
        with Session(self._kit, incident, by) as session, closing(Crew(self._kit.pool, self._kit.stop)) as crew:
            history = session.history()
            against = may_undo(self._kit, history, session.events(), by)
            if against:
                raise Refused(against, hint="let one of them undo it")
            remark = aloud(self._kit, history, session.by, step, item)
            if remark:
                session.say("note.added", text=remark, loud=True)
            return undo_changes(session, crew, step, item, reason)

    def expire(self, incident: str, by: str) -> Outcome:
        """Undo what was to last until now, and nothing else. Needs nobody's yes: the end was part of what was approved.

        Raises ConfigError if a connector is missing, Refused if another living process works on the incident or the
        journal was tampered with.
        """
        self._check_journal(incident)
        with Session(self._kit, incident, by) as session, closing(Crew(self._kit.pool, self._kit.stop)) as crew:
            names = due(session.history(), self._kit.verbs, self._kit.clock.now())
            return undo_named(session, crew, names, "its time was up", "expiry")

    def set_lease(
        self, incident: str, by: str, step: str, item: str | None, until: datetime | None, reason: str
    ) -> Sequence[ChangeStatus]:
        """Give what is in force another end, or none (`until` None). Raises UsageError, Refused (see leases)."""
        self._check_journal(incident)
        with Session(self._kit, incident, by) as session:
            return set_lease(session, step, item, until, reason)

    def watch(self, incident: str, by: str, mail: MailWatch | None = None) -> Watch:
        """A watch over what the incident did. Raises Refused if `by` is nobody of `people`, or the journal was tampered
        with."""
        self._check_journal(incident)
        return Watch(self._kit, self._guards, incident, by, mail)

    def request_stop(self) -> None:
        """Begin nothing more; what is in flight is finished and `run` returns. Safe in a signal handler."""
        self._kit.stop.set()

    @property
    def stop(self) -> threading.Event:
        """Set once a stop was requested."""
        return self._kit.stop

    def _check_journal(self, incident: str) -> None:
        """Nothing is done on the word of a journal that somebody has edited."""
        chain = self._kit.journal.verify(incident)
        if not chain.whole:
            raise Refused(f"the journal of {incident} is not whole: {chain.fault}", hint=f"irtool verify {incident}")

    def _guard_again(self, session: Session, plan: Plan) -> None:
        """Refuse what was planned and is protected now."""
        history = session.history()
        for change in (c for step in plan.steps for c in pending(history, step)):
            in_doubt = history.changes[change.id].state in IN_DOUBT
            reason = "" if in_doubt else self._guards.check(self._kit.verbs[change.verb], change.target)
            if reason:
                session.say("change.refused", change, reason=reason)

    def _checked(self, history: History) -> Plan:
        """The plan, if all of it can be carried out; nothing is changed otherwise."""
        plan = history.plan
        if plan is None:
            raise UsageError(f"{history.incident} has no plan yet", hint="irtool plan")
        if history.closed:
            raise Refused(f"{history.incident} is closed")
        if history.status == "undone" and history.planned_at < history.undone_at:
            raise Refused(
                f"{history.incident} was undone; what it had left to do is not done on top of that",
                hint=f"irtool plan {history.incident}",
            )
        hashes = all(step_hash(s.id, s.changes) == s.hash for s in plan.steps)
        if not hashes or plan_hash(plan.playbook_sha256, plan.steps) != plan.hash:
            raise Refused(
                f"the plan of {history.incident} does not match its own hash: it was changed after it was made",
                hint="irtool verify",
            )
        for change in (c for step in plan.steps for c in pending(history, step)):
            self._kit.equip(change)
        for status in history.changes.values():
            if status.state in IN_DOUBT | {"undoing", "undo unknown"}:
                self._kit.equip(status.change)
        return plan

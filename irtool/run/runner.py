"""Carries out the plans of incidents. Every outcome is in the journal; a runner remembers nothing."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

from irtool.errors import Refused, UsageError
from irtool.history import History, fold
from irtool.plan.guards import Guards
from irtool.plan.hashes import plan_hash, step_hash
from irtool.ports import Approver, Clock, Connector, Journal, Listener, SenderPool
from irtool.records import Decision, Event, Json, Plan, Verb
from irtool.run.approvals import enter, find_step, pending
from irtool.run.crew import Crew
from irtool.run.kit import Kit
from irtool.run.locks import Locks
from irtool.run.outcome import IN_DOUBT, Outcome, conclude
from irtool.run.people import People
from irtool.run.session import Session
from irtool.run.settle import settle
from irtool.run.steps import look_at_strays, run_steps
from irtool.run.undo import undo_changes


class Runner:
    """Runs, resumes, approves, settles and undoes. May be used from several threads, for different incidents.

    `approvers` is the playbook's group, `lock_folder` holds the lock files of lists that have one writer at a time,
    `workers` is the most threads per connector, `patience` the seconds between looks while an effect does not show.
    `guards` are those of now: what they refuse is not done, although it was planned.
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
        guards: Guards | None = None,
        workers: int = 8,
        patience: Sequence[float] = (0.2, 0.5, 1.0, 2.0, 4.0),
        heartbeat: float = 4.0,
    ) -> None:
        self._guards = guards or Guards()
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
            workers=workers,
            patience=tuple(patience),
            heartbeat=heartbeat,
        )

    def run(self, incident: str, by: str) -> Outcome:
        """Run the incident's plan, or go on with it: from the first event to the end, or to what stops it.

        Raises UsageError if there is no plan, ConfigError if a connector of it is missing, Refused if the incident is
        closed, its plan or journal was tampered with, or another living process runs it (or takes it over meanwhile).
        """
        self._check_journal(incident)
        with Session(self._kit, incident, by) as session:
            history = session.history()
            plan = self._checked(history)
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
    ) -> tuple[Event, ...]:
        """Record a person's yes or no to a step, or to some of its changes, from any process.

        `by` is any name of theirs. `seen_hash` is the step's hash that they were shown, if the door knows it. Raises
        UsageError if there is no such step or item, Refused if they may not decide, if it is decided or done already,
        or if the plan has changed since they saw it.
        """
        kit = self._kit
        self._check_journal(incident)
        with kit.locks.held(f"decisions {incident}"):
            events = list(kit.journal.events(incident))
            history = fold(incident, events)
            planned = find_step(history, step)
            if seen_hash and seen_hash != planned.hash:
                raise Refused(
                    f"the plan of step {step} has changed since it was shown", hint=f"irtool status {incident}"
                )
            decision = Decision(approved, by, door, reason, tuple(items))
            written = kit.journal.append(incident, *enter(kit, history, events, planned, decision))
        kit.tell(written)
        return written

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

        Raises UsageError if there is no such step or change, ConfigError if a connector is missing, Refused if it is
        nobody of `people`, another living process runs the incident or the journal was tampered with.
        """
        if not self._kit.people.who_is(by):
            raise Refused(f"{by} is not one of `people` in irtool.yaml and has no say", hint="let one of them undo it")
        self._check_journal(incident)
        with Session(self._kit, incident, by) as session, closing(Crew(self._kit.pool, self._kit.stop)) as crew:
            return undo_changes(session, crew, step, item, reason)

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

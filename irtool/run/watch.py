"""Watching an incident: what was done is looked at again and again, and made again if somebody took it back; a person
is called where that does not help.

Looking needs no lease. Whatever is written or done is done while holding it, after looking once more: nobody else is at
work on the incident then, so that what a person is just undoing is never taken for drift, and two watches do not fight.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from irtool.errors import IrtoolError, Refused
from irtool.history import IN_DOUBT, UNDO_IN_DOUBT, ChangeStatus, Folding, History
from irtool.history.machine import DONE
from irtool.plan.guards import Guards
from irtool.ports import CallSender, MailWatch
from irtool.records import Entry, Flow, Json, NewMail, utc
from irtool.run.apply import remake
from irtool.run.crew import Crew
from irtool.run.deed import Deed
from irtool.run.kit import Kit
from irtool.run.remake import approved_form, why_not
from irtool.run.session import Session
from irtool.run.steps import lanes
from irtool.run.watch_looks import Seen, columns, look_around, see, watched

BLIND = 3
"""So many looks in a row that fail are an alarm."""
_SLICE = 0.2


@dataclass(frozen=True, slots=True)
class Report:
    """What one look around the incident came to. The lists name changes (`step/item`).

    `leaking` and `drifted` are those that still are at its end, `unseen` could not be looked at, `remade` were made
    again, `unknown` are in doubt. `mail` is the campaign's mail accepted since it was contained, `proposed` the steps
    of a plan that was made for it, `busy` who else is at work on the incident, `over` why there is nothing to watch.
    """

    watched: int = 0
    effective: int = 0
    leaking: tuple[str, ...] = ()
    drifted: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    remade: tuple[str, ...] = ()
    alarms: tuple[str, ...] = ()
    mail: NewMail | None = None
    proposed: tuple[str, ...] = ()
    busy: str = ""
    over: str = ""

    @property
    def exit_code(self) -> int:
        """4 if an outcome is unknown, 1 if something leaks, is gone or cannot be seen, else 0."""
        if self.unknown:
            return 4
        mail = self.mail is not None and (self.mail.messages > 0 or bool(self.mail.error))
        return 1 if self.leaking or self.drifted or self.unseen or mail else 0


@dataclass
class Watch:
    """One person's watch over one incident. `once` looks around once, `run` until it is over.

    Raises Refused if `by` is nobody of `people`.
    """

    kit: Kit
    guards: Guards
    incident: str
    by: str
    mail: MailWatch | None = None
    _blind: dict[str, int] = field(default_factory=dict)
    _events: int = 0
    _owes_plan: bool = False
    _flows: Mapping[str, Flow] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        if not self.kit.people.who_is(self.by):
            raise Refused(f"{self.by} is not one of `people` in irtool.yaml and has no say", hint="irtool doctor")
        self.by = self.kit.people.who_is(self.by)
        self._folding = Folding(self.incident)

    def run(self, every: float, until: float | None, told: Callable[[Report], None]) -> Report:
        """Look around every so many seconds, for `until` seconds or until the incident is closed, undone, or Ctrl-C."""
        clock = self.kit.clock
        began = clock.monotonic()
        end = utc(clock.now() + timedelta(seconds=until)) if until is not None else None
        self._write(Entry("watch.started", {"by": self.by, "every": f"{every:g}s", "until": end}, actor=self.by))
        reason, report = "interrupted", Report()
        try:
            while not self.kit.stop.is_set():
                due = clock.monotonic() + every
                seen = self.once()
                if self.kit.stop.is_set():  # half a look tells nothing; what was done in it is on the timeline
                    break
                report = seen
                told(report)
                left = None if until is None else began + until - clock.monotonic()
                if report.over or (left is not None and left <= 0):
                    reason = report.over or "its time is over"
                    break
                self._pause(min(due, due if left is None else clock.monotonic() + left))
        finally:
            self._write(Entry("watch.ended", {"reason": reason}, actor=self.by))
        return report

    def once(self) -> Report:
        """Look at everything that is in place, and do what may be done about it."""
        history = self.history()
        if history.closed:
            return Report(over="the incident is closed")
        with closing(Crew(self.kit.pool, self.kit.stop)) as crew:
            eye = Session(self.kit, self.incident, self.by)  # never entered: it only looks
            statuses = watched(eye, history, self.kit.clock.now())
            doubt = tuple(n for n, s in history.changes.items() if s.state in IN_DOUBT | UNDO_IN_DOUBT)
            if not statuses and not doubt:
                return Report(over="there is nothing in place to watch")
            self._flows = self._ask_log(statuses)
            found = look_around(eye, crew, statuses, self._flows)
            report = Report(unknown=doubt, watched=len(statuses))
            wanting = [s for s in statuses if self._wants(found.get(s.change.id), s)]
            if wanting and not self.kit.stop.is_set():
                report = self._with_lease(crew, wanting, found, report)
        report = self._sum_up(found, report)
        return report if self.kit.stop.is_set() else self._step_up(report, self._contained_at(history))

    def history(self) -> History:
        """Where the incident stands now. Threads may ask too."""
        with self._lock:
            for event in self.kit.journal.events(self.incident, self._events):
                self._folding.take(event)
                self._events = event.seq
            return self._folding.history()

    def _ask_log(self, statuses: Sequence[ChangeStatus]) -> dict[str, Flow]:
        """What the mail log has of the changes, by their names; a log that cannot be read is told of later."""
        found: dict[str, Flow] = {}
        for column, by_value in columns(statuses).items() if self.mail is not None else ():
            moment = max(s.at for s in by_value.values() if s.at is not None)
            with suppress(IrtoolError):
                flows = self.mail.flows(column, list(by_value), moment) if self.mail else {}
                found |= {by_value[value].change.id: flow for value, flow in flows.items() if value in by_value}
        return found

    # --- acting -----------------------------------------------------------------------------------------------------

    @staticmethod
    def _wants(seen: Seen | None, status: ChangeStatus) -> bool:
        """Whether there is something to write or to do about it."""
        return seen is not None and not seen.error and (seen.is_news(status) or seen.effective is False)

    def _with_lease(
        self, crew: Crew, wanting: Sequence[ChangeStatus], found: dict[str, Seen], report: Report
    ) -> Report:
        """Look once more at what wants something, note what is new, make again what may be."""
        before = {s.change.id: s.seq for s in wanting}
        remade: list[str] = []
        alarms: list[str] = []
        try:
            with Session(self.kit, self.incident, self.by) as session:
                history = self.history()
                same = [history.changes[n] for n, seq in before.items() if history.changes[n].seq == seq]

                def one(status: ChangeStatus, sender: CallSender) -> None:
                    seen = self._settle(session, status, sender, remade, alarms)
                    found[status.change.id] = seen

                crew.work(lanes(self.kit, same), one)
        except Refused as refused:
            return replace(report, busy=refused.message)
        return replace(report, remade=tuple(sorted(remade)), alarms=tuple(sorted(alarms)))

    def _settle(
        self, session: Session, status: ChangeStatus, sender: CallSender, remade: list[str], alarms: list[str]
    ) -> Seen:
        deed, name = Deed(session, status, sender), status.change.id
        seen = see(deed, self._flows.get(name), patient=False)
        if seen.is_news(status):
            _note(deed, seen)
        if seen.error or seen.effective is not False:
            return seen
        why = ""
        if seen.remakable:
            why, again = self._make_again(session, name, sender)
            if again is not None:
                seen = again
                remade += [name] if seen.effective is not False and not seen.error else []
        if seen.effective is False and not seen.error:
            what = ("taken" if seen.drifted else "more") if seen.remakable else "flows" if seen.flow else "leaks"
            self._alarm(what, why, change=name, into=alarms)
        return seen

    def _make_again(self, session: Session, name: str, sender: CallSender) -> tuple[str, Seen | None]:
        """Why it was not made again, or what is seen of it now."""
        history = self.history()
        status = history.changes[name]
        form = approved_form(history, status)
        verb = self.kit.equip(status.change)[1]

        def forbids() -> str:
            return why_not(self.history(), name, self.guards, verb, self.kit.clock.now())

        reason = forbids()
        if reason or form is None:
            return reason, None
        reason = remake(Deed(session, replace(status, change=form), sender), status.change, forbids)
        if reason:
            return reason, None
        now = self.history().changes[name]
        deed = Deed(session, now, sender)
        seen = see(deed)
        if now.state in IN_DOUBT:
            return "", replace(seen, error=now.error or "it is not known whether it was made again")
        if seen.is_news(now):
            _note(deed, seen)
        return now.error, seen

    # --- telling ----------------------------------------------------------------------------------------------------

    def _alarm(self, what: str, why: str, *, change: str, into: list[str]) -> None:
        """Call a person about a change, once for each thing."""
        history = self.history()
        reason = f"{_REASONS[what]}: {why}" if why else _REASONS[what]
        into.append(f"{change}: {reason}")
        last = next((a for a in reversed(history.alarms) if a.change == change), None)
        if last is None or last.reason != reason or last.seq < history.changes[change].seq:
            self._write(Entry("watch.alarm", {"what": what, "reason": reason, "change": change}, actor=self.by))

    def _sum_up(self, found: dict[str, Seen], report: Report) -> Report:
        unseen = [n for n, s in found.items() if s.error]
        self._blind = {n: self._blind.get(n, 0) + 1 for n in unseen}
        alarms = list(report.alarms)
        history = self.history()
        for name, times in self._blind.items():
            if times >= BLIND:
                self._alarm("blind", found[name].error, change=name, into=alarms)
        bad = {n: s for n, s in found.items() if s.effective is False and not s.error}
        doubt = tuple(sorted(n for n, s in history.changes.items() if s.state in IN_DOUBT | UNDO_IN_DOUBT))
        return replace(
            report,
            effective=sum(1 for s in found.values() if s.effective and not s.error),
            leaking=tuple(sorted(n for n, s in bad.items() if not s.drifted)),
            drifted=tuple(sorted(n for n, s in bad.items() if s.drifted)),
            unseen=tuple(sorted(unseen)),
            unknown=doubt,
            alarms=tuple(alarms),
        )

    def _step_up(self, report: Report, since: datetime | None) -> Report:
        """Mail of the campaign that was accepted after it was contained: an alarm, and a plan for what is new in it."""
        history = self.history()
        if self.mail is None or since is None:
            return report
        try:
            mail = self.mail.since(self.incident, since)
        except IrtoolError as error:  # a log that is being rotated: the next look reads it
            return replace(report, mail=NewMail(since, error=error.message))
        if mail is None or not mail.messages:
            return replace(report, mail=mail)
        last = next((a for a in reversed(history.alarms) if not a.change), None)
        fresh = set(mail.values) - set(last.values if last else ())
        if last is None or fresh or mail.messages >= 2 * (last.messages or 0):
            data: dict[str, Json] = {
                "what": "mail",
                "reason": _REASONS["mail"],
                "messages": mail.messages,
                "since": utc(since),
            }
            self._write(Entry("watch.alarm", {**data, "values": [*mail.values]}, actor=self.by, source="log"))
        self._owes_plan = self._owes_plan or bool(fresh)
        proposed, busy = self._propose(self.mail) if self._owes_plan else ((), "")
        return replace(
            report, mail=mail, alarms=(*report.alarms, _REASONS["mail"]), proposed=proposed, busy=report.busy or busy
        )

    def _propose(self, mail: MailWatch) -> tuple[tuple[str, ...], str]:
        """The steps of a plan made for what is new, or who is at work now. Yes and no to steps that stay as they are
        go on counting."""
        try:
            plan = mail.propose(self.incident, self.by)
        except Refused as refused:
            return (), refused.message
        self._owes_plan = False
        return tuple(s.id for s in plan.steps if any(c.action == "do" for c in s.changes)), ""

    def _contained_at(self, history: History) -> datetime | None:
        """When the last change that stands came into place; None if none does."""
        kinds = {name: verb.kind for name, verb in self.kit.verbs.items()}
        done = [s for s in history.changes.values() if s.state == DONE and kinds.get(s.change.verb) == "change"]
        return max((s.at for s in done if s.at), default=None)

    def _write(self, entry: Entry) -> None:
        self.kit.tell(self.kit.journal.append(self.incident, entry))

    def _pause(self, due: float) -> None:
        """Until that moment of the monotonic clock, which no one can set back, or a stop."""
        while not self.kit.stop.is_set() and (left := due - self.kit.clock.monotonic()) > 0:
            self.kit.clock.sleep(min(left, _SLICE))


_REASONS = {
    "leaks": "the setting is there, and the server does not act on it",
    "flows": "mail of it is still accepted",
    "taken": "somebody has taken it back",
    "more": "there is more of it",
    "blind": f"it could not be looked at {BLIND} times in a row",
    "mail": "mail of the campaign is still accepted",
}
"""Why a person is called."""


def _note(deed: Deed, seen: Seen) -> None:
    data: dict[str, Json] = {"effective": seen.effective, "drifted": seen.drifted, "detail": "", "by": "watch"}
    if seen.flow is not None:
        data |= {"messages": seen.flow.after, "since": utc(seen.flow.since)}
    deed.say("change.verified", state=seen.state, **data)

"""What a watch sees of the changes that are in place: the setting, and the effect where the product shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from irtool.history import ChangeStatus, History
from irtool.history.machine import ALREADY, DONE
from irtool.ports import CallSender
from irtool.records import Flow
from irtool.run.crew import Crew
from irtool.run.deed import Deed
from irtool.run.session import Session
from irtool.run.steps import lanes

_COLUMN_OF: Mapping[str, str] = {
    "account.disable": "account",
    "ip.block": "source_ip",
    "domain.block": "recipient_domain",
    "address.block": "header_sender",
}
_LONG_ENOUGH = timedelta(minutes=10)
"""A log that goes on for so long without mail of a target shows that there is none."""
IN_PLACE = frozenset({DONE, ALREADY})


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen of one change. `error` says why nothing was; `remakable` whether making it again can help,
    `flow` what the mail log has of it, if that is how its effect was seen."""

    name: str
    state: str = ""
    effective: bool | None = None
    drifted: bool = False
    remakable: bool = False
    error: str = ""
    flow: Flow | None = None

    def is_news(self, status: ChangeStatus) -> bool:
        """Whether it is another than what the journal has. That what was so before holds is none."""
        if self.error or (status.state == ALREADY and self.effective and status.effective is None):
            return False
        return (self.effective, self.drifted) != (status.effective, status.drifted)


def watched(session: Session, history: History, now: datetime) -> list[ChangeStatus]:
    """The changes that are in place and can be seen. What is due to be undone is not: `irtool expire` does that."""
    return [
        s
        for s in history.changes.values()
        if s.state in IN_PLACE and not (s.expires_at and s.expires_at <= now) and _has_sight(session, s)
    ]


def look_around(
    session: Session, crew: Crew, statuses: Sequence[ChangeStatus], flows: Mapping[str, Flow]
) -> dict[str, Seen]:
    """Look at all of them, as many at once as their servers take. Those that a stop left out are not in it.

    `flows` are what the mail log has of them, by name.
    """
    found: dict[str, Seen] = {}

    def one(status: ChangeStatus, sender: CallSender) -> None:
        found[status.change.id] = see(Deed(session, status, sender), flows.get(status.change.id))

    crew.work(lanes(session.kit, statuses), one)
    return found


def see(deed: Deed, flow: Flow | None = None, *, patient: bool = True) -> Seen:
    """One change: its setting, then its effect. A leak that is news is looked at again before it is believed, unless
    it was just now (`patient`)."""
    name = deed.change.id
    setting = deed.look()
    if setting.look is None:
        return Seen(name, error=setting.error)
    state = setting.look.state
    if not deed.is_wanted(state):
        # A set that changes by itself was not taken back: there is more of it.
        return Seen(name, state, effective=False, drifted=not deed.is_a_set, remakable=True)
    if flow is not None and flow.after and not deed.is_a_set:
        return Seen(name, state, effective=False, flow=flow)  # whatever a probe says: mail of it went out
    if not deed.traits.verifies or deed.is_a_set:
        dry = flow is not None and not deed.is_a_set and ran_dry(flow)
        return Seen(name, state, effective=True if dry else None, flow=flow if dry else None)
    known = deed.status.effective is False or not patient
    effect = deed.verify() if known else deed.wait_for(deed.verify, deed.is_wanted)
    if effect.look is None:
        return Seen(name, state, error=effect.error)
    return Seen(name, effect.look.state, effective=deed.is_wanted(effect.look.state))


def ran_dry(flow: Flow) -> bool:
    """Whether there was mail, and there is none any more although the log went on."""
    return flow.before > 0 and not flow.after and flow.until is not None and flow.until >= flow.since + _LONG_ENOUGH


def columns(statuses: Sequence[ChangeStatus]) -> dict[str, dict[str, ChangeStatus]]:
    """The changes whose effect a mail log shows, by the column and the value that it is seen at."""
    found: dict[str, dict[str, ChangeStatus]] = {}
    for status in statuses:
        column = _COLUMN_OF.get(status.change.verb)
        if column and status.state == DONE and status.at is not None:
            found.setdefault(column, {})[status.change.target] = status
    return found


def _has_sight(session: Session, status: ChangeStatus) -> bool:
    """Whether looking tells anything. What was deleted stays deleted."""
    connector, verb = session.kit.equip(status.change)
    gone = verb.target == "queue" and not connector.traits(verb.name).undoable
    return verb.kind == "change" and bool(verb.states[1]) and not gone

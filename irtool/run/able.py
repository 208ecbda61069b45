"""Before the first change: may each credential do what is wanted of it, and undo it? Asked by reading only."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

from irtool.connectors.exchange import hold
from irtool.errors import CallError, IrtoolError, Refused, Rejected
from irtool.history import History
from irtool.plan.shadow import covers
from irtool.ports import CallSender, Clock, Connector, Foreseen, SenderPool
from irtool.records import Call, Change, Plan, Reply
from irtool.run.approvals import OPEN, clearance
from irtool.run.crew import Crew
from irtool.run.kit import Kit
from irtool.run.pace import Pace, Paced
from irtool.run.session import Session

CAN, CANNOT, UNPROVEN, UNTOLD = "can", "cannot", "unproven", "untold"
_LATER = frozenset({408, 425, 429})
"""Statuses that say "not now" and nothing about what is allowed; so does every 5xx."""


@dataclass(frozen=True, slots=True)
class Ability:
    """What is known of one verb of one connector. `word`: can; cannot; unproven (asked, and reading cannot prove it);
    untold (it could not be asked just now). `says` is why, `hint` what to change."""

    connector: str
    verb: str
    word: str
    says: str = ""
    hint: str = ""


class _Once:
    """A sender for reads alone; the same read is sent once, whoever asks."""

    def __init__(self, sender: CallSender) -> None:
        self._sender = sender
        self._said: dict[Call, Reply | CallError] = {}

    def send(self, call: Call) -> Reply:
        """What the server says, or said."""
        if call.changes:
            raise Rejected(f"{call.connector}: the check before a run only reads, and this would change something")
        if call not in self._said:
            try:
                self._said[call] = self._sender.send(call)
            except CallError as error:
                self._said[call] = error
        said = self._said[call]
        if isinstance(said, CallError):
            raise said
        return said

    def close(self) -> None:
        """Nothing: the sender belongs to whoever made it."""


def survey(connectors: Mapping[str, Connector], pool: SenderPool, clock: Clock) -> list[Ability]:
    """Everything that these connectors offer."""
    wanted = {(name, verb) for name, connector in connectors.items() for verb in connector.verbs()}
    stop = threading.Event()
    return _ask(wanted, connectors, pool, Pace(clock, stop), stop)


def refuse_unable(session: Session, plan: Plan) -> None:
    """Raise Refused, with everything at once, if a credential certainly cannot do what the plan still wants of it.

    A server that cannot be asked just now is no reason to leave the others as they are: that is noted.
    """
    kit, history = session.kit, session.history()
    _refuse(session, [c for c in _open(kit, history, plan) if not covers(kit.shadows, c.verb, c.connector)])


def refuse_unable_to_undo(session: Session, changes: Iterable[Change]) -> None:
    """The same for changes that are about to be undone."""
    _refuse(session, changes)


def _open(kit: Kit, history: History, plan: Plan) -> list[Change]:
    """What is to be done, and was not begun: what is in doubt is looked at, whatever the credential may do."""
    found: list[Change] = []
    for step in plan.steps:
        cleared = clearance(history, step, kit.clock.now())
        found += [c for c in (*cleared.go, *cleared.ask) if history.changes[c.id].state in OPEN and not c.shadow]
    return found


def _refuse(session: Session, changes: Iterable[Change]) -> None:
    kit = session.kit
    wanted = {(c.connector, c.verb) for c in changes}
    found = _ask(wanted, kit.connectors, kit.pool, kit.pace, kit.stop)
    cannot = [a for a in found if a.word == CANNOT]
    if cannot:
        hints = " ".join(dict.fromkeys(a.hint for a in cannot if a.hint and "irtool doctor" not in a.hint))
        raise Refused(
            f"refused before the first change: {_sentence(cannot, 'cannot')}",
            done=f"Nothing was changed.{' ' if hints else ''}{hints}",
            hint="irtool doctor",
        )
    untold = [a for a in found if a.word == UNTOLD]
    if untold:
        session.say("note.added", text=f"Not known before the first change: whether {_sentence(untold, 'can')}")


def _sentence(found: Sequence[Ability], word: str) -> str:
    return "; ".join(f"{name} {word} {', '.join(verbs)}: {says}" for (name, says), verbs in grouped(found).items())


def grouped(found: Iterable[Ability]) -> dict[tuple[str, str], list[str]]:
    """The verbs by connector and by what is said of them."""
    groups: dict[tuple[str, str], list[str]] = {}
    for ability in found:
        groups.setdefault((ability.connector, ability.says), []).append(ability.verb)
    return groups


def _ask(
    wanted: Collection[tuple[str, str]],
    connectors: Mapping[str, Connector],
    pool: SenderPool,
    pace: Pace,
    stop: threading.Event,
) -> list[Ability]:
    """Ask all connectors at the same time, each about its verbs one after the other. Those that cannot be asked are
    left out, and so are all that a stop leaves unasked."""
    by_name: dict[str, list[str]] = {}
    for name, verb in sorted(wanted):
        by_name.setdefault(name, []).append(verb)
    found: list[Ability] = []

    def one(name: str, sender: CallSender) -> None:
        connector = connectors[name]
        if isinstance(connector, Foreseen):
            rate = min((r for verb in by_name[name] if (r := connectors[name].traits(verb).per_second)), default=0.0)
            once = _Once(Paced(sender, pace, rate))
            found.extend([_able(connector, name, verb, once) for verb in by_name[name]])

    with closing(Crew(pool, stop)) as crew:
        crew.work([(1, [name]) for name in by_name if name in connectors], one)
    return sorted(found, key=lambda a: (a.connector, a.verb))


def _able(connector: Foreseen, name: str, verb: str, sender: CallSender) -> Ability:
    try:
        unproven = hold(connector.able(verb), sender)
    except IrtoolError as error:
        word = CANNOT if _is_certain(error) else UNTOLD
        return Ability(name, verb, word, error.message, error.hint)
    return Ability(name, verb, UNPROVEN if unproven else CAN, unproven)


def _is_certain(error: IrtoolError) -> bool:
    if isinstance(error, Rejected):
        return error.status not in _LATER and not 500 <= error.status < 600
    return not isinstance(error, CallError)

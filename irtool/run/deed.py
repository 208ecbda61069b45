"""One change in the hands of one thread: what applying and undoing it have in common."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass

from irtool.connectors.exchange import hold
from irtool.errors import IrtoolError
from irtool.history import ChangeStatus
from irtool.plan import shadow, states
from irtool.plan.rehearsal import rehearse, shown
from irtool.plan.watched import Watched
from irtool.ports import CallSender, Exchange
from irtool.records import Json, Look, from_json
from irtool.run.binding import Bound
from irtool.run.pace import Paced
from irtool.run.session import Session


@dataclass(frozen=True, slots=True)
class Tried:
    """How a conversation ended. `doubt` is true if it may have changed something although it ended with an error."""

    ok: bool
    reply: Json = None
    error: str = ""
    doubt: bool = False


@dataclass(frozen=True, slots=True)
class Sight:
    """What a look saw, or the error if it could not."""

    look: Look | None = None
    error: str = ""


class Deed:
    """A change, its connector and a sender, with the words to speak about it in the journal."""

    def __init__(self, session: Session, status: ChangeStatus, sender: CallSender) -> None:
        self.session = session
        self.kit = session.kit
        self.status = status
        self.change = status.change
        self.connector, self.verb = self.kit.equip(status.change)
        self.traits = self.connector.traits(self.change.verb)
        self._sender = Paced(sender, self.kit.pace, self.traits.per_second, resend=self.traits.in_doubt == "resend")
        self._attempt = status.attempt
        self._unknown = status.state in {"unknown", "undo unknown"}

    @property
    def has_states(self) -> bool:
        """Whether looking at the target tells what became of it."""
        return self.verb.kind == "change" and states.has_states(self.verb)

    @property
    def is_shadow(self) -> bool:
        """Whether nothing of it may be sent: it was planned so, or its verb or connector is in shadow mode now."""
        return self.change.shadow or shadow.covers(self.kit.shadows, self.change.verb, self.change.connector)

    @property
    def is_a_set(self) -> bool:
        """Whether the target is a set that changes by itself (queued mail): only the connector knows which are ours."""
        return self.verb.target == "queue"

    def say(self, kind: str, **data: Json) -> None:
        """Write an event about this change."""
        self.session.say(kind, self.change, **data)
        self._unknown = kind in {"change.unknown", "undo.unknown"}

    def stay_unknown(self, kind: str, error: str) -> None:
        """Say that its outcome is unknown, unless the journal says so already."""
        if not self._unknown:
            self.say(kind, error=error)

    def next_attempt(self) -> int:
        """The number of the attempt that is about to be made."""
        self._attempt += 1
        return self._attempt

    def key(self, what: str = "") -> str:
        """The idempotency key of its calls: one for all attempts, another for undoing it or doing it again."""
        rounds = self.status.rounds - (1 if what and self.status.rounds else 0)
        name = f"{self.session.incident}/{self.change.id}{what}" + (f"/{rounds}" if rounds else "")
        return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()

    def before(self) -> Look:
        """What was there before the change, as its intent recorded it."""
        return from_json(Look, {"state": self.change.before, **self.status.before})

    @contextmanager
    def lock(self) -> Generator[None, None, None]:
        """Hold the list that only one writer at a time may change. Raises NotSent if it is not to be had."""
        name = f"{self.change.connector} {self.traits.lock}" if self.traits.lock else ""
        with self.kit.locks.held(name):
            yield

    def look(self) -> Sight:
        """The present state."""
        return self._see(lambda: self.connector.look(self.change.verb, self.change.target, self.change.params))

    def verify(self) -> Sight:
        """The present state, seen by its effect where the product allows it."""
        return self._see(lambda: self.connector.verify(self.change.verb, self.change.target, self.change.params))

    def rehearse(self, seen: Look) -> tuple[list[Json], str]:
        """What the change would send, for people and the journal, and why it would send nothing or could not tell."""
        change = self.change
        try:
            found = rehearse(self.connector, change.verb, change.target, change.params, seen, self._sender)
        except IrtoolError as error:
            return [], error.message
        return [shown(essence) for essence in found.essences], found.refusal

    def attempt(self, conversation: Exchange[Json], *, bound: bool = False) -> Tried:
        """Hold a conversation that changes something. Its intent has to be in the journal. `bound`: only calls that
        were rehearsed, and so approved, are sent."""
        watched = Watched(Bound(self._sender, self.connector, self.change) if bound else self._sender)
        try:
            return Tried(ok=True, reply=hold(conversation, watched))
        except IrtoolError as error:
            return Tried(ok=False, error=error.message, doubt=watched.leaves_doubt(error))

    def wait_for(self, see: Callable[[], Sight], good: Callable[[str], bool]) -> Sight:
        """See again, with pauses, until the state is good or patience ends; the last sight."""
        sight = see()
        for pause in self.kit.patience:
            if (sight.look is not None and good(sight.look.state)) or self.kit.stop.is_set():
                break
            self.kit.clock.sleep(pause)
            sight = see()
        return sight

    def is_wanted(self, state: str) -> bool:
        """Whether this state is the one the change brings about."""
        return states.is_wanted(self.verb, state)

    def is_startable(self, state: str) -> bool:
        """Whether the change can be made from this state."""
        return states.is_startable(self.verb, state)

    def is_restored(self, state: str) -> bool:
        """Whether this state is the one from before the change."""
        return states.is_restored(self.verb, state, self.before().state)

    def _see(self, conversation: Callable[[], Exchange[Look]]) -> Sight:
        try:
            return Sight(hold(conversation(), self._sender))
        except IrtoolError as error:
            return Sight(error=error.message)

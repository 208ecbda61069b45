"""Everything a run is carried out with."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from irtool.errors import ConfigError
from irtool.ports import Approver, Clock, Connector, Journal, Listener, SenderPool
from irtool.records import Change, Event, Verb
from irtool.run.ledger import Ledger
from irtool.run.locks import Locks
from irtool.run.pace import Pace
from irtool.run.people import People


@dataclass(frozen=True)
class Kit:
    """The parts, shared by all threads. `patience` are the seconds between looks while an effect has not shown yet.

    `approvers` is the playbook's group; `break_glass` who may go past the approval of others: allow, deny or a group.
    `shadows` are the verbs and connectors that are in shadow mode now, whatever was planned.
    """

    journal: Journal
    connectors: Mapping[str, Connector]
    pool: SenderPool
    clock: Clock
    verbs: Mapping[str, Verb]
    people: People
    locks: Locks
    approver: Approver | None = None
    listeners: Sequence[Listener] = ()
    approvers: str | None = None
    break_glass: str = "allow"
    shadows: frozenset[str] = frozenset()
    workers: int = 8
    patience: Sequence[float] = (0.2, 0.5, 1.0, 2.0, 4.0)
    heartbeat: float = 4.0
    stop: threading.Event = field(default_factory=threading.Event)
    pace: Pace = field(init=False)
    _telling: threading.Lock = field(init=False, default_factory=threading.Lock)

    def __post_init__(self) -> None:
        object.__setattr__(self, "pace", Pace(self.clock, self.stop, Ledger(self.locks)))

    def tell(self, events: Iterable[Event]) -> None:
        """Tell every listener of events that are in the journal, one event at a time."""
        with self._telling:
            for event in events:
                for listener in self.listeners:
                    listener.told(event)

    def equip(self, change: Change) -> tuple[Connector, Verb]:
        """The connector and the verb of a change. Raises ConfigError if the configuration lacks either now."""
        connector, verb = self.connectors.get(change.connector), self.verbs.get(change.verb)
        if connector is None or verb is None or change.verb not in connector.verbs():
            raise ConfigError(
                f"{change.id} was planned with connector {change.connector}, which cannot do {change.verb} now",
                hint=f"Set up {change.connector} in irtool.yaml again, or plan again.",
            )
        return connector, verb

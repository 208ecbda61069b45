"""The sockets of the house: what the inner rooms need, without saying who provides it. Protocols only.

Adapters implement them, wiring plugs them in, tests plug in their own.
"""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol, TypeVar, runtime_checkable

from irtool.records import (
    Call,
    Chain,
    Change,
    Decision,
    Entry,
    Event,
    Flow,
    Json,
    Look,
    NewMail,
    Plan,
    PlanStep,
    Reply,
    Traits,
)

R = TypeVar("R")
Exchange = Generator[Call, Reply, R]
"""A conversation with a server: yields Calls, is sent the Replies, returns R. It never sends anything itself.

`connectors.exchange.hold(conversation, sender)` carries it out.
"""


class Clock(Protocol):
    """The time. Tests bring their own."""

    def now(self) -> datetime:
        """The present moment, timezone-aware, UTC. It may step back: people set clocks."""
        ...

    def monotonic(self) -> float:
        """Seconds since some moment; they never go back. For pauses and limits."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class CallSender(Protocol):
    """Carries a Call to its server. Not shared between threads: `run` asks for one per worker."""

    def send(self, call: Call) -> Reply:
        """The server's answer, whatever its status.

        Raises NotSent if the call certainly did not arrive, InDoubt if it may have, Rejected if credentials that the
        configuration names cannot be had.
        """
        ...

    def close(self) -> None:
        """Give the connections back."""
        ...


class SenderPool(Protocol):
    """Makes CallSenders, one for each worker thread."""

    def sender(self) -> CallSender:
        """A new sender that the caller closes."""
        ...


class Connector(Protocol):
    """Verbs of one product's admin API, as conversations. Built from a manifest, or Python where that is not enough."""

    name: str

    def verbs(self) -> frozenset[str]:
        """The verbs it can do."""
        ...

    def traits(self, verb: str) -> Traits:
        """How that verb behaves here."""
        ...

    def look(self, verb: str, target: str, params: Mapping[str, Json]) -> Exchange[Look]:
        """The target's present state. Only reads."""
        ...

    def change(self, verb: str, target: str, params: Mapping[str, Json], seen: Look, key: str) -> Exchange[Json]:
        """Bring the target into the verb's state; `seen` is the look of just before. Returns what the server said
        (small, for the journal). Raises Rejected if the answer is not success, InDoubt if it cannot be understood."""
        ...

    def verify(self, verb: str, target: str, params: Mapping[str, Json]) -> Exchange[Look]:
        """The state again, seen by its effect where the product allows it (Traits.verifies)."""
        ...

    def undo(self, verb: str, target: str, params: Mapping[str, Json], before: Look, key: str) -> Exchange[Json]:
        """Restore what was there before: `before` is the look of just before the change."""
        ...

    def ping(self) -> Exchange[str]:
        """One read that proves address and credentials; returns the product and version for `irtool doctor`."""
        ...


@runtime_checkable
class Identified(Protocol):
    """A Connector that says which one it is: an approval is bound to that too."""

    def identity(self, verb: str, target: str, params: Mapping[str, Json]) -> Mapping[str, Json]:
        """Where its calls go and by which rules: addresses, settings, the text of a manifest or template. Never a
        secret; the same until somebody edits one of them."""
        ...


@runtime_checkable
class Foreseen(Protocol):
    """A Connector that can tell beforehand whether its credential may do a verb, and the verb's undo."""

    def able(self, verb: str) -> Exchange[str]:
        """Ask, by reading only. Returns what reading cannot prove, in words; "" if all of it is proven.

        Raises Rejected if it certainly cannot be done, another CallError if that cannot be told now."""
        ...


class Journal(Protocol):
    """The append-only, hash-chained record of all incidents. The only truth."""

    def open_incident(self, prefix: str, entry: Entry) -> Event:
        """Open the next incident (`INC-2026-0001` for prefix `INC-2026`) with its first event, atomically."""
        ...

    def append(self, incident: str, *entries: Entry, epoch: int | None = None) -> tuple[Event, ...]:
        """Write events; when it returns they are on the disk. With `epoch`, only while that lease is held.

        Raises Refused if another process has taken the lease since, UsageError if the incident does not exist.
        """
        ...

    def events(self, incident: str, after: int = 0) -> Iterator[Event]:
        """Its events in order, from the one after `after`."""
        ...

    def incidents(self) -> Sequence[str]:
        """All incidents, the oldest first."""
        ...

    def lease(self, incident: str, owner: str) -> int:
        """Become the only process that may change things for this incident; returns the epoch to append with.

        Raises Refused if a living process holds it.
        """
        ...

    def renew(self, incident: str, epoch: int) -> None:
        """Keep the lease. Raises Refused if it is lost."""
        ...

    def release(self, incident: str, epoch: int) -> None:
        """Give the lease back."""
        ...

    def verify(self, incident: str) -> Chain:
        """Recompute every hash of the incident's chain."""
        ...

    def close(self) -> None:
        """Flush and close."""
        ...


class Listener(Protocol):
    """Is told of every event after it is in the journal. Must not raise; nothing it does reaches the run."""

    def told(self, event: Event) -> None:
        """One event was written."""
        ...


class Approver(Protocol):
    """Asks a person who is here now. The rules (who may) are checked by `run`, not by the approver."""

    def ask(self, incident: str, step: PlanStep, changes: Sequence[Change]) -> Decision | None:
        """The decision, or None if nobody is here to ask: the run then waits."""
        ...


class Directory(Protocol):
    """The provider's accounts and the domains they own."""

    def owner(self, domain: str) -> str | None:
        """The account that owns the domain (or a parent of it), None if it is not hosted here."""
        ...

    def account(self, account: str) -> Mapping[str, Json] | None:
        """The row of an account: account, name, plan, status, created, contact, locale, partner."""
        ...


class LogSource(Protocol):
    """The gateway log and the directory as tables that SQL can ask (see adapters/logs.py for columns).

    The log is read once per process and rejected rows are counted, never silently NULL.
    """

    def missing(self) -> frozenset[str]:
        """The normalised columns that this log does not have: questions about them cannot be answered."""
        ...

    def query(self, sql: str, parameters: Mapping[str, Json] | None = None) -> list[dict[str, object]]:
        """Rows of a query over the tables `log`, `accounts` and `domains`, with named parameters `$name`."""
        ...

    def rejected_rows(self) -> int:
        """How many rows could not be read so far."""
        ...


class MailWatch(Protocol):
    """The mail log, asked again and again while an incident is watched."""

    def since(self, incident: str, moment: datetime) -> NewMail | None:
        """The campaign's mail that was accepted after that moment; None if no log is configured.

        Raises InputError if the log cannot be read just now.
        """
        ...

    def flows(self, column: str, values: Collection[str], moment: datetime) -> Mapping[str, Flow]:
        """By value of a log column (account, source_ip, recipient_domain, header_sender): mail before and after that
        moment. Empty if the log cannot tell. Raises InputError if it cannot be read just now."""
        ...

    def propose(self, incident: str, by: str) -> Plan:
        """Record the campaign as the log shows it now, and a plan for what is new in it. Nothing is changed.

        Raises Refused while somebody else is at work on the incident.
        """
        ...


class Notifier(Protocol):
    """Renders a notice for one affected customer from the incident's history (implemented by tell)."""

    def render(self, incident: str, change: Change) -> str:
        """The whole message, RFC 5322, 7-bit, CRLF line ends. Deterministic for one change of one incident."""
        ...


class Progress(Protocol):
    """Is told how far a long piece of work is. Does nothing by default."""

    def step(self, what: str, done: int = 0, total: int = 0) -> None:
        """`what` is going on; `done` of `total` (0: not known)."""
        ...

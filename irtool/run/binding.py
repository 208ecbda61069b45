"""What is sent is what was approved, or it is not sent."""

from __future__ import annotations

from irtool.errors import Rejected
from irtool.plan.hashes import digest
from irtool.plan.rehearsal import OPEN, essence, identity
from irtool.ports import CallSender, Connector
from irtool.records import Call, Change, Reply


class Bound:
    """A CallSender that compares every changing call with those that were rehearsed when the change was planned.

    One that is not needed any more may be left out, and one may be made again (a list in which somebody else was
    faster). What depended on the server's answers comes only after all that was known. A change that was planned
    without a rehearsal (by an older irtool) is bound to its target and states only.
    """

    def __init__(self, sender: CallSender, connector: Connector, change: Change) -> None:
        self._sender = sender
        self._bound = bool(change.binding)
        self._known = set(change.binding[1:]) - {OPEN}
        self._missing = set(self._known)
        self._open = OPEN in change.binding
        who = identity(connector, change.verb, change.target, change.params)
        moved = self._bound and change.binding[0] != digest(who)
        self._fault = f"the connector {connector.name} is set up in another way now" if moved else ""

    def send(self, call: Call) -> Reply:
        """The server's answer. Raises Rejected for a changing call that nobody has approved."""
        if call.changes and self._bound:
            self._check(call)
        return self._sender.send(call)

    def close(self) -> None:
        """Nothing: the sender belongs to whoever made it."""

    def _check(self, call: Call) -> None:
        wanted = digest(essence(call))
        self._missing.discard(wanted)
        approved = wanted in self._known or (self._open and not self._missing)
        if approved and not self._fault:
            return
        why = self._fault or f"{call.method} {call.path.partition('?')[0]} is another call"
        raise Rejected(f"what would be sent is not what was approved ({why}): plan again", hint="irtool plan INCIDENT")

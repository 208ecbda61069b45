"""Not faster than a server takes it: a limit that holds in any second (run.lane), more slowly once the server asks for
that, and another try where it can do no harm (run.again)."""

from __future__ import annotations

import threading
from weakref import WeakKeyDictionary, proxy

from irtool.ports import CallSender, Clock
from irtool.records import Call, Reply
from irtool.run.again import Again
from irtool.run.lane import Lane
from irtool.run.ledger import Ledger

_LANES: WeakKeyDictionary[Clock, dict[str, Lane]] = WeakKeyDictionary()
_MAKING = threading.Lock()


class Pace:
    """The lanes of all connectors, the same for planning and for every run that goes by this clock: a server counts
    them all. Shared by all threads. `stop` ends a wait that a server has asked for; with a `ledger` the limits hold for
    all processes together."""

    def __init__(self, clock: Clock, stop: threading.Event | None = None, ledger: Ledger | None = None) -> None:
        self._clock = clock
        self.ledger = ledger
        self.stop = stop or threading.Event()

    def lane(self, connector: str) -> Lane:
        """The one of this connector."""
        with _MAKING:
            lanes = _LANES.setdefault(self._clock, {})
            # A lane must not keep alive the clock that it is found by.
            return lanes.setdefault(connector, Lane(proxy(self._clock), connector))


class Paced:
    """A sender that keeps the pace, and tries again what certainly was not done or only reads.

    `resend` says whether the connector's changes may be sent again with the same key.
    """

    def __init__(self, sender: CallSender, pace: Pace, per_second: float, *, resend: bool = False) -> None:
        self._sender = sender
        self._pace = pace
        self._per_second = per_second
        self._resend = resend

    def send(self, call: Call) -> Reply:
        """The server's answer, after waiting for this call's turn."""
        again = Again(call, self._pace.lane(call.connector), self._pace.stop, resend=self._resend)
        while True:
            reply = again.attempt(lambda: self._once(call))
            if reply is not None:
                return reply

    def close(self) -> None:
        """Nothing: the sender belongs to whoever made it."""

    def _once(self, call: Call) -> Reply:
        lane = self._pace.lane(call.connector)
        ledger = self._pace.ledger
        name = lane.begin(self._per_second, ledger)
        try:
            return self._sender.send(call)
        finally:
            lane.end(name, self._per_second, ledger)

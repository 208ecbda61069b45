"""A sender that remembers what went out, so that an error of a conversation can be read for what it means."""

from __future__ import annotations

from collections.abc import Callable

from irtool.errors import CallError, InDoubt, IrtoolError, NotSent, Rejected
from irtool.ports import CallSender
from irtool.records import Call, Reply

_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_GATEWAY = frozenset({502, 504})
"""RFC 9110 §15.6.3 and §15.6.5: a gateway speaks for a server that may well have done what it was asked."""


def _nothing(_call: Call) -> None:
    return None


class Watched:
    """Passes Calls on to another sender. `before` is told each one first (to keep a pace).

    `calls` counts them. `failed_to_send` is true if the last one had no answer at all.
    """

    def __init__(self, sender: CallSender, before: Callable[[Call], None] = _nothing) -> None:
        self._sender = sender
        self._before = before
        self._last: Call | None = None
        self._status: int | None = None
        self._applied = 0
        self.calls = 0
        self.failed_to_send = False

    def send(self, call: Call) -> Reply:
        """The server's answer; raises what the sender raises."""
        self._before(call)
        if self._last is not None and self._last.changes and self._status is not None:
            self._applied += 1
        self._last, self._status, self.failed_to_send = call, None, False
        self.calls += 1
        try:
            reply = self._sender.send(call)
        except CallError:
            self.failed_to_send = True
            raise
        self._status = reply.status
        return reply

    def close(self) -> None:
        """Nothing: the sender belongs to whoever made it."""

    def leaves_doubt(self, error: IrtoolError) -> bool:
        """Whether something may have been changed although the conversation ended with this error.

        A later call that fails does not take back an earlier one that was answered, and a timeout of a mere read
        changes nothing.
        """
        last = self._last
        if self._applied or last is None:
            return self._applied > 0 or isinstance(error, InDoubt)
        if not isinstance(error, NotSent | Rejected):
            return last.changes or last.method not in _READS
        gateway = last.transport == "http" and self._status in _GATEWAY
        return last.changes and gateway and isinstance(error, Rejected)

    def blames_connector(self, error: CallError) -> bool:
        """Whether a failed look is the fault of the server, the way to it or the credentials, and not of the target."""
        if self.failed_to_send or not isinstance(error, Rejected):
            return True
        command = self._last is not None and self._last.transport == "command"
        return command or error.status in {401, 403, 407, 429} or error.status >= 500

"""When a call is made again on the spot: only what certainly was not done, what only reads, and what the server itself
makes harmless (a key that is honoured). Everything else is in doubt, and the journal's business.

429 (RFC 6585 §4) and 503 (RFC 9110 §15.6.4) are waited for as long as `Retry-After` says, in seconds or as a date.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime

from irtool.errors import CallError, InDoubt, NotSent, Rejected
from irtool.records import Call, Reply
from irtool.run.lane import Lane

LONGEST = 120.0
"""Seconds that are waited for a server's sake. If it asks for more it is not called any more, and a person decides."""

_BUSY = (1.0, 2.0, 4.0, 8.0, 16.0)
_BROKEN = (0.2, 1.0)
_HASTY = 5.0
"""An attempt that took longer than this before it failed is not made again at once."""
_HOPELESS = 6
"""After so many failures in a row of a connector, by whatever call, its errors are believed at once."""
_SERVER_ERRORS = frozenset({500, 502, 503, 504})


class Again:
    """One call and its attempts. `stop` ends every wait."""

    def __init__(self, call: Call, lane: Lane, stop: threading.Event, *, resend: bool) -> None:
        self._call = call
        self._lane = lane
        self._stop = stop
        self._harmless = not call.changes or (resend and bool(call.key))
        self._http = call.transport == "http"
        self._tries = 0
        self._waited = 0.0

    def attempt(self, once: Callable[[], Reply]) -> Reply | None:
        """Make it; None if it has to be made once more. Raises what `once` raises, and NotSent while the server wants
        no calls for longer than anybody waits."""
        self._let_the_server_rest()
        self._tries += 1
        began = self._lane.clock.monotonic()
        try:
            reply = once()
        except CallError as error:
            hasty = self._lane.clock.monotonic() - began < _HASTY
            if not (hasty and self._worth_it(error) and self._pause(_BROKEN)):
                raise
            return None
        if not self._http or not self._is_busy(reply):
            return self._answered(reply)
        pauses, asked = self._pauses(reply), self._asked(reply)
        if reply.status in {429, 503}:
            self._lane.slow_down(asked if asked is not None else _BUSY[min(self._tries, len(_BUSY)) - 1])
        if asked is not None and asked > LONGEST:
            return reply
        return None if self._pause(pauses, asked) else reply

    def _answered(self, reply: Reply) -> Reply:
        self._lane.well()
        return reply

    def _is_busy(self, reply: Reply) -> bool:
        """429 was not done, whatever it was; other errors of the server are waited for if that can do no harm."""
        if reply.status == 429:
            return True
        return reply.status in _SERVER_ERRORS if not self._call.changes else reply.status == 503 and self._harmless

    def _pauses(self, reply: Reply) -> tuple[float, ...]:
        return _BUSY if reply.status in {429, 503} else _BROKEN

    def _worth_it(self, error: CallError) -> bool:
        if not self._http or isinstance(error, InDoubt | Rejected):
            return False
        self._lane.trouble += 1
        certain = isinstance(error, NotSent) or not self._call.changes
        return certain and self._lane.trouble < _HOPELESS

    def _pause(self, pauses: tuple[float, ...], asked: float | None = None) -> bool:
        """Wait before the next attempt; False if there is none, or if somebody wants to stop."""
        if self._tries > len(pauses):
            return False
        seconds = pauses[self._tries - 1] if asked is None else asked
        self._waited += seconds
        return self._waited <= LONGEST and self._lane.wait(seconds, self._stop)

    def _let_the_server_rest(self) -> None:
        shut = self._lane.shut_for() if self._http else 0.0
        if shut and (shut > LONGEST or not self._lane.wait(shut, self._stop)):
            until = self._lane.clock.now() + timedelta(seconds=shut)
            raise NotSent(
                f"{self._call.connector} has asked not to be called before {until:%Y-%m-%d %H:%M:%S}Z (Retry-After)",
                hint="irtool resume, after that",
            )

    def _asked(self, reply: Reply) -> float | None:
        """The seconds that Retry-After asks for, None if it says nothing that can be read (RFC 9110 §10.2.3)."""
        said = reply.headers.get("retry-after", "").strip()
        if said.isascii() and said.isdigit():
            return float(min(int(said[:9]), 10**9))
        until = _moment(said)
        if until is None:
            return None
        there = _moment(reply.headers.get("date", ""))  # its own clock, if it says what that shows
        return max(0.0, until - (there if there is not None else self._lane.clock.now().timestamp()))


def _moment(text: str) -> float | None:
    try:
        found = parsedate_to_datetime(text)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None

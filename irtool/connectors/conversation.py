"""One conversation with a server as a manifest describes it: makes the Calls, reads the answers, never sends
anything."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar
from urllib.parse import quote, urlencode

from irtool.connectors.compiled import Ask, Computes
from irtool.connectors.replies import Conflicted, garbled, judge, view
from irtool.errors import CallError, InDoubt, PlaybookError, Rejected
from irtool.language.expressions import Text
from irtool.records import REHEARSED, Call, Json, Reply
from irtool.redact import KNOWN

R = TypeVar("R")
Requests = Generator[Call, Reply, R]


@dataclass(slots=True)
class Conversation:
    """The state of one conversation: what its expressions see, and how many changes went through so far.

    `rounds` counts how often a list of requests was begun again because somebody else was faster; once a change was
    only `rehearsed`, what is read after it shows nothing.
    """

    connector: str
    variables: dict[str, object]
    key: str | None = None
    got: dict[str, Json] = field(default_factory=dict)
    changed: int = 0
    rounds: int = 0
    rehearsed: bool = False

    def run(self, asks: Sequence[Ask]) -> Requests[bool]:
        """Make all requests in order, all of them anew if somebody else has changed meanwhile what they are about.

        False if one found the target missing: the rest is then left out.
        """
        begun, tries = dict(self.got), 0
        while True:
            try:
                return (yield from self._all_of(asks))
            except Conflicted as error:
                tries += 1
                if tries >= error.tries:
                    words = f"{error.message}; somebody else was faster {tries} times in a row"
                    raise self.partly(Rejected(words, status=error.status, hint=error.hint)) from None
                self.got, self.rounds = dict(begun), self.rounds + 1

    def _all_of(self, asks: Sequence[Ask]) -> Requests[bool]:
        for ask in asks:
            if ask.when is not None and not self._value(ask.when):
                continue
            if ask.block is not None:
                there = yield from self._block(ask, ask.block)
            else:
                self._compute(ask.let)
                there = (yield from self._ask(ask)) if ask.method else True
            if not there:
                return False
        return True

    def values(self, computes: Computes) -> dict[str, Json]:
        """What a phase makes of the answers. Raises Rejected if something in them is not there, or is a secret of ours:
        undo would need it, and it is not written down."""
        found = {name: self._value(compute) for name, compute in computes.items()}
        for name, value in found.items():
            if KNOWN.holds(value):
                raise Rejected(
                    f"{self.connector}: the answer shows irtool's own secret as {name!r}; the target is left alone",
                    hint="Look what that server keeps there, and give irtool another secret.",
                )
        return found

    def answer(self, computes: Computes) -> Json:
        """What the journal keeps of the answers. The change went through: what is missing is null, not an error.

        A server that says a secret back does not say it to the journal.
        """
        kept: dict[str, Json] = {}
        for name, compute in computes.items():
            try:
                kept[name] = compute(**self._all())
            except (PlaybookError, Rejected):
                kept[name] = None
        return KNOWN.hide_in(kept)

    def value(self, compute: Callable[..., Json]) -> Json:
        """One value a phase makes of the answers."""
        return self._value(compute)

    def text(self, text: Text | None) -> str:
        """A text for people; "" if there is none or a part of it is missing."""
        try:
            return KNOWN.hide(str(text(**self._all()))) if text is not None else ""
        except PlaybookError:
            return ""

    # --- blocks -----------------------------------------------------------------------------------------------------

    def _block(self, ask: Ask, block: Sequence[Ask]) -> Requests[bool]:
        if ask.each is None:
            there, got = yield from self._run_block(ask, block, {})
            self.got.update({ask.into: got} if ask.into else got)
            return there
        items = self._value(ask.each)
        if not isinstance(items, list):
            raise Rejected(f"{self.connector}: {ask.place}: each needs a list")
        rows: list[Json] = []
        for item in items:
            there, got = yield from self._run_block(ask, block, {"item": item})
            rows.append(got)
            if not there:
                return False
        self.got[ask.into] = rows
        return True

    def _run_block(
        self, ask: Ask, block: Sequence[Ask], more: Mapping[str, Json]
    ) -> Requests[tuple[bool, dict[str, Json]]]:
        given = {name: self._value(compute, more) for name, compute in ask.given.items()}
        inner = replace(self, variables={**self.variables, "given": given}, got={})
        try:
            there = yield from inner.run(block)
        finally:
            self.changed, self.rounds, self.rehearsed = inner.changed, inner.rounds, inner.rehearsed
        return there, inner.got

    # --- one request ------------------------------------------------------------------------------------------------

    def _ask(self, ask: Ask) -> Requests[bool]:
        call = self._call(ask)
        for attempt in range(1, ask.tries + 1):
            reply = yield from self._exchange(call)
            if reply is REHEARSED:  # what would be captured of the answer is not known
                self.changed += 1
                self.rehearsed = True
                return True
            seen = view(reply)
            self.variables["reply"] = seen
            try:
                there = judge(ask.terms, call, reply, self._all())
            except Conflicted:
                if not self.rehearsed:
                    raise
                there = True
            except CallError as error:
                raise self.partly(error) from None
            if ask.until is None or attempt == ask.tries or not there or self._reached(ask):
                break
        if call.changes:
            self.changed += 1
        if there:
            self._capture(ask, call, reply)
        return there

    def _exchange(self, call: Call) -> Requests[Reply]:
        try:
            return (yield call)
        except CallError as error:
            raise self.partly(error) from None

    def _reached(self, ask: Ask) -> bool:
        try:
            return bool(ask.until(**self._all())) if ask.until else True
        except PlaybookError:
            return False

    def _capture(self, ask: Ask, call: Call, reply: Reply) -> None:
        try:
            for name, compute in ask.capture.items():
                self.got[name] = compute(**self._all())
        except PlaybookError as error:
            words = f"{self.connector}: {call.method} {call.path.partition('?')[0]}: {error.message}"
            raise self.partly(garbled(call, reply, words)) from None
        except Rejected as error:
            raise self.partly(error) from None

    def partly(self, error: CallError) -> CallError:
        """Once a change went through, nothing that goes wrong after it means that nothing was changed."""
        if not self.changed or isinstance(error, InDoubt | Conflicted):
            return error
        done = f"{self.changed} request(s) of this change went through before"
        return InDoubt(f"{error.message}; {done}", hint=error.hint, done=done)

    def _call(self, ask: Ask) -> Call:
        path = str(self._value(ask.path)) if ask.path else "/"
        query = [(name, value) for name, text in ask.query.items() if (value := self._plain(text))]
        if query:
            path = f"{path}?{urlencode(query, quote_via=quote)}"
        headers = [(name, value) for name, text in ask.headers.items() if (value := self._plain(text))]
        for name, value in headers:
            if any(ord(c) < 32 or ord(c) == 127 for c in value):
                raise Rejected(f"{self.connector}: the header {name} cannot hold {value[:80]!r}")
        body, kind = self._body(ask)
        if kind and "content-type" not in {name.lower() for name, _ in headers}:
            headers.append(("Content-Type", kind))
        key = self.key if ask.changes else None
        return Call(
            connector=self.connector,
            transport=ask.transport,
            method=ask.method,
            path=path,
            headers=tuple(headers),
            body=body,
            base=ask.base,
            changes=ask.changes,
            key=self._numbered(key),
            merges=self._merged(ask),
            varies=tuple((name, self._plain(value)) for name, value in ask.varies.items()),
        )

    def _numbered(self, key: str | None) -> str | None:
        """The key of this request: each one of a change has its own, and so has one that is begun again."""
        number = self.changed + self.rounds
        return f"{key}/{number + 1}" if key and number else key

    def _merged(self, ask: Ask) -> str | None:
        return None if ask.merges is None else self._plain(ask.merges)

    def _body(self, ask: Ask) -> tuple[str | None, str]:
        if ask.body is None:
            return None, ""
        value = self._value(ask.body)
        if ask.json_body or not isinstance(value, str):
            return json.dumps(value), "application/json"
        return value, "text/plain; charset=utf-8"

    def _plain(self, text: Callable[..., Json]) -> str:
        value = self._value(text)
        if value is None:
            return ""
        return value if isinstance(value, str) else json.dumps(value)

    # --- expressions ------------------------------------------------------------------------------------------------

    def _all(self) -> dict[str, object]:
        return {**self.variables, "got": self.got}

    def _compute(self, computes: Computes) -> None:
        for name, compute in computes.items():
            self.got[name] = self._value(compute)

    def _value(self, compiled: Callable[..., Json], more: Mapping[str, Json] | None = None) -> Json:
        """The value. What cannot be worked out before a request is sent was certainly not sent."""
        try:
            return compiled(**{**self._all(), **(more or {})})
        except PlaybookError as error:
            raise self.partly(Rejected(f"{self.connector}: {error.message}")) from None
        except Rejected as error:
            raise self.partly(error) from None

"""http.call: one request to any configured admin API, with a look and an undo of its own.

    uses: http.call
    with:
      connector: panel                       # its address and credentials
      method: POST
      path: /users/{target}/suspend          # {target} is the item, as one URL-quoted segment
      body: {reason: abuse}                  # sent as JSON; a text is sent as it is
      look: {path: "/users/{target}", has: {suspended: true}}           # done if the JSON answer has this in it
      undo: {method: POST, path: "/users/{target}/unsuspend"}

Without `look` an answer is a success if its status is 2xx and it is no web page; `expect: {status: "ok"}` says what its
JSON must have in it besides. With neither, what the server said is all there is to know.

`look` compares data and is not an expression: `with` may hold text from outside, and that is never evaluated.
"""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Mapping

from irtool.connectors.compiled import Terms, segment
from irtool.connectors.replies import garbled, is_page, judge, not_understood, view, what_it_is
from irtool.errors import CallError, InDoubt, PlaybookError, Rejected
from irtool.ports import Exchange
from irtool.records import REHEARSED, Call, Json, Look, Reply, Traits
from irtool.redact import KNOWN

VERB = "http.call"
_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})
_BAD_PATH = re.compile(r"[\x00-\x20\x7f#\\]|//|(^|/)\.\.?(/|\?|$)|%2e%2e|%2f\.\.", re.IGNORECASE)
_SMALL = 500


class HttpCall:
    """The verb http.call of one connector that speaks HTTP."""

    def __init__(self, connector: str) -> None:
        self._connector = connector

    def traits(self) -> Traits:
        """Nothing is known of the API: in doubt a person is asked."""
        return Traits(in_doubt="ask", concurrency=2)

    def look(self, target: str, params: Mapping[str, Json]) -> Exchange[Look]:
        """The state "done" if the answer to `look` has what it should have; "undone" if not, or without `look`."""
        asked = params.get("look")
        if not isinstance(asked, dict):
            return Look("undone", {}, "there is no look")
        if asked.get("has") is None:
            raise PlaybookError('http.call: look needs "path" and "has"')
        reply = yield from self._request({"method": "GET", **asked}, target, "")
        return Look("done" if _contains(view(reply).get("json"), asked["has"]) else "undone")

    def verify(self, target: str, params: Mapping[str, Json]) -> Exchange[Look]:
        """Another look; without `look` the answer was all there is to know."""
        if not isinstance(params.get("look"), dict):
            return Look("done", {}, "not verified: there is no look")
        return (yield from self.look(target, params))

    def change(self, target: str, params: Mapping[str, Json], seen: Look, key: str) -> Exchange[Json]:
        """Make the request, unless it was done before, and look whether it took effect.

        Raises InDoubt if the server says so and the look does not show it.
        """
        if seen.state == "done":
            return {"already": True}
        reply = yield from self._request(params, target, key, changes=True)
        if reply is REHEARSED:
            return None
        after = yield from self._after(target, params)
        if after.state != "done":
            raise InDoubt(f"{self._connector} answered {reply.status}, but looked at again it is not done")
        return {"status": reply.status, "said": KNOWN.hide(reply.body)[:_SMALL]}

    def undo(self, target: str, params: Mapping[str, Json], before: Look, key: str) -> Exchange[Json]:
        """Make the request under `undo`, unless it was done before. Raises Rejected without one."""
        if before.state == "done":
            return {"kept": True}
        asked = params.get("undo")
        if not isinstance(asked, dict):
            raise Rejected("http.call: the step has no undo", hint="Add with.undo: {method: …, path: …} to the step.")
        reply = yield from self._request(asked, target, key, changes=True)
        return {"status": reply.status, "said": KNOWN.hide(reply.body)[:_SMALL]}

    def _after(self, target: str, params: Mapping[str, Json]) -> Exchange[Look]:
        try:
            return (yield from self.verify(target, params))
        except CallError as error:
            raise InDoubt(f"the request was accepted, but cannot be looked at: {error.message}") from None

    def _request(
        self, asked: Mapping[str, Json], target: str, key: str, *, changes: bool = False
    ) -> Generator[Call, Reply, Reply]:
        method = str(asked.get("method") or "POST").upper()
        if method not in _METHODS:
            raise PlaybookError(f"http.call: method is one of {', '.join(sorted(_METHODS))}, not {method!r}")
        body = asked.get("body")
        kind = "text/plain; charset=utf-8" if isinstance(body, str) else "application/json"
        changes = changes or method != "GET"  # what a step asks for changes something, whatever its method
        call = Call(
            connector=self._connector,
            method=method,
            path=_path(str(asked.get("path") or ""), target),
            headers=() if body is None else (("Content-Type", kind),),
            body=body if body is None or isinstance(body, str) else json.dumps(body),
            changes=changes,
            key=key or None if changes else None,
        )
        reply = yield call
        if reply is not REHEARSED:
            judge(Terms(), call, reply, {})
            _understood(call, reply, asked)
        return reply


def _understood(call: Call, reply: Reply, asked: Mapping[str, Json]) -> None:
    """A 2xx is not success yet: a web page is the login of a proxy, and a look that is not JSON shows nothing."""
    wanted = asked.get("expect")
    said = view(reply).get("json")
    if is_page(reply) or ("has" in asked and said is None):
        raise garbled(call, reply, f"{call.connector}: {call.method} {call.path} was answered with {what_it_is(reply)}")
    if wanted is not None and not _contains(said, wanted):
        words = f"{call.connector}: {call.method} {call.path} was answered {reply.status}, without what is expected"
        raise not_understood(call, words)


def _path(template: str, target: str) -> str:
    """The path with `{target}` quoted. Raises Rejected for one that could lead elsewhere than it reads."""
    try:
        path = template.replace("{target}", segment(target)) if "{target}" in template else template
    except ValueError as error:
        raise Rejected(f"http.call: {error}") from None
    if not path.startswith("/") or _BAD_PATH.search(path):
        raise Rejected(f"http.call: the path {path[:80]!r} cannot be used: it begins with / and has no .., // or #")
    return path


def _contains(there: Json, wanted: Json) -> bool:
    """Whether all of `wanted` is in the answer: mappings by their keys, everything else by being equal."""
    if isinstance(wanted, dict):
        return isinstance(there, dict) and all(k in there and _contains(there[k], v) for k, v in wanted.items())
    return type(there) is type(wanted) and there == wanted

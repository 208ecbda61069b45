"""What an answer means. A 200 is not success, a 404 is not absence, a timeout is not failure, unless a manifest says
so."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Mapping
from dataclasses import replace

from irtool.connectors.compiled import Compute, Terms
from irtool.errors import CallError, InDoubt, PlaybookError, Rejected
from irtool.language.expressions import Expression
from irtool.records import Call, Json, Reply
from irtool.redact import KNOWN


class Conflicted(Rejected):
    """Somebody else has changed it since it was read, so this was not done: it can be begun again, `tries` times."""

    def __init__(self, message: str, *, status: int, tries: int) -> None:
        super().__init__(message, status=status, hint=_HINTS[412])
        self.tries = tries


_TAG = re.compile(r"<[^<>]*>")
_SAID = ("detail", "message", "error", "error_description", "errorSummary", "title")
_HINTS = {
    401: "The credentials were not accepted: look at the connector in irtool.yaml, then type: irtool doctor",
    403: "The credentials do not allow this: look at the connector in irtool.yaml, then type: irtool doctor",
    409: "Somebody else changed it at the same time: run it again.",
    412: "Somebody else changed it since it was looked at: run it again, it is looked at anew.",
    429: "The server asks to slow down: lower the connector's limits and run it again later.",
}


def view(reply: Reply) -> dict[str, Json]:
    """The answer as expressions see it. `json` is left out if the body is not one JSON value."""
    seen: dict[str, Json] = {"status": reply.status, "text": reply.body, "headers": dict(reply.headers)}
    with contextlib.suppress(ValueError, RecursionError):
        seen["json"] = json.loads(reply.body, parse_constant=_no_constant)
    return seen


def _no_constant(name: str) -> Json:
    raise ValueError(f"{name} is not JSON")


def judge(terms: Terms, call: Call, reply: Reply, variables: Mapping[str, object]) -> bool:
    """True if the request is done, False if the target is not there.

    Raises Conflicted if somebody else was faster, Rejected if the server said no, InDoubt if a change may have been
    applied all the same.
    """
    if terms.missing_status or terms.missing_that:
        here = not terms.missing_status or reply.status in terms.missing_status
        if here and (terms.missing_that is None or _true(terms.missing_that, variables)):
            return False
    if reply.status in terms.conflict_status or _true(terms.conflict_that, variables):
        raise Conflicted(_words(call, reply, said(reply)), status=reply.status, tries=terms.tries)
    if _true(terms.already, variables):
        return True
    if _true(terms.unless, variables):
        raise Rejected(_because(terms, call, reply, variables), status=reply.status, hint=_HINTS.get(reply.status, ""))
    expected = reply.status in terms.status if terms.status else 200 <= reply.status < 300
    if not expected:
        raise _unexpected(call, reply)
    if terms.that is not None and not _true(terms.that, variables):
        because = _because(terms, call, reply, variables)
        empty = is_page(reply) or not reply.body.strip()
        raise garbled(call, reply, because) if empty else not_understood(call, because)
    return True


def not_understood(call: Call, words: str) -> CallError:
    """A success that does not look like one: a change may have been applied, a read is worth nothing."""
    if call.changes:
        return InDoubt(f"{words}; that is not understood, and the change may have been applied")
    return Rejected(f"{words}; that is not understood")


def garbled(call: Call, reply: Reply, words: str) -> CallError:
    """The error for a 2xx that lacks what is read from it. If it is not even JSON, it is not the target's fault: the
    login page of a proxy answers for every target alike."""
    if call.changes or "json" in view(reply):
        return not_understood(call, words)
    where = _words(call, reply, "")
    if not reply.body:
        return CallError(f"{where}, with nothing")
    shown = said(replace(reply, body=_TAG.sub(" ", reply.body[:20_000])) if is_page(reply) else reply)
    return CallError(f"{where}, with {what_it_is(reply)}: {shown}")


def what_it_is(reply: Reply) -> str:
    """What an answer without JSON is, in words."""
    return "a web page" if is_page(reply) else "what is not JSON"


def is_page(reply: Reply) -> bool:
    """Whether the answer is HTML, whatever was asked for."""
    return reply.body.lstrip()[:1] == "<" and reply.headers.get("content-type", "text/html").startswith("text/html")


def _unexpected(call: Call, reply: Reply) -> CallError:
    words = _words(call, reply, said(reply))
    if "retry-after" in reply.headers and reply.status in {429, 503}:
        words += f"; it asks to wait (Retry-After: {_printable(reply.headers['retry-after'])[:40]})"
    if call.changes and (reply.status >= 500 or 200 <= reply.status < 300):
        return InDoubt(f"{words}; the change may have been applied")
    if 300 <= reply.status < 400:
        words = f"{words}; redirects are not followed"
    return Rejected(words, status=reply.status, hint=_HINTS.get(reply.status, ""))


def _because(terms: Terms, call: Call, reply: Reply, variables: Mapping[str, object]) -> str:
    """What happened, in one line, with the manifest's own words for it if it has any."""
    if terms.because is not None:
        try:
            return _words(call, reply, str(terms.because(**variables)))
        except PlaybookError:
            pass
    return _words(call, reply, said(reply))


def _words(call: Call, reply: Reply, why: str) -> str:
    where = f"{call.connector}: {call.method} {call.path.partition('?')[0]} was answered {reply.status}"
    return f"{where}: {why}" if why else where


def said(reply: Reply) -> str:
    """The server's own words in an answer, short and free of control characters."""
    body = view(reply).get("json")
    text = reply.body
    if isinstance(body, dict):
        inner = body.get("error")
        if isinstance(inner, dict):
            body = {**inner, **{k: v for k, v in body.items() if k != "error"}}
        text = next((str(body[k]) for k in _SAID if body.get(k)), text)
    return " ".join(_printable(KNOWN.hide(text)[:2000]).split())[:200]


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)


def _true(condition: Expression | Compute | None, variables: Mapping[str, object]) -> bool:
    """Whether the answer fulfils it. An answer that lacks what the expression reads does not."""
    if condition is None:
        return False
    try:
        return bool(condition(**variables))
    except PlaybookError:
        return False

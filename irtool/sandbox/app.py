"""The provider's admin API as a WSGI application (PEP 3333): tokens, keys, faults and the change log around the routes.

JSON over HTTP under /v1, `Authorization: Bearer TOKEN`. Changing requests honour `Idempotency-Key`
(draft-ietf-httpapi-idempotency-key-header): the same key twice is carried out once and answered twice. Every request
is in the change log, except reading the change log itself.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from irtool.records import utc
from irtool.sandbox import body
from irtool.sandbox.problems import Problem
from irtool.sandbox.provider import Provider, State
from irtool.sandbox.requests import Answer, Fault
from irtool.sandbox.routes import Request, handle

Start = Callable[[str, list[tuple[str, str]]], Any]

MAX_PATH = 2000
MAX_KEY = 200


class App:
    """The application. `token` may do everything, `reader_token` may only read (and probe); "" is no such token."""

    def __init__(self, provider: Provider, token: str, *, reader_token: str = "") -> None:
        if not token:
            raise ValueError("an admin API without a token")
        self.provider = provider
        self._tokens = {token: False} | ({reader_token: True} if reader_token else {})

    def __call__(self, environ: Mapping[str, Any], start: Start) -> Iterable[bytes]:
        """One request."""
        method, path = str(environ["REQUEST_METHOD"]), _path(environ)
        fault = self._fault(method, path)
        if fault and fault.kind == "slow":
            time.sleep(fault.seconds)
        if fault and fault.kind in _BROKEN:
            status, content, kind = _BROKEN[fault.kind]
            with self.provider.session() as state:
                _log(state, method, path, _key(environ), Answer(status), fault)
            return _respond(start, status, content, kind)
        answer = self._answer(environ, method, path, fault)
        if fault and fault.kind == "apply_then_500":
            return _respond(start, *_BROKEN["500"])
        if answer.status == 204:
            return _respond(start, 204, b"", "")
        extra = [("Idempotency-Replayed", "true")] if answer.replayed else []
        extra += [("ETag", answer.etag)] if answer.etag else []
        return _respond(start, answer.status, json.dumps(answer.body).encode(), "application/json", extra)

    def _fault(self, method: str, path: str) -> Fault | None:
        if path.startswith(("/v1/faults", "/v1/changes")):
            return None
        with self.provider.session() as state:
            return state.requests.take_fault(method, path) if state.requests.faults() else None

    def _answer(self, environ: Mapping[str, Any], method: str, path: str, fault: Fault | None) -> Answer:
        """Carry it out and write it into the change log, in one transaction: both are true or neither is."""
        try:
            request, key = self._read(environ, method, path), _key(environ)
            with self.provider.session() as state:
                answer = _once(state, request, key, path)
                _log(state, method, path, key, answer, fault)
                return answer
        except Problem as problem:
            answer = Answer(problem.status, {"error": {"status": problem.status, "message": problem.message}})
            with self.provider.session() as state:
                _log(state, method, path, _key(environ), answer, fault)
            return answer

    def _read(self, environ: Mapping[str, Any], method: str, path: str) -> Request:
        read_only = self._authenticate(str(environ.get("HTTP_AUTHORIZATION", "")))
        if not path.startswith("/v1/") or len(path) > MAX_PATH or not path.isprintable():
            raise Problem(404 if path.isprintable() else 400, "no such resource")
        parts = tuple(path.removeprefix("/v1/").split("/"))
        if_match = str(environ.get("HTTP_IF_MATCH", ""))[:200]
        return Request(method, parts, body.query(environ), body.read(environ), read_only, if_match)

    def _authenticate(self, header: str) -> bool:
        given = header.removeprefix("Bearer ").encode("utf-8", "surrogateescape")
        for token, read_only in self._tokens.items():
            if header.startswith("Bearer ") and hmac.compare_digest(given, token.encode()):
                return read_only
        raise Problem(401, "wrong token")


_BROKEN: Mapping[str, tuple[int, bytes, str]] = {
    "500": (500, b'{"error": {"status": 500, "message": "internal error"}}', "application/json"),
    "429": (429, b'{"error": {"status": 429, "message": "too many requests"}}', "application/json"),
    "garbage": (200, b"<html><body>Welcome! Please log in.</body></html>", "text/html"),
}


def _once(state: State, request: Request, key: str | None, path: str) -> Answer:
    if key is None or request.method == "GET":
        return handle(state, request)
    fingerprint = hashlib.sha256(repr((request.method, path, request.query, request.content)).encode()).hexdigest()
    known = None if request.read_only else state.requests.recall(key, fingerprint)
    if known is not None:
        return known
    answer = handle(state, request)
    state.requests.remember(key, fingerprint, answer)
    return answer


def _log(state: State, method: str, path: str, key: str | None, answer: Answer, fault: Fault | None) -> None:
    if not path.startswith("/v1/changes"):
        kind = fault.kind if fault else None
        state.requests.log(utc(state.now), method[:20], path[:MAX_PATH], key, answer, kind)


def _path(environ: Mapping[str, Any]) -> str:
    """The decoded path. WSGI hands bytes over as if they were Latin-1."""
    return str(environ.get("PATH_INFO", "")).encode("latin-1", "replace").decode("utf-8", "replace")


def _key(environ: Mapping[str, Any]) -> str | None:
    key = str(environ.get("HTTP_IDEMPOTENCY_KEY", ""))
    return quote(key[:MAX_KEY], safe="!#$&'()*+,/:;=?@[] ") if key else None


def _respond(
    start: Start, status: int, content: bytes, kind: str, extra: Iterable[tuple[str, str]] = ()
) -> Iterable[bytes]:
    headers = [("Content-Length", str(len(content))), ("Cache-Control", "no-store"), *extra]
    if kind:
        headers.append(("Content-Type", kind))
    if status == 401:
        headers.append(("WWW-Authenticate", "Bearer"))
    if status == 429:
        headers.append(("Retry-After", "1"))
    start(f"{status} {HTTPStatus(status).phrase}", headers)
    return [content]

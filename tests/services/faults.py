"""A proxy in front of a real HTTP server that breaks calls on purpose, byte by byte: what is on the wire is the fault.

It takes a request apart only as far as it must, passes it on over a connection of its own, and then does to the answer
what the fault says. `Faults.order(kind, at=k)` breaks the k-th call from then on (1 is the next), or each with at=0.
"""

from __future__ import annotations

import base64
import contextlib
import gzip
import http.client
import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from urllib.parse import quote, urlsplit

HTML = b"<!DOCTYPE html><html><head><title>Please log in</title></head><body>Session expired.</body></html>"
DRIP = 0.3  # seconds between two bytes of a slow answer


@dataclass(frozen=True)
class Asked:
    """One request as it came in."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    at: float


@dataclass
class Wire:
    """The client's end of one connection, and how to get the real server's answer."""

    client: socket.socket
    asked: Asked
    forward: Callable[[], bytes]
    canary: str

    def say(self, data: bytes) -> None:
        self.client.sendall(data)

    def reset(self) -> None:
        self.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.client.close()

    def hang(self) -> None:
        """Until the client gives up."""
        self.client.settimeout(20)
        while self.client.recv(65536):
            pass
        self.client.close()

    def drip(self, data: bytes) -> None:
        for n in range(len(data)):
            self.client.sendall(data[n : n + 1])
            time.sleep(DRIP)


def answer(status: str, body: bytes = b"", *headers: str, length: int | None = None) -> bytes:
    """An HTTP/1.1 answer."""
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body) if length is None else length}"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def _split(whole: bytes) -> tuple[bytes, bytes]:
    head, _, body = whole.partition(b"\r\n\r\n")
    return head, body


def _body(whole: bytes) -> bytes:
    return _split(whole)[1]


def _too_many(wire: Wire) -> None:
    wire.say(answer("429 Too Many Requests", b'{"error": "slow down"}', "Retry-After: 1"))


def _too_many_until(wire: Wire) -> None:
    now = datetime.now(UTC)
    until = format_datetime(now + timedelta(seconds=1), usegmt=True)
    wire.say(
        answer("429 Too Many Requests", b"", f"Date: {format_datetime(now, usegmt=True)}", f"Retry-After: {until}")
    )


def _too_many_for(wire: Wire) -> None:
    """As long as the test says, in the place of the canary."""
    seconds = wire.canary if wire.canary.isdigit() else "1"
    wire.say(answer("429 Too Many Requests", b"", f"Retry-After: {seconds}"))


def _unavailable(wire: Wire) -> None:
    wire.say(answer("503 Service Unavailable", HTML, "Content-Type: text/html", "Retry-After: 1"))


def _unavailable_after(wire: Wire) -> None:
    wire.forward()
    wire.say(answer("503 Service Unavailable", HTML, "Content-Type: text/html"))


def _bad_gateway_after(wire: Wire) -> None:
    wire.forward()
    wire.say(answer("502 Bad Gateway", HTML, "Content-Type: text/html"))


def _reset_before(wire: Wire) -> None:
    wire.reset()


def _reset_after(wire: Wire) -> None:
    wire.forward()
    wire.reset()


def _silent_before(wire: Wire) -> None:
    wire.hang()


def _silent_after(wire: Wire) -> None:
    wire.forward()
    wire.hang()


def _login_page(wire: Wire) -> None:
    wire.say(answer("200 OK", HTML, "Content-Type: text/html"))


def _login_page_after(wire: Wire) -> None:
    wire.forward()
    wire.say(answer("200 OK", HTML, "Content-Type: text/html"))


def _empty(wire: Wire) -> None:
    wire.say(answer("200 OK"))


def _empty_after(wire: Wire) -> None:
    wire.forward()
    wire.say(answer("200 OK"))


def _other_json(wire: Wire) -> None:
    wire.say(answer("200 OK", b'{"hello": ["world"]}', "Content-Type: application/json"))


def _other_json_after(wire: Wire) -> None:
    wire.forward()
    wire.say(answer("200 OK", b"[1, 2, 3]", "Content-Type: application/json"))


def _error_in_200(wire: Wire) -> None:
    wire.say(answer("200 OK", b'{"error": {"message": "internal error"}}', "Content-Type: application/json"))


def _truncated(wire: Wire) -> None:
    """Whole for HTTP, cut for JSON."""
    body = _body(wire.forward())
    wire.say(answer("200 OK", body[: len(body) // 2] or b"{", "Content-Type: application/json"))


def _short(wire: Wire) -> None:
    body = _body(wire.forward())
    wire.say(answer("200 OK", body[: len(body) // 2], "Content-Type: application/json", length=len(body) + 9))
    wire.client.close()


def _bad_chunks(wire: Wire) -> None:
    body = _body(wire.forward())
    wire.say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"5\r\n" + body[:5] + b"\r\nzz\r\n" + body[5:])
    wire.client.close()


def _drip_after(wire: Wire) -> None:
    wire.drip(wire.forward())


def _drip_headers(wire: Wire) -> None:
    wire.drip(b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 500)


def _continue_for_ever(wire: Wire) -> None:
    for _ in range(400):
        wire.say(b"HTTP/1.1 100 Continue\r\n\r\n")
        time.sleep(DRIP / 3)


def _huge(wire: Wire) -> None:
    wire.say(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
    for _ in range(400):
        wire.say(b"x" * 65536)


def _bomb(wire: Wire) -> None:
    packed = gzip.compress(b"\0" * 20_000_000)
    wire.say(answer("200 OK", packed, "Content-Encoding: gzip", "Content-Type: application/json"))


def _header_flood(wire: Wire) -> None:
    wire.say(b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: %s\r\n" % (n, b"y" * 100) for n in range(20_000)) + b"\r\n")


def _old_http(wire: Wire) -> None:
    """HTTP/1.0 that says keep-alive, without a length: the end of the connection would be the end of the answer."""
    head, body = _split(wire.forward())
    status = head.split(b"\r\n", 1)[0].replace(b"HTTP/1.1", b"HTTP/1.0")
    wire.say(status + b"\r\nConnection: keep-alive\r\nContent-Type: application/json\r\n\r\n" + body)
    wire.client.close()


def _says_more(wire: Wire) -> None:
    """A second answer that nobody asked for: it must not pass for the answer to the next call."""
    wire.say(wire.forward() + answer("200 OK", b'{"active": true}', "Content-Type: application/json"))


def _not_http(wire: Wire) -> None:
    wire.say(b"220 mail.example ESMTP\r\n")
    wire.client.close()


def _no_token(wire: Wire) -> None:
    wire.say(answer("401 Unauthorized", b'{"error": "token expired"}', "WWW-Authenticate: Bearer"))


def _not_found(wire: Wire) -> None:
    """404 for "not writable", or from a proxy that has lost its server."""
    wire.say(answer("404 Not Found", b'{"error": "Cannot open map: Permission denied"}'))


def _moved(wire: Wire) -> None:
    wire.say(answer("307 Temporary Redirect", b"", f"Location: {wire.canary}{wire.asked.path}"))


def _echo(wire: Wire) -> None:
    """A debug page: the request, its credentials included, as a list."""
    wire.say(answer("500 Internal Server Error", told(wire).encode(), f"X-Debug: {told(wire)}"))


def _echo_page(wire: Wire) -> None:
    wire.say(answer("200 OK", f"<html>{told(wire)}</html>".encode(), "Content-Type: text/html"))


def _echo_json(wire: Wire) -> None:
    """A success that says back what it was told, where the journal looks for what to keep."""
    said = {"error": {"message": told(wire)}, "status": told(wire), told(wire): [told(wire)], "active": True}
    wire.say(answer("200 OK", json.dumps(said).encode(), "Content-Type: application/json"))


def _echo_refusal(wire: Wire) -> None:
    said = json.dumps({"detail": f"bad credentials: {told(wire)}"}).encode()
    wire.say(answer("403 Forbidden", said, f'WWW-Authenticate: Bearer error="{told(wire)}"'))


def _echo_moved(wire: Wire) -> None:
    wire.say(answer("302 Found", told(wire).encode(), f"Location: {wire.canary}/?token={quote(told(wire))}"))


def _echo_in_turn(wire: Wire) -> None:
    """Each of them, by the last digit of the path."""
    ways = (_echo, _echo_page, _echo_json, _echo_refusal, _echo_moved)
    ways[int(wire.asked.path[-1]) % len(ways) if wire.asked.path[-1:].isdigit() else 0](wire)


def told(wire: Wire) -> str:
    """The credentials of a request as a server may repeat them: as they came, unpacked, quoted."""
    found = []
    for name, value in wire.asked.headers.items():
        if name in {"authorization", "password", "x-api-key"}:
            found.append(value)
            packed = value.removeprefix("Basic ")
            with contextlib.suppress(ValueError):
                found.append(base64.b64decode(packed, validate=True).decode())
    return " ".join([*found, *(quote(one, safe="") for one in found)]).replace("\n", " ")


KINDS: Mapping[str, Callable[[Wire], None]] = {
    name.removeprefix("_"): behave
    for name, behave in list(globals().items())
    if name.startswith("_") and callable(behave) and getattr(behave, "__annotations__", {}).get("wire")
}
"""Every fault by its name."""

_UNTOUCHED = """
too_many too_many_until too_many_for unavailable reset_before silent_before login_page empty other_json error_in_200
drip_headers continue_for_ever huge bomb header_flood not_http no_token not_found moved echo echo_page echo_json
echo_refusal echo_moved echo_in_turn
"""
NEVER_APPLIED = frozenset(_UNTOUCHED.split())
"""The faults with which the request did not reach the real server."""


@dataclass
class Faults:
    """The proxy. `asked` are the requests so far; `broken` counts those that a fault was done to."""

    url: str
    canary: str = "http://127.0.0.1:9"
    asked: list[Asked] = field(default_factory=list)
    broken: int = 0
    _kind: str = ""
    _at: int = 0
    _since: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _match: Callable[[Asked], bool] = lambda _asked: True

    def order(self, kind: str, at: int = 0, match: Callable[[Asked], bool] = lambda _asked: True) -> None:
        """Break the `at`-th of the requests from now on that match, or each of them with at=0."""
        assert kind in KINDS, kind
        with self._lock:
            self._kind, self._at, self._since, self._match = kind, at, 0, match

    def clear(self) -> None:
        """Pass everything on from now on."""
        with self._lock:
            self._kind = ""

    def _fault(self, asked: Asked) -> str:
        with self._lock:
            self.asked.append(asked)
            if not self._kind or not self._match(asked):
                return ""
            self._since += 1
            if self._at not in {0, self._since}:
                return ""
            self.broken += 1
            return self._kind


@contextmanager
def faults(server: str, tls: ssl.SSLContext | None = None) -> Iterator[Faults]:
    """A proxy in front of the server at that URL, while the block runs."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=100)
    scheme = "https" if tls else "http"
    made = Faults(f"{scheme}://127.0.0.1:{listener.getsockname()[1]}{urlsplit(server).path}")
    connections: list[socket.socket] = []

    def serve() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            connections.append(client)
            threading.Thread(target=_connection, args=(made, client, server, tls), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield made
    finally:
        listener.close()
        for client in connections:
            client.close()


def _connection(made: Faults, client: socket.socket, server: str, tls: ssl.SSLContext | None) -> None:
    parts = urlsplit(server)
    upstream = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=60)
    try:
        client = tls.wrap_socket(client, server_side=True) if tls else client
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while (asked := _read(client)) is not None:
            kind = made._fault(asked)
            wire = Wire(client, asked, lambda asked=asked: _ask(upstream, asked), made.canary)  # type: ignore[misc]
            if kind:
                KINDS[kind](wire)
            else:
                wire.say(wire.forward())
    except OSError:
        pass
    finally:
        upstream.close()
        client.close()


def _read(client: socket.socket) -> Asked | None:
    """The next request; None at the end of the connection."""
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = client.recv(65536)
        if not chunk:
            return None
        data += chunk
    head, body = _split(data)
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    while len(body) < int(headers.get("content-length", 0)):
        body += client.recv(65536)
    method, path, _ = first.split(" ", 2)
    return Asked(method, path, headers, body, time.monotonic())


def _ask(upstream: http.client.HTTPConnection, asked: Asked) -> bytes:
    """What the real server answers, with a length and on a connection that stays open."""
    kept = {n: v for n, v in asked.headers.items() if n not in {"host", "connection", "content-length"}}
    try:
        upstream.request(asked.method, asked.path, body=asked.body or None, headers=kept)
        reply = upstream.getresponse()
        body = reply.read()
    except (http.client.HTTPException, OSError):  # the server has closed an idle connection
        upstream.close()
        upstream.request(asked.method, asked.path, body=asked.body or None, headers=kept)
        reply = upstream.getresponse()
        body = reply.read()
    dropped = {"content-length", "transfer-encoding", "connection"}
    headers = [f"{name}: {value}" for name, value in reply.getheaders() if name.lower() not in dropped]
    if reply.status == 204:
        return "\r\n".join([f"HTTP/1.1 204 {reply.reason}", *headers]).encode() + b"\r\n\r\n"
    return answer(f"{reply.status} {reply.reason}", body, *headers)

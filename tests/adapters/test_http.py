"""The HTTP sender against servers that lie, drip, reset and hang."""

from __future__ import annotations

import dataclasses
import gzip
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from irtool.adapters.http import Credential, HttpLimits, HttpPool, HttpSender, Server
from irtool.errors import CallError, ConfigError, InDoubt, NotSent, Rejected
from irtool.records import Call, Reply

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
LIMITS = HttpLimits(connect=1, read=0.6, total=1.2, reply_bytes=100_000)
Behaviour = Callable[[socket.socket, bytes], None]


class FaultyServer:
    """Accepts connections, reads one request of each, and behaves as told. Keeps what it was sent."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.requests: list[bytes] = []
        self._behaviour = behaviour
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._open: list[socket.socket] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self._open.append(connection)
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        try:
            while request := self._read(connection):
                self.requests.append(request)
                self._behaviour(connection, request)
        except OSError:
            pass

    def _read(self, connection: socket.socket) -> bytes:
        data = b""
        while b"\r\n\r\n" not in data:
            chunk = connection.recv(65536)
            if not chunk:
                return b""
            data += chunk
        head, _, body = data.partition(b"\r\n\r\n")
        for line in head.split(b"\r\n"):
            if line.lower().startswith(b"content-length:"):
                while len(body) < int(line.split(b":")[1]):
                    body += connection.recv(65536)
        return head + b"\r\n\r\n" + body

    def close(self) -> None:
        self._socket.close()
        for connection in self._open:
            connection.close()


@pytest.fixture
def serve() -> Iterator[Callable[[Behaviour], FaultyServer]]:
    servers: list[FaultyServer] = []

    def start(behaviour: Behaviour) -> FaultyServer:
        servers.append(FaultyServer(behaviour))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def sender_for() -> Iterator[Callable[..., HttpSender]]:
    senders: list[HttpSender] = []

    def make(url: str, credential: Credential | None = None, **more: Any) -> HttpSender:
        bases = {"": url, **more.pop("bases", {})}
        server = Server(bases, credential or Credential())
        senders.append(HttpPool({"box": server}, limits=more.pop("limits", LIMITS), **more).sender())
        return senders[-1]

    yield make
    for sender in senders:
        sender.close()


READ = Call("box", "GET", "/x")
CHANGE = Call("box", "POST", "/x", body="{}", changes=True, key="k1")


def reset(connection: socket.socket, _: bytes) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def answer(data: bytes) -> Behaviour:
    return lambda connection, _: connection.sendall(data)


def drip(data: bytes, pause: float) -> Behaviour:
    def behave(connection: socket.socket, _: bytes) -> None:
        for i in range(len(data)):
            connection.sendall(data[i : i + 1])
            time.sleep(pause)

    return behave


def test_an_answer_is_given_whatever_its_status(serve: Any, sender_for: Any) -> None:
    server = serve(answer(b"HTTP/1.1 404 Not Found\r\nX-Thing: A\r\nContent-Length: 4\r\n\r\ngone"))
    assert sender_for(server.url).send(READ) == Reply(404, "gone", {"x-thing": "A", "content-length": "4"})


def test_what_is_sent(serve: Any, sender_for: Any) -> None:
    server = serve(answer(OK))
    sender = sender_for(server.url + "/v1/", Credential("bearer", "s3cret"))
    sender.send(dataclasses.replace(CHANGE, path="/u/..%2Fa%3Fb?x=%20", headers=(("X-Name", "caffè"),)))
    head = server.requests[0].decode()
    assert head.startswith("POST /v1/u/..%2Fa%3Fb?x=%20 HTTP/1.1\r\n")
    for line in ("Authorization: Bearer s3cret", "Idempotency-Key: k1", "X-Name: caffè", "Content-Length: 2"):
        assert f"\r\n{line}\r\n" in head
    assert head.endswith("\r\n\r\n{}")


def test_a_read_has_no_key_and_a_given_key_is_not_doubled(serve: Any, sender_for: Any) -> None:
    server = serve(answer(OK))
    sender = sender_for(server.url)
    sender.send(dataclasses.replace(READ, key="k1"))
    sender.send(dataclasses.replace(CHANGE, headers=(("Idempotency-Key", "own"),)))
    assert b"dempotency" not in server.requests[0]
    assert server.requests[1].lower().count(b"idempotency-key") == 1


@pytest.mark.parametrize(
    ("credential", "line"),
    [
        (Credential("basic", "pw", username="bob"), b"Authorization: Basic Ym9iOnB3"),
        (Credential("header", "pw", header="Password"), b"Password: pw"),
        (Credential("header", "pw", header="Authorization", prefix="Key "), b"Authorization: Key pw"),
    ],
)
def test_credentials(serve: Any, sender_for: Any, credential: Credential, line: bytes) -> None:
    server = serve(answer(OK))
    sender_for(server.url, credential).send(READ)
    assert b"\r\n" + line + b"\r\n" in server.requests[0]
    assert "pw" not in repr(credential)


def test_another_base_is_not_given_the_credential(serve: Any, sender_for: Any) -> None:
    server, other = serve(answer(OK)), serve(answer(OK))
    sender = sender_for(server.url, Credential("bearer", "s3cret"), bases={"scan": other.url})
    sender.send(dataclasses.replace(READ, base="scan"))
    assert b"s3cret" not in other.requests[0]


def test_a_secret_that_is_missing_or_broken(serve: Any, sender_for: Any) -> None:
    server = serve(answer(OK))
    for secret in ("", "a\r\nX: y"):
        with pytest.raises(Rejected, match=r"'box'.*secret") as caught:
            sender_for(server.url, Credential("bearer", secret)).send(READ)
        assert "X: y" not in caught.value.message
    assert server.requests == []


def test_a_header_with_a_line_end_is_not_sent(serve: Any, sender_for: Any) -> None:
    server = serve(answer(OK))
    with pytest.raises(Rejected, match="line end"):
        sender_for(server.url).send(dataclasses.replace(READ, headers=(("X", "a\r\nY: b"),)))
    assert server.requests == []


def test_one_connection_is_kept(serve: Any, sender_for: Any) -> None:
    server = serve(answer(OK))
    sender = sender_for(server.url)
    for _ in range(3):
        sender.send(READ)
    assert (len(server.requests), len(server._open)) == (3, 1)


@pytest.mark.parametrize("call", [READ, CHANGE], ids=["read", "change"])
def test_nobody_listens(sender_for: Any, call: Call) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(NotSent, match=rf"127\.0\.0\.1:{port}\) cannot be reached"):
        sender_for(f"http://127.0.0.1:{port}").send(call)


def test_a_name_that_does_not_exist(sender_for: Any) -> None:
    with pytest.raises(NotSent, match="cannot be reached"):
        sender_for("http://irtool.invalid").send(CHANGE)


@pytest.mark.parametrize("call", [READ, CHANGE], ids=["read", "change"])
def test_a_resolver_that_never_answers(sender_for: Any, monkeypatch: pytest.MonkeyPatch, call: Call) -> None:
    """The system's own lookup knows no deadline; the call keeps its own."""
    release = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_more: release.wait(20))
    started = time.monotonic()
    with pytest.raises(NotSent, match=r"the name box\.example was not resolved within 1 s"):
        sender_for("http://box.example").send(call)
    assert time.monotonic() - started < LIMITS.total + 0.8
    release.set()


def test_tls_that_is_refused(serve: Any, sender_for: Any) -> None:
    server = serve(answer(OK))
    with pytest.raises(NotSent, match="cannot be reached"):
        sender_for(server.url.replace("http:", "https:")).send(CHANGE)


FAULTS: dict[str, Behaviour] = {
    "reset after the request": reset,
    "closed after the request": lambda c, _: c.shutdown(socket.SHUT_RDWR),
    "never answers": lambda c, _: time.sleep(3),
    "cut in the body": lambda c, _: (c.sendall(OK[:-1]), c.shutdown(socket.SHUT_RDWR))[0],
    "not HTTP": answer(b"220 mail.example ESMTP\r\n\r\n"),
    "oversize": answer(b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n" + b"x" * 200_000),
    "broken compression": answer(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nok"),
    "drips its headers": drip(b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 200, 0.1),
    "drips its body": drip(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n" + b"x" * 90, 0.1),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(("call", "error"), [(READ, CallError), (CHANGE, InDoubt)], ids=["read", "change"])
def test_after_the_request_was_sent(
    serve: Any, sender_for: Any, fault: str, call: Call, error: type[CallError]
) -> None:
    """A change may have been applied; a read is just not done. Nothing takes longer than the deadline."""
    server = serve(FAULTS[fault])
    started = time.monotonic()
    with pytest.raises(CallError) as caught:
        sender_for(server.url, Credential("bearer", "s3cret")).send(call)
    assert type(caught.value) is error
    assert time.monotonic() - started < LIMITS.total + 0.8
    assert "s3cret" not in caught.value.message
    assert len(server.requests) == 1


def test_it_goes_on_after_a_fault(serve: Any, sender_for: Any) -> None:
    state = {"calls": 0}

    def once(connection: socket.socket, request: bytes) -> None:
        state["calls"] += 1
        (reset if state["calls"] == 1 else answer(OK))(connection, request)

    sender = sender_for(serve(once).url)
    with pytest.raises(InDoubt):
        sender.send(CHANGE)
    assert sender.send(READ).body == "ok"


def test_a_second_answer_is_not_the_answer_to_the_next_call(serve: Any, sender_for: Any) -> None:
    """A proxy that gives up and then passes the late answer on: what nobody asked for is thrown away."""
    answers = iter([OK + OK.replace(b"ok", b"NO"), OK])
    server = serve(lambda connection, _request: connection.sendall(next(answers)))
    sender = sender_for(server.url)
    assert [sender.send(READ).body, sender.send(READ).body] == ["ok", "ok"]
    assert len(server.requests) == 2


@pytest.mark.parametrize(("renewed", "calls", "status"), [("new", 2, 200), ("old", 1, 401), (None, 1, 401)])
def test_a_secret_that_was_changed_is_read_again(
    serve: Any, sender_for: Any, renewed: str | None, calls: int, status: int
) -> None:
    """After a 401 and once: it may have been rotated. The same secret is not tried twice."""

    def check(connection: socket.socket, request: bytes) -> None:
        right = b"\r\nAuthorization: Bearer new\r\n" in request
        connection.sendall(OK if right else b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n")

    server = serve(check)
    credential = Credential("bearer", "old", renew=(lambda: renewed) if renewed else None)
    sender = sender_for(server.url, credential)
    assert sender.send(CHANGE).status == status
    assert len(server.requests) == calls
    assert sender.send(CHANGE).status == status


def test_a_deadline_in_the_past_does_not_touch_the_next_call(serve: Any, sender_for: Any) -> None:
    server = serve(answer(OK))
    sender = sender_for(server.url, limits=dataclasses.replace(LIMITS, total=0.4))
    assert sender.send(READ).body == "ok"
    time.sleep(0.7)
    assert sender.send(CHANGE).body == "ok"


def test_redirects_are_not_followed(serve: Any, sender_for: Any) -> None:
    other = serve(answer(OK))
    server = serve(answer(f"HTTP/1.1 302 Found\r\nLocation: {other.url}\r\nContent-Length: 0\r\n\r\n".encode()))
    assert sender_for(server.url, Credential("bearer", "s3cret")).send(READ).status == 302
    assert other.requests == []


def test_proxies_of_the_environment_are_not_used(serve: Any, sender_for: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    assert sender_for(serve(answer(OK)).url).send(READ).status == 200


def test_an_application_in_this_process(sender_for: Any) -> None:
    def app(environ: dict[str, Any], start: Any) -> list[bytes]:
        start("200 OK", [("Content-Type", "text/plain")])
        return [f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']} {environ.get('HTTP_AUTHORIZATION')}".encode()]

    sender = sender_for("sandbox://local", Credential("bearer", "t"), transport_for={"sandbox": app})
    assert sender.send(CHANGE).body == "POST /x Bearer t"


def test_what_is_not_configured(sender_for: Any) -> None:
    sender = sender_for("http://127.0.0.1:9")
    with pytest.raises(NotSent, match="no connector named 'other'"):
        sender.send(dataclasses.replace(READ, connector="other"))
    with pytest.raises(NotSent, match="has no address 'scan'"):
        sender.send(dataclasses.replace(READ, base="scan"))
    with pytest.raises(ConfigError, match="not an http or https URL"):
        sender_for("ftp://x").send(READ)


@pytest.mark.parametrize(
    "credential", [Credential("bearer", "s3cr3t-token"), Credential("basic", "s3cr3t-token", username="u")]
)
def test_a_server_that_says_the_secret_back(serve: Any, sender_for: Any, credential: Credential) -> None:
    """Error pages of debug servers and proxies show the request; what a server says goes into the journal."""

    def echo(connection: socket.socket, request: bytes) -> None:
        proof = next(line for line in request.split(b"\r\n") if line.lower().startswith(b"authorization:"))
        body = proof + b" s3cr3t-token"
        head = f"HTTP/1.1 401 No\r\nX-Seen: {proof.decode()}\r\nContent-Length: {len(body)}\r\n\r\n"
        connection.sendall(head.encode() + body)

    reply = sender_for(serve(echo).url, credential).send(READ)
    told = f"{reply.body} {reply.headers}"
    assert "***" in told
    assert "s3cr3t-token" not in told
    assert "dTpzM2NyM3QtdG9rZW4" not in told
    map_text = serve(answer(OK.replace(b": 2", b": 12").replace(b"ok", b"s3cr3t-token")))
    assert sender_for(map_text.url, credential).send(READ).body == "s3cr3t-token"


def test_a_compressed_reply_is_not_unpacked(serve: Any, sender_for: Any) -> None:
    """None is asked for, and two kilobytes of it can be gigabytes."""
    packed = gzip.compress(gzip.compress(b"\0" * 1_000_000))
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip, gzip\r\nContent-Length: {len(packed)}\r\n\r\n".encode()
    server = serve(lambda connection, _request: connection.sendall(head + packed))
    with pytest.raises(CallError, match="the reply is compressed"):
        sender_for(server.url).send(READ)
    assert b"accept-encoding: identity" in server.requests[0].lower()

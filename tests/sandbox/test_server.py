"""The application on a real socket."""

from __future__ import annotations

import http.client
import json
import socket
from concurrent.futures import ThreadPoolExecutor
from threading import active_count
from typing import Any
from urllib.parse import urlsplit

from irtool.sandbox.app import App
from irtool.sandbox.provider import Provider
from irtool.sandbox.server import serve

HEADERS = {"Authorization": "Bearer secret"}


def _connect(url: str) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)


def _ask(connection: http.client.HTTPConnection, method: str, path: str, body: object = None) -> tuple[int, Any]:
    content = None if body is None else json.dumps(body)
    connection.request(method, path, content, HEADERS)
    answer = connection.getresponse()
    data = answer.read()
    return answer.status, json.loads(data) if data else None


def test_one_connection_carries_many_requests(provider: Provider) -> None:
    with serve(App(provider, "secret")) as url:
        assert url.startswith("http://127.0.0.1:")
        connection = _connect(url)
        assert _ask(connection, "PUT", "/v1/blocks/ips/192.0.2.0%2F24", {"note": "né"})[1]["note"] == "né"
        same = connection.sock
        assert _ask(connection, "DELETE", "/v1/blocks/ips/192.0.2.0%2F24") == (204, None)
        assert _ask(connection, "GET", "/v1/ping")[0] == 200
        assert connection.sock is same
        connection.close()


def test_many_clients_at_once_leave_200_blocks(provider: Provider) -> None:
    def client(start: int) -> None:
        connection = _connect(url)
        for n in range(start, start + 20):
            assert _ask(connection, "PUT", f"/v1/blocks/domains/d{n}.example", {})[0] == 201
        connection.close()

    with serve(App(provider, "secret")) as url:
        with ThreadPoolExecutor(10) as pool:
            list(pool.map(client, range(0, 200, 20)))
        connection = _connect(url)
        assert len(_ask(connection, "GET", "/v1/blocks/domains?limit=1000")[1]["entries"]) == 200
        assert _ask(connection, "GET", "/v1/changes/count?method=PUT")[1]["applied"] == 200
        connection.close()


def test_stopping_ends_idle_connections_and_threads(provider: Provider) -> None:
    before = active_count()
    with serve(App(provider, "secret")) as url:
        connection = _connect(url)
        _ask(connection, "GET", "/v1/ping")
    assert active_count() == before
    connection.close()
    with serve(App(provider, "secret"), port=urlsplit(url).port or 0) as again:
        assert again == url


def _raw(url: str, request: bytes) -> bytes:
    address = urlsplit(url)
    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        connection.sendall(request)
        answer = b""
        while more := connection.recv(65536):
            answer += more
        return answer


def test_requests_whose_end_cannot_be_told_close_the_connection(provider: Provider) -> None:
    head = b"PUT /v1/blocks/domains/x.example HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer secret\r\n"
    with serve(App(provider, "secret")) as url:
        chunked = _raw(
            url, head + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\nGET /v1/ping HTTP/1.1\r\n\r\n"
        )
        assert chunked.startswith(b"HTTP/1.1 411 ")
        assert chunked.count(b"HTTP/1.1") == 1
        negative = _raw(url, head + b"Content-Length: -5\r\n\r\n")
        assert negative.startswith(b"HTTP/1.1 400 ")
        large = _raw(url, head + b"Content-Length: 99999999999\r\n\r\n")
        assert large.startswith(b"HTTP/1.1 413 ")
        assert _raw(url, b"nonsense\r\n\r\n")


def test_too_large_a_body_is_answered_and_read_away(provider: Provider) -> None:
    with serve(App(provider, "secret")) as url:
        connection = _connect(url)
        connection.request("PUT", "/v1/blocks/domains/x.example", b"x" * 3_000_000, HEADERS)
        answer = connection.getresponse()
        assert (answer.status, b"at most" in answer.read()) == (413, True)
        assert _ask(connection, "GET", "/v1/ping")[0] == 200
        connection.close()

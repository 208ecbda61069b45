"""Serves the application on the loopback interface: HTTP/1.1 with kept connections, one thread each."""

from __future__ import annotations

import io
import socket
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any
from urllib.parse import unquote_to_bytes

Wsgi = Callable[[dict[str, Any], Callable[[str, list[tuple[str, str]]], Any]], Iterable[bytes]]

_DRAIN = 8 * 1024 * 1024
_IDLE_SECONDS = 60


class Server(ThreadingHTTPServer):
    """A threaded server for one WSGI application, on 127.0.0.1 only. Port 0 is a free one."""

    daemon_threads = False  # stop() ends their connections, and waits for them
    request_queue_size = 128
    allow_reuse_address = True

    def __init__(self, app: Wsgi, port: int = 0) -> None:
        self.app = app
        self._open: set[socket.socket] = set()
        self._lock = Lock()
        super().__init__(("127.0.0.1", port), _Handler)

    @property
    def url(self) -> str:
        """The base URL."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def stop(self) -> None:
        """Take no more requests, let those that run end, close every connection."""
        self.shutdown()
        with self._lock:
            for connection in self._open:
                try:
                    connection.shutdown(socket.SHUT_RD)
                except OSError:
                    continue
        self.server_close()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember the connection, so that stop() can end it."""
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forget the connection."""
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is nobody's error; anything else is a bug and shown as one."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    """Turns a request into a WSGI environ and the answer into bytes, written at once."""

    protocol_version = "HTTP/1.1"
    server_version = "irtool-sandbox"
    sys_version = ""
    timeout = _IDLE_SECONDS
    wbufsize = -1
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """The change log keeps the requests; nothing goes to the terminal."""

    def _serve(self) -> None:
        server = self.server
        assert isinstance(server, Server)  # noqa: S101
        stream = _Body(self.rfile, self._length())
        started: list[tuple[str, list[tuple[str, str]]]] = []
        content = b"".join(server.app(self._environ(stream), lambda status, headers: started.append((status, headers))))
        if not stream.drain():
            self.close_connection = True
        status, headers = started[0]
        code, _, phrase = status.partition(" ")
        self.send_response(int(code), phrase)
        for name, value in headers:
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _serve  # noqa: N815

    def _length(self) -> int:
        text = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not (text.isascii() and text.isdigit() and len(text) < 16):
            self.close_connection = True  # where this request ends cannot be told
            return 0
        return int(text)

    def _environ(self, stream: io.RawIOBase) -> dict[str, Any]:
        path, _, query = self.path.partition("?")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query,
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": str(self.connection.getsockname()[1]),
            "SERVER_PROTOCOL": self.request_version,
            "REMOTE_ADDR": self.client_address[0],
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": self.headers.get("Content-Length", ""),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": stream,
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": True,
            "wsgi.run_once": False,
        }
        for name, value in self.headers.items():
            environ[f"HTTP_{name.upper().replace('-', '_')}"] = value
        return environ


class _Body(io.RawIOBase):
    """At most `length` bytes of a stream: a request must not read into the next one."""

    def __init__(self, stream: io.BufferedIOBase, length: int) -> None:
        self._stream = stream
        self._left = length

    def readable(self) -> bool:
        """True."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Bytes of this request's body."""
        content = self._stream.read(self._left if size < 0 else min(size, self._left))
        self._left = self._left - len(content) if content else 0
        return content

    def drain(self) -> bool:
        """Read away what nobody read, so that the next request can follow. False if it is too much."""
        if self._left > _DRAIN:
            return False
        while self.read(64 * 1024):
            pass
        return True


@contextmanager
def serve(app: Wsgi, port: int = 0) -> Iterator[str]:
    """Serve the application while the block runs; gives the base URL."""
    server = Server(app, port)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, name="sandbox")
    thread.start()
    try:
        yield server.url
    finally:
        server.stop()
        thread.join()

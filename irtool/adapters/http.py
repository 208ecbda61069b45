"""HTTP: the one importer of httpx. Sends Calls, adds credentials, and says exactly what is known when something goes
wrong.

HTTP/1.1 with one connection per sender and base URL, no redirects, no proxies from the environment, TLS verified
(RFC 9110, RFC 9112). A call has separate timeouts and a total deadline; a reply has a size cap.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from irtool.adapters.credentials import Credential, Proofs
from irtool.adapters.watchdog import Watch, Watchdog
from irtool.errors import CallError, ConfigError, InDoubt, NotSent, Rejected
from irtool.records import Call, Reply
from irtool.redact import KNOWN

if TYPE_CHECKING:
    import httpx

WsgiApp = Callable[..., Any]
"""A WSGI application (PEP 3333)."""


@dataclass(frozen=True, slots=True)
class Server:
    """Where one connector's calls go: base URLs by name ("" is the main one), and the credential for those in
    `authenticated`."""

    bases: Mapping[str, str]
    credential: Credential = field(default_factory=Credential)
    authenticated: frozenset[str] = frozenset({""})


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """Seconds and bytes. `total` bounds a whole call from connecting to the last byte of the reply."""

    connect: float = 5.0
    read: float = 20.0
    total: float = 30.0
    reply_bytes: int = 8_000_000


class HttpPool:
    """Makes HttpSenders, one for each worker thread (a client shared by threads is several times slower).

    `servers` are the connectors by name; `transport_for` maps a URL scheme to a WSGI application that answers it in
    this process, e.g. `{"sandbox": app}` for `sandbox:` URLs.
    """

    def __init__(
        self,
        servers: Mapping[str, Server],
        *,
        limits: HttpLimits | None = None,
        transport_for: Mapping[str, WsgiApp] | None = None,
    ) -> None:
        self.servers = servers
        self.proofs = {name: Proofs(name, server.credential) for name, server in servers.items()}
        self.limits = limits or HttpLimits()
        self.transport_for = dict(transport_for or {})
        self.watchdog = Watchdog()
        self._tls: Any = None

    def sender(self) -> HttpSender:
        """A new sender that the caller closes. It is for one thread."""
        return HttpSender(self)

    def client(self, url: str) -> httpx.Client:
        """A client for one base URL. Raises ConfigError for a URL that cannot be called."""
        import httpx

        scheme = urlsplit(url).scheme
        app = self.transport_for.get(scheme)
        if app is None and scheme not in {"http", "https"}:
            raise ConfigError(f"{_place(url)!r} is not an http or https URL")
        if scheme == "https" and self._tls is None:
            self._tls = _trust()
        limits = self.limits
        return httpx.Client(
            transport=httpx.WSGITransport(app=app, raise_app_exceptions=False) if app else None,
            verify=self._tls if scheme == "https" else False,
            trust_env=False,
            follow_redirects=False,
            http1=True,
            http2=False,
            timeout=httpx.Timeout(min(limits.read, limits.total), connect=min(limits.connect, limits.total)),
            headers={"Accept-Encoding": "identity"},
            limits=httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=15),
        )


@dataclass(slots=True)
class _Flight:
    """What is known of one call under way: whether sending began, and its watch."""

    watch: Watch
    line: _Line
    began: bool = False

    def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """Told by the transport of each stage (https://www.encode.io/httpcore/extensions/#trace)."""
        if event in {"connection.connect_tcp.complete", "connection.start_tls.complete"}:
            self.line.socket = info["return_value"].get_extra_info("socket")
            self.watch.socket = self.line.socket
        elif event == "http11.send_request_headers.started":
            self.began = True


@dataclass(slots=True)
class _Line:
    """A client for one base URL and the socket of its only connection."""

    client: httpx.Client
    url: str
    local: bool = False
    socket: Any = None


class HttpSender:
    """Sends http Calls (ports.CallSender). Not shared between threads."""

    def __init__(self, pool: HttpPool) -> None:
        self._pool = pool
        self._lines: dict[tuple[str, str], _Line] = {}

    def send(self, call: Call) -> Reply:
        """The server's answer, whatever its status.

        Raises NotSent if the connection could not be made, InDoubt if a changing call was (perhaps) sent and there is
        no whole answer, CallError if that happens to a reading one, Rejected without the credentials it needs.
        """
        reply, proof = self._send(call)
        if reply.status == 401 and proof and self._pool.proofs[call.connector].refused(proof):
            reply, _ = self._send(call)
        return reply

    def _send(self, call: Call) -> tuple[Reply, tuple[str, str] | None]:
        """One request, and the proof that went with it."""
        import httpx

        line = self._line(call)
        proof = self._proof(call)
        watch = self._pool.watchdog.watch(self._pool.limits.total)
        watch.socket = line.socket
        flight = _Flight(watch, line, began=line.local)
        try:
            self._resolve(line)
            return self._exchange(call, line, flight, proof), proof
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            raise self._fault(call, flight, error) from None
        finally:
            self._pool.watchdog.done(watch)

    def close(self) -> None:
        """Give the connections back."""
        for line in self._lines.values():
            line.client.close()
        self._lines.clear()

    def _line(self, call: Call) -> _Line:
        known = self._lines.get((call.connector, call.base))
        if known:
            return known
        server = self._pool.servers.get(call.connector)
        if server is None:
            raise NotSent(
                f"there is no connector named {call.connector!r}", hint="Look under connectors: in irtool.yaml."
            )
        url = server.bases.get(call.base, "")
        if not url:
            what = f"address {call.base!r} (see its settings)" if call.base else "address (url)"
            raise NotSent(f"connector {call.connector!r} has no {what}")
        client = self._pool.client(url)
        scheme, _, rest = url.partition(":")
        local = scheme in self._pool.transport_for
        line = _Line(client, f"http:{rest}" if local else url, local)
        self._lines[call.connector, call.base] = line
        return line

    def _exchange(self, call: Call, line: _Line, flight: _Flight, proof: tuple[str, str] | None) -> Reply:
        request = line.client.build_request(
            call.method,
            _url(line.url, call.path),
            headers=[(name.encode(), value.encode("utf-8", "replace")) for name, value in _headers(call, proof)],
            content=None if call.body is None else call.body.encode("utf-8", "replace"),
            extensions={"trace": flight.trace},
        )
        response = line.client.send(request, stream=True)
        try:
            body = self._read(call, response, flight)
        finally:
            response.close()
        if _said_more(line.client):
            line.client.close()
            del self._lines[call.connector, call.base]
        headers = {k.lower(): v for k, v in response.headers.items()}
        text = body.decode("utf-8", "replace")
        if response.is_success:  # data, which may be written back, stays as it is
            return Reply(response.status_code, text, headers)
        return Reply(response.status_code, KNOWN.hide(text), {k: KNOWN.hide(v) for k, v in headers.items()})

    def _proof(self, call: Call) -> tuple[str, str] | None:
        """The header with the credential, for the bases that are given it."""
        if call.base not in self._pool.servers[call.connector].authenticated:
            return None
        try:
            return self._pool.proofs[call.connector].header(lambda asked: self._send(asked)[0])
        except NotSent as error:
            raise NotSent(f"connector {call.connector!r}: {error.message}", hint=error.hint) from None
        except Rejected as error:
            raise Rejected(
                f"connector {call.connector!r}: {error.message}", status=error.status, hint=error.hint
            ) from None

    def _resolve(self, line: _Line) -> None:
        """Look a host name up before the first connection: the resolver knows no deadline. Raises NotSent after it."""
        host = urlsplit(line.url).hostname or ""
        if line.local or line.socket is not None or ":" in host or host.replace(".", "").isdigit():
            return
        patience = min(self._pool.limits.connect, self._pool.limits.total)
        asking = threading.Thread(target=_look_up, args=(host,), name="name lookup", daemon=True)
        asking.start()
        asking.join(patience)
        if asking.is_alive():
            raise NotSent(f"the name {host} was not resolved within {patience:g} s", hint="irtool doctor")

    def _read(self, call: Call, response: httpx.Response, flight: _Flight) -> bytes:
        coding = response.headers.get("content-encoding", "identity").strip().lower()
        if coding not in {"", "identity"}:  # not asked for: a few kilobytes can become gigabytes
            raise _after(call, f"the reply is compressed ({coding[:40]!r})")
        chunks = bytearray()
        for chunk in response.iter_raw(65536):
            chunks += chunk
            if len(chunks) > self._pool.limits.reply_bytes:
                raise _after(call, f"the reply is larger than {self._pool.limits.reply_bytes:,} bytes")
            if flight.watch.expired or time.monotonic() > flight.watch.deadline:
                raise _after(call, self._late())
        if flight.watch.expired:
            raise _after(call, self._late())
        return bytes(chunks)

    def _fault(self, call: Call, flight: _Flight, error: Exception) -> CallError:
        import httpx

        flight.line.socket = None
        where = f"{call.connector} ({_place(flight.line.url)})"
        if not flight.began:
            return NotSent(f"{where} cannot be reached: {_words(error)}", hint="irtool doctor")
        if flight.watch.expired:
            return _after(call, self._late())
        if isinstance(error, httpx.ReadTimeout):
            return _after(call, f"no answer within {self._pool.limits.read:g} s")
        return _after(call, f"the connection broke: {_words(error)}")

    def _late(self) -> str:
        return f"no whole answer within {self._pool.limits.total:g} s"


def _after(call: Call, what: str) -> CallError:
    """The error for a call that was sent: a read may simply be tried again, a change may have been applied."""
    place = f"{call.method} {call.path.partition('?')[0]} at {call.connector}"
    if call.changes:
        return InDoubt(f"{place}: {what}; it may have been applied")
    return CallError(f"{place}: {what}")


def _headers(call: Call, proof: tuple[str, str] | None) -> list[tuple[str, str]]:
    """All headers of a call. Raises Rejected if one would hold a line end."""
    headers = [*call.headers]
    if call.key and call.changes and "idempotency-key" not in {name.lower() for name, _ in headers}:
        headers.append(("Idempotency-Key", call.key))
    headers += [proof] if proof else []
    if any(c in "\r\n\x00" for _, value in headers for c in value):
        raise Rejected(f"a header of the call to {call.connector!r} would hold a line end")
    return headers


def _trust() -> ssl.SSLContext:
    """The certificates this machine trusts, its administrator's own included (SSL_CERT_FILE too); where it has none,
    those that come with the library."""
    import httpx

    paths = ssl.get_default_verify_paths()
    return ssl.create_default_context() if paths.cafile or paths.capath else httpx.create_ssl_context(trust_env=False)


def _look_up(host: str) -> None:
    """Only for the time it takes: whoever connects asks again, and says what is wrong with the name."""
    with contextlib.suppress(OSError, UnicodeError):
        socket.getaddrinfo(host, None)


def _said_more(client: httpx.Client) -> bool:
    """Whether the server said more than its answer: on this connection that would pass for the answer to the next call.

    httpx does not show it; what is read here is h11's `trailing_data`.
    """
    pool = getattr(getattr(client, "_transport", None), "_pool", None)
    for connection in getattr(pool, "connections", ()):
        state = getattr(getattr(connection, "_connection", None), "_h11_state", None)
        if state is not None and state.trailing_data[0]:
            return True
    return False


def _url(base: str, path: str) -> str:
    return f"{base.rstrip('/')}/{path.lstrip('/')}" if path else base


def _place(url: str) -> str:
    """A base URL without what may be secret in it."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}"


def _words(error: Exception) -> str:
    text = KNOWN.hide(str(error)) or type(error).__name__
    return "".join(c if c.isprintable() else " " for c in text)[:200]


def post(url: str, body: bytes, content_type: str, limits: HttpLimits) -> tuple[int, bytes]:
    """Post bytes outside of any connector; the status and the bytes of the answer.

    Raises ConfigError for a URL that cannot be called, CallError if there is no whole answer within the limits.
    """
    import httpx

    pool = HttpPool({}, limits=limits)
    where = _place(url)
    watch = pool.watchdog.watch(limits.total)
    try:
        with (
            pool.client(url) as client,
            client.stream("POST", url, content=body, headers={"Content-Type": content_type}) as response,
        ):
            watch.socket = response.extensions["network_stream"].get_extra_info("socket")
            answer = bytearray()
            for chunk in response.iter_raw(65536):
                answer += chunk
                if len(answer) > limits.reply_bytes or time.monotonic() > watch.deadline:
                    raise CallError(f"{where}: the answer is too long, or too slow")
            return response.status_code, bytes(answer)
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
        raise CallError(f"{where} does not answer: {_words(error)}", hint="irtool doctor") from None
    finally:
        pool.watchdog.done(watch)

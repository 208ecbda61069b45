"""Mail out: a Call with transport "smtp" becomes one message to one recipient, over SMTP (RFC 5321) or into a folder.

What happened is told apart by how far the conversation got: before the message text was sent nothing was delivered
(NotSent, or Rejected with the server's code); after it, without an answer, it may have been (InDoubt).
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import smtplib
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BufferedReader, RawIOBase
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from irtool.errors import ConfigError, InDoubt, NotSent, Rejected
from irtool.records import Call, Reply
from irtool.tell import clean

MAX_READ = 256 * 1024
"""Bytes that a server may say in one session."""

_PORTS = {"smtp": 25, "smtps": 465}
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_TROUBLE = (OSError, UnicodeError, smtplib.SMTPException)


@dataclass(frozen=True)
class Route:
    """Where mail goes. Either `host` and `port`, with TLS from the start (`tls`) or after STARTTLS, or a `folder`."""

    host: str = ""
    port: int = 25
    tls: bool = False
    starttls: bool = False
    folder: Path | None = None


def route(url: str) -> Route:
    """`smtp://host:port`, with `?starttls` to insist on it, `smtps://host:port`, or `outbox:FOLDER`.

    Raises ConfigError for anything else, and for a password in the URL.
    """
    if url.startswith("outbox:") and len(url) > len("outbox:"):
        return Route(folder=Path(url.removeprefix("outbox:")))
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    if parts.scheme not in _PORTS or not parts.hostname or parts.path not in {"", "/"} or set(options) - {"starttls"}:
        raise ConfigError(
            f'notices.smtp: "{clean.terminal(url)}" is not a way to send mail',
            hint="smtp://HOST:PORT, smtp://HOST:PORT?starttls, smtps://HOST:PORT or outbox:FOLDER",
        )
    if parts.username or parts.password:
        raise ConfigError("notices.smtp: no user or password in the URL", hint="notices: {user: …, password: env:NAME}")
    return Route(parts.hostname, port or _PORTS[parts.scheme], parts.scheme == "smtps", "starttls" in options)


@dataclass
class SmtpSender:
    """Sends mail Calls. `path` is the recipient, `body` the whole message: 7-bit, CRLF. Method PING only greets.

    `url` is a `route`; `envelope_from` the envelope sender, to which bounces go ("" is the null sender); `deadline`
    the seconds one message may take in all. A user is refused without TLS, except on this machine.
    """

    url: str
    envelope_from: str = ""
    user: str = ""
    password: str = field(default="", repr=False)
    deadline: float = 60.0
    context: ssl.SSLContext | None = None

    def __post_init__(self) -> None:
        """Check the settings before anything is sent. Raises ConfigError."""
        self._route = route(self.url)
        safe = self._route.tls or self._route.starttls or self._route.host in _LOOPBACK or self._route.folder
        if self.user and not safe:
            raise ConfigError("notices.smtp: a password would travel in the clear", hint="use ?starttls or smtps://")

    def send(self, call: Call) -> Reply:
        """Deliver one message: Reply with the server's code and words, 250 if it took the message.

        Raises Rejected with the SMTP code if the server refuses the sender, the recipient, the message or the
        password; NotSent if it cannot be reached or goes away early; InDoubt if it goes away after the text.
        """
        talk = _Conversation(self._route, self.deadline, self.context or ssl.create_default_context())
        if call.method == "PING":
            folder = self._route.folder
            return Reply(250, f"messages are written to {folder}") if folder else talk.greet(self.user, self.password)
        _check(call, self.envelope_from)
        if self._route.folder:
            return _write(self._route.folder, call)
        return talk.deliver(call, self.envelope_from, self.user, self.password)

    def close(self) -> None:
        """Nothing is kept open: each message has its own connection."""


def _check(call: Call, envelope_from: str) -> None:
    """Nothing that could smuggle a command or a character the server did not agree to."""
    for what, address in (("recipient", call.path), ("envelope sender", envelope_from)):
        odd = any(c in "<>\"'()," or ord(c) <= 32 or ord(c) >= 127 for c in address)
        if odd or (what == "recipient" and "@" not in address):
            raise NotSent(f'{what} "{clean.terminal(address)}" is not an address that mail can be sent to')
    if not call.body or not call.body.isascii():
        raise NotSent("the message is empty or not 7-bit")


def _write(folder: Path, call: Call) -> Reply:
    """One .eml file for one message; the same message again is the same file."""
    body = (call.body or "").encode("ascii")
    name = f"{clean.filename(call.path)}-{hashlib.sha256(body).hexdigest()[:8]}.eml"
    part = folder / f".{name}.{os.getpid()}.part"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        part.write_bytes(body)
        part.replace(folder / name)
    except OSError as error:
        raise NotSent(f"cannot write {folder / name}: {error.strerror}") from None
    return Reply(250, f"written to {folder / name}")


class _Conversation:
    """One SMTP session for one message."""

    def __init__(self, to: Route, deadline: float, context: ssl.SSLContext) -> None:
        self._to = to
        self._until = time.monotonic() + deadline
        self._context = context
        self._text_sent = False

    def greet(self, user: str, password: str) -> Reply:
        """Connect, prove who we are, and leave: the server takes mail from us."""
        return self._session(user, password, lambda client: self._expect(client.docmd("NOOP"), 250, "the greeting"))

    def deliver(self, call: Call, envelope_from: str, user: str, password: str) -> Reply:
        """The whole session for one message."""

        def talk(client: _Client) -> tuple[int, str]:
            self._expect(client.mail(envelope_from), 250, f"sender {envelope_from or '<>'}")
            self._expect(client.rcpt(call.path), 250, f"recipient {call.path}")
            self._expect(client.docmd("DATA"), 354, "the message")
            self._text_sent = True
            client.send(_dotted(call.body or ""))
            return self._expect(client.getreply(), 250, f"the message to {call.path}")

        return self._session(user, password, talk)

    def _session(self, user: str, password: str, talk: Callable[[_Client], tuple[int, str]]) -> Reply:
        client: _Client | None = None
        try:
            client = self._open()
            if user:
                client.login(user, password)
            client.ehlo_or_helo_if_needed()
            return Reply(*talk(client))
        except smtplib.SMTPResponseException as error:
            raise self._said(error.smtp_code, error.smtp_error, "") from None
        except _TROUBLE as error:
            raise self._lost(error) from None
        finally:
            _hang_up(client)

    def _open(self) -> _Client:
        left = max(self._until - time.monotonic(), 0.001)
        sock: socket.socket = socket.create_connection((self._to.host, self._to.port), timeout=left)
        try:
            if self._to.tls:
                sock = self._context.wrap_socket(sock, server_hostname=self._to.host)
            client = _Client(sock, self._to.host, self._until)
            self._expect(client.getreply(), 220, "the connection")
            if self._to.starttls:
                client.ehlo_or_helo_if_needed()
                client.starttls(context=self._context)
        except BaseException:
            sock.close()
            raise
        return client

    def _expect(self, answer: tuple[int, bytes], code: int, what: str) -> tuple[int, str]:
        got, words = answer
        if got // 10 != code // 10:
            raise self._said(got, words, what)
        return got, clean.terminal(words.decode("utf-8", "replace"))

    def _said(self, code: int, words: bytes | str, what: str) -> Rejected | NotSent | InDoubt:
        """The server's no. A code that is none (-1: garbage) is no answer at all."""
        text = clean.terminal(words.decode("utf-8", "replace") if isinstance(words, bytes) else words)
        if not 400 <= code <= 599:
            return self._lost(smtplib.SMTPException(f"unexpected answer {code} {text}"))
        about = f" {what}" if what else ""
        again = "; it may take it later" if code < 500 else ""
        return Rejected(f"mail server {self._to.host} refused{about}: {code} {text}{again}", status=code)

    def _lost(self, error: Exception) -> NotSent | InDoubt:
        place = f"mail server {self._to.host}:{self._to.port}"
        why = clean.terminal(str(error)) or type(error).__name__
        if self._text_sent:
            return InDoubt(f"{place} took the message but did not confirm it: {why}", hint="look in its log")
        return NotSent(f"{place}: {why}", hint="is notices.smtp in irtool.yaml right?")


class _Client(smtplib.SMTP):
    """smtplib on a socket that is already open, with one deadline for everything and a cap on what is read."""

    def __init__(self, sock: socket.socket, host: str, until: float) -> None:
        super().__init__(local_hostname=_own_name(sock))
        self._host = host
        self.until = until
        self.sock: Any = sock

    def getreply(self) -> tuple[int, bytes]:
        """The next answer. After the deadline, or when there is no end to it, the connection counts as lost."""
        if self.file is None:
            self.file = BufferedReader(_Limited(self.sock, self))
        return super().getreply()

    def send(self, s: Any) -> None:
        """Send within what is left of the deadline."""
        if self.sock is not None:
            self.sock.settimeout(self.left())
        super().send(s)

    def left(self) -> float:
        """Seconds until the deadline. Raises TimeoutError after it."""
        left = self.until - time.monotonic()
        if left <= 0:
            raise TimeoutError("no answer within the deadline")
        return left


class _Limited(RawIOBase):
    """Reads from a socket until the deadline, and not without end."""

    def __init__(self, sock: socket.socket, client: _Client) -> None:
        self._sock = sock
        self._client = client
        self._room = MAX_READ

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Some bytes, 0 at the end."""
        self._sock.settimeout(self._client.left())
        got = self._sock.recv_into(buffer, min(len(buffer), 4096))
        self._room -= got
        if self._room < 0:
            raise OSError("the answer has no end")
        return got


def _own_name(sock: socket.socket) -> str:
    """What to say in EHLO: the full host name, or the address literal (RFC 5321 §4.1.3). Never asks the DNS."""
    name = socket.gethostname()
    if "." in name:
        return name
    address = str(sock.getsockname()[0])
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"


def _dotted(body: str) -> bytes:
    """The text as DATA takes it: CRLF, leading dots doubled, the final dot."""
    text = body.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n").replace("\n", "\r\n")
    doubled = text.replace("\r\n.", "\r\n..")
    return f"{'.' if doubled.startswith('.') else ''}{doubled}\r\n.\r\n".encode("ascii")


def _hang_up(client: _Client | None) -> None:
    if client is None:
        return
    client.until = time.monotonic() + 2
    with contextlib.suppress(*_TROUBLE):
        client.quit()
    client.close()

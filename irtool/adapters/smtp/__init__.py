"""Mail out: a Call with transport "smtp" becomes one message to one recipient, over SMTP (RFC 5321) or into a folder.

Where the server offers it, it is asked to report delays too and to name the message in its reports (RFC 3461).

What happened is told apart by how far the conversation got: before the message text was sent nothing was delivered
(NotSent, or Rejected with the server's code); after it, without an answer, it may have been (InDoubt).
"""

from __future__ import annotations

import hashlib
import ipaddress
import os
import re
import smtplib
import socket
import ssl
import time
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from irtool.adapters.smtp.client import TROUBLE, Client, hang_up, said_safely
from irtool.errors import ConfigError, InDoubt, NotSent, Rejected
from irtool.records import Call, Reply
from irtool.redact import KNOWN
from irtool.tell import clean

_PORTS = {"smtp": 25, "smtps": 465}
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_NAME = re.compile(r"^Message-ID:\s{1,3}<([!-?A-~]{1,200})@", re.IGNORECASE | re.MULTILINE)

Sign = Callable[[bytes], bytes]
"""A message, and the same with a signature in front."""


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
    """Sends mail Calls. `path` is the recipient, `body` the whole message: CRLF, and 7-bit unless the recipient's
    address is not. Method PING only greets.

    `url` is a `route`; `envelope_from` the envelope sender, to which bounces go ("" is the null sender; `{id}` in it
    becomes the left side of the Message-ID); `deadline` the seconds one message may take in all; `sign` signs what
    leaves. A user is refused without TLS, except on this machine.
    """

    url: str
    envelope_from: str = ""
    user: str = ""
    password: str = field(default="", repr=False)
    deadline: float = 60.0
    context: ssl.SSLContext | None = None
    sign: Sign | None = None

    def __post_init__(self) -> None:
        """Check the settings before anything is sent. Raises ConfigError."""
        self._route = route(self.url)
        KNOWN.add(self.password, self.user)
        safe = self._route.tls or self._route.starttls or self._route.host in LOOPBACK or self._route.folder
        if self.user and not safe:
            raise ConfigError("notices.smtp: a password would travel in the clear", hint="use ?starttls or smtps://")

    def send(self, call: Call) -> Reply:
        """Deliver one message: Reply with the server's code and words, 250 if it took the message.

        Raises Rejected with the SMTP code if the server refuses the sender, the recipient, the message or the
        password; NotSent if it cannot be reached or goes away early; InDoubt if it goes away after the text.
        """
        talk = Conversation(self._route, self.deadline, self._tls())
        if call.method == "PING":
            folder = self._route.folder
            return _outbox(folder) if folder else talk.greet(self.user, self.password)
        name = _NAME.search((call.body or "")[:20_000])
        sender = self.envelope_from.replace("{id}", name[1] if name else "unnamed")
        _check(call, sender)
        body = self._signed((call.body or "").encode())
        if self._route.folder:
            return _write(self._route.folder, call, body)
        return talk.deliver(_Letter(call.path, body, sender, name[1] if name else ""), self.user, self.password)

    def _tls(self) -> ssl.SSLContext | None:
        """Made once, and only where it is needed: reading the system's certificates takes longer than sending."""
        if self.context is None and (self._route.tls or self._route.starttls):
            self.context = ssl.create_default_context()
        return self.context

    def _signed(self, body: bytes) -> bytes:
        if self.sign is None:
            return body
        try:
            return self.sign(body)
        except ConfigError as error:
            raise NotSent(error.message, hint=error.hint) from None

    def close(self) -> None:
        """Nothing is kept open: each message has its own connection."""


@dataclass(frozen=True)
class _Letter:
    """What one session is about. `name` is what reports shall call it."""

    to: str
    body: bytes
    sender: str
    name: str = ""


def _check(call: Call, envelope_from: str) -> None:
    """Nothing that could smuggle a command or a character the server did not agree to."""
    for what, address in (("recipient", call.path), ("envelope sender", envelope_from)):
        odd = any(c in "<>\"'()," or ord(c) <= 32 or unicodedata.category(c)[0] in "CZ" for c in address)
        plain = address.isascii() or (what == "recipient" and not (call.body or "").isascii())
        if odd or not plain or (what == "recipient" and "@" not in address):
            raise NotSent(f'{what} "{clean.terminal(address)}" is not an address that mail can be sent to')
    if not call.body or call.body.isascii() != call.path.isascii():
        raise NotSent("the message is empty or not 7-bit")


def _outbox(folder: Path) -> Reply:
    """A folder that is not there yet is made when it is needed."""
    there = next((p for p in (folder, *folder.parents) if p.exists()), folder)
    if not (there.is_dir() and os.access(there, os.W_OK | os.X_OK)):
        raise Rejected(f"messages cannot be written to {folder}", hint="Look at notices: in irtool.yaml.")
    return Reply(250, f"messages are written to {folder}")


def _write(folder: Path, call: Call, body: bytes) -> Reply:
    """One .eml file for one message; the same message again is the same file."""
    digest = hashlib.sha256((call.body or "").encode()).hexdigest()[:8]
    name = f"{clean.filename(call.path)}-{digest}.eml"
    part = folder / f".{name}.{os.getpid()}.part"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        part.write_bytes(body)
        part.replace(folder / name)
    except OSError as error:
        raise NotSent(f"cannot write {folder / name}: {error.strerror}") from None
    return Reply(250, f"written to {folder / name}")


class Conversation:
    """One SMTP session for one message."""

    def __init__(self, to: Route, deadline: float, context: ssl.SSLContext | None) -> None:
        self._to = to
        self._until = time.monotonic() + deadline
        self._context = context
        self._text_sent = False

    def greet(self, user: str, password: str) -> Reply:
        """Connect, prove who we are, and leave: the server takes mail from us."""
        return self._session(user, password, lambda client: self._expect(client.docmd("NOOP"), 250, "the greeting"))

    def deliver(self, letter: _Letter, user: str, password: str) -> Reply:
        """The whole session for one message."""

        def talk(client: Client) -> tuple[int, str]:
            mail, rcpt = self._options(client, letter)
            self._expect(client.mail(letter.sender, mail), 250, f"sender {letter.sender or '<>'}")
            self._expect(client.rcpt(letter.to, rcpt), 250, f"recipient {letter.to}")
            self._expect(client.docmd("DATA"), 354, "the message")
            self._text_sent = True
            client.send(_dotted(letter.body))
            return self._expect(client.getreply(), 250, f"the message to {letter.to}")

        return self._session(user, password, talk)

    def probe(self, recipient: str, said: Mapping[str, str], login: str) -> Reply:
        """The session up to RCPT TO, or to the first no on the way there."""
        stages: list[tuple[str, Callable[[Client], tuple[int, bytes]]]] = [("ehlo", lambda c: c.ehlo())]
        if said.get("Client-IP"):
            command = f"XCLIENT {_xclient(said['Client-IP'])}"
            stages += [("xclient", lambda c: c.docmd(command)), ("ehlo", lambda c: c.ehlo())]
        if login:
            stages.append(("login", lambda c: c.docmd("AUTH", f"PLAIN {login}")))
        stages += [("mail", lambda c: c.mail(said.get("Mail-From", ""))), ("rcpt", lambda c: c.rcpt(recipient))]
        client: Client | None = None
        stage = "connect"
        try:
            client = self._open()
            code, words = 220, b""
            for stage, ask in stages:  # noqa: B007 (told in the answer)
                code, words = ask(client)
                if code // 100 != 2:
                    break
            if not 200 <= code <= 599:
                raise self._lost(smtplib.SMTPException(f"unexpected answer {code}"))
            if stage in {"xclient", "ehlo"} and code // 100 != 2:
                raise NotSent(f"mail server {self._to.host} cannot be asked: {stage} was answered {code}")
            text = words.decode("utf-8", "replace")
            return Reply(code, clean.terminal(text.replace(login, "…") if login else text), {"stage": stage})
        except Rejected as error:
            return Reply(error.status, error.message, {"stage": "connect"})
        except TROUBLE as error:
            raise self._lost(error) from None
        finally:
            hang_up(client)

    def _options(self, client: Client, letter: _Letter) -> tuple[list[str], list[str]]:
        """What MAIL and RCPT ask for beyond the address. Raises Rejected if the server cannot take the address."""
        mail, rcpt = [], []
        if client.has_extn("dsn"):
            mail += ["RET=HDRS", *([f"ENVID={_xtext(letter.name)}"] if letter.name else [])]
            rcpt += ["NOTIFY=FAILURE,DELAY"] if letter.sender else []
        if not letter.to.isascii():
            if not client.has_extn("smtputf8"):
                raise Rejected(
                    f"mail server {self._to.host} refused recipient {letter.to}: 553 5.6.7 it takes no addresses in "
                    "letters beyond ASCII",
                    status=553,
                    hint="ask the customer for an address in plain letters",
                )
            mail += ["SMTPUTF8", "BODY=8BITMIME"]
        return mail, rcpt

    def _session(self, user: str, password: str, talk: Callable[[Client], tuple[int, str]]) -> Reply:
        client: Client | None = None
        try:
            client = self._open()
            if user:
                client.login(user, password)
            client.ehlo_or_helo_if_needed()
            return Reply(*talk(client))
        except smtplib.SMTPResponseException as error:
            raise self._said(error.smtp_code, error.smtp_error, "") from None
        except TROUBLE as error:
            raise self._lost(error) from None
        finally:
            hang_up(client)

    def _open(self) -> Client:
        left = max(self._until - time.monotonic(), 0.001)
        sock: socket.socket = socket.create_connection((self._to.host, self._to.port), timeout=left)
        try:
            if self._to.tls and self._context:
                sock = self._context.wrap_socket(sock, server_hostname=self._to.host)
            client = Client(sock, self._to.host, self._until)
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
        return got, said_safely(words)

    def _said(self, code: int, words: bytes | str, what: str) -> Rejected | NotSent | InDoubt:
        """The server's no. A code that is none (-1: garbage) is no answer at all."""
        text = said_safely(words)
        if not 400 <= code <= 599:
            return self._lost(smtplib.SMTPException(f"unexpected answer {code} {text}"))
        about = f" {what}" if what else ""
        again = "; it may take it later" if code < 500 else ""
        return Rejected(f"mail server {self._to.host} refused{about}: {code} {text}{again}", status=code)

    def _lost(self, error: Exception) -> NotSent | InDoubt:
        place = f"mail server {self._to.host}:{self._to.port}"
        why = said_safely(str(error)) or type(error).__name__
        if self._text_sent:
            return InDoubt(f"{place} took the message but did not confirm it: {why}", hint="look in its log")
        return NotSent(f"{place}: {why}", hint="is notices.smtp in irtool.yaml right?")


def _xclient(ip: str) -> str:
    """The XCLIENT attribute of an address. Raises Rejected if it is none."""
    try:
        found = ipaddress.ip_address(ip)
    except ValueError:
        raise Rejected(f'"{clean.terminal(ip)}" is not an IP address that can be asked about') from None
    return f"ADDR={'IPV6:' if found.version == 6 else ''}{found}"


def _dotted(body: bytes) -> bytes:
    """The text as DATA takes it: CRLF, leading dots doubled, the final dot."""
    text = body.replace(b"\r\n", b"\n").replace(b"\r", b"\n").removesuffix(b"\n").replace(b"\n", b"\r\n")
    doubled = text.replace(b"\r\n.", b"\r\n..")
    return (b"." if doubled.startswith(b".") else b"") + doubled + b"\r\n.\r\n"


def _xtext(name: str) -> str:
    """RFC 3461 §4: `+` and `=` and what is not printable as hexadecimal."""
    return "".join(c if "!" <= c <= "~" and c not in "+=" else f"+{ord(c):02X}" for c in name)

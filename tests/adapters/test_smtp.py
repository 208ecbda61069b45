"""Mail over SMTP against real servers on loopback, and the outbox folder."""

from __future__ import annotations

import base64
import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email import message_from_bytes, message_from_string
from email.message import EmailMessage
from email.policy import SMTP, default
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from irtool.adapters.smtp import SmtpSender, route
from irtool.adapters.smtp.client import MAX_READ
from irtool.errors import ConfigError, InDoubt, NotSent, Rejected
from irtool.records import Call
from irtool.tell.mail import Part, address, compose

SUBJECT = "Messaggi inviati a nome di società.example – è già successo"


def call(to: str = "admin@customer.example", text: str = "Buongiorno.\n.\n..due punti\nperò") -> Call:
    """A message with a subject that is not ASCII."""
    message = EmailMessage(policy=SMTP.clone(cte_type="7bit"))
    message["From"] = "Security <security@gateway.example>"
    message["To"] = to
    message["Subject"] = SUBJECT
    message.set_content(text, charset="utf-8", cte="quoted-printable")
    return Call("mail", "SEND", to, transport="smtp", body=message.as_bytes().decode("ascii"), changes=True)


class Sink:
    """Keeps what arrives; refuses recipients by their local part."""

    def __init__(self) -> None:
        self.got: list[Any] = []

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        if address.startswith("full"):
            return "452 4.2.2 mailbox full"
        if address.startswith("gone"):
            return "550 5.1.1 no such user \x1b[2J"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if b"SPAMMY" in envelope.content:
            return "554 5.7.1 looks like spam"
        self.got.append(envelope)
        return "250 2.0.0 queued as 42"


@pytest.fixture
def sink() -> Iterator[SimpleNamespace]:
    """An SMTP server on a free port."""
    with running() as it:
        yield it


@contextlib.contextmanager
def running(**options: Any) -> Iterator[SimpleNamespace]:
    handler = Sink()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    controller = Controller(handler, hostname="127.0.0.1", port=port, **options)
    controller.start()
    try:
        yield SimpleNamespace(url=f"smtp://127.0.0.1:{port}", got=handler.got, port=port)
    finally:
        controller.stop()


@contextlib.contextmanager
def scripted(behave: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that answers one connection as `behave` says."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)

        def serve() -> None:
            with contextlib.suppress(OSError):
                connection, _ = server.accept()
                connection.settimeout(10)
                with connection, contextlib.suppress(OSError):
                    behave(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"smtp://127.0.0.1:{server.getsockname()[1]}"
        finally:
            thread.join()


def talk(connection: socket.socket, upto: bytes) -> None:
    """Be polite until the client has sent `upto`."""
    connection.sendall(b"220 hello\r\n")
    while data := connection.recv(65536):
        if upto.upper() in data.upper():
            return
        connection.sendall(b"354 go\r\n" if data.upper().startswith(b"DATA") else b"250 ok\r\n")


def test_arrives_byte_for_byte_and_readable(sink: SimpleNamespace) -> None:
    """The sink has exactly the bytes that were handed over, dots and all, and the subject decodes."""
    one = call()
    reply = SmtpSender(sink.url, envelope_from="bounces@gateway.example").send(one)
    assert (reply.status, reply.body) == (250, "2.0.0 queued as 42")
    (envelope,) = sink.got
    assert envelope.content == (one.body or "").encode()
    assert envelope.mail_from == "bounces@gateway.example"
    assert envelope.rcpt_tos == ["admin@customer.example"]
    read = message_from_bytes(envelope.content, policy=default)
    assert read["Subject"] == SUBJECT
    assert read.get_content().splitlines() == ["Buongiorno.", ".", "..due punti", "però"]


def test_null_envelope_sender(sink: SimpleNamespace) -> None:
    """Notices may go out with the null sender."""
    SmtpSender(sink.url).send(call())
    assert sink.got[0].mail_from == "<>"


@pytest.mark.parametrize(
    ("to", "code", "later"), [("full@customer.example", 452, True), ("gone@customer.example", 550, False)]
)
def test_refused_recipient(sink: SimpleNamespace, to: str, code: int, later: bool) -> None:
    """A refusal carries the code; what the server said is harmless."""
    with pytest.raises(Rejected) as caught:
        SmtpSender(sink.url).send(call(to))
    assert caught.value.status == code
    assert ("later" in caught.value.message) is later
    assert to in caught.value.message
    assert "\x1b" not in caught.value.message
    assert sink.got == []


def test_refused_text(sink: SimpleNamespace) -> None:
    """A no after the text is a no, not a doubt."""
    with pytest.raises(Rejected) as caught:
        SmtpSender(sink.url).send(call(text="SPAMMY"))
    assert caught.value.status == 554


def test_sender_goes_on_after_a_refusal(sink: SimpleNamespace) -> None:
    """One bad recipient does not stop the next."""
    sender = SmtpSender(sink.url)
    with pytest.raises(Rejected):
        sender.send(call("gone@customer.example"))
    sender.send(call())
    sender.close()
    assert len(sink.got) == 1


def test_nobody_listens() -> None:
    """Connection refused: certainly not sent."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"smtp://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(NotSent, match="Connection refused"):
            SmtpSender(url).send(call())


@pytest.mark.parametrize("upto", [b"mail FROM", b"rcpt TO", b"data"])
def test_dies_before_the_text(upto: bytes) -> None:
    """Gone before DATA was accepted: not sent."""
    with scripted(lambda c: talk(c, upto)) as url, pytest.raises(NotSent, match="closed"):
        SmtpSender(url).send(call())


def test_dies_after_the_text() -> None:
    """Gone after the final dot: nobody knows."""
    with scripted(lambda c: talk(c, b"\r\n.\r\n")) as url, pytest.raises(InDoubt, match="did not confirm"):
        SmtpSender(url).send(call())


def test_silent_after_the_text() -> None:
    """No answer until the deadline: nobody knows either."""

    def mute(connection: socket.socket) -> None:
        talk(connection, b"\r\n.\r\n")
        connection.recv(1)

    start = time.monotonic()
    with scripted(mute) as url, pytest.raises(InDoubt):
        SmtpSender(url, deadline=0.6).send(call())
    assert time.monotonic() - start < 5


def test_one_deadline_for_a_server_that_drips() -> None:
    """A byte now and then does not keep the conversation alive."""

    def drip(connection: socket.socket) -> None:
        for _ in range(100):
            connection.sendall(b"2")
            time.sleep(0.05)

    start = time.monotonic()
    with scripted(drip) as url, pytest.raises(NotSent):
        SmtpSender(url, deadline=0.5).send(call())
    assert time.monotonic() - start < 8


def test_answer_without_end() -> None:
    """A server that never stops talking is cut off."""
    sent = 0

    def endless(connection: socket.socket) -> None:
        nonlocal sent
        while sent < 100 * MAX_READ:
            sent += connection.send(b"220-more\r\n" * 100)

    with scripted(endless) as url, pytest.raises(NotSent):
        SmtpSender(url, deadline=20).send(call())
    assert sent < 60 * MAX_READ


def test_garbage_answer() -> None:
    """Not SMTP at all: not sent."""

    def web(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with scripted(web) as url, pytest.raises(NotSent):
        SmtpSender(url).send(call())


def test_garbage_after_the_text() -> None:
    """An answer that is none, after the text, is a doubt."""

    def garble(connection: socket.socket) -> None:
        talk(connection, b"\r\n.\r\n")
        connection.sendall(b"???\r\n")

    with scripted(garble) as url, pytest.raises(InDoubt):
        SmtpSender(url).send(call())


def test_user_and_password() -> None:
    """A wrong password is refused with the server's code; the right one sends."""

    def check(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        return AuthResult(success=data.password == b"right", handled=False)

    with running(authenticator=check, auth_require_tls=False) as server:
        with pytest.raises(Rejected) as caught:
            SmtpSender(server.url, user="me", password="wrong").send(call())
        assert caught.value.status == 535
        assert "wrong" not in caught.value.message
        SmtpSender(server.url, user="me", password="right").send(call())
        assert len(server.got) == 1


@pytest.mark.parametrize("where", ["AUTH", "MAIL", "DATA", "text"])
def test_a_server_that_says_the_password_back(where: str) -> None:
    """In a 535, or in any later no: as it is, and as the base64 in which it came."""
    password, heard = "hunter2-hunter2", bytearray()

    def parrot(connection: socket.socket) -> None:
        connection.sendall(b"220 hello\r\n")
        while data := connection.recv(65536):
            heard.extend(data)
            verb = b"text" if data.endswith(b"\r\n.\r\n") else data.split()[0].upper()
            if verb == b"EHLO":
                connection.sendall(b"250-hello\r\n250 AUTH PLAIN\r\n")
            elif verb == where.encode():
                packed = bytes(heard).partition(b"AUTH PLAIN ")[2].split(b"\r\n")[0]
                connection.sendall(b"535 5.7.8 no: " + packed + b" is " + password.encode() + b"\r\n")
            else:
                connection.sendall(b"354 go on\r\n" if verb == b"DATA" else b"235 2.7.0 yes\r\n" if verb == b"AUTH"
                                   else b"250 2.0.0 yes\r\n")  # fmt: skip

    with scripted(parrot) as url, pytest.raises(Rejected, match=r"535 5\.7\.8 no: \*\*\*=* is \*\*\*") as caught:
        SmtpSender(url, user="robot", password=password, deadline=5).send(call())
    assert password not in repr(caught.value)
    assert base64.b64encode(f"\0robot\0{password}".encode()).decode()[:20] not in caught.value.message


def test_starttls_is_insisted_on(sink: SimpleNamespace) -> None:
    """A server without STARTTLS gets nothing if it was asked for."""
    with pytest.raises(NotSent, match="STARTTLS"):
        SmtpSender(f"{sink.url}?starttls").send(call())
    assert sink.got == []


@pytest.mark.parametrize(
    "to", ["a@b.example\r\nRCPT TO:<c@d.example>", "<a@b.example>", "no-at", "è@b.example", "a b@c.example"]
)
def test_recipient_cannot_carry_a_command(sink: SimpleNamespace, to: str) -> None:
    """Line breaks, brackets and blanks never reach the server."""
    with pytest.raises(NotSent, match="not an address"):
        SmtpSender(sink.url).send(Call("mail", "SEND", to, transport="smtp", body="Subject: x\r\n\r\nx\r\n"))
    assert sink.got == []


@pytest.mark.parametrize("body", [None, "", "Subject: però\r\n\r\n"])
def test_body_must_be_a_7bit_message(sink: SimpleNamespace, body: str | None) -> None:
    """Anything else is not sent."""
    with pytest.raises(NotSent, match="7-bit"):
        SmtpSender(sink.url).send(Call("mail", "SEND", "a@b.example", transport="smtp", body=body))


def test_outbox(tmp_path: Path) -> None:
    """Each message is a file; the same message is the same file; no path in an address leads out."""
    sender = SmtpSender(f"outbox:{tmp_path / 'out'}")
    reply = sender.send(call())
    sender.send(call())
    sender.send(call(text="another"))
    sender.send(call("../../etc/passwd@x.example"))
    files = sorted(p.name for p in (tmp_path / "out").iterdir())
    assert len(files) == 3
    assert [f.split("-")[0] for f in files].count("admin@customer.example") == 2
    assert all(f.endswith(".eml") and "/" not in f for f in files)
    assert reply.status == 250
    saved = (tmp_path / "out" / Path(reply.body.split()[-1]).name).read_bytes()
    assert saved == (call().body or "").encode()
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_outbox_that_cannot_be_written(tmp_path: Path) -> None:
    """A file where the folder should be."""
    (tmp_path / "out").write_text("")
    with pytest.raises(NotSent, match="cannot write"):
        SmtpSender(f"outbox:{tmp_path / 'out'}").send(call())


@pytest.mark.parametrize(
    "url", ["", "http://x", "smtp://", "smtp://h:99999", "smtp://h/path", "smtp://h?tls", "outbox:", "smtp://u:p@h:25"]
)
def test_bad_urls(url: str) -> None:
    """Refused before anything is sent."""
    with pytest.raises(ConfigError) as caught:
        SmtpSender(url)
    assert caught.value.hint


def test_routes() -> None:
    """Ports and TLS follow from the scheme."""
    assert (route("smtp://h").port, route("smtps://h").port, route("smtp://h:2525").port) == (25, 465, 2525)
    assert (route("smtps://h").tls, route("smtp://h").tls, route("smtp://h?starttls").starttls) == (True, False, True)
    assert route("smtp://[::1]:25").host == "::1"


def test_no_password_in_the_clear() -> None:
    """Only this machine may be logged in to without TLS, and the password is not in the repr."""
    with pytest.raises(ConfigError, match="clear"):
        SmtpSender("smtp://mail.example:587", user="me", password="secret")
    assert "secret" not in repr(SmtpSender("smtp://mail.example:587?starttls", user="me", password="secret"))


def test_ping_greets_and_sends_nothing(sink: Any, tmp_path: Path) -> None:
    """What `irtool doctor` asks: the server answers, and no message arrives."""
    ping = Call("mail", "PING", "", transport="smtp")
    assert SmtpSender(sink.url).send(ping).status == 250
    assert sink.got == []
    assert SmtpSender(f"outbox:{tmp_path / 'out'}").send(ping).body == f"messages are written to {tmp_path / 'out'}"
    with pytest.raises(NotSent):
        SmtpSender("smtp://127.0.0.1:9").send(ping)


def letter(to: str = "admin@customer.example", subject: str = "ciao") -> Call:
    """A message as the desk composes it."""
    body = compose(
        sender=address("Security <security@gateway.example>", what="sender"),
        to=address(to, "Società", what="recipient"),
        subject=subject,
        date=datetime(2026, 11, 22, tzinfo=UTC),
        identity="<irtool.INC-2026-0001.0123456789abcdef01234567@gateway.example>",
        parts=(Part("text/plain", "però"),),
    )
    recipient = address(to, what="recipient").addr_spec
    return Call("mail", "SEND", recipient, transport="smtp", body=body, changes=True)


def test_bounces_can_be_told_apart_by_their_address(sink: SimpleNamespace) -> None:
    """`{id}` in the envelope sender is the left side of the Message-ID."""
    SmtpSender(sink.url, envelope_from="bounces+{id}@gateway.example").send(letter())
    assert sink.got[0].mail_from == "bounces+irtool.INC-2026-0001.0123456789abcdef01234567@gateway.example"


def test_an_address_in_other_letters(sink: SimpleNamespace) -> None:
    """SMTPUTF8 for the user part, the DNS's own spelling for the domain; the headers are UTF-8, and decode."""
    one = letter("però@società.example", subject="è così")
    SmtpSender(sink.url).send(one)
    (envelope,) = sink.got
    assert envelope.rcpt_tos == ["però@xn--societ-nta.example"]
    assert envelope.smtp_utf8
    read = message_from_string(envelope.content.decode(), policy=default)
    assert (read["To"].addresses[0].addr_spec, read["Subject"]) == ("però@xn--societ-nta.example", "è così")
    plain = letter("pero@società.example")
    assert (plain.body or "").isascii()


def test_an_address_that_this_server_cannot_take() -> None:
    """A server without SMTPUTF8 is not asked: the customer has to give another address."""
    with running(enable_SMTPUTF8=False) as plain:
        with pytest.raises(Rejected, match="no addresses in letters beyond ASCII") as caught:
            SmtpSender(plain.url).send(letter("però@customer.example"))
        assert caught.value.status == 553
        assert plain.got == []


def test_reports_are_asked_for_where_the_server_offers_them() -> None:
    """RFC 3461: delays too, with the message's name, and only the headers back."""
    heard: list[bytes] = []

    def behave(connection: socket.socket) -> None:
        connection.sendall(b"220 hello\r\n")
        in_text = False
        while data := connection.recv(65536):
            heard.append(data)
            if in_text:
                in_text = not data.endswith(b"\r\n.\r\n")
                answer = b"250 ok\r\n" if not in_text else b""
            elif data.upper().startswith(b"EHLO"):
                answer = b"250-here\r\n250 DSN\r\n"
            elif data.upper().startswith(b"DATA"):
                in_text, answer = True, b"354 go\r\n"
            else:
                answer = b"250 ok\r\n"
            connection.sendall(answer)

    with scripted(behave) as url:
        SmtpSender(url, envelope_from="b@gateway.example").send(letter())
    said = b"".join(heard)
    assert b"mail FROM:<b@gateway.example> RET=HDRS ENVID=irtool.INC-2026-0001.0123456789abcdef01234567\r\n" in said
    assert b"rcpt TO:<admin@customer.example> NOTIFY=FAILURE,DELAY\r\n" in said


def test_what_leaves_is_signed(sink: SimpleNamespace, tmp_path: Path) -> None:
    """On the wire and in the outbox; a key that cannot sign is a message that was certainly not sent."""
    one = letter()

    def sign(message: bytes) -> bytes:
        return b"X-Signed: yes\r\n" + message

    SmtpSender(sink.url, sign=sign).send(one)
    SmtpSender(f"outbox:{tmp_path}", sign=sign).send(one)
    (written,) = tmp_path.glob("*.eml")
    assert sink.got[0].content == written.read_bytes() == b"X-Signed: yes\r\n" + (one.body or "").encode()

    def broken(message: bytes) -> bytes:
        raise ConfigError("no key")

    with pytest.raises(NotSent, match="no key"):
        SmtpSender(sink.url, sign=broken).send(one)
    assert len(sink.got) == 1

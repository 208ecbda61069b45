"""An SMTP server that keeps what it gets and refuses whom it is told to refuse."""

from __future__ import annotations

import email
import email.policy
from dataclasses import dataclass, field
from email.message import EmailMessage

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from .machine import HOST, free_port, wait_until


@dataclass(frozen=True)
class Received:
    """One message as it arrived: the envelope, and the bytes after DATA."""

    mail_from: str
    recipients: tuple[str, ...]
    content: bytes

    @property
    def message(self) -> EmailMessage:
        """The content parsed."""
        return email.message_from_bytes(self.content, policy=email.policy.default)


@dataclass
class Sink:
    """`messages` are the accepted ones; `refuse` maps a recipient to its reply, e.g. "550 5.1.1 no such user"."""

    messages: list[Received] = field(default_factory=list)
    refuse: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    _controller: Controller | None = None

    @property
    def url(self) -> str:
        """As the notices setting of a configuration wants it."""
        return f"smtp://{HOST}:{self.port}"

    def start(self) -> None:
        """Starts listening in a thread."""
        self._controller = Controller(self, hostname=HOST, port=self.port)
        self._controller.start()

    def stop(self) -> None:
        """Stops listening."""
        if self._controller:
            self._controller.stop()

    def reset(self) -> None:
        """Forgets every message and refusal."""
        self.messages.clear()
        self.refuse.clear()

    def to(self, recipient: str) -> list[Received]:
        """The messages for one recipient."""
        return [each for each in self.messages if recipient in each.recipients]

    def wait_for(self, recipient: str, count: int = 1) -> list[Received]:
        """The messages for one recipient, once there are `count`: a relay delivers in the background."""
        wait_until(lambda: len(self.to(recipient)) >= count, f"{count} message(s) for {recipient} did not arrive")
        return self.to(recipient)

    async def handle_RCPT(  # noqa: N802  aiosmtpd names its hooks after SMTP commands
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Refuses whom `refuse` names."""
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keeps the message."""
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        sender = (envelope.mail_from or "").replace("<>", "")  # aiosmtpd writes the null sender so
        self.messages.append(Received(sender, tuple(envelope.rcpt_tos), content))
        return "250 2.0.0 kept"

"""Submits mail as a customer's mail program does, and says what the server answered."""

from __future__ import annotations

import smtplib
from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from itertools import chain

from .machine import HOST

Reply = tuple[int, bytes]


@dataclass(frozen=True)
class Mail:
    """A submission port and the passwords of its users."""

    port: int
    passwords: dict[str, str]

    def submit(
        self,
        user: str,
        mail_from: str,
        rcpts: Sequence[str],
        *,
        header_from: str | None = None,
        sender: str | None = None,
        subject: str = "Your invoice",
        xclient_addr: str | None = None,
        password: str | None = None,
    ) -> tuple[int, str]:
        """The reply (code, text) that decided: 250, or the first refusal of login, sender, recipient or message.

        `mail_from` "" is the null sender; `header_from` defaults to it; `xclient_addr` is the client the server sees.
        """
        message = EmailMessage()
        message["From"] = header_from or mail_from or f"{user}@gateway.example.com"
        message["To"] = ", ".join(rcpts)
        if sender:
            message["Sender"] = sender
        message["Subject"] = subject
        message["Date"] = formatdate()
        message["Message-ID"] = make_msgid(domain="gateway.example.com")
        message.set_content("Please see https://example.net/ for details.\n")
        with smtplib.SMTP(HOST, self.port, timeout=30, local_hostname="client.example.com") as smtp:
            replies = self._dialogue(smtp, user, password, xclient_addr)
            replies = chain(replies, self._envelope(smtp, mail_from, rcpts), self._content(smtp, message))
            for reply in replies:
                code, text = reply
                if code >= 400:
                    break
        return code, text.decode()

    def _dialogue(self, smtp: smtplib.SMTP, user: str, password: str | None, client: str | None) -> Iterator[Reply]:
        yield smtp.ehlo()
        if client:
            yield smtp.docmd("XCLIENT", f"ADDR={client} NAME=[UNAVAILABLE]")
            yield smtp.ehlo()
        secret = self.passwords.get(user, "") if password is None else password
        yield smtp.docmd("AUTH", "PLAIN " + b64encode(f"\0{user}\0{secret}".encode()).decode())

    def _envelope(self, smtp: smtplib.SMTP, mail_from: str, rcpts: Sequence[str]) -> Iterator[Reply]:
        yield smtp.mail(mail_from)
        yield from (smtp.rcpt(each) for each in rcpts)

    def _content(self, smtp: smtplib.SMTP, message: EmailMessage) -> Iterator[Reply]:
        yield smtp.data(message.as_bytes())

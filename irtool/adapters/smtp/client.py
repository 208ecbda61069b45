"""smtplib (RFC 5321) on a socket that is already open, with one deadline for a session and a cap on what is read."""

from __future__ import annotations

import contextlib
import smtplib
import socket
import time
from io import BufferedReader, RawIOBase
from typing import Any

from irtool.redact import KNOWN
from irtool.tell import clean

MAX_READ = 256 * 1024
"""Bytes that a server may say in one session."""

TROUBLE = (OSError, UnicodeError, smtplib.SMTPException)
"""All that can go wrong on the way to a mail server and back."""


class Client(smtplib.SMTP):
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

    def __init__(self, sock: socket.socket, client: Client) -> None:
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


def said_safely(words: bytes | str) -> str:
    """The server's words, harmless, and without the password: some repeat what they were told."""
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return KNOWN.hide(clean.terminal(KNOWN.hide(text)))


def _own_name(sock: socket.socket) -> str:
    """What to say in EHLO: the full host name, or the address literal (RFC 5321 §4.1.3). Never asks the DNS."""
    name = socket.gethostname()
    if "." in name:
        return name
    address = str(sock.getsockname()[0])
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"


def hang_up(client: Client | None) -> None:
    """End the session in good manners, as far as it is one."""
    if client is None:
        return
    client.until = time.monotonic() + 2
    with contextlib.suppress(*TROUBLE):
        client.quit()
    client.close()

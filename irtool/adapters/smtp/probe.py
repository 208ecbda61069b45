"""Asking a mail server what it would do with a message (RFC 5321), without ever sending one."""

from __future__ import annotations

import base64
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field

from irtool.adapters.smtp import LOOPBACK, Conversation, route
from irtool.errors import Rejected
from irtool.records import Call, Reply
from irtool.tell import clean


@dataclass(frozen=True)
class ProbeServer:
    """Where a connector may ask: URLs by base, and the user that may log in for others at the `trusted` ones."""

    bases: Mapping[str, str]
    user: str = ""
    password: str = field(default="", repr=False)
    trusted: frozenset[str] = frozenset()


@dataclass
class ProbeSender:
    """Asks mail servers what they would do with a message, up to RCPT TO. There is no DATA in it: nothing is sent.

    The Reply has the code at which the session ended, and under `stage` where that was. `deadline` is for all of it.
    """

    servers: Mapping[str, ProbeServer]
    deadline: float = 60.0
    context: ssl.SSLContext | None = None

    def send(self, call: Call) -> Reply:
        """The server's answer, yes or no. Raises NotSent if it cannot be reached or asked, Rejected for a bad Call."""
        server = self.servers.get(call.connector, ProbeServer({}))
        to = route(server.bases.get(call.base, ""))
        said = dict(call.headers)
        login = said.get("Login-As", "")
        for address in (call.path, said.get("Mail-From", "")):
            if any(c in "<>\"'()," or ord(c) <= 32 or ord(c) >= 127 for c in address):
                raise Rejected(f'"{clean.terminal(address)}" is not an address that can be asked about')
        if login and (call.base not in server.trusted or not (to.tls or to.starttls or to.host in LOOPBACK)):
            raise Rejected(f"{call.connector}: a password would travel in the clear, or to a base without auth: true")
        talk = Conversation(to, self.deadline, self.context or ssl.create_default_context())
        return talk.probe(call.path, said, _plain(login, server) if login else "")

    def close(self) -> None:
        """Nothing is kept open."""


def _plain(login: str, server: ProbeServer) -> str:
    """RFC 4616: who to act as, who asks, and the proof."""
    return base64.b64encode(f"{login}\0{server.user}\0{server.password}".encode()).decode()

"""Connectors that are always there: `mail` sends notices, `desk` writes notes and bulletins."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from email import message_from_string, policy

from irtool.errors import InDoubt, PlaybookError, Rejected
from irtool.ports import Connector, Exchange
from irtool.records import Call, Json, Look, Reply, Traits

Render = Callable[[str, str, Mapping[str, Json]], str]
"""(verb, target, params) -> the text: a whole message (RFC 5322, CRLF) for mail, the bulletin for desk."""


class _Local:
    """What both share: nothing can be looked up, so a look yields no call."""

    name = ""
    VERBS: frozenset[str] = frozenset()
    STATES: Mapping[str, tuple[str, str]] = {}

    def __init__(self, render: Render) -> None:
        self._render = render

    def verbs(self) -> frozenset[str]:
        """The verbs it can do."""
        return self.VERBS

    def look(self, verb: str, target: str, params: Mapping[str, Json]) -> Exchange[Look]:
        """Not done, as far as anybody can tell: the journal knows better. Yields no call."""
        del target, params
        return _nothing_to_ask(Look(self._states(verb)[0]))

    def verify(self, verb: str, target: str, params: Mapping[str, Json]) -> Exchange[Look]:
        """Nothing more can be seen than that it was accepted. Yields no call."""
        del target, params
        return _nothing_to_ask(Look(self._states(verb)[1]))

    def _states(self, verb: str) -> tuple[str, str]:
        if verb not in self.VERBS:
            raise PlaybookError(f"connector {self.name!r} cannot {verb}")
        return self.STATES[verb]


def _nothing_to_ask(look: Look) -> Exchange[Look]:
    yield from ()
    return look


class Mail(_Local):
    """Sends one message to one recipient: the one address in the To of the rendered message."""

    name = "mail"
    VERBS = frozenset({"notice.send", "abuse.report"})
    STATES: Mapping[str, tuple[str, str]] = dict.fromkeys(VERBS, ("unsent", "sent"))

    def traits(self, verb: str) -> Traits:
        """Nobody can tell whether a message in doubt arrived: a person is asked. A notice is undone by a correction."""
        return Traits(in_doubt="ask", concurrency=2, undoable=verb == "notice.send")

    def change(self, verb: str, target: str, params: Mapping[str, Json], seen: Look, key: str) -> Exchange[Json]:
        """Send it. Raises Rejected if there is no address to send it to or the server refuses it."""
        del seen
        self._states(verb)
        message = self._render(verb, target, params)
        return (yield from self._send(message, target, key))

    def undo(self, verb: str, target: str, params: Mapping[str, Json], before: Look, key: str) -> Exchange[Json]:
        """Send a correction: the message of the template "correction". A report cannot be taken back."""
        del before
        if verb != "notice.send":
            raise Rejected(f"{verb} cannot be undone: the message is sent")
        message = self._render(verb, target, {**params, "template": "correction"})
        return (yield from self._send(message, target, key))

    def ping(self) -> Exchange[str]:
        """Greets the mail server."""
        reply = yield Call(self.name, "PING", "", transport="smtp")
        _expect_250(self.name, reply)
        return reply.body or "SMTP"

    def _send(self, message: str, target: str, key: str) -> Exchange[Json]:
        recipient = recipient_of(message, target)
        call = Call(self.name, "SEND", recipient, transport="smtp", body=message, changes=True, key=key)
        reply = yield call
        _expect_250(self.name, reply)
        return {"recipient": recipient, "status": reply.status, "said": reply.body[:200]}


class Desk(_Local):
    """Writes what the desk itself keeps: notes (the journal is where they are), and bulletins as files."""

    name = "desk"
    VERBS = frozenset({"note.add", "bulletin.write"})
    STATES: Mapping[str, tuple[str, str]] = dict.fromkeys(VERBS, ("unwritten", "written"))

    def traits(self, verb: str) -> Traits:
        """Writing the same again is harmless."""
        self._states(verb)
        return Traits(in_doubt="resend", concurrency=1, undoable=False)

    def change(self, verb: str, target: str, params: Mapping[str, Json], seen: Look, key: str) -> Exchange[Json]:
        """Write it. A note needs no call: what is returned here is what the journal keeps."""
        del seen
        self._states(verb)
        if verb == "note.add":
            return {"text": str(params.get("text", ""))}
        text = self._render(verb, target, params)
        name = str(params.get("file") or "bulletin.md")
        reply = yield Call(self.name, "WRITE", name, transport="file", body=text, changes=True, key=key)
        if reply.status != 0:
            raise InDoubt(f"the file {name} may not have been written")
        return {"file": name, "characters": len(text)}

    def undo(self, verb: str, target: str, params: Mapping[str, Json], before: Look, key: str) -> Exchange[Json]:
        """What is published or noted is not taken back. Raises Rejected."""
        del target, params, before, key
        yield from ()
        raise Rejected(f"{verb} cannot be undone")

    def ping(self) -> Exchange[str]:
        """Always there."""
        yield from ()
        return "this machine"


def local(render: Render) -> dict[str, Connector]:
    """The connectors that need no configuration, by name."""
    mail, desk = Mail(render), Desk(render)
    return {mail.name: mail, desk.name: desk}


def recipient_of(message: str, target: str) -> str:
    """The one address in the To header. Raises Rejected if there is none or more than one."""
    to = message_from_string(message, policy=policy.default)["To"]
    addresses = [a.addr_spec for a in to.addresses] if to is not None else []
    if len(addresses) != 1 or "@" not in addresses[0]:
        raise Rejected(
            f"there is no one address to write to for {target!r}", hint="Look at its contact in the directory."
        )
    return str(addresses[0])


def _expect_250(name: str, reply: Reply) -> None:
    if not 200 <= reply.status < 300:
        raise Rejected(f"{name}: the mail server said {reply.status} {reply.body[:200]}", status=reply.status)

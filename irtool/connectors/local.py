"""Connectors that are always there: `mail` sends notices, `desk` writes notes and bulletins."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email import message_from_string, policy

from irtool.errors import CallError, InDoubt, PlaybookError, Rejected, StepFailed
from irtool.ports import Connector, Exchange
from irtool.records import REHEARSED, Call, Json, Look, Reply, Traits

Render = Callable[[str, str, Mapping[str, Json]], str]
"""(verb, target, params) -> the text: a whole message (RFC 5322, CRLF) for mail, the bulletin for desk."""

BOUND = "text_sha256"
"""The parameter that binds a yes to the very text: what a look finds here becomes part of the planned change."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A message as it stands now, before anything is sent. `digest` covers all that a yes to it is a yes to.

    `told` says when and how the ledger knows the same to have been sent, "" if it does not; `open` is the change of
    which it is not known whether it was.
    """

    digest: str
    recipient: str
    message_id: str
    told: str = ""
    open: str = ""


Drafts = Callable[[str, str, Mapping[str, Json]], Draft]
"""(verb, target, params) -> the draft. Raises StepFailed if there is nobody to write to, UsageError if a template is
faulty."""


Ready = Callable[[str], None]
"""(verb) -> nothing. Raises IrtoolError if a template is missing or faulty that the verb or its undo writes with."""


def _always(verb: str) -> None:
    del verb


class _Local:
    """What both share: nothing can be looked up, so a look yields no call."""

    name = ""
    VERBS: frozenset[str] = frozenset()
    STATES: Mapping[str, tuple[str, str]] = {}

    def __init__(self, render: Render, through: str = "", ready: Ready = _always) -> None:
        self._render = render
        self._ready = ready
        self._through = through

    def verbs(self) -> frozenset[str]:
        """The verbs it can do."""
        return self.VERBS

    def identity(self, verb: str, target: str, params: Mapping[str, Json]) -> Mapping[str, Json]:
        """What carries the words: the mail server and the sender."""
        del verb, target, params
        return {"product": self.name, "through": self._through}

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
    """Sends one message to one recipient: the one address in the To of the rendered message.

    With `drafts` a look reads the ledger, so that nobody is told the same twice, and a change is bound to the text
    that was planned. `per_minute` is the most that leave in a minute, 0 for no limit.
    """

    name = "mail"
    VERBS = frozenset({"notice.send", "abuse.report"})
    STATES: Mapping[str, tuple[str, str]] = dict.fromkeys(VERBS, ("unsent", "sent"))

    def __init__(
        self,
        render: Render,
        drafts: Drafts | None = None,
        per_minute: float = 0.0,
        through: str = "",
        ready: Ready = _always,
    ) -> None:
        super().__init__(render, through, ready)
        self._drafts = drafts
        self._per_second = per_minute / 60

    def traits(self, verb: str) -> Traits:
        """Nobody can tell whether a message in doubt arrived: a person is asked. A notice is undone by a correction."""
        return Traits(in_doubt="ask", concurrency=2, per_second=self._per_second, undoable=verb == "notice.send")

    def look(self, verb: str, target: str, params: Mapping[str, Json]) -> Exchange[Look]:
        """Whether the ledger knows it to be sent, and what exactly would be. Yields no call."""
        unsent, sent = self._states(verb)
        draft = self._draft(verb, target, params)
        yield from ()
        if draft is None:
            return Look(unsent)
        if draft.told:
            return Look(sent, detail=draft.told)
        self._same_text(draft, params)
        return Look(unsent, {BOUND: draft.digest, "recipient": draft.recipient, "message_id": draft.message_id})

    def change(self, verb: str, target: str, params: Mapping[str, Json], seen: Look, key: str) -> Exchange[Json]:
        """Send it. Raises Rejected if there is no address to send it to, the server refuses it, or the text is not the
        one that was planned."""
        self._states(verb)
        if seen.data.get(BOUND) != params.get(BOUND, seen.data.get(BOUND)):
            raise Rejected(_OTHER_TEXT)
        message = self._written(verb, target, params)
        reply = yield from self._send(message, target, key)
        return reply

    def undo(self, verb: str, target: str, params: Mapping[str, Json], before: Look, key: str) -> Exchange[Json]:
        """Send a correction: the message of the template "correction". A report cannot be taken back."""
        del before
        if verb != "notice.send":
            raise Rejected(f"{verb} cannot be undone: the message is sent")
        message = self._written(verb, target, {**params, "template": "correction", "corrects": params.get("template")})
        return (yield from self._send(message, target, key))

    def able(self, verb: str) -> Exchange[str]:
        """The templates are there, and the mail server greets us and takes our password. Raises Rejected if not."""
        self._states(verb)
        self._ready(verb)
        try:
            yield from self.ping()
        except Rejected as error:
            if 400 <= error.status < 500:  # RFC 5321 §4.2.1: later it may be another answer
                raise CallError(error.message, hint=error.hint) from None
            raise Rejected(error.message, hint=error.hint or "Look at notices: in irtool.yaml.") from None
        return "whom the mail server takes mail for shows only when it is sent"

    def ping(self) -> Exchange[str]:
        """Greets the mail server."""
        reply = yield Call(self.name, "PING", "", transport="smtp")
        _expect_250(self.name, reply)
        return reply.body or "SMTP"

    def _draft(self, verb: str, target: str, params: Mapping[str, Json]) -> Draft | None:
        if self._drafts is None:
            return None
        try:
            draft = self._drafts(verb, target, params)
        except StepFailed as error:
            raise Rejected(error.message, hint=error.hint) from None
        if draft.open:
            raise Rejected(
                f"it is not known whether this was sent already ({draft.open})",
                hint=f"irtool resume --settle {draft.open}=done",
            )
        return draft

    def _same_text(self, draft: Draft, params: Mapping[str, Json]) -> None:
        if params.get(BOUND, draft.digest) != draft.digest:
            raise Rejected(_OTHER_TEXT)

    def _written(self, verb: str, target: str, params: Mapping[str, Json]) -> str:
        try:
            return self._render(verb, target, params)
        except StepFailed as error:
            raise Rejected(error.message, hint=error.hint) from None

    def _send(self, message: str, target: str, key: str) -> Exchange[Json]:
        recipient = recipient_of(message, target)
        call = Call(
            self.name,
            "SEND",
            recipient,
            transport="smtp",
            body=message,
            changes=True,
            key=key,
            varies=_words(message),
        )
        try:
            reply = yield call
        except Rejected as error:
            raise _refusal(error) from None
        if reply is REHEARSED:
            return None
        _expect_250(self.name, reply)
        result: dict[str, Json] = {"recipient": recipient, "status": reply.status, "said": reply.body[:200]}
        name = message_from_string(message.partition("\r\n\r\n")[0], policy=policy.compat32)["Message-ID"]
        return {**result, "message_id": str(name).strip()} if name else result


_OTHER_TEXT = "its text is not the one that was planned, to which the yes was given: plan again"


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
        reply = yield Call(self.name, "WRITE", name, transport="file", body=text, changes=True, key=key,
                           varies=_words(text))  # fmt: skip
        if reply.status != 0:
            raise InDoubt(f"the file {name} may not have been written")
        return {"file": name, "characters": len(text)}

    def undo(self, verb: str, target: str, params: Mapping[str, Json], before: Look, key: str) -> Exchange[Json]:
        """What is published or noted is not taken back. Raises Rejected."""
        del target, params, before, key
        yield from ()
        raise Rejected(f"{verb} cannot be undone")

    def able(self, verb: str) -> Exchange[str]:
        """A note is always possible; a bulletin if its template is there and the folder can be written to."""
        self._states(verb)
        if verb == "bulletin.write":
            self._ready(verb)
            yield Call(self.name, "PING", "", transport="file")
        return ""

    def ping(self) -> Exchange[str]:
        """Always there."""
        yield from ()
        return "this machine"


def local(
    render: Render,
    drafts: Drafts | None = None,
    per_minute: float = 0.0,
    through: str = "",
    ready: Ready = _always,
) -> dict[str, Connector]:
    """The connectors that need no configuration, by name. `through` is how mail leaves and from whom."""
    mail, desk = Mail(render, drafts, per_minute, through, ready), Desk(render, ready=ready)
    return {mail.name: mail, desk.name: desk}


def _words(text: str) -> tuple[tuple[str, str], ...]:
    """The text is written when it is sent, from what was done by then: an approval is of the recipient and template."""
    return (("the text as it is then", text),)


def recipient_of(message: str, target: str) -> str:
    """The one address in the To header. Raises Rejected if there is none or more than one."""
    to = message_from_string(message.partition("\r\n\r\n")[0], policy=policy.default)["To"]
    addresses = [a.addr_spec for a in to.addresses] if to is not None else []
    if len(addresses) != 1 or "@" not in addresses[0]:
        raise Rejected(
            f"there is no one address to write to for {target!r}", hint="Look at its contact in the directory."
        )
    return str(addresses[0])


def _refusal(error: Rejected) -> Rejected:
    """The server's no, said so that the ledger knows whether asking again makes sense."""
    if not 400 <= error.status <= 599:
        return error
    when = "now" if error.status < 500 else "good"
    return Rejected(f"refused for {when}, {error.status}: {error.message}", status=error.status, hint=error.hint)


def _expect_250(name: str, reply: Reply) -> None:
    if 200 <= reply.status < 300:
        return
    raise _refusal(Rejected(f"{name}: the mail server said {reply.status} {reply.body[:200]}", status=reply.status))

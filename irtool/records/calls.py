"""Requests to the outside as data, and what came back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from irtool.records.json import Json


@dataclass(frozen=True, slots=True)
class Call:
    """One request to the outside, as data. Connectors make it, an adapter sends it, the journal keeps it.

    `transport`: http, command, smtp or smtp-probe. http: `method`, `path` (relative to the connector's base URL, query
    included), `headers` and `body`. command: `argv`, `body` is stdin. smtp: `path` is the recipient, `body` the whole
    message. smtp-probe: asks the server of `base` about the recipient `path`, sends nothing; `headers` are Mail-From,
    Client-IP (XCLIENT) and Login-As (SASL), each optional.
    Credentials are never in a Call: the sender adds them. `base` names another base URL of the connector ("" is the
    main one). `changes` is false for a call that only reads. `key` is the idempotency key of a changing call.

    An approval is bound to all of a changing call but what was looked up just before it: `merges` is the list of lines
    that the body rightly contains (what it adds and removes is bound), `varies` are values by name that may be others
    when it is sent, such as an ETag.
    """

    connector: str
    method: str
    path: str
    transport: str = "http"
    headers: tuple[tuple[str, str], ...] = ()
    body: str | None = None
    argv: tuple[str, ...] = ()
    base: str = ""
    changes: bool = False
    key: str | None = None
    merges: str | None = None
    varies: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to a Call, size-capped by the sender. `status` is the HTTP status, exit code or SMTP code;
    header names are in lower case."""

    status: int
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


REHEARSED = Reply(0)
"""This very object instead of an answer: the call was noted and not sent, and is to be taken for done."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a connector saw of one target: `state` in the verb's words, `data` what undo needs to restore it."""

    state: str
    data: Mapping[str, Json] = field(default_factory=dict)
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Traits:
    """How a connector's verb behaves.

    `in_doubt`: resend (idempotent, or the key is honoured), verify (look and believe it) or ask (a person). `lock`
    names the list that one writer at a time may change, "" if there is none. `concurrency` and `per_second` are the
    most the server takes (0 is no limit). `verifies` is true if `verify` sees the effect and not only the setting.
    """

    in_doubt: str = "ask"
    lock: str = ""
    concurrency: int = 8
    per_second: float = 0.0
    undoable: bool = True
    verifies: bool = False

"""The frozen records that go through the doors between rooms (design.md §3, rule 2).

Six cross doors: Complaint, Findings, Playbook, Plan, Call, Event; the others are their parts. Times are
timezone-aware and in UTC; JSON writes them as `2025-04-14T15:54:00Z`. Nothing here does any I/O.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar, Union

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
"""What JSON can hold. The values of `Entry.data`, of step parameters and of what expressions see."""

T = TypeVar("T")


# --- complaint ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Indicator:
    """Something that can be looked for or blocked, refanged and normalised, with the place it was found.

    `type` is one of: domain, ip, network, address, url, message_id, sha256. `source` is for people
    ("header From", "body line 12", "feedback-report Source-IP"). `confidence` is 0..1.
    """

    type: str
    value: str
    source: str
    confidence: float = 0.5


@dataclass(frozen=True, slots=True)
class Hop:
    """One Received header (RFC 5321 §4.4). `n` counts from the top (the newest) and starts with 1.

    `auth` is true for ESMTPA and its kin (RFC 3848). `time` is UTC, `time_raw` the text as written. `trusted` is
    true while the hop was written by a relay named in `trusted_relays`; below that it is the sender's word.
    """

    n: int
    helo: str | None = None
    rdns: str | None = None
    ip: str | None = None
    by: str | None = None
    with_: str | None = None
    auth: bool = False
    tls: bool = False
    id: str | None = None
    time: datetime | None = None
    time_raw: str | None = None
    trusted: bool = False


@dataclass(frozen=True, slots=True)
class Complaint:
    """What came in, taken apart. All text in it is hostile.

    `format` is one of: eml, arf, headers, text. `source` is the file name, or "-" for stdin. `envelope_from` is None
    if nothing tells it and "" for the null sender; `envelope_null` is None in the first case. `from_`, `sender` and
    `reply_to` are all candidate addresses in lower case, in order; `ambiguous_from` is true if From does not
    name exactly one. `recipients` are the envelope or header recipients of the abusive message. `received_at` is
    when the complaint itself was written (its Date, the ARF arrival date), None if it does not say.
    `signatures` is filled by triage.
    """

    source: str
    sha256: str
    size: int
    format: str
    message_id: str | None = None
    subject: str | None = None
    date: datetime | None = None
    received_at: datetime | None = None
    reporter: str | None = None
    envelope_from: str | None = None
    envelope_null: bool | None = None
    from_: tuple[str, ...] = ()
    ambiguous_from: bool = False
    sender: tuple[str, ...] = ()
    reply_to: tuple[str, ...] = ()
    recipients: tuple[str, ...] = ()
    x_mailer: str | None = None
    x_mimeole: str | None = None
    hops: tuple[Hop, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    indicators: tuple[Indicator, ...] = ()
    signatures: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()


# --- findings -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Counted:
    """A value found in the campaign. `messages` are campaign messages; `innocent` are messages outside the campaign
    in the same window that a block of this value would also hit (None if the log cannot tell)."""

    value: str
    messages: int = 0
    first_seen: datetime | None = None
    last_seen: datetime | None = None
    innocent: int | None = None


@dataclass(frozen=True, slots=True)
class AccountFinding:
    """An account that sent campaign messages. `confidence` is 0..1, `evidence` says why in one sentence."""

    id: str
    name: str | None = None
    plan: str | None = None
    status: str | None = None
    partner: str | None = None
    messages: int = 0
    first_seen: datetime | None = None
    last_seen: datetime | None = None
    confidence: float = 0.0
    evidence: str = ""
    innocent: int | None = None


@dataclass(frozen=True, slots=True)
class RelayFinding:
    """A relay the campaign came through, as the Received chain or the log names it. `ip` is what connected to `by`."""

    helo: str | None = None
    ip: str | None = None
    by: str | None = None
    messages: int = 0


@dataclass(frozen=True, slots=True)
class CustomerFinding:
    """A customer whose domain was impersonated. `contact` is the address notices go to, None if not on file."""

    id: str
    name: str = ""
    domain: str = ""
    locale: str = "en"
    contact: str | None = None
    messages: int = 0
    first_seen: datetime | None = None
    last_seen: datetime | None = None


@dataclass(frozen=True, slots=True)
class Findings:
    """The result of triage: what playbooks see as `findings` (shape: design.md §5).

    `sender_addresses` are the attackers' own and may be blocked; `spoofed_addresses` were forged and never are.
    `unanswered` lists the questions that could not be asked (no log, a missing column) in plain sentences.
    `rejected_rows` counts log rows that could not be read. `window` is the searched span.
    """

    messages: int = 0
    first_seen: datetime | None = None
    last_seen: datetime | None = None
    accounts: tuple[AccountFinding, ...] = ()
    source_ips: tuple[Counted, ...] = ()
    sender_addresses: tuple[Counted, ...] = ()
    spoofed_addresses: tuple[Counted, ...] = ()
    destination_domains: tuple[Counted, ...] = ()
    relays: tuple[RelayFinding, ...] = ()
    affected_customers: tuple[CustomerFinding, ...] = ()
    signatures: tuple[str, ...] = ()
    rejected_rows: int = 0
    log_rows: int = 0
    unanswered: tuple[str, ...] = ()


# --- playbook -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Verb:
    """One entry of the catalogue of what can be done (design.md §6), independent of any product.

    `kind`: look (reads, runs during plan), change (is looked up, done, verified, undone) or tell (sends words).
    `target` says what it is applied to: domain, ip, address, queue, account, rule, customer, relay, text, "".
    `states` is (state without it, state with it), e.g. ("absent", "blocked"). `undo` is the word for undoing it,
    "" if it cannot be undone. `danger`: mild, moderate or severe. `params` maps each allowed `with` key to its type
    (text, duration, address, any); those in `required` must be given.
    """

    name: str
    title: str
    kind: str
    target: str
    states: tuple[str, str] = ("", "")
    undo: str = ""
    danger: str = "moderate"
    params: Mapping[str, str] = field(default_factory=dict)
    required: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Input:
    """A value a playbook asks for. `type`: file, text, duration, number, flag."""

    name: str
    type: str
    required: bool = True
    default: Json = None
    about: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a playbook. `each` and `when` are bare expressions; strings in `with_` may hold `${{ }}`."""

    id: str
    title: str
    uses: str
    with_: Mapping[str, Json] = field(default_factory=dict)
    each: str | None = None
    when: str | None = None
    via: tuple[str, ...] = ()
    approval: str = "none"
    on_failure: str = "stop"


@dataclass(frozen=True, slots=True)
class Playbook:
    """A checked playbook. `text` is the file as read and `sha256` its hash: the run keeps this snapshot."""

    name: str
    title: str
    steps: tuple[Step, ...]
    text: str
    sha256: str
    about: str = ""
    owner: str = ""
    approvers: str | None = None
    inputs: tuple[Input, ...] = ()
    limits: Mapping[str, int] = field(default_factory=dict)
    path: str = ""


# --- calls ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Call:
    """One request to the outside, as data. Connectors make it, an adapter sends it, the journal keeps it.

    `transport`: http, command or smtp. http: `method`, `path` (relative to the connector's base URL, query included),
    `headers` and `body`. command: `argv`, `body` is stdin. smtp: `path` is the recipient, `body` the whole message.
    Credentials are never in a Call: the sender adds them. `base` names another base URL of the connector ("" is the
    main one). `changes` is false for a call that only reads. `key` is the idempotency key of a changing call.
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


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to a Call, size-capped by the sender. `status` is the HTTP status, exit code or SMTP code;
    header names are in lower case."""

    status: int
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


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


# --- plan -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Change:
    """One verb on one target through one connector.

    `item` is unique in its step and names the change everywhere (journal, `irtool approve --item`, `irtool undo`).
    `action`: do, already, skipped or refused; `reason` says why for all but do. `before` and `after` are states.
    `params` are the step's rendered `with`. `label` is for people and hostile. `collateral` is the count of innocent
    messages in the window that the change would have hit.
    """

    step: str
    item: str
    verb: str
    target: str
    connector: str
    action: str
    before: str = ""
    after: str = ""
    label: str = ""
    reason: str = ""
    params: Mapping[str, Json] = field(default_factory=dict)
    look: Mapping[str, Json] = field(default_factory=dict)
    expires_at: datetime | None = None
    messages: int | None = None
    collateral: int | None = None

    @property
    def id(self) -> str:
        """The name of the change in its run: `step/item`."""
        return f"{self.step}/{self.item}"


@dataclass(frozen=True, slots=True)
class PlanStep:
    """A step as planned: its approval after limits were applied (`approval_reason` says why if that raised it) and
    the hash over exactly its changes, to which an approval is bound."""

    id: str
    title: str
    uses: str
    approval: str
    on_failure: str
    hash: str
    changes: tuple[Change, ...] = ()
    approval_reason: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """The list of changes with the state each target has now and would have after. `hash` covers all of it."""

    playbook: str
    playbook_sha256: str
    hash: str
    made_at: datetime
    steps: tuple[PlanStep, ...]
    reads: int = 0

    @property
    def changes(self) -> tuple[Change, ...]:
        """All changes of all steps, in order."""
        return tuple(c for s in self.steps for c in s.changes)


# --- events ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Entry:
    """An event about to be written. `kind` is one of `history.KINDS`. `occurred_at` None means now; `offset` is the
    original UTC offset as written in the source ("+09:00"), "" if it was UTC. `source` says who says so: irtool,
    person, slack, complaint, log."""

    kind: str
    data: Mapping[str, Json] = field(default_factory=dict)
    step: str | None = None
    item: str | None = None
    actor: str | None = None
    source: str = "irtool"
    occurred_at: datetime | None = None
    offset: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of the journal. `seq` counts from 1 without gaps in an incident; `hash` covers every other field and
    `prev`, the hash of the event before."""

    incident: str
    seq: int
    kind: str
    data: Mapping[str, Json]
    step: str | None
    item: str | None
    actor: str | None
    source: str
    occurred_at: datetime
    offset: str
    recorded_at: datetime
    prev: str
    hash: str


@dataclass(frozen=True, slots=True)
class Chain:
    """What `Journal.verify` found. `fault` says what is wrong and at which event, "" if nothing is."""

    whole: bool
    events: int
    head: str
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """A person's answer to an approval request. `items` names the changes it is about, () for all of the step."""

    approved: bool
    person: str
    door: str
    reason: str = ""
    items: tuple[str, ...] = ()


# --- JSON -----------------------------------------------------------------------------------------------------------


def utc(moment: datetime) -> str:
    """`2025-04-14T15:54:00Z`; microseconds only if there are any."""
    text = moment.astimezone(UTC).isoformat()
    return text.replace("+00:00", "Z")


def to_json(value: object) -> Json:
    """A record (or a container of records) as plain JSON. Trailing underscores of field names fall away."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, datetime):
        return utc(value)
    if isinstance(value, Mapping):
        return {str(k): to_json(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [to_json(v) for v in value]
    if dataclasses.is_dataclass(value):
        return {f.name.rstrip("_"): to_json(getattr(value, f.name)) for f in dataclasses.fields(value)}
    raise TypeError(f"{type(value).__name__} has no JSON form")


def from_json(kind: type[T], data: Json) -> T:
    """The record of class `kind` that `to_json` wrote. Unknown keys are ignored, missing ones take their default.

    Raises ValueError or TypeError if the data do not have the record's shape.
    """
    if not isinstance(data, dict):
        raise TypeError(f"{kind.__name__}: expected an object, got {type(data).__name__}")
    hints = typing.get_type_hints(kind)
    values: dict[str, Any] = {}
    for spec in dataclasses.fields(kind):  # type: ignore[arg-type]  # T is a record class
        name = spec.name.rstrip("_")
        if name in data:
            values[spec.name] = _load(hints[spec.name], data[name])
    return kind(**values)


def _load(hint: Any, value: Json) -> Any:
    origin = typing.get_origin(hint)
    if origin in (Union, types.UnionType):
        options = [a for a in typing.get_args(hint) if a is not type(None)]
        return None if value is None else _load(options[0], value) if len(options) == 1 else value
    if hint is datetime:
        return datetime.fromisoformat(str(value))
    if origin is tuple:
        inner = typing.get_args(hint)
        rows = value if isinstance(value, list) else []
        if len(inner) == 2 and inner[1] is Ellipsis:
            return tuple(_load(inner[0], v) for v in rows)
        return tuple(_load(h, v) for h, v in zip(inner, rows, strict=True))
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return from_json(hint, value)
    return value

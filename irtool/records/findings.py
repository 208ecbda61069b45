"""What triage found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Counted:
    """A value found in the campaign. `messages` are campaign messages; `innocent` are messages outside the campaign
    in the same window that a block of this value would also hit (None if the log cannot tell). `confidence` is 0..1 (0
    if nothing was judged), `evidence` says why in one sentence."""

    value: str
    messages: int = 0
    first_seen: datetime | None = None
    last_seen: datetime | None = None
    innocent: int | None = None
    confidence: float = 0.0
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class AccountFinding:
    """An account that sent campaign messages. `confidence` is 0..1, `evidence` says why in one sentence, `created` is
    from the directory."""

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
    created: datetime | None = None


@dataclass(frozen=True, slots=True)
class RelayFinding:
    """A relay the campaign came through, as the Received chain or the log names it. `ip` is what connected to `by`."""

    helo: str | None = None
    ip: str | None = None
    by: str | None = None
    messages: int = 0


@dataclass(frozen=True, slots=True)
class Sample:
    """One message as evidence: `source` is "log", or the complaint it came with; `headers` are its telling headers in
    their order. No recipient can be told from it: of their addresses only the domain is left."""

    source: str
    time: datetime | None = None
    account: str | None = None
    source_ip: str | None = None
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class CustomerFinding:
    """A customer whose domain was impersonated. `contact` is the address notices go to, None if not on file.

    The rest is the evidence: the forged `addresses`, the accounts that sent (`sent_by`), where to (`destinations`, the
    largest), and sample messages.
    """

    id: str
    name: str = ""
    domain: str = ""
    locale: str = "en"
    contact: str | None = None
    messages: int = 0
    first_seen: datetime | None = None
    last_seen: datetime | None = None
    addresses: tuple[Counted, ...] = ()
    sent_by: tuple[Counted, ...] = ()
    destinations: tuple[Counted, ...] = ()
    samples: tuple[Sample, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """Complaints that belong to one campaign (their sources), what connects them, and how large it is in the log."""

    complaints: tuple[str, ...]
    reasons: tuple[str, ...] = ()
    messages: int = 0
    accounts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Bucket:
    """How many messages of the campaign were sent from `from_` until just before `to`."""

    from_: datetime
    to: datetime
    messages: int = 0


@dataclass(frozen=True, slots=True)
class Findings:
    """The result of triage: what playbooks see as `findings`.

    `sender_addresses` are the attackers' own and may be blocked; `spoofed_addresses` were forged and never are.
    `unanswered` lists the questions that could not be asked (no log, a missing column) in plain sentences.
    `rejected_rows` counts log rows that could not be read, `log_rows` those of the searched span. `from_log` is true
    if the figures were counted in the log, false if they only count what complaints show. `campaigns` are the groups
    of complaints that belong together: the findings are of the first, the others are separate. `volume` is the
    campaign over time, equal buckets without a gap, from the log; empty if the log does not tell.
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
    from_log: bool = False
    unanswered: tuple[str, ...] = ()
    campaigns: tuple[Group, ...] = ()
    volume: tuple[Bucket, ...] = ()


@dataclass(frozen=True, slots=True)
class Flow:
    """Mail that has to do with one target in the log: messages `before` it was blocked, and accepted `after`; `until`
    is the last moment that the log knows."""

    since: datetime
    before: int = 0
    after: int = 0
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class NewMail:
    """Mail of the campaign that was accepted after `since`. `values` are what of it no change is about yet ("account
    t9", "ip 192.0.2.9"). `error` says why the log could not be asked."""

    since: datetime
    messages: int = 0
    last_seen: datetime | None = None
    values: tuple[str, ...] = ()
    error: str = ""

"""What triage found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


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
    """The result of triage: what playbooks see as `findings`.

    `sender_addresses` are the attackers' own and may be blocked; `spoofed_addresses` were forged and never are.
    `unanswered` lists the questions that could not be asked (no log, a missing column) in plain sentences.
    `rejected_rows` counts log rows that could not be read, `log_rows` those of the searched span. `from_log` is true
    if the figures were counted in the log, false if they only count what complaints show.
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

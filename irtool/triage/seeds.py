"""What the complaints give to search by, and which of it is ours: the provider's or a customer's."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise

from irtool.intake.domains import domain_of, normalise_domain, u_label
from irtool.ports import Directory
from irtool.records import Complaint, Hop, Json

_INNER = tuple(
    ipaddress.ip_network(net)
    for net in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
        "192.168.0.0/16", "224.0.0.0/3", "::/127", "fc00::/7", "fe80::/10", "ff00::/8",
    )
)  # fmt: skip
_CERTAIN = 0.5
_NOT_ONE_MESSAGE = timedelta(days=1)
"""A hop this much later than the one that came after it: clocks are not that wrong, and mail does not arrive before."""


@dataclass(frozen=True, slots=True)
class Ownership:
    """Who owns a domain: the directory's answer, else "" (the provider itself) for the organisation's own domains."""

    directory: Directory | None
    own_domains: tuple[str, ...]
    _known: dict[str, str | None] = field(default_factory=dict, compare=False, repr=False)

    def owner(self, domain: str) -> str | None:
        """The owning account, "" for the provider if it has no account, None if nobody here."""
        if domain not in self._known:
            account = self.directory.owner(domain) if self.directory else None
            self._known[domain] = account if account is not None else "" if self.is_own(domain) else None
        return self._known[domain]

    def learn(self, owners: Iterable[tuple[str, str]]) -> None:
        """Take (domain, account) pairs as known, so that they need not be asked for one by one."""
        self._known.update(owners)

    def owner_of_address(self, address: str) -> str | None:
        """The owner of the address's domain, None if it has none."""
        domain = domain_of(address)
        return self.owner(domain) if domain else None

    def is_own(self, domain: str) -> bool:
        """Whether it is one of the organisation's domains or below one."""
        return any(domain == own or domain.endswith(f".{own}") for own in self.own_domains)

    def provider_accounts(self) -> frozenset[str]:
        """The accounts that are the provider itself."""
        return frozenset(a for own in self.own_domains if (a := self.owner(own)) is not None)


@dataclass(frozen=True, slots=True)
class Seeds:
    """The traits of all complaints together. `senders` are Sender and envelope, `addresses` those and From; `ips` are
    the first external hops. `since` is the start of the searched span; `envelope_null` is None if none tells."""

    since: datetime
    ids: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    senders: tuple[str, ...] = ()
    froms: tuple[str, ...] = ()
    recipient_domains: tuple[str, ...] = ()
    ips: tuple[str, ...] = ()
    envelope_null: bool | None = None

    @property
    def addresses(self) -> tuple[str, ...]:
        """Every sender-side address."""
        return _unique([*self.senders, *self.froms])


def seeds(complaints: Sequence[Complaint], ownership: Ownership, since: timedelta, now: datetime) -> Seeds:
    """Collect them. The span starts `since` before the oldest complaint (before `now` if none has a date)."""
    return Seeds(
        since=span_start(complaints, since, now),
        ids=_unique(one for c in complaints for one in _spellings(c.message_id)),
        subjects=_unique(c.subject for c in complaints if c.subject),
        senders=_unique(a for c in complaints for a in sender_side(c)),
        froms=_unique(a for c in complaints for a in from_side(c, ownership)),
        recipient_domains=_unique(d for c in complaints for a in c.recipients if (d := domain_of(a))),
        ips=_unique(ip for c in complaints for ip in source_ips(c, ownership)),
        envelope_null=_any(_null(c, ownership) for c in complaints),
    )


def span_start(complaints: Sequence[Complaint], since: timedelta, now: datetime) -> datetime:
    """The start of the span that is searched for these complaints."""
    written = [min(c.received_at or c.date or now, now) for c in complaints]
    return _before(min(written, default=now), since)


def from_side(complaint: Complaint, ownership: Ownership) -> tuple[str, ...]:
    """Every candidate From; for a complaint without headers the addresses of ours that it writes about."""
    if complaint.from_ or complaint.sender:
        return complaint.from_
    found = [i.value for i in complaint.indicators if i.type == "address" and i.confidence >= _CERTAIN]
    return _unique(address for address in found if ownership.owner_of_address(address) is not None)


def sender_side(complaint: Complaint) -> tuple[str, ...]:
    """Sender and envelope sender: what the sender's own account had to be allowed to use."""
    envelope = (complaint.envelope_from,) if complaint.envelope_from else ()
    return _unique([*complaint.sender, *envelope])


def source_ips(complaint: Complaint, ownership: Ownership) -> tuple[str, ...]:
    """Where the abusive message came from: the first external hop, or the IPs a complaint without hops writes about.

    A text that quotes single headers of several messages shows no chain: then each hop is a first one.
    """
    if complaint.format == "text" and _are_fragments(complaint.hops):
        strangers = [hop.ip for hop in complaint.hops if not ownership.is_own(hop.rdns or "")]
        return _unique(ip for ip in strangers if ip and is_public(ip))
    if complaint.hops:
        ip = first_external_ip(complaint.hops, ownership)
        return (ip,) if ip else ()
    found = [i.value for i in complaint.indicators if i.type == "ip" and i.confidence >= _CERTAIN]
    return _unique(ip for ip in found if is_public(ip))


def _are_fragments(hops: Sequence[Hop]) -> bool:
    """Whether these hops cannot be the way of one message: one below, hence before, another has a much later time."""
    times = [hop.time for hop in hops if hop.time]
    return any(lower - upper > _NOT_ONE_MESSAGE for upper, lower in pairwise(times))


def first_external_ip(hops: Sequence[Hop], ownership: Ownership) -> str | None:
    """What connected to the last relay that can be believed: the lowest trusted hop.

    Without one: the topmost hop that one of our own hosts wrote about a host that is not ours (what lies below it is
    the sender's word), then the lowest with a login, then the topmost, which the complainant's own server wrote.
    """
    outside = [hop for hop in hops if hop.ip and is_public(hop.ip)]
    trusted = [hop.ip for hop in outside if hop.trusted]
    ours = [hop.ip for hop in outside if ownership.is_own(hop.by or "") and not ownership.is_own(hop.rdns or "")]
    logins = [hop.ip for hop in outside if hop.auth]
    top = [hop.ip for hop in outside]
    return next(iter([*trusted[-1:], *ours[:1], *logins[-1:], *top[:1]]), None)


def is_public(ip: str) -> bool:
    """Whether the IP can belong to somebody outside (private, shared, loopback and multicast ranges cannot)."""
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return False
    return not any(address in net for net in _INNER if net.version == address.version)


def texts(values: Iterable[str]) -> list[Json]:
    """A list that can be a query parameter."""
    return list(values)


def spellings(domains: Iterable[str]) -> list[Json]:
    """These domains as a log may write them: `xn--bcher-kva.example` is `bücher.example` too."""
    ascii_only = [normalise_domain(domain) or domain.lower() for domain in domains]
    return texts(_unique([*ascii_only, *(".".join(map(u_label, domain.split("."))) for domain in ascii_only)]))


def _spellings(message_id: str | None) -> tuple[str, ...]:
    """With and without angle brackets: gateways log both."""
    bare = (message_id or "").strip(" <>")
    return (bare, f"<{bare}>") if bare else ()


def _before(moment: datetime, span: timedelta) -> datetime:
    try:
        return moment - span
    except OverflowError:
        return datetime.min.replace(tzinfo=moment.tzinfo)


def _null(complaint: Complaint, ownership: Ownership) -> bool | None:
    """Whether the envelope sender was null when it left here; an envelope of strangers is that of a forwarder."""
    ours = ownership.owner_of_address(complaint.envelope_from or "") is not None
    return complaint.envelope_null if complaint.envelope_null or ours else None


def _any(answers: Iterable[bool | None]) -> bool | None:
    known = [answer for answer in answers if answer is not None]
    return any(known) if known else None


def _unique(values: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(v for v in values if v))

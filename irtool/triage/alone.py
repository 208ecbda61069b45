"""Findings from the complaints alone: what can be said without a gateway log. Everything is counted in complaints."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from irtool.intake.domains import domain_of, registrable
from irtool.records import AccountFinding, Complaint, Counted, CustomerFinding, Findings, RelayFinding
from irtool.triage.build import customer, shortened
from irtool.triage.scope import Row
from irtool.triage.seeds import Ownership, from_side, is_public, sender_side, source_ips

_FORGED = frozenset({"cross-tenant-impersonation", "yarix-2014"})
"""Signatures that say the From was forged."""
_NO_LOG = "Named by a complaint as the owner of its Sender or envelope domain; no log to count its mail in."


def findings(complaints: Sequence[Complaint], ownership: Ownership) -> Findings:
    """What the complaints name. Relays and signatures are added by the caller."""
    dated = [at for c in complaints if (at := _at(c))]

    def counted(of: Callable[[Complaint, Ownership], Iterable[str]]) -> tuple[Counted, ...]:
        return _counted((c, value) for c in complaints for value in dict.fromkeys(of(c, ownership)))

    return shortened(
        Findings(
            messages=len(complaints),
            first_seen=min(dated, default=None),
            last_seen=max(dated, default=None),
            accounts=tuple(_account(one, ownership) for one in counted(_accounts)),
            source_ips=counted(source_ips),
            sender_addresses=counted(_own),
            spoofed_addresses=counted(_spoofed),
            destination_domains=counted(_destinations),
            affected_customers=tuple(_customer(one, complaints, ownership) for one in counted(_impersonated)),
        )
    )


def relays(complaints: Sequence[Complaint]) -> tuple[RelayFinding, ...]:
    """The relays of all Received chains, each with what connected to it and in how many complaints.

    Without those that only received the mail: trusted relays, and the servers of the recipients' own domains.
    """
    counts: dict[tuple[str | None, str | None, str | None], int] = {}
    for complaint in complaints:
        receivers = {_registered(address) for address in complaint.recipients}
        outside = [
            hop
            for hop in complaint.hops
            if hop.by and not hop.trusted and registrable(hop.by) not in receivers and (not hop.ip or is_public(hop.ip))
        ]
        for key in dict.fromkeys((hop.helo, hop.ip, hop.by) for hop in outside):
            counts[key] = counts.get(key, 0) + 1
    ordered = sorted(counts.items(), key=lambda item: -item[1])
    return tuple(RelayFinding(helo, ip, by, messages) for (helo, ip, by), messages in ordered)


def _spoofed(complaint: Complaint, ownership: Ownership) -> list[str]:
    """The From, where it is certainly or probably forged: a signature says so, it is somebody's here, or the Sender and
    the envelope are of another domain."""
    froms = from_side(complaint, ownership)
    if _FORGED & {*complaint.signatures}:
        return list(froms)
    behind = {_registered(address) for address in sender_side(complaint)}
    return [a for a in froms if ownership.owner_of_address(a) is not None or (behind and _registered(a) not in behind)]


def _own(complaint: Complaint, ownership: Ownership) -> list[str]:
    """The sender's own addresses: what is not forged and belongs to nobody here but the account that sent.

    A From that a reporter shows without any trace of the message (a forward in the text) is nobody's: anyone writes it.
    """
    spoofed = {_registered(address) for address in _spoofed(complaint, ownership)}
    known = complaint.from_ if complaint.hops or sender_side(complaint) or not complaint.reporter else ()
    found = [a for a in (*sender_side(complaint), *known) if _registered(a) not in spoofed]
    ours = ownership.provider_accounts()
    return [a for a in found if ownership.owner_of_address(a) not in ours]


def _accounts(complaint: Complaint, ownership: Ownership) -> list[str]:
    """Whose Sender or envelope domain it is, where the signature says that this account sent it."""
    if "cross-tenant-impersonation" not in complaint.signatures:
        return []
    owners = [ownership.owner_of_address(address) for address in sender_side(complaint)]
    return [owner for owner in owners if owner and owner not in ownership.provider_accounts()]


def _impersonated(complaint: Complaint, ownership: Ownership) -> list[str]:
    owners = [ownership.owner_of_address(address) for address in _spoofed(complaint, ownership)]
    return [owner for owner in owners if owner and owner not in ownership.provider_accounts()]


def _destinations(complaint: Complaint, ownership: Ownership) -> list[str]:
    domains = [domain for address in complaint.recipients if (domain := domain_of(address))]
    return [domain for domain in domains if ownership.owner(domain) is None]


def _account(one: Counted, ownership: Ownership) -> AccountFinding:
    row = (ownership.directory.account(one.value) if ownership.directory else None) or {}
    name, plan, status, partner = (str(row[k]) if row.get(k) else None for k in ("name", "plan", "status", "partner"))
    return AccountFinding(
        one.value, name, plan, status, partner, one.messages, one.first_seen, one.last_seen, 0.5, _NO_LOG
    )


def _customer(one: Counted, complaints: Sequence[Complaint], ownership: Ownership) -> CustomerFinding:
    forged = {address for c in complaints for address in _spoofed(c, ownership)}
    domains = {domain_of(a) or "" for a in forged if ownership.owner_of_address(a) == one.value}
    row = ownership.directory.account(one.value) if ownership.directory else None
    return customer(one.value, row, sorted(domains), Row(one.value, one.messages, one.first_seen, one.last_seen))


def _counted(seen: Iterable[tuple[Complaint, str]]) -> tuple[Counted, ...]:
    """Each value once, with the number of complaints that show it."""
    times: dict[str, list[datetime | None]] = {}
    for complaint, value in seen:
        times.setdefault(value, []).append(_at(complaint))
    found = []
    for value, moments in times.items():
        known = [at for at in moments if at]
        found.append(Counted(value, len(moments), min(known, default=None), max(known, default=None)))
    return tuple(sorted(found, key=lambda c: (-c.messages, c.value)))


def _registered(address: str) -> str:
    domain = domain_of(address) or ""
    return registrable(domain) or domain


def _at(complaint: Complaint) -> datetime | None:
    return complaint.date or complaint.received_at

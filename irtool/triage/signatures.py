"""Campaign signatures: predicates over one Complaint, with the provider's directory where there is one.

A signature says what it saw, not who did it. The marks of the two critical ones were found together in none of 4,150
ordinary messages (SpamAssassin's ham); each mark alone is common or means little.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from irtool.intake.domains import domain_of, registrable
from irtool.records import Complaint, Hop

Owner = Callable[[str], str | None]
"""domain -> the account that owns it, None if it is not hosted here."""


@dataclass(frozen=True)
class Signature:
    """`critical` ones identify a campaign on their own; the others only support a finding."""

    id: str
    title: str
    critical: bool
    matches: Callable[[Complaint, Owner | None], bool]


def hits(complaint: Complaint, owner: Owner | None = None) -> tuple[str, ...]:
    """The ids of the signatures that match, in the order of SIGNATURES."""
    return tuple(one.id for one in SIGNATURES if one.matches(complaint, owner))


def _cross_tenant(complaint: Complaint, owner: Owner | None) -> bool:
    """Null envelope sender, the account's own Sender, somebody else's From (the 2019 calendar-forward rule abused).

    Every candidate From counts: whoever wrote it chose what the parsers disagree on. Without a directory it is enough
    that the registered domains differ.
    """
    if complaint.envelope_null is not True:
        return False
    senders = _domains(complaint.sender)
    froms = _domains(complaint.from_)
    if owner is None:
        own = {registrable(domain) or domain for domain in senders}
        return bool(own) and any((registrable(domain) or domain) not in own for domain in froms)
    sender_owners = {account for domain in senders if (account := owner(domain)) is not None}
    from_owners = {account for domain in froms if (account := owner(domain)) is not None}
    return bool(sender_owners) and bool(from_owners - sender_owners)


def _domains(candidates: tuple[str, ...]) -> list[str]:
    return [domain for address in candidates if (domain := domain_of(address)) is not None]


def _subject_is_local_part(complaint: Complaint, _owner: Owner | None) -> bool:
    subject = (complaint.subject or "").strip().casefold()
    return bool(subject) and any(address.rpartition("@")[0].casefold() == subject for address in complaint.from_)


def _yarix_2014(complaint: Complaint, owner: Owner | None) -> bool:
    """The three marks of the bulletin of 30 May 2014, together: none of them means anything alone."""
    return (
        "Windows Live Mail 16.4.3522.110" in (complaint.x_mailer or "")
        and "MimeOLE V16.4.3522.110" in (complaint.x_mimeole or "")
        and _subject_is_local_part(complaint, owner)
    )


def _authenticated_relay(complaint: Complaint, _owner: Owner | None) -> bool:
    """A client that logged in at a relay and called itself by a domain that its address does not resolve to.

    It points at a relay whose account is probably stolen. Honest clients with odd names look the same, and stolen
    accounts without a login in the trace do not show.
    """
    return any(_odd_login(hop) for hop in complaint.hops)


def _odd_login(hop: Hop) -> bool:
    claimed = registrable(hop.helo) if hop.helo else None
    return hop.auth and claimed is not None and claimed != (registrable(hop.rdns) if hop.rdns else None)


SIGNATURES: tuple[Signature, ...] = (
    Signature(
        "cross-tenant-impersonation",
        "Null envelope sender, the account's own Sender, and a From that belongs to somebody else",
        critical=True,
        matches=_cross_tenant,
    ),
    Signature(
        "yarix-2014",
        "Subject is the sender's local part, with the X-Mailer and X-MimeOLE of Windows Live Mail 16.4.3522.110",
        critical=True,
        matches=_yarix_2014,
    ),
    Signature(
        "subject-is-local-part",
        "Subject is the local part of the From address",
        critical=False,
        matches=_subject_is_local_part,
    ),
    Signature(
        "authenticated-relay",
        "Came in through an authenticated relay under a name that its address does not resolve to",
        critical=False,
        matches=_authenticated_relay,
    ),
)

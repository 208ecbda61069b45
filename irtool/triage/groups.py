"""Which complaints belong to one campaign, by what they say: before anybody looks into the log.

One strong trait is enough: the same message, a sender's own address or the account behind it, a relay that somebody
logged in to, the source IP, a forged address of ours, a critical signature, or a correlation of signatures that is at
least of level medium (strangers share the Message-ID domain of a large provider). Of weak ones (destination, subject,
forged domain, relay, mailer, a correlation of level low) two are needed: big destinations and everyday subjects are
shared by strangers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from irtool.intake.domains import domain_of, registrable
from irtool.records import Complaint
from irtool.triage.seeds import Ownership, from_side, is_public, sender_side, source_ips

Trait = tuple[str, str]
"""What kind of trait, and its value."""
_ENOUGH = 2
_ONE_SIDE = frozenset({"destination", "relay", "message id domain"})
"""Weak traits that are one: mail to the same place comes through the same relays there, and gets its Message-ID from
them if it has none."""


@dataclass(frozen=True, slots=True)
class Together:
    """Complaints of one campaign, in the order given, and what connects them ("same relay: r3.kawaz.jp")."""

    complaints: tuple[Complaint, ...]
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Correlated:
    """Complaints (their sources) that a correlation of signatures puts together, and why. A weak one is a weak trait:
    its kind and value are `trait`."""

    reason: str
    complaints: Sequence[str]
    strong: bool
    trait: Trait = ("correlation", "")


def together(
    complaints: Sequence[Complaint],
    ownership: Ownership,
    critical: frozenset[str],
    clusters: Sequence[Correlated] = (),
) -> list[Together]:
    """The groups, the largest first. `critical` are signatures that identify a campaign on their own, `clusters` what
    the correlations of signatures found: a strong one connects, a weak one together with another weak trait."""
    groups = [{number} for number in range(len(complaints))]
    reasons: dict[int, list[str]] = {}
    holders: dict[Trait, list[int]] = {}
    for number, complaint in enumerate(complaints):
        for trait in dict.fromkeys(_strong(complaint, ownership, critical)):
            holders.setdefault(trait, []).append(number)
    numbered: dict[str, list[int]] = {}
    for number, complaint in enumerate(complaints):
        numbered.setdefault(complaint.source, []).append(number)
    for cluster in (one for one in clusters if one.strong):
        holders.setdefault((cluster.reason, ""), []).extend(n for one in cluster.complaints for n in numbered[one])
    for (kind, value), numbers in holders.items():
        _join(groups, reasons, numbers, f"same {kind}: {value}" if value else kind)
    weak = [set(_weak(complaint, ownership)) for complaint in complaints]
    for cluster in (one for one in clusters if not one.strong):
        for number in (n for one in cluster.complaints for n in numbered[one]):
            weak[number].add(cluster.trait)
    for pair, shared in _alike(weak):
        _join(groups, reasons, pair, " and ".join(f"same {kind}: {value}" for kind, value in sorted(shared)))
    for cluster in (one for one in clusters if not one.strong):
        same = [n for one in cluster.complaints for n in numbered[one]]
        if all(groups[number] is groups[same[0]] for number in same):
            _join(groups, reasons, same, cluster.reason)
    found = {id(group): group for group in groups}.values()
    ordered = sorted(found, key=lambda group: (-len(group), min(group)))
    return [
        Together(
            tuple(complaints[number] for number in sorted(group)),
            tuple(dict.fromkeys(reason for number in sorted(group) for reason in reasons.get(number, ()))),
        )
        for group in ordered
    ]


def merged(first: Together, other: Together, reason: str) -> Together:
    """Both as one, for a reason that only the log knew."""
    return replace(
        first,
        complaints=(*first.complaints, *other.complaints),
        reasons=tuple(dict.fromkeys((*first.reasons, *other.reasons, reason))),
    )


def _join(groups: list[set[int]], reasons: dict[int, list[str]], numbers: Sequence[int], reason: str) -> None:
    """Make one group of the groups that these complaints are in."""
    numbers = list(dict.fromkeys(numbers))
    if len(numbers) < _ENOUGH:
        return
    reasons.setdefault(numbers[0], []).append(reason)
    whole = set().union(*(groups[number] for number in numbers))
    for number in whole:
        groups[number] = whole


def _alike(weak: Sequence[set[Trait]]) -> Iterator[tuple[tuple[int, int], set[Trait]]]:
    """The pairs of complaints that share weak traits of two kinds. Only neighbours of each pair of traits are told."""
    seen: dict[tuple[Trait, Trait], int] = {}
    for number, traits in enumerate(weak):
        ordered = sorted(traits)
        for n, one in enumerate(ordered):
            for other in ordered[n + 1 :]:
                if one[0] != other[0] and not {one[0], other[0]} <= _ONE_SIDE:
                    before = seen.setdefault((one, other), number)
                    if before != number:
                        yield (before, number), {one, other}


def _strong(complaint: Complaint, ownership: Ownership, critical: frozenset[str]) -> Iterator[Trait]:
    ours = ownership.provider_accounts()
    if complaint.message_id:
        yield "message", complaint.message_id
    for address in sender_side(complaint):
        owner = ownership.owner_of_address(address)
        if owner is None:
            yield "sender", address
        elif owner not in ours:
            yield "account", owner
    for address in from_side(complaint, ownership):
        if ownership.owner_of_address(address) is not None:
            yield "forged address", address
    yield from (("source IP", ip) for ip in source_ips(complaint, ownership))
    yield from (("relay", by) for by, login in _relays(complaint, ownership) if login)
    yield from (("signature", name) for name in complaint.signatures if name in critical)


def _weak(complaint: Complaint, ownership: Ownership) -> Iterator[Trait]:
    for address in complaint.recipients:
        if domain := domain_of(address):
            yield "destination", domain
    if complaint.subject:
        yield "subject", complaint.subject
    for address in complaint.from_:
        if domain := domain_of(address):
            yield "From domain", registrable(domain) or domain
    if complaint.x_mailer:
        yield "mailer", complaint.x_mailer
    yield from (("relay", by) for by, login in _relays(complaint, ownership) if not login)


def _relays(complaint: Complaint, ownership: Ownership) -> Iterable[tuple[str, bool]]:
    """The relays that are neither ours nor the recipient's, and whether somebody logged in there."""
    receivers = {registrable(domain_of(address) or "") for address in complaint.recipients} - {None}
    found: Mapping[str, bool] = {}
    for hop in complaint.hops:
        by = (hop.by or "").lower()
        strange = "." in by and not hop.trusted and not ownership.is_own(by) and registrable(by) not in receivers
        if strange and (not hop.ip or is_public(hop.ip)):
            found = {**found, by: found.get(by, False) or hop.auth}
    return found.items()

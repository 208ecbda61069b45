"""What one complaint may have in common with another, and how much that says.

A strong trait says enough by itself. A weak one needs a second of another kind, and counts half if it is everyday
(`irtool.triage.everyday`). What belongs to whoever received the mail is no trait of the sender.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from irtool.intake.domains import domain_of, registrable
from irtool.intake.receivers import is_big_receiver
from irtool.records import Complaint
from irtool.triage.everyday import is_everyday, is_everyday_mailer, is_service, is_shortener
from irtool.triage.seeds import Ownership, from_side, is_public, sender_side, source_ips

Trait = tuple[str, str]
"""What kind of trait, and its value."""

PLACE = frozenset({"destination", "relay", "message id domain", "source IP", "network"})
"""Kinds that are one: mail to the same place comes through the same relays there, and gets its Message-ID from them if
it has none; an address stands for its host."""
PROGRAM = PLACE | {"link", "mailer"}
"""What the customers of one sending service have in common."""
_FEW, _MOST, _PART, _SHARE = 8, 3, 10, 50
_LIST = frozenset({"list-id", "list-post", "mailing-list", "x-mailing-list", "x-beenthere", "x-mailman-version"})
_REDACTED = re.compile(r"[^@]*(?:redact|undisclosed|unknown|hidden|removed|xxx)", re.IGNORECASE)
_LINKS, _FILES = 10, 10
_FILLER = re.compile(r"^(?:(?:re|r|aw|fwd?|i|wg|tr|rif)\s*:\s*)+|[\W\d_]+", re.IGNORECASE)
_TELLING_WORDS, _TELLING_LENGTH = 4, 24


@dataclass(frozen=True, slots=True)
class Mailbox:
    """Who received the complaints' mail. `readers` are the domains where one person, or a few, got it; none if it came
    to many people: then what came to the same place, or by the same way there, still says something."""

    owned: frozenset[str] = frozenset()
    readers: frozenset[str] = frozenset()

    @classmethod
    def of(cls, complaints: Sequence[Complaint]) -> Mailbox:
        """Told by the recipients. Whoever has several addresses has forwards between them."""
        addresses = Counter(a for c in complaints for a in c.recipients[:1] if not _REDACTED.match(a))
        owned = frozenset(addresses) | {c.reporter for c in complaints if c.reporter}
        total = addresses.total()
        if total < _FEW or 2 * total < len(complaints) or len(addresses) > max(_MOST, total // _PART):
            return cls(owned)
        homes: Counter[str] = Counter()
        for address, count in addresses.items():
            if home := _home(address):
                homes[home] += count
        return cls(owned, frozenset(home for home, count in homes.items() if count * _SHARE >= total))


def strong(complaint: Complaint, ownership: Ownership, critical: frozenset[str], mailbox: Mailbox) -> Iterator[Trait]:
    """The traits of which one is enough."""
    ours = ownership.provider_accounts()
    lists = _lists(complaint)
    if complaint.message_id:
        yield "message", complaint.message_id
    for address in sender_side(complaint):
        owner = ownership.owner_of_address(address)
        known = address in mailbox.owned or _home(address) in lists
        if owner is None and not known and not is_service(domain_of(address) or ""):
            yield "sender", address
        elif owner is not None and owner not in ours:
            yield "account", owner
    for address in complaint.reply_to:
        domain = domain_of(address) or ""
        known = address in mailbox.owned or _home(address) in lists or ownership.owner(domain) is not None
        if not known and (is_big_receiver(domain) or not is_everyday(domain)):
            yield "address for answers", address
    for address in from_side(complaint, ownership):
        if ownership.owner_of_address(address) is not None:
            yield "forged address", address
    yield from (("source IP", ip) for ip in own_ips(complaint, ownership))
    senders = {_home(address) for address in complaint.from_}
    for by, login in _relays(complaint, ownership):
        at_home = bool(mailbox.readers) and registrable(by) in senders  # where the sender has a mailbox
        if login and not at_home and not is_everyday(by):
            yield "relay", by
    yield from (("signature", name) for name in complaint.signatures if name in critical)


def weak(complaint: Complaint, ownership: Ownership, mailbox: Mailbox) -> Iterator[Trait]:
    """The traits that need a second one."""
    for address in complaint.recipients:
        if (domain := domain_of(address)) and _home(address) not in mailbox.readers:
            yield "destination", domain
    if complaint.subject:
        yield "subject", complaint.subject
    senders = {home for address in complaint.from_ if (home := _home(address))} - mailbox.readers
    yield from (("From domain", one) for one in senders)
    if complaint.x_mailer:
        yield "mailer", complaint.x_mailer
    for ip in own_ips(complaint, ownership):
        yield "network", ip.rpartition(".")[0] + ".0/24" if "." in ip else ":".join(ip.split(":")[:4])
    yield from (("relay", by) for by, login in _relays(complaint, ownership) if not is_everyday(by))
    yield from (("link", one) for one in links(complaint, mailbox))
    files = [i.value for i in complaint.indicators if i.type == "sha256"]
    yield from (("attachment", digest) for digest in files[:_FILES])


def own_ips(complaint: Complaint, ownership: Ownership) -> list[str]:
    """The source IPs, without those of hosts that everybody's mail comes from."""
    shared = {hop.ip for hop in complaint.hops if is_everyday((hop.rdns or hop.helo or "").lower())}
    return [ip for ip in source_ips(complaint, ownership) if ip not in shared]


def links(complaint: Complaint, mailbox: Mailbox) -> list[str]:
    """Where its links lead, as far as that tells something."""
    receivers = {_home(address) for address in complaint.recipients} | mailbox.readers | _lists(complaint)
    found = dict.fromkeys(one for i in complaint.indicators if i.type == "url" and (one := _link(i.value, receivers)))
    return list(found)[:_LINKS]


def sending_domain(complaint: Complaint) -> str | None:
    """The registered domain of the From that is most probably meant."""
    return _home(complaint.from_[0]) if complaint.from_ else None


def is_at_home(complaint: Complaint) -> bool:
    """Whether a host of the From's own domain sent it, as a provider does for all who have a mailbox there."""
    sender = sending_domain(complaint)
    hosts = (name for hop in complaint.hops for name in (hop.rdns, hop.by, hop.helo) if name)
    return sender is not None and any(registrable(name.lower()) == sender for name in hosts)


def is_telling(subject: str) -> bool:
    """Whether two people would hardly write the same subject by chance."""
    words = _FILLER.sub(" ", subject).split()
    return len(words) >= _TELLING_WORDS and len(" ".join(words)) >= _TELLING_LENGTH


def weight(trait: Trait) -> float:
    """How much a weak trait says: two in all, by two kinds, are enough."""
    kind, value = trait
    if kind == "subject":
        return 1.5 if is_telling(value) else 1.0
    if kind == "mailer":
        return 0.5 if is_everyday_mailer(value) else 1.0
    if kind == "attachment":
        return 1.5
    return 0.5 if kind in {"From domain", "destination", "message id domain"} and is_everyday(value) else 1.0


def _lists(complaint: Complaint) -> set[str | None]:
    """The domains of the discussion list that passed the message on: its Sender and links are not the author's."""
    if not any(name.lower() in _LIST for name, _ in complaint.headers):
        return set()
    return {_home(address) for address in sender_side(complaint)} - {_home(address) for address in complaint.from_}


def _home(address: str) -> str | None:
    domain = domain_of(address)
    return (registrable(domain) or domain) if domain else None


def _link(url: str, receivers: Iterable[str | None]) -> str | None:
    """Where a link leads, as far as it tells: the registered domain, of a shortener all of it."""
    rest = url.partition("://")[2]
    host = rest.partition("/")[0].rpartition("@")[2].partition(":")[0]
    if is_shortener(host):
        return rest.partition("#")[0].rstrip("/") if "/" in rest.rstrip("/") else None
    if is_everyday(host):
        return None
    name = registrable(host) or host
    return None if name in receivers else name


def _relays(complaint: Complaint, ownership: Ownership) -> list[tuple[str, bool]]:
    """The relays that are neither ours nor the recipient's, and whether somebody logged in there."""
    receivers = {registrable(domain_of(address) or "") for address in complaint.recipients} - {None}
    found: dict[str, bool] = {}
    for hop in complaint.hops:
        by = (hop.by or "").lower()
        strange = "." in by and not hop.trusted and not ownership.is_own(by) and registrable(by) not in receivers
        if strange and (not hop.ip or is_public(hop.ip)):
            found[by] = found.get(by, False) or hop.auth
    return list(found.items())

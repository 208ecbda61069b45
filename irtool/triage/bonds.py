"""Which accounts belong to the campaign: expansion from what the complaint names, guarded by what an account's mail is.

Everything is judged by the account, never by the single message, because every trait of a campaign is also somebody's
everyday mail: a forwarded invitation has the very pattern, shared addresses (NAT) carry several tenants, a big
destination is everyone's. What gives an account away is that its mail from a source IP is mostly campaign: such an IP
of that account is *given over* to it. An innocent's forwards come from where its ordinary mail comes from; a stolen
account is used from elsewhere, and only that part of its mail is taken.

An account that is given over joins if something connects it with the campaign: a source IP, a forged address, with
more messages a forged domain or a destination that the campaign has to itself. What it brings is added to what is
looked for, until nothing changes.

How much an address says depends on whose account it is. Anybody could have opened a trial. An old customer may forward
the invitations of the forged address more often than it writes itself: its messages with that address have to come from
elsewhere than its other mail, or to go where only the campaign sends. Under an own envelope sender it may send the
newsletters of whom is impersonated: then the address alone connects nobody but a trial.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

HALF = 0.5
FEW, SOME, MANY = 3, 10, 20
"""Messages that make a connection more than chance: a strong one (source IP; an address, for an account that anybody
could have opened), that address for any other account, and a weak one (only the domain is the same)."""

Marks = dict[str, dict[str, int]]
"""Source IP -> what was used from there (addresses, domains) -> messages."""


@dataclass(slots=True)
class Sender:
    """An account that shows the pattern. `ips` maps each source IP ("" if not known) to its messages of the pattern and
    all its messages; `direct` counts what the complaint's traits tie to it, `alike` what has its subject or forged
    address. `sent` counts all its mail. An `established` account is on file and neither a trial nor young: nobody
    opened it just for this, so what it sends may be its owner's. An `opened` one is a trial or young; of an account
    that is neither the directory says nothing."""

    account: str
    ips: dict[str, tuple[int, int]] = field(default_factory=dict)
    froms: Marks = field(default_factory=dict)
    domains: Marks = field(default_factory=dict)
    destinations: Marks = field(default_factory=dict)
    direct: int = 0
    alike: int = 0
    sent: int = 0
    established: bool = False
    opened: bool = False

    @property
    def messages(self) -> int:
        """Its messages of the pattern."""
        return sum(messages for messages, _ in self.ips.values())

    @property
    def whole(self) -> bool:
        """Whether the account is only there for the campaign: most of its mail is."""
        return not self.established and self.messages >= HALF * max(self.sent, 1)

    def given_over(self) -> set[str]:
        """The source IPs from which it sends mostly the pattern; all of them if the account is only there for that."""
        if self.whole:
            return set(self.ips)
        return {ip for ip, (messages, sent) in self.ips.items() if messages >= HALF * max(sent, 1)}

    def used_from(self, ips: Iterable[str]) -> bool:
        """Whether most of its other mail comes from other source IPs than these, as with a stolen account."""
        other = self.sent - self.messages
        return sum(max(sent - messages, 0) for messages, sent in (self.ips[ip] for ip in ips)) < HALF * other


@dataclass(slots=True)
class Bonds:
    """What the campaign is known by, and who belongs to it and why. Begins with what the complaint says."""

    named: set[str]
    ips: set[str]
    froms: set[str]
    domains: set[str]
    destinations: set[str]
    reasons: dict[str, str] = field(default_factory=dict)

    def grow(
        self,
        senders: Mapping[str, Sender],
        crowded_ip: Callable[[str], bool],
        crowded: Callable[[set[str]], set[str]],
        *,
        by_traits: bool = False,
        exact: bool = True,
    ) -> None:
        """Take in senders until nothing new hangs together with the campaign; in the order of their names, so that the
        same log always gives the same reasons.

        `crowded_ip` says whether a source IP carries mostly other mail than the pattern, `crowded` which destinations.
        The pattern is `exact` if no more than forwards of single messages look like it.
        """
        changed = True
        ordered = [senders[account] for account in sorted(senders)]
        while changed:
            changed = False
            owned = {ip for ip in self.ips if not crowded_ip(ip)}
            for sender in ordered:
                if sender.account in self.reasons:
                    continue
                if by_traits:
                    reason = self._reason_by_traits(sender, owned)
                else:
                    reason = self._reason(sender, owned, exact=exact) or self._reason_by_destination(sender, crowded)
                if reason:
                    self.reasons[sender.account] = reason
                    self._learn(sender)
                    changed = True

    def _learn(self, sender: Sender) -> None:
        ips = sender.given_over()
        self.ips |= ips - {""}
        for ip in ips:
            self.froms |= sender.froms.get(ip, {}).keys()
            self.domains |= sender.domains.get(ip, {}).keys()
            self.destinations |= sender.destinations.get(ip, {}).keys()

    def _reason(self, sender: Sender, owned: set[str], *, exact: bool) -> str:
        """Why the sender belongs, "" if it does not. `owned` are the IPs that carry little else."""
        if sender.account in self.named:
            return "named by the complaint"
        ips = sender.given_over()
        count = sum(sender.ips[ip][0] for ip in ips)
        ip = sorted(ips & self.ips)
        address = sorted(_of(sender.froms, ips) & self.froms)
        domain = sorted(_of(sender.domains, ips) & self.domains)
        if count < FEW:
            fits = ips & owned and not sender.established and (sender.whole or address or domain)
            return f"shares the source IP {min(ips & owned)}" if fits else ""
        if ip and (address or domain or ips & owned):
            return f"shares the source IP {ip[0]}"
        if not sender.opened and not (exact and (sender.used_from(ips) or not sender.established)):
            return ""
        if address and (sender.opened or count >= SOME):
            return f"forges the same address {address[0]}"
        if domain and count >= (SOME if sender.opened else MANY):
            return f"forges the same domain {domain[0]}"
        return ""

    def _reason_by_destination(self, sender: Sender, crowded: Callable[[set[str]], set[str]]) -> str:
        """The same for a destination that the campaign has to itself, together with a forged address for an account
        that is not given over to it."""
        ips = sender.given_over()
        shared = _of(sender.destinations, ips or sender.ips) & self.destinations
        if not shared or not (own := sorted(shared - crowded(shared))):
            return ""
        if ips:
            enough = sum(sender.ips[ip][0] for ip in ips) >= (FEW if sender.opened else SOME)
            return f"sends to the campaign's own destination {own[0]}" if enough else ""
        addresses = sorted(_of(sender.froms, sender.ips) & self.froms)
        if min(_count(sender.froms, addresses), _count(sender.destinations, own)) < SOME:
            return ""
        return f"sends to the campaign's own destination {own[0]} as {addresses[0]}"

    def _reason_by_traits(self, sender: Sender, owned: set[str]) -> str:
        """The same where only traits of the complaint can be looked for (subject, addresses, source IP). A subject
        alone connects nobody but a trial: a billing service has one subject, and it is everybody's."""
        if sender.direct:
            return "its messages agree with the complaint in more than one trait"
        ips = sender.given_over()
        count = sum(sender.ips[ip][0] for ip in ips)
        if not sender.account or not ips:
            return ""
        if ips & owned:
            return f"shares the source IP {min(ips & owned)}"
        if sender.alike >= FEW and sender.whole and sender.opened and count >= FEW:
            return "hardly sends anything but messages with the subject or forged address of the complaint"
        return ""


def _of(marks: Marks, ips: Iterable[str]) -> set[str]:
    return set().union(*(marks.get(ip, {}).keys() for ip in ips))


def _count(marks: Marks, values: Iterable[str]) -> int:
    wanted = set(values)
    return sum(messages for some in marks.values() for value, messages in some.items() if value in wanted)

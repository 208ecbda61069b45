"""What may never be changed, whoever approves it: own, customers', protected and everybody's infrastructure."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from irtool.intake.domains import is_public_suffix, normalise_domain
from irtool.intake.receivers import is_big_receiver
from irtool.plan import targets
from irtool.records import Json, Verb

_RESERVED: Mapping[str, tuple[str, ...]] = {
    "a private network (RFC 1918, RFC 4193)": (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "fc00::/7",
        "fec0::/10",
    ),
    "shared address space (RFC 6598)": ("100.64.0.0/10",),
    "loopback": ("127.0.0.0/8", "::1/128"),
    "link-local": ("169.254.0.0/16", "fe80::/10"),
    "multicast": ("224.0.0.0/4", "ff00::/8"),
    "unspecified or reserved": ("0.0.0.0/8", "240.0.0.0/4", "::/128"),
}
_WIDEST = {4: 16, 6: 32}
_SURE = 0.5
"""From this confidence on, a trial account of the findings is one of the attackers' for the guards."""


def _no_customer(_domain: str) -> str | None:
    return None


@dataclass(frozen=True)
class Guards:
    """The rules that no approval overrides. Domains in any spelling, networks CIDR text, accounts in any case.

    `customer_of` names the account that owns a domain (or a parent of it). Domains of the accounts in `suspects` are
    the attackers' own and not protected as customers' domains.
    """

    own_domains: tuple[str, ...] = ()
    customer_of: Callable[[str], str | None] = _no_customer
    protected_domains: tuple[str, ...] = ()
    protected_networks: tuple[str, ...] = ()
    protected_accounts: tuple[str, ...] = ()
    own_networks: tuple[str, ...] = ()
    suspects: frozenset[str] = frozenset()

    def suspecting(self, findings: Mapping[str, Json]) -> Guards:
        """These guards with the trial accounts behind the campaign (`findings.accounts`) as suspects.

        Only trial accounts: a paying customer whose account was stolen stays protected.
        """
        accounts = findings.get("accounts")
        rows = [a for a in accounts if isinstance(a, dict)] if isinstance(accounts, list) else []
        return replace(self, suspects=self.suspects | {str(a.get("id")) for a in rows if _is_attacker(a)})

    def check(self, verb: Verb, target: str) -> str:
        """Why this verb must not be applied to this target, in one sentence; "" if it may."""
        if verb.kind != "change":
            return ""
        if verb.target == "domain":
            return self._domain(target)
        if verb.target == "ip":
            return self._network(target)
        if verb.target in {"address", "queue"}:
            return self._address(verb, target)
        if verb.target == "account":
            return self._account(target)
        return ""

    def _domain(self, text: str) -> str:
        name = targets.domain(text)
        if name is None:
            if is_public_suffix(text.strip().lower()):
                return f"{text} is a public suffix that many owners share: block the registered domain below it."
            return f"{text[:80]!r} is not a domain: correct the indicator it came from."
        if is_public_suffix(name):
            return f"{name} is a public suffix that many owners share: block the registered domain below it."
        if is_big_receiver(name):
            return f"{name} is a mailbox provider for very many people: block single addresses there instead."
        return self._belongs(name)

    def _address(self, verb: Verb, text: str) -> str:
        if verb.target == "queue" and text == "<>":  # the null sender (RFC 5321 §4.5.5) has no domain to protect
            return ""
        parts = targets.address(text)
        if parts is not None:
            return self._belongs(parts[1])
        if "@" in text.removeprefix("@"):
            return f"{text[:80]!r} is not a mail address: correct the indicator it came from."
        return self._domain(text.removeprefix("@"))

    def _belongs(self, name: str) -> str:
        for own in self.own_domains:
            if _related(name, own):
                return f"{name} belongs to the provider's own domain {own}: use policy.set to stop its forging."
        for kept in self.protected_domains:
            if _related(name, kept):
                return f"{name} is protected as {kept} in irtool.yaml: talk to its owner instead."
        owner = self.customer_of(name)
        if owner is not None and owner not in self.suspects:
            return (
                f"{name} belongs to the customer {owner}: use account.disable or account.limit on the account instead."
            )
        return ""

    def _network(self, text: str) -> str:
        net = targets.network(text)
        if net is None:
            return f"{text[:80]!r} is not an IP address or network: correct the indicator it came from."
        if net.prefixlen < _WIDEST[net.version]:
            return f"{net} is wider than /{_WIDEST[net.version]}: block the single addresses that sent the campaign."
        for what, blocks in _RESERVED.items():
            if any(_overlap(net, block) for block in blocks):
                return (
                    f"{net} is {what} and says nothing about the sender: block the address that connected from outside."
                )
        for own in self.own_networks:
            if _overlap(net, own):
                return (
                    f"{net} is in the provider's own network {own}: disable the account that sends from there instead."
                )
        for kept in self.protected_networks:
            if _overlap(net, kept):
                return f"{net} is protected as {kept} in irtool.yaml: talk to its owner instead."
        return ""

    def _account(self, target: str) -> str:
        if not target.strip() or any(ord(c) < 32 for c in target):
            return f"{target[:80]!r} is not an account: correct the finding it came from."
        if target.strip().casefold() in {kept.strip().casefold() for kept in self.protected_accounts}:
            return f"account {target} is protected in irtool.yaml: talk to its owner instead."
        if target in self._own_accounts:
            return f"account {target} is the provider's own account: use policy.set or block the sender instead."
        return ""

    @cached_property
    def _own_accounts(self) -> frozenset[str]:
        return frozenset(owner for owner in map(self.customer_of, self.own_domains) if owner is not None)


def _is_attacker(account: Mapping[str, Json]) -> bool:
    sure = account.get("confidence")
    return (
        "trial" in str(account.get("plan") or "").lower()
        and isinstance(sure, int | float)
        and sure >= _SURE
        and bool(account.get("id"))
    )


def _related(name: str, other: str) -> bool:
    """Whether one domain is the other, or below or above it."""
    other = normalise_domain(other) or other.lower()
    return name == other or name.endswith(f".{other}") or other.endswith(f".{name}")


def _overlap(net: targets.Network, block: str) -> bool:
    other = ipaddress.ip_network(block, strict=False)
    return net.version == other.version and net.overlaps(other)

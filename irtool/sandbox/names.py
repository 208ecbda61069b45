"""Names as the provider stores them: domains, addresses, IPs and networks in one spelling each."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping

from irtool.sandbox.problems import Problem

_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)\Z")
_LOCAL = re.compile(r"[^\s@<>\x00-\x1f\x7f]{1,64}\Z")
_ACCOUNT = re.compile(r"[A-Za-z0-9._-]{1,64}\Z")


def domain(text: str) -> str:
    """A-labels in lower case, without the last dot. Raises Problem 400."""
    name = text.strip().rstrip(".").lower()
    try:
        name = name if name.isascii() else name.encode("idna").decode("ascii")
    except UnicodeError:
        raise Problem(400, "not a domain name") from None
    labels = name.split(".")
    if len(name) > 253 or len(labels) < 2 or not all(_LABEL.match(label) for label in labels):
        raise Problem(400, "not a domain name")
    return name


def address(text: str) -> str:
    """`local@domain` in lower case. Raises Problem 400."""
    local, at, host = text.strip().rpartition("@")
    if not at or not _LOCAL.match(local):
        raise Problem(400, "not an e-mail address")
    return f"{local.lower()}@{domain(host)}"


def ip(text: str) -> str:
    """One IP address, compressed. Raises Problem 400."""
    try:
        found = ipaddress.ip_address(text.strip())
    except ValueError:
        raise Problem(400, "not an IP address") from None
    if isinstance(found, ipaddress.IPv6Address) and found.scope_id:
        raise Problem(400, "not an IP address")
    return str(found)


def network(text: str) -> str:
    """An IP address, or a network in CIDR notation without host bits. Raises Problem 400."""
    if "/" not in text:
        return ip(text)
    try:
        found = ipaddress.ip_network(text.strip())
    except ValueError:
        raise Problem(400, "not a network") from None
    return str(found.network_address) if found.num_addresses == 1 else str(found)


def account(text: str) -> str:
    """The id of an account. Raises Problem 400."""
    if not _ACCOUNT.match(text):
        raise Problem(400, "not an account id")
    return text


def parents(name: str) -> Iterator[str]:
    """The domain and all above it, the longest first, without the top level."""
    labels = name.split(".")
    for start in range(len(labels) - 1):
        yield ".".join(labels[start:])


def networks(address: str) -> Iterator[str]:
    """The IP and every network it lies in, as `network` would spell them."""
    found = ipaddress.ip_address(address)
    yield str(found)
    for prefix in range(found.max_prefixlen):
        yield str(ipaddress.ip_network((found, prefix), strict=False))


KINDS: Mapping[str, Callable[[str], str]] = {"domains": domain, "ips": network, "addresses": address}
"""The block lists, and how each spells its entries."""

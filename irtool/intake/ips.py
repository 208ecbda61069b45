"""IP addresses in one spelling, and which of them nobody can be blamed for."""

from __future__ import annotations

import functools
import ipaddress
import re

_BYTE = r"(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_IPV4 = re.compile(rf"{_BYTE}\.{_BYTE}\.{_BYTE}\.{_BYTE}")
_INTERNAL_IPV4 = re.compile(
    r"(?:0|10|127|22[4-9]|2[345]\d|169\.254|192\.168|172\.(?:1[6-9]|2\d|3[01])|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7]))\."
)
_WIDEST = {4: 8, 6: 16}
_INTERNAL_IPV6 = tuple(ipaddress.IPv6Network(net) for net in ("::/127", "fc00::/7", "fe80::/10", "ff00::/8"))


def normalise(text: str) -> str | None:
    """The address in its shortest spelling (RFC 5952); None if it is none. Leading zeros are refused, not guessed.

    An IPv4 address written as IPv6 (`::ffff:192.0.2.1`), as dual-stack servers log it, is the IPv4 address.
    """
    return text if _IPV4.fullmatch(text) else _slowly(text[:100])


@functools.lru_cache(maxsize=4096)
def _slowly(text: str) -> str | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


def network(text: str) -> str | None:
    """A network in CIDR notation, `198.51.100.0/24`; None if it is none, a single address or half the world."""
    address, slash, length = text[:100].partition("/")
    if not slash or not (length.isascii() and length.isdigit()) or normalise(address) is None:
        return None
    try:
        found = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
    return str(found) if found.num_addresses > 1 and found.prefixlen >= _WIDEST[found.version] else None


@functools.lru_cache(maxsize=4096)
def is_internal(ip: str) -> bool:
    """True for private, loopback, link-local, shared (RFC 6598), multicast and reserved addresses; `ip` normalised."""
    if "." in ip and ":" not in ip:
        return bool(_INTERNAL_IPV4.match(ip))
    return any(ipaddress.IPv6Address(ip) in net for net in _INTERNAL_IPV6)

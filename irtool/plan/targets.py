"""What a well-formed target is, and its one spelling. Targets come from complaints and logs and are hostile."""

from __future__ import annotations

import ipaddress

from irtool.intake.domains import normalise_domain

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
LONGEST = 320
"""The longest target in characters: 64 + "@" + 255 (RFC 5321 §4.5.3.1)."""


def network(text: str) -> Network | None:
    """The network of an IP address or CIDR text, None if it is neither. IPv4 mapped into IPv6 becomes IPv4."""
    try:
        found = ipaddress.ip_network(text.strip(), strict=True)
    except ValueError:
        return None
    if isinstance(found, ipaddress.IPv6Network) and found.prefixlen >= 96:
        mapped = found.network_address.ipv4_mapped
        if mapped is not None:
            return ipaddress.IPv4Network((mapped, found.prefixlen - 96))
    return found


def address(text: str) -> tuple[str, str] | None:
    """Local part and domain of a mail address in lower case, None if it is not one (RFC 5321 §4.1.2, no quoting)."""
    local, at, domain = text.strip().rpartition("@")
    known = normalise_domain(domain) if at else None
    if not known or not 0 < len(local) <= 64 or any(c in '@"<>(),:;\\' or c.isspace() or ord(c) < 32 for c in local):
        return None
    return local.lower(), known


def domain(text: str) -> str | None:
    """The domain in lower-case A-labels, None if it is not one. A single label or an IP address is not one."""
    known = normalise_domain(text.strip())
    if known is None or "." not in known or network(known) is not None:
        return None
    return known


def spell(kind: str, target: str) -> str:
    """The one spelling of a target of this kind (records.Verb.target); text that is not well-formed stays as it is."""
    target = target[:LONGEST]
    if kind == "domain":
        return domain(target) or target
    if kind == "ip":
        found = network(target)
        if found is None:
            return target
        return str(found.network_address) if found.num_addresses == 1 else str(found)
    if kind in {"address", "queue"}:
        parts = address(target)
        return "@".join(parts) if parts else domain(target.removeprefix("@")) or target
    return target

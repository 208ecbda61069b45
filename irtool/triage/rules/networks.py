"""Is this text an IP address in that network? In Python and in SQL, for logs that hold addresses as text.

Databases have no portable type for addresses, so both sides work on the text: the same two expressions say what an
address is, IPv4 is compared as a number and IPv6 as 32 hexadecimal digits. An IPv4 address mapped into IPv6
(`::ffff:192.0.2.1`, RFC 4291 §2.5.5.2) counts as the IPv4 address.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Any

from irtool.triage.rules.matchers import Bind

_OCTET = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_V4 = rf"{_OCTET}\.{_OCTET}\.{_OCTET}\.{_OCTET}"
_G = "[0-9a-f]{1,4}"
_V6 = "|".join(
    [
        f"({_G}:){{7}}{_G}",
        f"({_G}:){{1,7}}:",
        *(f"({_G}:){{1,{7 - n}}}(:{_G}){{1,{n}}}" for n in range(1, 7)),
        f":(:{_G}){{1,7}}",
        "::",
    ]
)
_IS_V4, _IS_V6 = re.compile(_V4), re.compile(_V6)
_MAPPED = "::ffff:"


@dataclass(frozen=True, slots=True)
class Network:
    """An address in a network, by its first and last address (numbers for IPv4, digits for IPv6)."""

    low: int | str
    high: int | str
    raw: bool = False

    def holds(self, value: Any) -> bool:
        """In the network; what is no address is not."""
        if isinstance(self.low, str) or isinstance(self.high, str):
            return bool(_IS_V6.fullmatch(value)) and str(self.low) <= _digits(value) <= str(self.high)
        text = value.replace(_MAPPED, "")
        return bool(_IS_V4.fullmatch(text)) and self.low <= _number(text) <= self.high

    def sql(self, column: str, bind: Bind) -> str:
        """CASE WHEN it is an address THEN it lies BETWEEN."""
        if isinstance(self.low, str):
            address, valid, value = column, _V6, _digits_sql(column)
        else:
            address = f"replace({column}, '{_MAPPED}', '')"
            valid, value = _V4, _number_sql(address)
        between = f"{value} BETWEEN {bind(self.low)} AND {bind(self.high)}"
        return f"CASE WHEN regexp_matches({address}, '^({valid})$') THEN {between} ELSE FALSE END"


def network(text: str) -> Network:
    """The network of `192.0.2.0/24`, `2001:db8::/32` or of a single address. Raises ValueError."""
    found = ipaddress.ip_network(text.strip())
    if isinstance(found, ipaddress.IPv4Network):
        return Network(int(found.network_address), int(found.broadcast_address))
    return Network(f"{int(found.network_address):032x}", f"{int(found.broadcast_address):032x}")


def _number(text: str) -> int:
    first, second, third, fourth = text.split(".")
    return (int(first) << 24) + (int(second) << 16) + (int(third) << 8) + int(fourth)


def _number_sql(column: str) -> str:
    octets = [f"CAST(split_part({column}, '.', {n}) AS BIGINT)" for n in (1, 2, 3, 4)]
    return f"({octets[0]} * 16777216 + {octets[1]} * 65536 + {octets[2]} * 256 + {octets[3]})"


def _digits(text: str) -> str:
    """`::` becomes as many colons as make eight groups; an empty group is four zeros."""
    groups = text.replace("::", ":" * (9 - text.count(":"))).split(":")
    return "".join(group.rjust(4, "0") for group in groups)


def _digits_sql(column: str) -> str:
    colons = f"(length({column}) - length(replace({column}, ':', '')))"
    full = f"replace({column}, '::', repeat(':', 9 - {colons}))"
    return "(" + " || ".join(f"lpad(split_part({full}, ':', {n}), 4, '0')" for n in range(1, 9)) + ")"

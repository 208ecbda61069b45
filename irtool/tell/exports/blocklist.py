"""Plain block lists, one kind of indicator each: what may be blocked, and a head that says whence and when.

Every line is made of a value in its one spelling; text that could begin a comment or another line cannot be in one.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence

from irtool.errors import UsageError
from irtool.records import utc
from irtool.tell import clean
from irtool.tell.exports.envelope import Envelope
from irtool.tell.exports.indicators import Indicator
from irtool.tell.redaction import marking

KINDS = ("domain", "ip", "address")

_ADDRESS = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+=~&-]*@[a-z0-9._-]+")
"""Other addresses mean something else in a map: a comment, a pattern, a flag."""


def _plain(one: Indicator) -> list[str]:
    return [one.value]


def _postfix(one: Indicator) -> list[str]:
    return [f"{one.value}\tREJECT", *([f".{one.value}\tREJECT"] if one.kind == "domain" else [])]


def _rpz(one: Indicator) -> list[str]:
    if one.kind == "domain":
        return [f"{one.value}\tCNAME\t.", f"*.{one.value}\tCNAME\t."]
    return [f"{_reversed(one.value)}.rpz-ip\tCNAME\t."]


_STYLES: Mapping[str, tuple[Callable[[Indicator], list[str]], str]] = {
    "plain": (_plain, "#"),
    "rspamd": (_plain, "#"),
    "postfix": (_postfix, "#"),
    "rpz": (_rpz, ";"),
}
STYLES = tuple(_STYLES)
"""plain: one value a line, which most filters read; rspamd: a map for multimap, the same; postfix: an access(5) table,
for IPs of type cidr; rpz: a DNS response policy zone, which has no addresses."""


def blocklist(
    found: Sequence[Indicator], about: Envelope, kind: str, style: str = "plain", *, defang: bool = False
) -> str:
    """The list. With `defang` it is for reading only. Raises UsageError for a kind or a style that there is not."""
    if style not in _STYLES:
        raise UsageError(f"--style {style}: there is {', '.join(STYLES)}", hint="irtool indicators --style plain")
    if kind not in KINDS or (style == "rpz" and kind == "address"):
        kinds = [k for k in KINDS if style != "rpz" or k != "address"]
        raise UsageError(
            f"a block list in style {style} holds one kind: {', '.join(kinds)}",
            hint=f"irtool indicators --format blocklist --style {style} --type {kinds[0]}",
        )
    write, mark = _STYLES[style]
    wanted = [one for one in found if one.kind == kind and one.block]
    usable = [one for one in wanted if kind != "address" or _ADDRESS.fullmatch(one.value)]
    head = [
        f"{about.org}, incident {about.incident}, {marking(about.tlp)}",
        f"{_NOUNS[kind]} to block, as of {utc(about.as_of)}: {len(usable)}",
        *([f"{len(wanted) - len(usable)} addresses cannot stand in such a list"] if len(usable) < len(wanted) else []),
        *(["cidr table: check_client_access cidr:/etc/postfix/FILE"] if (style, kind) == ("postfix", "ip") else []),
        *(["defanged, for reading only"] if defang else []),
    ]
    lines = [f"{mark} {clean.visible(line)}" for line in head]
    if style == "rpz":
        lines += _zone_head(about)
    body = [line for one in sorted(usable, key=_order) for line in write(one)]
    return "\n".join([*lines, *(map(clean.defang, body) if defang else body)]) + "\n"


_NOUNS = {"domain": "destination domains", "ip": "source IPs", "address": "sender addresses"}


def _zone_head(about: Envelope) -> list[str]:
    serial = int(about.as_of.timestamp()) % 2**32
    soa = f"@\tIN\tSOA\tlocalhost. hostmaster.localhost. ( {serial} 3600 600 86400 300 )"
    return ["$TTL 300", soa, "@\tIN\tNS\tlocalhost."]


def _order(one: Indicator) -> tuple[int, int, str]:
    if one.kind != "ip":
        return 0, 0, one.value
    net = ipaddress.ip_network(one.value)
    return net.version, int(net.network_address), one.value


def _reversed(value: str) -> str:
    """`198.51.100.0/24` is 24.0.100.51.198; in IPv6 the longest run of zeros is written zz."""
    net = ipaddress.ip_network(value)
    if net.version == 4:
        parts = str(net.network_address).split(".")
    else:
        parts = [p for p in str(net.network_address).replace("::", ":zz:").split(":") if p]
    return ".".join([str(net.prefixlen), *reversed(parts)])

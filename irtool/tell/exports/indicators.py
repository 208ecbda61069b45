"""Which indicators of an incident may leave it, and which of them others may block. Every export is made of these.

Data of customers never leave, whatever the marking: neither their domains, nor addresses in them, nor the accounts.
What guards refuse or people took back is wrong as an indicator, and does not leave either.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlsplit

from irtool.intake.domains import domain_of, normalise_domain
from irtool.records import Json
from irtool.tell.exports.tlp import is_public
from irtool.tell.story import Facts, rows

KINDS = ("domain", "ip", "address", "url", "message_id")
SURE = 0.5
"""From this confidence on something that the incident did not block itself may be blocked by others."""

FUNCTIONS = frozenset({
    "abuse", "accounts", "admin", "administrator", "billing", "careers", "contact", "customer-service",
    "customerservice", "ftp", "hello", "help", "helpdesk", "hostmaster", "hr", "info", "inquiries", "invoice",
    "invoices", "jobs", "list", "marketing", "media", "news", "newsletter", "no-reply", "no_reply", "noc",
    "noreply", "notification", "notifications", "office", "orders", "postmaster", "press", "privacy", "sales",
    "security", "service", "support", "team", "usenet", "uucp", "webmaster", "welcome", "www",
})  # fmt: skip
"""Local parts that name a function (RFC 2142 and what is usual) and no person."""

_LISTS = {
    "destination_domains": ("domain", "destination", "domain.block"),
    "source_ips": ("ip", "source", "ip.block"),
    "sender_addresses": ("address", "sender", "address.block"),
}
_LOCAL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}")
_MESSAGE_ID = re.compile(r"[!-~]{3,250}")
_LONGEST_URL = 2000
_MOST = 10_000
"""Of one kind."""


@dataclass(frozen=True, slots=True)
class Indicator:
    """One value in its one spelling. `role` is what it was in the campaign: destination, source, sender, forged, relay,
    link or message. `block` says whether others may block it; what they may not is for looking only. `innocent` are
    messages outside the campaign that a block would have hit here, None if that is not known or not told."""

    kind: str
    value: str
    role: str
    messages: int = 0
    innocent: int | None = None
    first_seen: datetime | None = None
    last_seen: datetime | None = None
    confidence: float = 0.0
    block: bool = False


@dataclass(frozen=True, slots=True)
class Rules:
    """What only the provider knows: `refused` says why a guard forbids a verb on a target ("" if it does not),
    `private` whether a domain is a customer's, `own` are the provider's own domains."""

    refused: Callable[[str, str], str]
    private: Callable[[str], bool]
    own: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Shared:
    """The indicators, those with most messages of each kind first, and how many were left out."""

    indicators: tuple[Indicator, ...]
    left_out: int = 0


def shared(facts: Facts, rules: Rules, tlp: str) -> Shared:
    """What may leave under this marking. A public one (CLEAR, GREEN) gives only what may be blocked and the provider's
    own forged addresses, without figures about innocent mail."""
    theirs = _customers_domains(facts)
    safe = replace(rules, private=lambda domain: _within(domain, theirs) or rules.private(domain))
    found: dict[tuple[str, str], Indicator] = {}
    left_out: set[tuple[str, str]] = set()
    for raw, one in _candidates(facts, safe):
        if one is None:
            left_out.add(raw)
        elif raw not in left_out:
            found.setdefault(raw, one)
    if is_public(tlp):
        kept = [replace(i, innocent=None) for i in found.values() if i.block or i.role == "forged"]
        left_out |= {(i.kind, i.value) for i in found.values()} - {(i.kind, i.value) for i in kept}
    else:
        kept = list(found.values())
    ordered = sorted(kept, key=lambda i: (KINDS.index(i.kind), not i.block, -i.messages, i.value))
    return Shared(tuple(ordered), len(left_out))


def _candidates(facts: Facts, rules: Rules) -> Iterator[tuple[tuple[str, str], Indicator | None]]:
    """Each kind and value with its indicator, None for one that must not leave in any other role either. Without a log
    the destinations are the domains of those who complained."""
    campaign = facts.get("campaign")
    found = campaign if isinstance(campaign, dict) else {}
    for name, (kind, role, verb) in _LISTS.items():
        blocked, taken_back = _outcomes(facts, verb)
        for row in rows(found.get(name))[:_MOST]:
            text = str(row.get("value") or "")
            value = spelled(kind, text)
            complainers = kind == "domain" and not found.get("from_log") and value not in blocked
            if value is None or complainers or value in taken_back or _is_private(kind, value, rules):
                yield (kind, value or text), None
            elif rules.refused(verb, value):
                yield (kind, value), None
            else:
                one = _counted(row, Indicator(kind, value, role))
                yield (kind, value), replace(one, block=value in blocked or one.confidence >= SURE)
    yield from _forged(rows(found.get("spoofed_addresses"))[:_MOST], rules)
    yield from _relays(rows(found.get("relays"))[:_MOST], rules)
    yield from _told(rows(facts.get("complaints"))[:_MOST], rules)


def _forged(addresses: Sequence[Facts], rules: Rules) -> Iterator[tuple[tuple[str, str], Indicator | None]]:
    """Of the forged addresses only the provider's own functions are its to tell; the others belong to somebody: in a
    mailbox provider's own domain to its users."""
    for row in addresses:
        value = spelled("address", str(row.get("value") or ""))
        raw = ("address", value or str(row.get("value")))
        function = value is not None and value.partition("@")[0] in FUNCTIONS
        ours = function and _within(domain_of(value or "") or "", rules.own)
        yield raw, _counted(row, Indicator("address", raw[1], "forged")) if ours else None


def _relays(relays: Sequence[Facts], rules: Rules) -> Iterator[tuple[tuple[str, str], Indicator | None]]:
    for row in relays:
        for kind, text in (("ip", row.get("ip")), ("domain", row.get("by"))):
            value = spelled(kind, str(text or ""))
            if value and not _within(value, rules.own) and not _is_private(kind, value, rules):
                verb = "ip.block" if kind == "ip" else "domain.block"
                usable = kind == "domain" or not rules.refused(verb, value)
                yield (kind, value), _counted(row, Indicator(kind, value, "relay")) if usable else None


def _told(complaints: Sequence[Facts], rules: Rules) -> Iterator[tuple[tuple[str, str], Indicator | None]]:
    """Links and message-ids of the reported messages. A link's query may name its reader, and is cut off."""
    for complaint in complaints:
        identity = str(complaint.get("message_id") or "").strip("<>")
        if _MESSAGE_ID.fullmatch(identity) and not _foreign(identity.rpartition("@")[2], rules):
            yield ("message_id", identity), Indicator("message_id", identity, "message", 1)
        for row in rows(complaint.get("indicators")):
            if row.get("type") == "url":
                value, host = _link(str(row.get("value") or ""))
                usable = value and not _foreign(host, rules)
                yield ("url", value or host), Indicator("url", value, "link") if usable else None


def _foreign(host: str, rules: Rules) -> bool:
    """Whether the host is somebody's whose name is not ours to tell, or our own."""
    name = normalise_domain(host) or ""
    return bool(name) and (_within(name, rules.own) or rules.private(name))


def _counted(row: Mapping[str, Json], one: Indicator) -> Indicator:
    messages, innocent, sure = row.get("messages"), row.get("innocent"), row.get("confidence")
    return replace(
        one,
        messages=messages if isinstance(messages, int) else 0,
        innocent=innocent if isinstance(innocent, int) else None,
        first_seen=_moment(row.get("first_seen")),
        last_seen=_moment(row.get("last_seen")),
        confidence=min(max(float(sure), 0.0), 1.0) if isinstance(sure, int | float) else 0.0,
    )


def _outcomes(facts: Facts, verb: str) -> tuple[set[str], set[str]]:
    """Targets that the incident blocked (or found blocked), and those that were refused, vetoed or taken back."""
    actions = facts.get("actions")
    done = actions.get(verb) if isinstance(actions, dict) else None
    told = done if isinstance(done, dict) else {}
    kind = {"domain.block": "domain", "ip.block": "ip"}.get(verb, "address")

    def named(*outcomes: str) -> set[str]:
        lists = [v for o in outcomes if isinstance(v := told.get(o), list)]
        return {spelled(kind, str(t)) or str(t) for each in lists for t in each}

    return named("done", "already"), named("undone", "refused", "skipped")


def spelled(kind: str, text: str) -> str | None:
    """The one spelling of a domain, IP (or network) or address; None if it is none, or would break a file format."""
    text = text.strip()
    if kind == "ip":
        try:
            net = ipaddress.ip_network(text, strict=True)
        except ValueError:
            return None
        mapped = net.network_address.ipv4_mapped if isinstance(net, ipaddress.IPv6Network) else None
        if mapped is not None and net.prefixlen >= 96:
            net = ipaddress.IPv4Network((mapped, net.prefixlen - 96))
        return str(net.network_address) if net.num_addresses == 1 else str(net)
    if kind == "address":
        local, domain = text.rpartition("@")[0], domain_of(text)
        return f"{local.lower()}@{domain}" if domain and "." in domain and _LOCAL.fullmatch(local) else None
    name = normalise_domain(text)
    return name if name and "." in name and not _is_ip(name) else None


def _link(text: str) -> tuple[str, str]:
    """The link without what may name its reader, and its host; "" if it is no web link."""
    try:
        parts = urlsplit(text[:_LONGEST_URL].strip())
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "", ""
    name = normalise_domain(host) or (host if _is_ip(host) else "")
    if parts.scheme.lower() not in {"http", "https"} or not name:
        return "", name
    where = (f"[{name}]" if ":" in name else name) + (f":{port}" if port else "")
    path = parts.path if all("!" <= c <= "~" and c not in "\"'<>\\^`{|}" for c in parts.path) else "/"
    return f"{parts.scheme.lower()}://{where}{path or '/'}", name


def _is_private(kind: str, value: str, rules: Rules) -> bool:
    domain = value if kind == "domain" else domain_of(value) if kind == "address" else None
    return bool(domain) and rules.private(domain or "")


def _customers_domains(facts: Facts) -> tuple[str, ...]:
    campaign = facts.get("campaign")
    customers = rows(campaign.get("affected_customers")) if isinstance(campaign, dict) else []
    named = (d.strip() for c in customers for d in str(c.get("domain") or "").split(","))
    return tuple(name for d in named if (name := normalise_domain(d)))


def _within(name: str, domains: Sequence[str]) -> bool:
    known = [normalise_domain(d) or d.lower() for d in domains if d]
    return any(name == d or name.endswith(f".{d}") for d in known)


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _moment(value: Json) -> datetime | None:
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None

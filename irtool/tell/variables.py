"""What each template of mail may use, with what it means, and examples to try it with before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

_ORG: Mapping[str, Any] = {
    "name": "our name, from org in irtool.yaml",
    "domains": "our own domains",
    "contact": "how to reach us, as text",
    "url": "our site",
}

NOTICE: Mapping[str, Any] = MappingProxyType(
    {
        "incident": "the number of the incident, INC-2026-0001",
        "version": "1 for the first notice, 2 for the first update, and so on",
        "customer": {
            "id": "the account",
            "name": "the customer's name, possibly empty",
            "domain": "the domain that was misused",
            "locale": "the language on file, it or de-CH",
            "contact": "the address that this mail goes to",
            "messages": "how many messages bore their domain: a number",
            "first_seen": "when the first of them was sent, or none",
            "last_seen": "when the last of them was sent, or none",
            "addresses": [{"value": "a forged address of theirs", "messages": "how many bore it"}],
        },
        "own_account": "true if an account of the customer itself sent some of the campaign",
        "blocked": {
            "domain": "true once mail of the campaign is blocked by its destination",
            "senders": "true once sending IPs or addresses are blocked",
            "accounts": "true once accounts that sent it are disabled",
            "queue": "true once queued mail of it was deleted",
            "policy": "true once the relay rules were changed",
        },
        "marks": {"reported": "when somebody first complained, or none", "aware": "when the team knew, or none"},
        "lines": "the lines of an update, as its author wrote them; empty in other notices",
        "org": _ORG,
        "genuine": {
            "phone": "notices.genuine in irtool.yaml: a telephone number",
            "url": "a page of ours that says the same",
            "pgp": "the fingerprint of our key",
            "text": "anything else, in the notice's language",
        },
        "sender": "the address that this mail comes from",
    }
)
"""Of customer-notice, customer-notice-correction, customer-notice-update, and any notice of your own."""

PAGE: Mapping[str, Any] = MappingProxyType(
    {
        **NOTICE,
        "lang": "the language of the text, en",
        "subject": "the subject line",
        "blocks": [{"kind": "heading, list or text", "lines": "the lines of this block, in order"}],
    }
)
"""Of notices/page.html.j2, and of an HTML template of your own for one notice."""

RELAY_REPORT: Mapping[str, Any] = MappingProxyType(
    {
        "incident": "the number of the incident, INC-2026-0001",
        "relay": {
            "by": "the relay as it calls itself",
            "ip": "the machine that handed the mail to it",
            "helo": "what that machine called itself",
            "messages": "how many messages came this way, 0 if not known",
            "contact": "the operator's address",
        },
        "hops": [
            {
                "time": "when, or none",
                "by": "who received",
                "ip": "from which address",
                "helo": "what that called itself",
                "auth": "true if it had logged in",
                "id": "the operator's queue id",
                "n": "the number of the hop",
                "rdns": "its name in the DNS",
                "with": "the protocol",
                "time_raw": "when, as it was written",
            }
        ],
        "authenticated": "true if somebody had logged in to the relay",
        "org": _ORG,
    }
)
"""Of relay-report."""


def of(template: str) -> Mapping[str, Any] | None:
    """The variables of a template by its name without language and endings; None if it is no mail."""
    if template.startswith("relay-report"):
        return RELAY_REPORT
    return PAGE if template == "page" else NOTICE


def lines(tree: Mapping[str, Any], before: str = "") -> list[tuple[str, str]]:
    """Each variable with what it means: `customer.name`; the fields of rows as `hops[].time`."""
    found: list[tuple[str, str]] = []
    for name, about in tree.items():
        here = f"{before}{name}"
        if isinstance(about, Mapping):
            found += lines(about, f"{here}.")
        elif isinstance(about, list):
            found += lines(about[0], f"{here}[].")
        else:
            found.append((here, str(about)))
    return found


_CUSTOMER: Mapping[str, Any] = {
    "id": "C1",
    "name": "Example & Sons Ltd",
    "domain": "customer.example",
    "locale": "en",
    "contact": "postmaster@customer.example",
    "messages": 3,
    "first_seen": "2025-04-14T15:54:00Z",
    "last_seen": "2025-04-14T19:07:00Z",
    "addresses": [{"value": "info@customer.example", "messages": 3}],
}
_US: Mapping[str, Any] = {
    "name": "Example Mail",
    "domains": ["gateway.example"],
    "contact": "security@gateway.example",
    "url": "https://gateway.example",
}


def examples(template: str) -> list[dict[str, Any]]:
    """Variables to fill the template with: one set with everything there, one with as little as there can be."""
    if template.startswith("relay-report"):
        hop = {"time": "2014-05-01T10:00:00Z", "by": "mx.relay.example", "ip": "192.0.2.7", "helo": "pc", "auth": True,
               "id": "4F2", "n": 1, "rdns": "", "with": "ESMTPA", "time_raw": ""}  # fmt: skip
        bare = {**hop, "time": None, "ip": "", "helo": "", "auth": False, "id": ""}
        relay = {"by": "mx.relay.example", "ip": "192.0.2.7", "helo": "pc", "messages": 7, "contact": ""}
        full = {"incident": "INC-2026-0001", "relay": relay, "hops": [hop, bare], "authenticated": True, "org": _US}
        nobody = {**_US, "name": "", "contact": "", "url": ""}
        few = {**full, "relay": {**relay, "messages": 0}, "hops": [], "authenticated": False, "org": nobody}
        return [full, few]
    there = {"domain": True, "senders": True, "accounts": True, "queue": True, "policy": True}
    full = {
        "incident": "INC-2026-0001",
        "version": 2,
        "customer": dict(_CUSTOMER),
        "own_account": False,
        "blocked": there,
        "marks": {"reported": "2025-04-14T15:54:00Z", "aware": "2025-04-14T16:52:00Z"},
        "lines": ["We know more now.", "", "- It was a stolen password.", "- It has been changed."],
        "org": dict(_US),
        "genuine": {"phone": "+39 02 1234567", "url": "gateway.example/security", "pgp": "0123 4567", "text": "Ask."},
        "sender": "security@gateway.example",
    }
    empty = {k: None if k in {"first_seen", "last_seen"} else "" for k in _CUSTOMER} | {"messages": 0, "addresses": []}
    few = {
        **full,
        "version": 1,
        "customer": empty,
        "own_account": True,
        "blocked": dict.fromkeys(there, False),
        "marks": {"reported": None, "aware": None},
        "lines": [],
        "org": {"name": "", "domains": [], "contact": "", "url": ""},
        "genuine": {"phone": "", "url": "", "pgp": "", "text": ""},
    }
    if template == "page":
        shown = [{"kind": kind, "lines": ["ONE", "two"]} for kind in ("text", "heading", "list")]
        return [{**one, "lang": "en", "subject": "About your domain", "blocks": shown} for one in (full, few)]
    return [full, few]

"""Blocking: mail to a domain, from an IP, or from an address is refused from now on."""

from __future__ import annotations

from irtool.records import Verb

_COMMON = {"target": "text", "expires": "duration"}

VERBS = (
    Verb(
        name="domain.block",
        title="Refuse all mail to a destination domain",
        kind="change",
        target="domain",
        states=("absent", "blocked"),
        undo="unblock",
        danger="severe",
        params=_COMMON,
    ),
    Verb(
        name="ip.block",
        title="Refuse all mail from an IP address or network",
        kind="change",
        target="ip",
        states=("absent", "blocked"),
        undo="unblock",
        danger="moderate",
        params=_COMMON,
    ),
    Verb(
        name="address.block",
        title="Refuse all mail from an address, in the envelope and in the header",
        kind="change",
        target="address",
        states=("absent", "blocked"),
        undo="unblock",
        danger="moderate",
        params=_COMMON,
    ),
)

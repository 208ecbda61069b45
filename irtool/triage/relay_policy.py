"""May this account send this message through us? The relay rules a gateway had over the years, as pure functions.

A rule sees only who owns what, relative to the account that submits:

    envelope sender   own | other | foreign | null       own: the account's, other: another customer's,
    Sender header     own | other | foreign | absent     foreign: hosted nowhere here
    From header       own | other | foreign
    source IP         own | not-own

The rules are those of the Sophos Email post-incident report of April 2025: the one at launch, the change of 2019
(null envelope + own Sender lets any From pass: the hole), and the fix of 2025 in its two readings. As written, the fix
("From must belong to the same customer as Sender") also rejects the forwarded calendar invitations that it says still
work; the hosted-aware reading keeps them. The same rules over a whole log are `sql/relay_rules.sql`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

ENVELOPE = ("own", "other", "foreign", "null")
SENDER = ("own", "other", "foreign", "absent")
FROM = ("own", "other", "foreign")
IP = ("own", "not-own")


@dataclass(frozen=True, slots=True)
class Owners:
    """Who owns the four identities of a submission, in the words of the table above."""

    envelope: str
    sender: str
    from_: str
    ip: str


def launch(owners: Owners) -> bool:
    """At launch: the envelope sender is the account's; or, if it is null, the From header is."""
    return owners.ip == "own" and (owners.envelope == "own" or (owners.envelope == "null" and owners.from_ == "own"))


def since_2019(owners: Owners) -> bool:
    """Since 2019: with a null envelope sender, an own Sender header is as good as an own From."""
    return launch(owners) or (owners.ip == "own" and owners.envelope == "null" and owners.sender == "own")


def since_2019_broad(owners: Owners) -> bool:
    """The same change read broadly: any one of envelope sender, Sender and From is the account's."""
    return owners.ip == "own" and "own" in (owners.envelope, owners.sender, owners.from_)


def since_2025_literal(owners: Owners) -> bool:
    """Since 2025, to the letter: with a null envelope sender, From and Sender belong to the account."""
    return launch(owners) and (owners.envelope == "own" or owners.sender in {"own", "absent"})


def since_2025_hosted_aware(owners: Owners) -> bool:
    """Since 2025, as meant: own Sender may carry a From that is hosted nowhere here, never another customer's."""
    forward = owners.envelope == "null" and owners.sender == "own" and owners.from_ == "foreign"
    return since_2025_literal(owners) or (owners.ip == "own" and forward)


RULES: Mapping[str, Callable[[Owners], bool]] = {
    "launch": launch,
    "2019": since_2019,
    "2019-broad": since_2019_broad,
    "2025-literal": since_2025_literal,
    "2025-hosted-aware": since_2025_hosted_aware,
}
"""The rules by name, in the order of history. "2019" is the narrow reading, the one that the fix of 2025 fits."""


def detector_seed(owners: Owners) -> bool:
    """The hole itself: what the rule of 2019 accepts in another customer's name and the others reject."""
    return owners == Owners("null", "own", "other", "own")


def detector_wide(owners: Owners) -> bool:
    """Another customer's From, whatever the envelope: no rule stops it under an own envelope sender."""
    return owners.ip == "own" and owners.from_ == "other"


def relation(found: Iterable[str | None], account: str, empty: str) -> str:
    """Whose the addresses of one identity are, seen from the account; of several, the one that speaks most against it.

    `found` are their owners (None: hosted nowhere here), `empty` is the word for no address at all.
    """
    owners = set(found)
    if not owners:
        return empty
    if owners - {None, account}:
        return "other"
    return "foreign" if None in owners else "own"

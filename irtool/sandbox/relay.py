"""May this account send this message through us? The relay rules a gateway had over the years, as pure functions.

A rule sees only who owns what, relative to the account that submits:

    envelope sender   own | other | foreign | null       own: the account's, other: another customer's,
    Sender header     own | other | foreign | absent     foreign: hosted nowhere here
    From header       own | other | foreign
    source IP         own | not-own

The rules are those of the Sophos Email post-incident report of April 2025: the one at launch, the change of 2019
(null envelope + own Sender lets any From pass: the hole), and the fix of 2025 in its two readings. As written, the fix
("From must belong to the same customer as Sender") also rejects the forwarded calendar invitations that it says still
work; the hosted-aware reading keeps them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol


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
    "2025-literal": since_2025_literal,
    "2025-hosted-aware": since_2025_hosted_aware,
}
"""The rules a provider can be set to, by name."""

TRIAL_OUTBOUND = ("open", "partner-only")
"""May trial accounts send at all: yes, or only those that a partner manages."""


@dataclass(frozen=True, slots=True)
class Submission:
    """One message handed in for relaying. `envelope_from` is "" for the null sender. `from_` and `sender` are all the
    addresses their headers could be read as naming; addresses and domains are normalised."""

    account: str
    ip: str
    envelope_from: str
    recipients: tuple[str, ...]
    from_: tuple[str, ...] = ()
    sender: tuple[str, ...] = ()
    subject: str = ""
    size: int = 0


class Standing(Protocol):
    """What the decision asks the provider."""

    def account_status(self, account: str) -> str | None:
        """active, limited, disabled, or None for an account that does not exist."""
        ...

    def may_send(self, account: str) -> bool:
        """Whether the trial policy lets this account send outbound."""
        ...

    def within_limit(self, account: str) -> bool:
        """Whether one more message now stays within the account's hourly limit."""
        ...

    def owns_ip(self, account: str, ip: str) -> bool:
        """Whether the IP is one the account sends from."""
        ...

    def owner(self, domain: str) -> str | None:
        """The account that owns the domain or a parent of it."""
        ...

    def ip_blocked(self, ip: str) -> str | None:
        """The blocked address or network it falls under."""
        ...

    def address_blocked(self, address: str) -> str | None:
        """The blocked address it is."""
        ...

    def domain_blocked(self, domain: str) -> str | None:
        """The blocked domain it is, or is below of."""
        ...

    def rule(self) -> str:
        """The name of the relay rule in force."""
        ...


def domain_of(address: str) -> str:
    """What stands after the last @."""
    return address.rpartition("@")[2]


def relation(standing: Standing, account: str, addresses: tuple[str, ...], empty: str) -> str:
    """Whose the addresses are, seen from the account; of several, the one that speaks most against it."""
    owners = {standing.owner(domain_of(a)) for a in addresses}
    if not owners:
        return empty
    if owners - {None, account}:
        return "other"
    return "foreign" if None in owners else "own"


def owners(standing: Standing, submission: Submission) -> Owners:
    """The submission as the rules see it. A From without any address belongs to nobody here."""
    account = submission.account
    envelope = (submission.envelope_from,) if submission.envelope_from else ()
    return Owners(
        envelope=relation(standing, account, envelope, "null"),
        sender=relation(standing, account, submission.sender, "absent"),
        from_=relation(standing, account, submission.from_, "foreign"),
        ip="own" if standing.owns_ip(account, submission.ip) else "not-own",
    )


def decide(standing: Standing, submission: Submission) -> tuple[int, str]:
    """The SMTP reply (RFC 5321 §4.2, enhanced codes of RFC 3463): 250, or the first reason against it."""
    for check in (_account, _address_lists, _recipients, _policy):
        refusal = check(standing, submission)
        if refusal:
            return refusal
    return 250, "2.0.0 accepted for delivery"


def _account(standing: Standing, submission: Submission) -> tuple[int, str] | None:
    status = standing.account_status(submission.account)
    if status is None:
        return 535, "5.7.8 authentication failed: no such account"
    if status == "disabled":
        return 535, "5.7.8 authentication failed: the account is disabled"
    if not standing.may_send(submission.account):
        return 550, "5.7.1 trial accounts may not send outbound mail"
    if not standing.within_limit(submission.account):
        return 451, "4.7.1 hourly limit of the account reached"
    return None


def _address_lists(standing: Standing, submission: Submission) -> tuple[int, str] | None:
    if hit := standing.ip_blocked(submission.ip):
        return 554, f"5.7.1 source IP is blocked: {hit}"
    for address in (submission.envelope_from, *submission.from_, *submission.sender):
        if hit := standing.address_blocked(address):
            return 550, f"5.7.1 sender is blocked: {hit}"
    return None


def _recipients(standing: Standing, submission: Submission) -> tuple[int, str] | None:
    if not submission.recipients:
        return 554, "5.5.1 no valid recipients"
    for recipient in submission.recipients:
        if hit := standing.domain_blocked(domain_of(recipient)):
            return 550, f"5.7.1 destination is blocked: {hit}"
    return None


def _policy(standing: Standing, submission: Submission) -> tuple[int, str] | None:
    if RULES[standing.rule()](owners(standing, submission)):
        return None
    return 550, f"5.7.1 relay not authorised for these senders (policy {standing.rule()})"

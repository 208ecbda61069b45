"""What the gateway answers to a submission: the account, the block lists, the trial policy, then the relay rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from irtool.triage import relay_policy
from irtool.triage.relay_policy import Owners

RULES: Mapping[str, Callable[[Owners], bool]] = {
    name: rule for name, rule in relay_policy.RULES.items() if name != "2019-broad"
}
"""The rules a provider can be set to, by name: those that were in force at some time."""

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


def owners(standing: Standing, submission: Submission) -> Owners:
    """The submission as the rules see it. A From without any address belongs to nobody here."""

    def seen(addresses: tuple[str, ...], empty: str) -> str:
        found = [standing.owner(domain_of(address)) for address in addresses]
        return relay_policy.relation(found, submission.account, empty)

    return Owners(
        envelope=seen((submission.envelope_from,) if submission.envelope_from else (), "null"),
        sender=seen(submission.sender, "absent"),
        from_=seen(submission.from_, "foreign"),
        ip="own" if standing.owns_ip(submission.account, submission.ip) else "not-own",
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

"""Notices to affected customers: each in their language, with their own data and nobody else's."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.headerregistry import Address
from pathlib import Path

from irtool.errors import StepFailed
from irtool.records import Event, Json
from irtool.tell import clean, mail
from irtool.tell.letters import fill, language, organisation, proof
from irtool.tell.mail import preview
from irtool.tell.mailpage import page
from irtool.tell.relays import relay_report
from irtool.tell.story import Facts, rows, story

__all__ = ["CORRECTION", "NOTICE", "UPDATE", "Letterhead", "Wanted", "notice", "preview", "relay_report", "write"]

NOTICE = "customer-notice"
CORRECTION = "customer-notice-correction"
UPDATE = "customer-notice-update"

OWN = ("id", "name", "domain", "locale", "contact", "messages", "first_seen", "last_seen", "addresses")
"""What of a finding is the customer's own. Who else sent, where to, and samples of it are other people's."""

_MEASURES: Mapping[str, tuple[str, ...]] = {
    "domain": ("domain.block",),
    "senders": ("ip.block", "address.block"),
    "accounts": ("account.disable",),
    "queue": ("queue.purge",),
    "policy": ("policy.set",),
}


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What every notice has in common: the folders of templates (own ones first), who we are, the From (`Name
    <user@host>`), and how a reader can find out by other means that it is from us."""

    templates: Sequence[Path]
    org: Mapping[str, Json]
    sender: str
    genuine: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which notice to a customer: template and version, the language if it is not theirs, `lines` of an update, the
    Message-IDs that they were sent before (the oldest first) and, for a correction, what it takes back."""

    template: str = NOTICE
    version: int = 1
    lang: str = ""
    lines: tuple[str, ...] = ()
    thread: tuple[str, ...] = ()
    corrects: str = ""


def notice(
    events: Iterable[Event],
    customer: Mapping[str, Json],
    *,
    lang: str = "",
    template: str = NOTICE,
    templates: Sequence[Path],
    org: Mapping[str, Json],
    sender: str,
    date: datetime,
) -> str:
    """The whole message to one customer (a `CustomerFinding` as JSON), the same for the same events and date.

    A correction takes back the first notice. Otherwise as `write`.
    """
    wanted = Wanted(template, lang=lang, corrects=NOTICE if template == CORRECTION else "")
    return write(story(events), customer, Letterhead(templates, org, sender), wanted, date)


def write(
    facts: Facts, customer: Mapping[str, Json], letterhead: Letterhead, wanted: Wanted, date: datetime, to: str = ""
) -> str:
    """The whole message to one customer, text and page; `to` has it sent to somebody else, as a test.

    The customer's locale decides the language; one without that template gets English. Raises StepFailed if the
    customer has no usable contact, UsageError if the template is missing or faulty.
    """
    from_ = mail.address(letterhead.sender, what="notices.from in irtool.yaml")
    recipient = recipient_of(customer, to)
    subject, text, html = _words(facts, customer, letterhead, wanted, _in_place(facts))
    incident, thread = str(facts["incident"]), wanted.thread
    identity = identity_of(from_.domain, incident, customer, wanted)
    if to:
        subject, identity = (
            f"TEST: {subject}",
            mail.message_id(from_.domain, incident, identity, "test", date.isoformat()),
        )
    answered = ""
    if wanted.template != NOTICE and not to:
        first = Wanted(wanted.corrects or NOTICE, wanted.version if wanted.corrects else 1)
        answered = identity_of(from_.domain, incident, customer, first) if wanted.corrects or not thread else ""
        thread = thread if answered in thread or not answered else (*thread, answered)
    return mail.compose(
        sender=from_,
        to=recipient,
        subject=subject,
        date=date,
        identity=identity,
        parts=(mail.Part("text/plain", mail.folded(text)), mail.Part("text/html", html)),
        thread=() if to or wanted.template == NOTICE else thread,
        answered=answered,
    )


def recipient_of(customer: Mapping[str, Json], to: str = "") -> Address:
    """Whom the notice is addressed to. Raises StepFailed if the customer has no contact, or one that is none."""
    name = clean.header(str(customer.get("name") or customer.get("id") or ""))
    if to:
        return mail.address(to, what="--test-to")
    contact = str(customer.get("contact") or "").strip()
    if not contact:
        raise StepFailed(
            f"customer {clean.terminal(name)} ({clean.terminal(str(customer.get('id')))}) has no contact on file",
            hint="add a contact to the directory, then: irtool resume; or tell them by other means and use irtool note",
        )
    return mail.address(contact, name, what=f"contact of customer {clean.terminal(name)}")


def identity_of(domain: str, incident: str, customer: Mapping[str, Json], wanted: Wanted) -> str:
    """The Message-ID of this notice to this customer: the same however often it is written."""
    who = str(customer.get("id") or customer.get("contact") or "")
    return mail.message_id(domain, incident, who, wanted.template, wanted.corrects, f"v{wanted.version}")


def digest(facts: Facts, customer: Mapping[str, Json], letterhead: Letterhead, wanted: Wanted) -> str:
    """SHA-256 of what a yes to this notice is a yes to: recipient, subject, text and page, without its date.

    Which measures the notice names is decided when it leaves, for it only names those that are in place. So both ends
    are covered: as it reads with none of them, and with all.
    """
    covered = [recipient_of(customer).addr_spec]
    for there in (False, True):
        covered += _words(facts, customer, letterhead, wanted, dict.fromkeys(_MEASURES, there))
    return hashlib.sha256("\0".join(covered).encode("utf-8", "surrogatepass")).hexdigest()


def _words(
    facts: Facts, customer: Mapping[str, Json], letterhead: Letterhead, wanted: Wanted, blocked: Mapping[str, bool]
) -> tuple[str, str, str]:
    """Subject, text and page."""
    lang = language(wanted.lang or str(customer.get("locale") or ""), wanted.template, letterhead.templates)
    values = variables(facts, customer, letterhead, wanted, lang, blocked)
    name = f"notices/{lang}/{wanted.template}.txt.j2"
    subject, text = fill(name, lang, letterhead.templates, values)
    html = page(
        text,
        subject=subject,
        lang=lang,
        template=wanted.template,
        templates=letterhead.templates,
        variables=values,
    )
    return subject, text, html


def variables(
    facts: Facts,
    customer: Mapping[str, Json],
    letterhead: Letterhead,
    wanted: Wanted,
    lang: str,
    blocked: Mapping[str, bool],
) -> dict[str, object]:
    """What a notice may say: this customer's findings and which kinds of measures are in place. No other's data.

    `tell.variables.NOTICE` documents them.
    """
    defaults: dict[str, Json] = {"messages": 0, "first_seen": None, "last_seen": None, "domain": "", "name": ""}
    return {
        "incident": facts["incident"],
        "version": wanted.version,
        "marks": {"reported": None, "aware": None, **_mapping(facts["marks"])},
        "customer": {**dict.fromkeys(OWN), **defaults, **{k: v for k, v in customer.items() if k in OWN}},
        "org": organisation(letterhead.org),
        "genuine": proof(letterhead.genuine, lang),
        "sender": mail.address(letterhead.sender, what="notices.from in irtool.yaml").addr_spec,
        "own_account": customer.get("id") in _accounts(facts),
        "blocked": dict(blocked),
        "lines": list(wanted.lines),
    }


def _in_place(facts: Facts) -> dict[str, bool]:
    actions = facts["actions"]
    found = actions if isinstance(actions, dict) else {}
    verbs = {verb: bool(a["done"] or a["already"]) for verb, a in found.items() if isinstance(a, dict)}
    return {name: any(verbs.get(verb, False) for verb in kinds) for name, kinds in _MEASURES.items()}


def _accounts(facts: Facts) -> set[Json]:
    """The accounts that sent the campaign: a customer whose own account is among them is told so."""
    return {a["id"] for a in rows(_mapping(facts["campaign"]).get("accounts")) if isinstance(a.get("id"), str)}


def _mapping(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}

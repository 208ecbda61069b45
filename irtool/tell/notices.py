"""Notices to affected customers: each in their language, with their own data and nobody else's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from irtool.errors import StepFailed
from irtool.records import Event, Json
from irtool.tell import clean, mail
from irtool.tell.letters import fill, language, organisation
from irtool.tell.mail import preview
from irtool.tell.relays import relay_report
from irtool.tell.story import Facts, rows, story

__all__ = ["CORRECTION", "NOTICE", "notice", "preview", "relay_report"]

NOTICE = "customer-notice"
CORRECTION = "customer-notice-correction"


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

    `lang` is the customer's locale if not given; a language without that template gets English. `sender` is
    `Name <user@host>`. A correction refers to the notice it corrects. Raises StepFailed if the customer has no
    usable contact, UsageError if the template is missing or faulty.
    """
    name = clean.header(str(customer.get("name") or customer.get("id") or ""))
    contact = str(customer.get("contact") or "").strip()
    if not contact:
        raise StepFailed(
            f"customer {clean.terminal(name)} ({clean.terminal(str(customer.get('id')))}) has no contact on file",
            hint="add a contact to the directory, then: irtool resume; or tell them by other means and use irtool note",
        )
    from_ = mail.address(sender, what="notices.from in irtool.yaml")
    to = mail.address(contact, name, what=f"contact of customer {clean.terminal(name)}")
    facts = story(events)
    spoken = language(lang or str(customer.get("locale") or ""), template, templates)
    subject, text = fill(
        f"notices/{spoken}/{template}.txt.j2", spoken, templates, _variables(facts, customer, org, from_.addr_spec)
    )
    incident, who = str(facts["incident"]), str(customer.get("id") or contact)
    message = mail.compose(
        sender=from_,
        to=to,
        subject=subject,
        text=text,
        date=date,
        identity=mail.message_id(from_.domain, incident, who, template),
    )
    if template != NOTICE:
        message["In-Reply-To"] = mail.message_id(from_.domain, incident, who, NOTICE)
        message["References"] = mail.message_id(from_.domain, incident, who, NOTICE)
    return mail.as_text(message)


def _variables(facts: Facts, customer: Mapping[str, Json], org: Mapping[str, Json], sender: str) -> dict[str, object]:
    """What a notice may say: this customer's findings and which kinds of measures are in place. No other's data."""
    actions = facts["actions"]
    found = actions if isinstance(actions, dict) else {}
    verbs = {verb: bool(a["done"] or a["already"]) for verb, a in found.items() if isinstance(a, dict)}
    blocked = verbs.get("ip.block", False) or verbs.get("address.block", False)
    defaults: dict[str, Json] = {"messages": 0, "first_seen": None, "last_seen": None, "domain": "", "name": ""}
    return {
        "incident": facts["incident"],
        "marks": {"reported": None, "aware": None, **_mapping(facts["marks"])},
        "customer": {**defaults, **customer},
        "org": organisation(org),
        "sender": sender,
        "own_account": customer.get("id") in _accounts(facts),
        "blocked": {
            "domain": verbs.get("domain.block", False),
            "senders": blocked,
            "accounts": verbs.get("account.disable", False),
            "queue": verbs.get("queue.purge", False),
            "policy": verbs.get("policy.set", False),
        },
    }


def _accounts(facts: Facts) -> set[Json]:
    """The accounts that sent the campaign: a customer whose own account is among them is told so."""
    return {a["id"] for a in rows(_mapping(facts["campaign"]).get("accounts")) if isinstance(a.get("id"), str)}


def _mapping(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}

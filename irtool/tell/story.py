"""The facts of an incident, from its events alone. Whatever irtool writes takes every figure from here, once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import cast

from irtool.errors import UsageError
from irtool.history import History, fold
from irtool.records import Event, Json, to_json, utc
from irtool.tell.actions import actions, done_at
from irtool.tell.intervals import intervals, milestones

Facts = dict[str, Json]

_LISTS = (
    "accounts",
    "source_ips",
    "sender_addresses",
    "spoofed_addresses",
    "destination_domains",
    "relays",
    "affected_customers",
    "signatures",
    "unanswered",
)
_FIGURES = {
    "domains_blocked": "domain.block",
    "ips_blocked": "ip.block",
    "addresses_blocked": "address.block",
    "accounts_disabled": "account.disable",
    "notices_sent": "notice.send",
    "relays_reported": "abuse.report",
}


def story(events: Iterable[Event]) -> Facts:
    """All facts as plain JSON; text in them is raw and hostile, times are ISO 8601 in UTC.

    `campaign` is the findings with all their lists; `figures` the counts that prose uses; `actions` what was done by
    verb (see `actions`); `marks` and `intervals` the milestones; `people` who decided what. Raises UsageError if
    there are no events.
    """
    log = sorted(events, key=lambda e: e.seq)
    if not log:
        raise UsageError("this incident has no events", hint="irtool status")
    history = fold(log[0].incident, log)
    times = done_at(log)
    done = actions(history, times)
    campaign = _campaign(history)
    return {
        "incident": history.incident,
        "title": history.title,
        "playbook": history.playbook,
        "status": history.status,
        "opened_at": utc(history.opened_at) if history.opened_at else None,
        "as_of": utc(max(e.recorded_at for e in log)),
        "events": len(log),
        "complaints": cast("list[Json]", [_complaint(e) for e in log if e.kind == "complaint.received"]),
        "campaign": campaign,
        "figures": _figures(campaign, done),
        "actions": cast("Facts", done),
        "marks": {mark: utc(at) for mark, at in milestones(log, history, times).items()},
        "intervals": cast("list[Json]", intervals(log, history, times)),
        "people": _people(history),
        "notes": cast("list[Json]", [_note(e) for e in log if e.kind == "note.added"]),
    }


def _campaign(history: History) -> Facts:
    found: Facts = dict(history.findings)
    for name in _LISTS:
        value = found.get(name)
        found[name] = value if isinstance(value, list) else []
    messages = found.get("messages")
    found["messages"] = messages if isinstance(messages, int) else 0
    for name in ("first_seen", "last_seen"):
        found[name] = found.get(name) or None
    found["rejected_rows"] = found.get("rejected_rows") or 0
    found["from_log"] = bool(found.get("from_log"))
    return found


def _figures(campaign: Mapping[str, Json], done: Mapping[str, Mapping[str, Json]]) -> Facts:
    accounts, customers = rows(campaign["accounts"]), rows(campaign["affected_customers"])
    plans = {str(a.get("plan") or "") for a in accounts}
    figures: Facts = {
        "messages": campaign["messages"],
        "accounts": len(accounts),
        "plan": plans.pop() if len(plans) == 1 else "",
        "customers": len(customers),
        "customer_messages": sum(int(str(c.get("messages") or 0)) for c in customers),
        "source_ips": len(rows(campaign["source_ips"])),
    }
    for name, verb in _FIGURES.items():
        figures[name] = size(done.get(verb, {}).get("done"))
    for outcome in ("waiting", "failed", "unknown", "undone", "refused"):
        figures[outcome] = sum(size(verb[outcome]) for verb in done.values())
    return figures


def _complaint(event: Event) -> Facts:
    facts = dict(event.data)
    facts.pop("headers", None)
    facts["occurred_at"] = utc(event.occurred_at)
    facts["offset"] = event.offset
    return facts


def _people(history: History) -> list[Json]:
    decisions: Sequence[Facts] = [
        {"who": a.person, "did": "approved" if a.approved else "refused", "step": a.step, "at": to_json(a.at)}
        for a in history.approvals
    ]
    opened: Facts = {"who": history.started_by, "did": "started", "step": None, "at": to_json(history.opened_at)}
    return [opened, *decisions]


def _note(event: Event) -> Facts:
    return {
        "at": utc(event.occurred_at),
        "text": str(event.data.get("text", "")),
        "who": event.actor,
        "offset": event.offset,
        "corrects": event.data.get("corrects"),
    }


def rows(value: Json) -> list[Facts]:
    """The objects of a list; anything else in it is left out."""
    return [v for v in value if isinstance(v, dict)] if isinstance(value, list) else []


def size(value: Json) -> int:
    """How many a list holds; 0 if it is no list."""
    return len(value) if isinstance(value, list) else 0

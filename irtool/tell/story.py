"""The facts of an incident, from its events alone. Whatever irtool writes takes every figure from here, once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import cast

from irtool.history import History
from irtool.records import Event, Json, to_json, utc
from irtool.tell.actions import actions
from irtool.tell.actions import told as of_stretch
from irtool.tell.gather import Gathered, Stretch, gather
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


def story(events: Iterable[Event] | Gathered) -> Facts:
    """All facts as plain JSON; text in them is raw and hostile, times are ISO 8601 in UTC.

    `campaign` is the findings with all their lists; `figures` the counts that prose uses; `actions` what was done by
    verb (see `actions`), `stretches` the same by time; `marks` and `intervals` the milestones; `people` who decided
    what; `parts` what people wrote for reports. `complaints` and `notes` are cut if there are very many: `figures` has
    their numbers. Raises UsageError if there are no events.
    """
    told = events if isinstance(events, Gathered) else gather(events)
    history, times = told.history, told.times
    done = actions(history, times)
    marks = milestones(told)
    campaign = _campaign(history)
    campaign["first_seen"] = utc(marks["campaign_start"]) if "campaign_start" in marks else None
    figures = _figures(campaign, done) | {"complaints": told.complaint_count, "notes": told.note_count}
    return {
        "incident": history.incident,
        "title": history.title,
        "playbook": history.playbook,
        "status": history.status,
        "opened_at": utc(history.opened_at) if history.opened_at else None,
        "as_of": utc(told.as_of) if told.as_of else None,
        "events": told.events,
        "complaints": cast("list[Json]", [_complaint(e) for e in told.complaints]),
        "campaign": campaign,
        "figures": figures,
        "actions": cast("Facts", done),
        "stretches": cast("list[Json]", [_stretch(s, history) for s in told.stretches]),
        "moments": {kind: utc(e.occurred_at) for kind, e in _moments(told)},
        "marks": {mark: utc(at) for mark, at in marks.items()},
        "intervals": cast("list[Json]", intervals(marks)),
        "first_trace": _first_trace(told.complaints),
        "people": _people(history),
        "notes": cast("list[Json]", [_note(e, told.corrected) for e in told.notes]),
        "parts": cast("list[Json]", [_part(e) for e in told.parts.values()]),
        "credits": cast("list[Json]", told.credits),
        "explained": cast("Facts", dict(told.explained)),
    }


def _moments(told: Gathered) -> Iterator[tuple[str, Event]]:
    """What is told once, and the last complaint."""
    yield from told.moments.items()
    if told.last_complaint is not None:
        yield "complaint.received", told.last_complaint


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


def _note(event: Event, corrected: Mapping[int, int]) -> Facts:
    return {
        "seq": event.seq,
        "at": utc(event.occurred_at),
        "written_at": utc(event.recorded_at),
        "text": str(event.data.get("text", "")),
        "who": event.actor,
        "offset": event.offset,
        "corrects": event.data.get("corrects"),
        "corrected": event.seq in corrected,
    }


def _part(event: Event) -> Facts:
    data = event.data
    kept = {name: data.get(name) for name in ("part", "lang", "style", "text", "sources", "supersedes", "consent")}
    kept["style"] = kept["style"] or ""
    return {**kept, "who": event.actor, "at": utc(event.recorded_at), "seq": event.seq}


def _stretch(stretch: Stretch, history: History) -> Facts:
    """What was tried in one go: how many targets had which outcome, from when to when."""
    came = of_stretch(stretch, history.changes)
    return {
        "verb": came.verb,
        "step": stretch.step,
        "undo": stretch.undo,
        "first_at": utc(stretch.first),
        "last_at": utc(stretch.last),
        "counts": {"done": len(came.done), "failed": len(came.failed), "unknown": len(came.unknown)},
    }


def _first_trace(complaints: Sequence[Event]) -> Json:
    """The earliest hop that a complaint shows: `at` in UTC and `raw` as the relay wrote it."""
    hops = [h for e in complaints for h in rows(e.data.get("hops")) if isinstance(h.get("time"), str)]
    first = min(hops, key=lambda h: datetime.fromisoformat(str(h["time"])), default=None)
    return {"at": first["time"], "raw": first.get("time_raw"), "by": first.get("by")} if first else None


def rows(value: Json) -> list[Facts]:
    """The objects of a list; anything else in it is left out."""
    return [v for v in value if isinstance(v, dict)] if isinstance(value, list) else []


def size(value: Json) -> int:
    """How many a list holds; 0 if it is no list."""
    return len(value) if isinstance(value, list) else 0

"""The ledger of notices, from events alone: who was told which version, when, and what came back.

planned ──> sending ──> sent ──> acknowledged
   │           │          ├────> delayed ──> (sent, or bounced)
   │           │          ├────> bounced          a mail server returned it later
   │           │          └────> corrected        taken back by a correction
   │           ├──> deferred (4xx)  ├──> refused (5xx)  ├──> failed (not sent)  └──> in doubt: a person says
   ├──> no address, not possible (refused when planned)
   └──> vetoed
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from irtool.records import Event, Json
from irtool.tell import mail

FIRST_WAIT = timedelta(minutes=15)
LONGEST_WAIT = timedelta(hours=4)

ARRIVED = frozenset({"sent", "delayed", "acknowledged", "bounced", "corrected", "correcting", "correction in doubt"})
"""States of a notice that a mail server has taken."""
OPEN = frozenset({"sending", "in doubt"})
"""States of a notice of which nobody knows whether a server has taken it."""

_AFTER = {
    "change.intended": "sending",
    "change.done": "sent",
    "change.already": "told before",
    "change.skipped": "vetoed",
    "change.refused": "not possible",
    "change.failed": "failed",
    "change.unknown": "in doubt",
    "undo.intended": "correcting",
    "undo.done": "corrected",
    "undo.failed": "sent",
    "undo.unknown": "correction in doubt",
}
_PLANNED = {"do": "planned", "already": "told before", "skipped": "vetoed", "refused": "not possible"}
_REFUSED = re.compile(r"refused for (good|now), (\d{3})")
_NO_CONTACT = re.compile(r"no contact|is not one address")


@dataclass(frozen=True, slots=True)
class Told:
    """One notice to one customer. `change` is its name in the journal (`step/item`), `code` and `said` are what a mail
    server answered or reported later, `retry_at` is when a server that was busy may be asked again."""

    customer: str
    change: str
    template: str
    version: int
    name: str = ""
    state: str = "planned"
    recipient: str = ""
    message_id: str = ""
    at: datetime | None = None
    sent_at: datetime | None = None
    attempts: int = 0
    code: str = ""
    said: str = ""
    retry_at: datetime | None = None
    bounced_at: datetime | None = None
    acknowledged_at: datetime | None = None
    acknowledged_by: str = ""
    note: str = ""
    escalated_at: datetime | None = None

    @property
    def key(self) -> tuple[str, str, int]:
        """What is told once at the most."""
        return self.customer, self.template, self.version


@dataclass
class Ledger:
    """Grows with the journal: `add` every event once, in order."""

    rows: dict[str, Told] = field(default_factory=dict)
    texts: dict[int, Mapping[str, str]] = field(default_factory=dict)
    """The texts of updates, by version and language."""
    _of_customer: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, events: Iterable[Event]) -> Ledger:
        """The ledger of these events."""
        ledger = cls()
        for event in events:
            ledger.add(event)
        return ledger

    def add(self, event: Event) -> None:
        """One more event."""
        if event.kind == "plan.made":
            self._plan(event)
        elif event.kind == "notice.drafted":
            texts = event.data.get("texts")
            self.texts[_int(event.data.get("version"))] = (
                {str(k): str(v) for k, v in texts.items()} if isinstance(texts, dict) else {}
            )
        name = f"{event.step}/{event.item}"
        row = self.rows.get(name)
        if row is None:
            return
        if event.kind in _AFTER:
            self.rows[name] = _changed(row, event)
        elif event.kind.startswith("notice."):
            self.rows[name] = _heard(row, event)

    def same(self, customer: str, template: str, version: int) -> list[Told]:
        """All changes that are about this notice to this customer."""
        return [row for row in self.about(customer) if row.key == (customer, template, version)]

    def about(self, customer: str) -> list[Told]:
        """All notices to this customer."""
        return [self.rows[name] for name in self._of_customer.get(customer, ())]

    def thread(self, customer: str) -> tuple[str, ...]:
        """The Message-IDs of what this customer was sent, the oldest first."""
        sent = sorted((r.sent_at, r.version, r.message_id) for r in self.about(customer) if r.sent_at and r.message_id)
        return tuple(dict.fromkeys(message_id for _, _, message_id in sent))

    def last(self) -> int:
        """The highest version there is."""
        return max([0, *(row.version for row in self.rows.values())])

    def _plan(self, event: Event) -> None:
        plan = event.data.get("plan")
        steps = plan.get("steps") if isinstance(plan, dict) else None
        added = event.data.get("extends")
        for step in steps if isinstance(steps, list) else ():
            changes = step.get("changes") if isinstance(step, dict) else None
            for change in changes if isinstance(changes, list) else ():
                found = change if isinstance(change, dict) else {}
                if found.get("verb") == "notice.send" and (not added or found.get("step") == added):
                    self._planned(found, event.recorded_at)

    def _planned(self, change: Mapping[str, Json], at: datetime) -> None:
        params, look = change.get("params"), change.get("look")
        params, look = params if isinstance(params, dict) else {}, look if isinstance(look, dict) else {}
        name = f"{change.get('step')}/{change.get('item')}"
        state = _PLANNED.get(str(change.get("action")), "planned")
        reason = str(change.get("reason") or "") if state != "planned" else ""
        row = Told(
            customer=str(change.get("target")),
            change=name,
            template=template_of(params),
            version=version_of(params),
            name=str(change.get("label") or ""),
            state="no address" if _NO_CONTACT.search(reason) else state,
            recipient=str(look.get("recipient") or ""),
            message_id=str(look.get("message_id") or ""),
            at=at,
            said=reason,
        )
        known = self.rows.get(name)
        if known is not None and known.state in ARRIVED | OPEN | {"deferred", "refused", "failed"}:
            row = replace(known, name=row.name) if known.key == row.key else row
        self.rows[name] = row
        names = self._of_customer.setdefault(row.customer, [])
        if name not in names:
            names.append(name)


def template_of(params: Mapping[str, Json]) -> str:
    """The template that a notice's parameters name."""
    return str(params.get("template") or "customer-notice")


def version_of(params: Mapping[str, Json]) -> int:
    """The version that a notice's parameters name; 1 if they name none."""
    return _int(params.get("version")) or 1


def _changed(row: Told, event: Event) -> Told:
    data = event.data
    row = replace(row, state=_AFTER[event.kind], at=event.occurred_at)
    if event.kind == "change.intended":
        before = data.get("before")
        seen = before.get("data") if isinstance(before, dict) else None
        seen = seen if isinstance(seen, dict) else {}
        return replace(
            row,
            attempts=row.attempts + 1,
            recipient=str(seen.get("recipient") or row.recipient),
            message_id=str(seen.get("message_id") or row.message_id),
            code="",
            said="",
            retry_at=None,
        )
    if event.kind == "change.done":
        reply = data.get("reply")
        reply = reply if isinstance(reply, dict) else {}
        recipient = str(reply.get("recipient") or row.recipient)
        return replace(row, sent_at=row.sent_at or event.occurred_at, recipient=recipient, code="", said="")
    if event.kind == "change.failed":
        return _failed(row, str(data.get("error") or ""), event.occurred_at)
    return replace(row, said=str(data.get("error") or data.get("reason") or ""))


def _failed(row: Told, error: str, at: datetime) -> Told:
    """Refused for good, refused for now (and when to ask again: each time twice as long), or not sent at all."""
    found = _REFUSED.search(error)
    row = replace(row, said=error, code=found[2] if found else "")
    if _NO_CONTACT.search(error):
        return replace(row, state="no address")
    if found is None:
        return row
    if found[1] == "good":
        return replace(row, state="refused")
    wait = min(FIRST_WAIT * 2 ** min(max(row.attempts - 1, 0), 10), LONGEST_WAIT)
    return replace(row, state="deferred", retry_at=at + wait)


def _heard(row: Told, event: Event) -> Told:
    """What people and mail servers said afterwards."""
    data = event.data
    if event.kind in {"notice.bounced", "notice.delayed"}:
        delayed = event.kind == "notice.delayed"
        if delayed and row.state != "sent":
            return row
        row = replace(row, code=str(data.get("status") or ""), said=str(data.get("said") or ""), at=event.occurred_at)
        return replace(row, state="delayed") if delayed else replace(row, state="bounced", bounced_at=event.occurred_at)
    if event.kind == "notice.acknowledged":
        return replace(
            row,
            state="acknowledged",
            acknowledged_at=event.occurred_at,
            acknowledged_by=event.actor or "",
            note=str(data.get("note") or ""),
            at=event.occurred_at,
        )
    if event.kind == "notice.escalated":
        return replace(row, escalated_at=event.occurred_at)
    return row


def correction_id(row: Told, incident: str, template: str) -> str:
    """The Message-ID that a correction of this notice has, from the one that the notice itself had; "" if unknown."""
    domain = row.message_id.rpartition("@")[2].rstrip(">")
    parts = (incident, row.customer, template, row.template, f"v{row.version}")
    return mail.message_id(domain, *parts) if domain else ""


@dataclass(frozen=True, slots=True)
class Unreached:
    """A customer whom nobody can be sure to have told, and why."""

    row: Told
    reason: str
    since: datetime | None


_WHY = {
    "no address": "no address",
    "not possible": "not possible",
    "refused": "refused for good",
    "deferred": "refused for now",
    "failed": "not sent",
    "in doubt": "in doubt",
    "sending": "in doubt",
    "bounced": "bounced",
    "delayed": "delayed",
}


def unreached(ledger: Ledger, now: datetime, patience: timedelta) -> list[Unreached]:
    """The customers whom somebody has to reach by other means: by their latest notice, worst first.

    Refused, bounced, without an address, in doubt, or told longer than `patience` ago and not acknowledged. Who
    acknowledged any version is reached.
    """
    latest: dict[str, Told] = {}
    reached: set[str] = set()
    for row in ledger.rows.values():
        if row.acknowledged_at:
            reached.add(row.customer)
        if row.state not in {"vetoed", "told before", "planned"}:
            known = latest.get(row.customer)
            if known is None or row.version >= known.version:
                latest[row.customer] = row
    found = []
    for customer, row in latest.items():
        reason = _WHY.get(row.state, "")
        if not reason and row.state == "sent" and row.sent_at and now - row.sent_at >= patience:
            reason = "not acknowledged"
        if reason and customer not in reached:
            found.append(Unreached(row, reason, row.sent_at if reason == "not acknowledged" else row.at))
    order = [*dict.fromkeys(_WHY.values()), "not acknowledged"]
    return sorted(found, key=lambda u: (order.index(u.reason), u.row.name, u.row.customer))


def _int(value: Json) -> int:
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    return int(text) if text.isdecimal() and len(text) < 7 else 0

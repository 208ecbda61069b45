"""One event -> one sentence in one language. The result is not cleaned: that is for the exit it leaves through."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from irtool.history import History
from irtool.records import Change, Event, Json
from irtool.tell.forms import Forms
from irtool.tell.wording import Wording, wording

NAMED = 5
"""Up to so many new values are named with an alarm."""

TROUBLE = frozenset(
    {"change.failed", "change.unknown", "change.refused", "undo.failed", "undo.unknown", "plan.refused"},
)
"""Kinds of events whose reason is told with them."""

REASONED = frozenset(
    {"approval.refused", "approval.revoked", "change.skipped", "change.shadowed", "change.verified", "lease.set",
     "breakglass.ratified", "breakglass.disowned"},
)  # fmt: skip
"""Kinds of events that may give a reason without being trouble."""


@dataclass(frozen=True)
class Sentences:
    """Says events in one language; `history` knows the changes and steps that events only name."""

    words: Wording
    forms: Forms
    history: History

    @classmethod
    def of(cls, history: History, lang: str) -> Sentences:
        """For one incident and one language (English if irtool cannot write in it)."""
        words = wording(lang)
        return cls(words, Forms(words.lang), history)

    def say(self, event: Event) -> str:
        """What happened, in one sentence without its time."""
        pattern = self.words.events.get(_key(event))
        return pattern.format_map(self._values(event)) if pattern else event.kind

    def detail(self, event: Event) -> str:
        """Why, if the event is trouble; "" if it is not."""
        data = event.data
        if event.kind in TROUBLE:
            return str(data.get("error") or data.get("reason") or "")
        if event.kind == "change.verified" and data.get("since"):
            return self._alarm(event) or self.words.words["alarm.none"]
        if event.kind in REASONED:
            return str(data.get("reason") or data.get("detail") or data.get("note") or "")
        if event.kind == "undo.intended" and data.get("cause") in {"expiry", "plan"}:
            return self.words.words[f"undo.{data['cause']}"]
        if event.kind == "watch.alarm":
            return self._alarm(event)
        if event.kind == "change.done" and data.get("effective") is False:
            return self.words.words["not_effective"]
        return ""

    def count(self, n: int, what: str) -> str:
        """The count of one of the wording's nouns: "24 accounts"."""
        words = self.words.words
        pattern = self.forms.plural(n, words[f"{what}_one"], words[f"{what}_other"])
        return pattern.format(n=self.forms.number(n))

    def _values(self, event: Event) -> Mapping[str, str]:
        values = _Lenient({k: str(v) for k, v in event.data.items() if isinstance(v, str | int | float)})
        values["incident"] = event.incident
        values["step"] = self._step(event.step)
        values["targets"] = _targets(event.data.get("items"))
        if event.kind.startswith(("change.", "undo.", "lease.")):
            values |= {"do": self._do(event), **self._seen(event)}
        elif event.kind.startswith("watch."):
            values |= self._watch(event)
        elif event.kind == "run.ended":
            outcome = str(event.data.get("outcome", ""))
            values["outcome"] = self.words.words.get(f"outcome.{outcome}", outcome)
        elif event.kind == "complaint.received":
            values["subject"] = str(event.data.get("subject") or self.words.words["no_subject"])
        elif event.kind == "triage.done":
            values["scope"] = self.scope(event.data.get("findings")) or self.words.words["no_scope"]
        elif event.kind == "plan.made":
            values |= self._plan(event)
        return values

    def scope(self, findings: Json, customers: str = "customers") -> str:
        """The size of a campaign: "1,900,000 messages, 24 accounts"; "" if nothing was found."""
        found = findings if isinstance(findings, dict) else {}
        counts = {
            "messages": _number(found.get("messages")),
            "accounts": _length(found.get("accounts")),
            customers: _length(found.get("affected_customers")),
        }
        return ", ".join(self.count(n, what) for what, n in counts.items() if n)

    def _plan(self, event: Event) -> dict[str, str]:
        plan = event.data.get("plan")
        steps = plan.get("steps") if isinstance(plan, dict) else None
        rows = [s for s in steps if isinstance(s, dict)] if isinstance(steps, list) else []
        return {
            "changes": self.count(sum(_length(s.get("changes")) for s in rows), "changes"),
            "steps": self.count(len(rows), "steps"),
        }

    def _seen(self, event: Event) -> dict[str, str]:
        """What was seen of a change, and until when it stays."""
        words, data = self.words.words, event.data
        if event.kind == "lease.set":
            until = _moment(data.get("expires_at"))
            return {
                "until": words["lease.until"].format(at=self.forms.moment(until)) if until else words["lease.endless"]
            }
        if event.kind != "change.verified":
            return {}
        effective = data.get("effective")
        seen = ("effective" if effective else "leaking") if isinstance(effective, bool) else "unseen"
        seen = "drifted" if data.get("drifted") is True else seen
        return {"effect": words[f"effect.{seen}"]}

    def _watch(self, event: Event) -> dict[str, str]:
        words, until, every = self.words.words, _moment(event.data.get("until")), event.data.get("every")
        reason = str(event.data.get("reason") or "")
        if event.kind == "watch.ended":
            return {"reason": words.get(f"ended.{reason}", reason)}
        if event.kind == "watch.alarm":
            first, colon, why = reason.partition(": ")
            return {"reason": words.get(f"alarm.{event.data.get('what')}", first) + colon + why}
        return {
            "every": words["watch.every"].format(every=every) if every else "",
            "until": words["watch.until"].format(at=self.forms.moment(until)) if until else words["watch.open"],
        }

    def _alarm(self, event: Event) -> str:
        """The change an alarm is about, or how much mail and since when."""
        words, data = self.words.words, event.data
        change, since = str(data.get("change") or ""), _moment(data.get("since"))
        status = self.history.changes.get(change)
        parts = [self._named(status.change) if status else change] if change else []
        parts += [self.count(_number(data.get("messages")), "messages")] if data.get("messages") else []
        parts += [words["alarm.since"].format(at=self.forms.moment(since))] if since else []
        values = data.get("values")
        parts += [str(v) for v in values[:NAMED]] if isinstance(values, list) else []
        return ", ".join(parts)

    def _step(self, step: str | None) -> str:
        for planned in self.history.plan.steps if self.history.plan else ():
            if planned.id == step:
                return planned.title or planned.id
        return step or ""

    def _do(self, event: Event) -> str:
        status = self.history.changes.get(f"{event.step}/{event.item}")
        if status is None:
            return f"{event.step}/{event.item}"
        return self._named(status.change)

    def _named(self, change: Change) -> str:
        text = self.words.phrase(change.verb).do.format(target=target_of(change))
        return f"{text} ({change.connector})" if change.connector else text


def target_of(change: Change) -> str:
    """What people call the target: a customer by name, anything else by what it is."""
    return (change.label or change.target) if change.verb == "notice.send" else change.target


class _Lenient(dict[str, str]):
    """Values of a sentence; one that the event does not have reads as "?"."""

    def __missing__(self, key: str) -> str:
        return "?"


def _moment(value: Json) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(value)) if value else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo else None


def _number(value: Json) -> int:
    return value if isinstance(value, int) else 0


def _length(value: Json) -> int:
    return len(value) if isinstance(value, list) else 0


def _key(event: Event) -> str:
    """The name of the event's sentence: some kinds have two."""
    data = event.data
    if event.kind == "run.started" and data.get("resumed"):
        return "run.resumed"
    if event.kind in {"approval.given", "approval.refused"} and data.get("items"):
        return f"{event.kind}.some"
    return f"{event.kind}.no" if event.kind == "approval.revoked" and data.get("of") == "no" else event.kind


def _targets(items: Json) -> str:
    """The first few of the changes that a decision names."""
    names = [str(i) for i in items] if isinstance(items, list) else []
    return ", ".join(names[:3]) + (f" (+{len(names) - 3})" if len(names) > 3 else "")

"""What stands in the incident channel: one headline per incident, edited in place; its thread, which is the timeline;
and one card per request. Only requests and endings are new messages, because they must be noticed."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from irtool.chat import views
from irtool.chat.blocks import Message, Ref, said, sections
from irtool.chat.client import Slack
from irtool.chat.words import foreign, mention
from irtool.errors import IrtoolError
from irtool.history import History
from irtool.playbook import load
from irtool.records import Event, PlanStep
from irtool.run.approvals import clearance, find_step, involved, persons
from irtool.run.people import SLACK, may_decide
from irtool.tell.sentences import Sentences
from irtool.verbs import CATALOGUE
from irtool.wiring import Desk

_NOISE = frozenset({"change.intended", "undo.intended"})
_SIGNED = frozenset({
    "incident.opened", "approval.given", "approval.refused", "approval.revoked", "note.added", "incident.closed",
    "breakglass.used", "breakglass.ratified", "breakglass.disowned",
})  # fmt: skip
_LOUD = frozenset({"breakglass.used", "breakglass.disowned"})
_MOST_MENTIONS = 12
Card = tuple[str, str]
"""A step and its hash."""


@dataclass(slots=True)
class _Place:
    """Where an incident stands in the channel. `told` is the last event that its thread has."""

    headline: str = ""
    shown: Message | None = None
    told: int = 0
    cards: dict[Card, str] = field(default_factory=dict)
    said: dict[Card, int] = field(default_factory=dict)


class Board:
    """The incidents of the channel. May be used from several threads."""

    def __init__(self, desk: Desk, slack: Slack) -> None:
        self._desk = desk
        self._slack = slack
        self._lock = threading.RLock()
        self._places: dict[str, _Place] = {}

    def adopt(self, ref: Ref, message: str) -> None:
        """Learn from a click where an incident stood before this process began."""
        history = self._desk.history(ref.incident)
        with self._lock:
            place = self._places.setdefault(ref.incident, _Place())
            if not place.headline:
                place.headline = ref.headline or (message if not ref.step else "")
                place.told = history.events if place.headline else 0
            if ref.step:
                place.cards.setdefault((ref.step, ref.hash), message)

    def waiting(self) -> list[str]:
        """The incidents with an open card."""
        with self._lock:
            return [name for name, place in self._places.items() if place.cards]

    def follow(self, incident: str) -> bool:
        """Bring headline and thread up to date, with at most one post. Whether there is more to tell."""
        history = self._desk.history(incident)
        with self._lock:
            place = self._places.setdefault(incident, _Place())
            self._headline(place, history)
            return bool(place.headline) and self._tell(place, history)

    def ask(self, incident: str, step: str) -> None:
        """Ask those who may decide about the step, once."""
        history = self._desk.history(incident)
        planned = find_step(history, step)
        with self._lock:
            place = self._places.setdefault(incident, _Place())
            card = (planned.id, planned.hash)
            if card not in place.cards:
                stamp = self._slack.post(self._request(history, planned, place))
                if stamp:
                    place.cards[card] = stamp
                    place.said[card] = _count(history, planned)

    def settle(self, history: History) -> None:
        """Take the buttons off the cards on which there is nothing to decide any more."""
        steps = {(s.id, s.hash): s for s in history.plan.steps} if history.plan else {}
        with self._lock:
            place = self._places.setdefault(history.incident, _Place())
            for card, stamp in list(place.cards.items()):
                step = steps.get(card)
                now = self._desk.clock.now()
                if step is None or history.closed or not clearance(history, step, now).ask:
                    if self._slack.edit(stamp, views.answered(history, *card)):
                        del place.cards[card]
                elif _count(history, step) != place.said.get(card, 0) and self._slack.edit(
                    stamp, self._request(history, step, place)
                ):
                    place.said[card] = _count(history, step)

    def _request(self, history: History, step: PlanStep, place: _Place) -> Message:
        given = [a for a in history.approvals if (a.step, a.hash) == (step.id, step.hash) and a.approved]
        valid = persons([a for a in given if not a.revoked and not a.is_over(self._desk.clock.now())])
        return views.request(history, step, self._asked(history, step.approval), place.headline, valid)

    def announce(self, incident: str, lines: Sequence[str]) -> None:
        """Say something about the incident in its thread and in the channel."""
        with self._lock:
            place = self._places.setdefault(incident, _Place())
            self._slack.post(said(*lines), place.headline, aloud=True)

    def _headline(self, place: _Place, history: History) -> None:
        message = views.headline(history, place.headline)
        if place.headline and message == place.shown:
            return
        if place.headline:
            place.shown = message if self._slack.edit(place.headline, message) else None
            return
        place.headline = self._slack.post(message)
        place.shown = message if place.headline else None

    def _tell(self, place: _Place, history: History) -> bool:
        """One post with the events that the thread does not have yet. False too if Slack does not take it."""
        events = list(self._desk.journal.events(history.incident, place.told))
        told = [e for e in events if e.kind not in _NOISE]
        sentences = Sentences.of(history, "en")
        lines, left = sections([_line(e, sentences) for e in told])
        if lines:
            first = _line(told[0], sentences)
            loud = any(e.kind in _LOUD for e in told)
            if not self._slack.post(Message(first, lines), place.headline, aloud=loud):
                return False
        if events:
            place.told = told[-left].seq - 1 if left else events[-1].seq
        return bool(left)

    def _asked(self, history: History, approval: str) -> list[str]:
        """Mentions of those who may decide, by the rule that `Desk.decide` applies; for `self`, of those who run it."""
        people = self._desk.people
        events = list(self._desk.events(history.incident))
        group = self._group(history)
        names = people.persons if approval == "peer" else (*involved(events), history.started_by)
        ids = [
            people.persons[n].slack
            for n in dict.fromkeys(people.who_is(n) for n in names)
            if n and not may_decide(approval, n, history.started_by, involved(events), group, people, door=SLACK)
        ]
        return [m for m in map(mention, ids) if m][:_MOST_MENTIONS]

    def _group(self, history: History) -> str | None:
        try:
            book = load(history.snapshot, history.playbook, verbs=CATALOGUE, path=history.path)
        except IrtoolError:  # made by an older irtool: the question is put all the same, and decide() knows the rule
            return None
        return book.approvers


def _count(history: History, step: PlanStep) -> int:
    """How many answers there are to this plan of the step: its card is as old as that."""
    given = [a for a in history.approvals if (a.step, a.hash) == (step.id, step.hash)]
    return len(given) + sum(a.revoked for a in given)


def _line(event: Event, sentences: Sentences) -> str:
    same_day = event.occurred_at.date() == event.recorded_at.date()
    at = f"{event.occurred_at:%H:%M:%S}Z" if same_day else f"{event.occurred_at:%Y-%m-%d %H:%M:%S}Z"
    detail = sentences.detail(event)
    who = f" ({foreign(event.actor)})" if event.actor and event.kind in _SIGNED else ""
    return f"{at}  {foreign(sentences.say(event))}{who}" + (f": {foreign(detail)}" if detail else "")

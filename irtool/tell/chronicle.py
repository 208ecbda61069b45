"""The timeline as a report tells it: milestones, notes, and each stretch of changes of one step as one line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from irtool.records import Event, Json, utc
from irtool.tell import clean
from irtool.tell.actions import told
from irtool.tell.gather import AWARE_TAG, CREDIT_TAG, Gathered, Stretch
from irtool.tell.sentences import Sentences

YOUNG = timedelta(days=30)
"""An account that was created at most so long before it sent the campaign was made for it."""

NAMED_TARGETS = 3
"""Up to so many domains or rules are named, more are only counted."""

EACH_COMPLAINT = 20
"""Up to so many complaints have a row each; of more, only the first and the last."""

_NAMED = frozenset({"domain.block", "policy.set"})

Row = tuple[str, int, str]
"""When, what stands first of the same second, and the text."""


def chronicle(
    kept: Gathered, marks: Json, lang: str, style: str = "", scrub: Callable[[str], str] = str
) -> list[dict[str, Json]]:
    """Rows `at`, `text` of the published timeline, in order. Indicators are defanged in `style`; not yet cleaned.

    `marks` are those of the facts; `scrub` takes out of notes and targets what the reader may not see. Notes that were
    corrected later are left out; only the last triage is kept.
    """
    say = Sentences.of(kept.history, lang)

    def shown(text: str) -> str:
        return clean.defang(scrub(text), style)

    known = marks if isinstance(marks, dict) else {}
    rows = [*_complaints(kept, say), *_notes(kept, shown), *_moments(kept, say, known.get("campaign_start"))]
    rows += _remarks(kept, say, shown)
    triage = kept.moments.get("triage.done")
    rows += sorted(_account_made(triage, say))[:1]
    noting = {c.change.step for c in kept.history.changes.values() if c.change.verb == "note.add"}
    rows += [(utc(s.last), s.seq, _sentence(s, say, shown)) for s in kept.stretches if s.step not in noting]
    return [{"at": at, "text": text} for at, _, text in sorted(rows, key=lambda r: (r[0], r[1])) if text]


def left_out(kept: Gathered, lang: str) -> str:
    """How many notes the timeline does not show because there are so many; "" if it shows all."""
    say = Sentences.of(kept.history, lang)
    missing = kept.note_count - len(kept.notes)
    return say.words.words["timeline.cut"].format(notes=say.count(missing, "notes")) if missing else ""


def note_text(text: str) -> str:
    """A note without the word that only irtool reads."""
    return " ".join(w for w in text.split(" ") if w != AWARE_TAG)


def _notes(kept: Gathered, shown: Callable[[str], str]) -> Iterator[Row]:
    for event in kept.notes:
        text = str(event.data.get("text", ""))
        if event.seq not in kept.corrected and CREDIT_TAG not in text.split():
            text = note_text(text)
            yield utc(event.occurred_at), event.seq, shown(text)


def _complaints(kept: Gathered, say: Sentences) -> Iterator[Row]:
    """Told before it is known, in the same second too: the first complaint stands first."""
    words, first, last = say.words.words, kept.first_complaint, kept.last_complaint
    if first is None or last is None:
        return
    yield utc(first.occurred_at), 0, words["report.complaint.received"]
    if kept.complaint_count <= EACH_COMPLAINT:
        for event in kept.complaints:
            if event.seq != first.seq:
                yield utc(event.occurred_at), event.seq, words["report.complaint.more"]
    else:
        number = say.forms.number(kept.complaint_count)
        yield utc(last.occurred_at), last.seq, words["report.complaint.many"].format(n=number)


def _moments(kept: Gathered, say: Sentences, campaign_start: Json) -> Iterator[Row]:
    """The moments that are told once, the start of the campaign as everywhere else in the text."""
    for kind, event in kept.moments.items():
        key, at = f"report.{kind}", utc(event.occurred_at)
        scope = say.scope(dict(kept.history.findings), "impersonated")
        if kind == "incident.opened" and kept.aware is not None:
            key += ".later"
        elif kind == "campaign.first_seen" and isinstance(campaign_start, str):
            at = campaign_start
        text = say.words.words[key].format(incident=event.incident, scope=scope)
        yield at, event.seq, text if scope or kind != "triage.done" else ""


def _remarks(kept: Gathered, say: Sentences, shown: Callable[[str], str]) -> Iterator[Row]:
    """Mail that was still accepted, and what somebody did alone."""
    for event in kept.remarks:
        data, words = event.data, say.words.words
        if event.kind == "watch.alarm":
            messages, since = data.get("messages"), data.get("since")
            at = say.forms.moment(str(since)) if since else say.forms.moment(event.occurred_at)
            count = say.count(messages if isinstance(messages, int) else 0, "messages")
            text = words["report.watch.alarm"].format(messages=count, at=at)
        else:
            told = {name: shown(str(data.get(name) or "")) for name in ("why", "reason")}
            text = words[f"report.{event.kind}"].format(**told)
        yield utc(event.occurred_at), event.seq, text


def _account_made(triage: Event | None, say: Sentences) -> Iterator[Row]:
    """When the first account was created that was made for the campaign: a young one, not a customer broken into."""
    found = triage.data.get("findings") if triage else None
    accounts = found.get("accounts") if isinstance(found, dict) else None
    for account in accounts if isinstance(accounts, list) else ():
        texts = [account.get(key) for key in ("created", "first_seen")] if isinstance(account, dict) else []
        if all(isinstance(t, str) for t in texts) and texts:
            created, first = (datetime.fromisoformat(str(t)) for t in texts)
            if timedelta(0) <= first - created <= YOUNG:
                yield utc(created), triage.seq if triage else 0, say.words.words["report.account.created"]


def _sentence(stretch: Stretch, say: Sentences, shown: Callable[[str], str]) -> str:
    """`24 accounts disabled (from 11:40); 1 failed.`"""
    came = told(stretch, say.history.changes)
    parts = [_done(stretch, came.verb, list(came.done), say, shown)] if came.done else []
    wrong = {"failed": came.failed, "unknown": came.unknown}
    parts += [say.count(len(targets), what) for what, targets in wrong.items() if targets]
    if not parts:
        return ""
    if not came.done:
        parts.insert(0, say.words.phrase(came.verb).title)
    text = say.forms.semicolon.join(parts) + "."
    return text[0].upper() + text[1:]


def _done(stretch: Stretch, verb: str, targets: list[str], say: Sentences, shown: Callable[[str], str]) -> str:
    phrase = say.words.phrase(verb)
    n = len(targets)
    text = say.forms.plural(n, *(phrase.undone if stretch.undo else phrase.done)).format(n=say.forms.number(n))
    if verb in _NAMED and n <= NAMED_TARGETS:
        text += f"{say.forms.colon}{say.forms.joined([shown(t) for t in targets])}"
    start, end = stretch.first, stretch.last
    if end - start >= timedelta(minutes=1):
        began = say.forms.clock(start) if start.date() == end.date() else say.forms.moment(start)
        text += f" ({say.words.words['from'].format(at=began)})"
    return text

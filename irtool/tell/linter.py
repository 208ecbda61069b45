"""The linter of timelines: contradictions and slips of time zone, found before anybody else finds them.

What happened in an order that cannot be; a note that tells another time than its own stamp; a date, a figure or an
interval in a note or a part of a report that the events contradict. Each finding names both places. One that is no
mistake is explained, and the explanation stays in the journal.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from irtool.records import Json
from irtool.tell.claims import claims
from irtool.tell.consistency import disagreements
from irtool.tell.slips import SLACK, Finding, apart, shown
from irtool.tell.story import Facts, rows


def lint(facts: Facts) -> list[Finding]:
    """Everything that is wrong with the timeline, without what somebody explained."""
    found = [*_order(facts), *_notes(facts), *claims(facts)]
    found += [Finding(d.name, d.first, d.second) for d in disagreements(facts)]
    explained = _object(facts.get("explained"))
    names: dict[str, Finding] = {}
    for finding in found:
        if finding.name not in explained:
            names.setdefault(finding.name, finding)
    return list(names.values())


_CAUSES = (
    ("campaign_start", "reported", "the campaign begins", "it is reported", "before there was anything to report"),
    ("campaign_start", "first_block", "the campaign begins", "the first block is in place", "before it began"),
    ("known", "customers_told", "the extent is known", "the affected customers are told", "before they were known"),
    ("campaign_start", "customers_told", "the campaign begins", "the affected customers are told", "before it began"),
)
"""What cannot happen before what: the cause, the effect, and how both are said."""


def _order(facts: Facts) -> Iterator[Finding]:
    times = {k: _time(v) for k, v in _object(facts.get("marks")).items()}
    moments = {k: _time(v) for k, v in _object(facts.get("moments")).items()}
    times["known"] = moments.get("triage.done")
    told = _first(facts, "notice.send")
    if told is not None:
        times["customers_told"] = told
    for cause, effect, first, second, why in _CAUSES:
        one, other = times.get(cause), times.get(effect)
        if one is not None and other is not None and other < one:
            yield Finding(
                f"order:{cause}:{effect}", f"{second}: {shown(other)}", f"{first}: {shown(one)}", f"{_capital(why)}, "
                f"{apart(other, one)}"
            )  # fmt: skip
    yield from _traces(facts, times)
    opened, reported = moments.get("incident.opened"), times.get("reported")
    if opened is not None and reported is not None and reported > opened + SLACK:
        yield Finding(
            "order:reported:opened", f"the first complaint: {shown(reported)}", f"the incident: {shown(opened)}",
            f"It was opened before the complaint was written, {apart(reported, opened)}",
        )  # fmt: skip
    yield from _late(facts, times)


def _traces(facts: Facts, times: Mapping[str, datetime | None]) -> Iterator[Finding]:
    """The reported message itself cannot be older than the first message of the campaign."""
    trace = _object(facts.get("first_trace"))
    start, at = times.get("campaign_start"), _time(trace.get("at"))
    if start is not None and at is not None and at < start - SLACK:
        yield Finding(
            "order:trace:campaign_start",
            f"a reported message passed {trace.get('by') or 'a relay'}: {shown(at)} ({trace.get('raw') or ''})",
            f"the campaign begins: {shown(start)}",
            f"The first message cannot be later, {apart(start, at)}",
        )
    for account in rows(_object(facts.get("campaign")).get("accounts")):
        created, first = _time(account.get("created")), _time(account.get("first_seen"))
        if created is not None and first is not None and created > first + SLACK:
            yield Finding(
                f"order:created:{account.get('id')}", f"account {account.get('id')} was created: {shown(created)}",
                f"it sent its first message: {shown(first)}", f"{_capital(apart(created, first))}",
            )  # fmt: skip


def _late(facts: Facts, times: Mapping[str, datetime | None]) -> Iterator[Finding]:
    """Messages after everything was blocked: the measures did not hold, or one of the times is wrong."""
    ends = [t for m in ("last_address_block", "last_account_disabled") if (t := times.get(m)) is not None]
    last = _time(_object(facts.get("campaign")).get("last_seen"))
    if ends and last is not None and last > max(ends) + SLACK:
        yield Finding(
            "order:last_seen:blocks", f"the last message of the campaign: {shown(last)}",
            f"the last block: {shown(max(ends))}", f"The campaign went on after it, {apart(last, max(ends))}",
        )  # fmt: skip


def _notes(facts: Facts) -> Iterator[Finding]:
    """A note that tells of the future was stamped in another zone."""
    for note in rows(facts.get("notes")):
        at, written = _time(note.get("at")), _time(note.get("written_at"))
        if note.get("corrected") or at is None or written is None or at <= written + SLACK:
            continue
        yield Finding(
            f"future:note-{note['seq']}",
            f"note {note['seq']} tells of {shown(at)}",
            f"it was written {shown(written)}",
            f"{_capital(apart(at, written))}",
        )


def _first(facts: Facts, verb: str) -> datetime | None:
    action = _object(_object(facts.get("actions")).get(verb))
    return _time(action.get("first_at"))


def _time(value: Json) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else None


def _object(value: Json) -> Facts:
    return value if isinstance(value, dict) else {}


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]

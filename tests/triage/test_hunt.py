"""The signatures over the whole log: the same verdict as row by row, what comes again, and what cannot be asked."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from irtool.adapters.logs import DuckLog
from irtool.errors import UsageError
from irtool.sandbox import campaign
from irtool.triage import signatures
from irtool.triage.hunt import Hunt, _fits, _Roll, hunt
from irtool.triage.rules import Book, Correlation, load, row_values

MakeLog = Callable[..., DuckLog]
BOOK = signatures.book()
OWNERS = {"gateway.example": "0", "trial.example": "T1", "other.example": "T2", "bank.example": "11"}


def spam(day: int, account: str, ip: str, domain: str, n: int = 0) -> dict[str, object]:
    """A message through the hole in the relay rule."""
    return {
        "time": f"2025-04-{day:02}T12:{n:02}:00Z", "id": f"<{n}.{day}@{domain}>", "account": account, "source_ip": ip,
        "envelope_from": "", "header_from": "info@bank.example", "recipient": "x@target.example", "subject": "Hello",
        "header_sender": f"a@{'trial' if account == 'T1' else 'other'}.example",
    }  # fmt: skip


ROWS = [
    *(spam(13, "T1", "203.0.113.1", "one.example", n) for n in range(3)),
    *(spam(14, "T1", "203.0.113.1", "one.example", n) for n in range(2)),
    spam(14, "T2", "203.0.113.1", "two.example"),
    spam(14, "T2", "203.0.113.2", "two.example", 9),
    {**spam(14, "11", "198.51.100.1", "bank.example"), "header_sender": "a@bank.example"},
]


def found(what: Hunt) -> Mapping[str, list[Mapping[str, str]]]:
    names = dict.fromkeys(one.name for one in what.again)
    return {name: [dict(one.by) for one in what.again if one.name == name] for name in names}


def test_hits_are_counted_with_the_accounts_behind_them(make_log: MakeLog) -> None:
    answer = hunt(make_log(ROWS, OWNERS), BOOK)
    hit = next(one for one in answer.hits if one.name == "cross-tenant-impersonation")
    assert (hit.messages, hit.accounts, hit.level) == (7, 2, "critical")
    assert [(one.value, one.messages) for one in hit.largest] == [("T1", 5), ("T2", 2)]
    assert hit.first_seen == datetime(2025, 4, 13, 12, tzinfo=UTC)
    assert answer.messages == 8
    assert answer.hits[0].level == "critical"


def test_what_comes_again_on_another_day_or_from_another_account(make_log: MakeLog) -> None:
    answer = hunt(make_log(ROWS, OWNERS), BOOK)
    assert found(answer) == {
        "impersonation-message-id-other-day": [{"message_id_domain": "one.example"}],
        "one-ip-many-accounts": [{"src_ip": "203.0.113.1"}],
    }
    by_day, by_ip = answer.again
    assert (by_day.hits, by_day.values) == (5, ("2025-04-13", "2025-04-14"))
    assert by_day.evidence == "message_id_domain one.example: 2 days in 5 hits, 2025-04-13 to 2025-04-14"
    assert (by_ip.hits, by_ip.values) == (6, ("T1", "T2"))


def test_the_span_is_kept_to(make_log: MakeLog) -> None:
    answer = hunt(make_log(ROWS, OWNERS), BOOK, since=datetime(2025, 4, 14, tzinfo=UTC))
    assert (answer.messages, answer.hits[0].messages) == (5, 4)
    assert "impersonation-message-id-other-day" not in found(answer)


def test_the_campaign_among_the_decoys(big: DuckLog) -> None:
    answer = hunt(big, BOOK, names=["cross-tenant-impersonation", "impersonation-message-id-other-day"])
    (hit,) = answer.hits
    assert hit.messages == 19_000 + campaign.EVENT_FORWARDS + campaign.CUSTOMER_FORWARDS
    assert hit.largest[0].value.startswith("T7")
    assert {one.name for one in answer.again} == {"impersonation-message-id-other-day"}
    assert answer.asked == ("cross-tenant-impersonation", "impersonation-message-id-other-day")


def test_what_a_log_or_a_directory_lacks_is_said(make_log: MakeLog) -> None:
    rows = [{"time": "2025-04-14T12:00:00Z", "envelope_from": "", "header_from": "a@bank.example"}]
    answer = hunt(make_log(rows, {}), BOOK)
    assert "account" in answer.unasked["cross-tenant-impersonation"]
    assert answer.unasked["yarix-2014"].endswith("which no log has")
    assert "cross-tenant-impersonation" not in answer.asked
    named = hunt(make_log(ROWS, {}), BOOK).unasked
    assert named["cross-tenant-impersonation"] == "needs from_owner, sender_owner from the directory"
    assert named["one-ip-many-accounts"] == "needs from_owner, sender_owner from the directory"


def test_a_name_that_there_is_not_is_refused(make_log: MakeLog) -> None:
    with pytest.raises(UsageError, match="there is no signature cross-tenant-impersonatio"):
        hunt(make_log(ROWS, OWNERS), BOOK, names=["cross-tenant-impersonatio"])


SUBJECT = """title: T
name: greeting
logsource: {product: irtool, service: mail}
detection: {a: {subject|contains: HELLO}, condition: a}
"""
CORRELATION = """title: T
name: again
correlation: {type: KIND, rules: [greeting], group-by: [account], timespan: 36h, condition: {MORE gte: 3}}
"""
MESSAGES = st.lists(
    st.tuples(st.integers(0, 6 * 24), st.sampled_from(["A", "b"]), st.sampled_from(["hello", "Hello you", "bye", None]),
              st.sampled_from(["1.2.3.4", "1.2.3.5", "1.2.3.6", "1.2.3.7"])),
    max_size=14,
)  # fmt: skip


def windows(one: Correlation, events: list[tuple[datetime, str]]) -> bool:
    """What the correlation means, event by event."""
    for begin, _ in events:
        inside = [value for time, value in events if timedelta(0) <= time - begin <= one.timespan]
        if (len(inside) if one.kind == "event_count" else len(set(inside))) >= one.least:
            return True
    return False


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(MESSAGES)
def test_a_count_of_values_says_the_same_as_event_by_event(
    make_log: MakeLog, given_: list[tuple[int, str, str, str]]
) -> None:
    start = datetime(2025, 4, 13, tzinfo=UTC)
    rows = [
        {"time": (start + timedelta(hours=hour)).isoformat(), "account": account, "subject": subject, "source_ip": ip,
         "id": f"<{n}@x.example>"}
        for n, (hour, account, subject, ip) in enumerate(given_)
    ]  # fmt: skip
    log = make_log([*rows, {"account": "c", "subject": "x", "source_ip": "1.1.1.1", "id": "<c@x.example>"}], {})
    rule = load(SUBJECT, "a.yaml")
    one = load(CORRELATION.replace("KIND", "value_count").replace("MORE", "field: src_ip,"), "b.yaml")
    assert isinstance(one, Correlation)
    answer = hunt(log, Book((rule,), (one,)))  # type: ignore[arg-type]
    events: dict[str, list[tuple[datetime, str]]] = {}
    for row in log.query("SELECT * FROM log"):
        if rule.matches_row(row_values(row, log.owner, log.account)):  # type: ignore[union-attr]
            events.setdefault(str(row["account"]), []).append((row["time"], str(row["source_ip"])))  # type: ignore[arg-type]
    exact = {account for account, those in events.items() if windows(one, sorted(those))}
    assert {again.by["account"] for again in answer.again} == exact


def test_a_count_of_hits_takes_a_day_as_a_whole() -> None:
    one = load(CORRELATION.replace("KIND", "event_count").replace("MORE", ""), "b.yaml")
    assert isinstance(one, Correlation)
    day = datetime(2025, 4, 13, tzinfo=UTC)
    rolls = [
        _Roll(day, day + timedelta(hours=20), "", 2),
        _Roll(day + timedelta(days=2), day + timedelta(days=2), "", 1),
    ]
    assert _fits(one, rolls)  # 20 h and the next day but one: 28 h apart
    assert not _fits(one, [rolls[0], replace_day(rolls[1], 4)])


def replace_day(roll: _Roll, days: int) -> _Roll:
    return replace(roll, first=roll.first + timedelta(days=days), last=roll.last + timedelta(days=days))


def test_it_answers_as_json(make_log: MakeLog) -> None:
    from irtool.records import to_json

    answer = json.loads(json.dumps(to_json(hunt(make_log(ROWS, OWNERS), BOOK))))
    assert answer["again"][0]["by"] == {"message_id_domain": "one.example"}
    assert set(answer) == {"since", "messages", "asked", "hits", "again", "unasked"}

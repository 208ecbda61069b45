"""The campaign over time: every message in its bucket, none of anybody else's, and never too many buckets."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from irtool.adapters.logs import DuckLog
from irtool.intake.reading import read_complaint
from irtool.records import Complaint, Findings, to_json
from irtool.sandbox import campaign
from irtool.triage.volume import MOST, bucket_width

Search = Callable[..., tuple[tuple[Complaint, ...], Findings]]
MakeLog = Callable[..., DuckLog]
SCALE = 0.01
T0 = datetime(2025, 4, 14, 12, 0, tzinfo=UTC)
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def test_every_message_of_the_campaign_once(big: DuckLog, search: Search) -> None:
    """The buckets hold exactly the campaign, without a gap, from before the first to after the last message."""
    _, found = search([read_complaint("c.eml", campaign.complaint(SCALE).encode())], big)
    assert sum(b.messages for b in found.volume) == found.messages > 0
    assert found.first_seen
    assert found.last_seen
    assert found.volume[0].from_ <= found.first_seen < found.volume[0].to
    assert found.volume[-1].from_ <= found.last_seen < found.volume[-1].to
    assert all(a.to == b.from_ for a, b in zip(found.volume, found.volume[1:], strict=False))
    rows = big.query(
        "SELECT count(*) AS n FROM log WHERE envelope_from = '' AND time >= $a::TIMESTAMP AND time < $b::TIMESTAMP "
        "AND account LIKE 'T7%'",
        {"a": f"{found.volume[9].from_:%F %T}", "b": f"{found.volume[9].to:%F %T}"},
    )
    assert rows[0]["n"] == found.volume[9].messages


@given(MOMENTS, st.timedeltas(timedelta(0), timedelta(days=20_000)))
@example(T0, timedelta(0))
@example(T0, timedelta(minutes=119))
@example(T0, timedelta(days=20_000))
def test_never_more_buckets_than_a_picture_shows(first: datetime, span: timedelta) -> None:
    """Whatever the span, and not needlessly few: a fifth of them at least, unless minutes are too coarse."""
    zero, width = datetime(2000, 1, 3, tzinfo=UTC), bucket_width(first, first + span)
    buckets = (first + span - zero) // width - (first - zero) // width + 1
    assert 1 <= buckets <= MOST
    assert buckets >= MOST / 5 or width == timedelta(minutes=1)


def _rows(n: int, **more: object) -> list[Mapping[str, object]]:
    return [
        {
            "time": (T0 + timedelta(minutes=i)).isoformat(), "account": "t1", "source_ip": "198.51.100.7",
            "envelope_from": "a@trial.example", "header_from": "a@trial.example", "recipient": f"x{i}@far.example",
            "recipient_domain": "far.example", "id": f"i{i}", "subject": "Prize!", **more,
        }
        for i in range(n)
    ]  # fmt: skip


@pytest.mark.parametrize("lost", [None, "account", "source_ip"])
def test_messages_of_the_same_sender_that_do_not_belong_are_not_counted(
    make_log: MakeLog, search: Search, lost: str | None
) -> None:
    """Of one account, IP, From and destination some have the subject of the complaint, and some have not."""
    rows = [*_rows(40), *_rows(25, subject="Minutes of the meeting", header_from="boss@trial.example")]
    rows = [{k: v for k, v in row.items() if k != lost} for row in rows]
    log = make_log(rows, {"trial.example": "t1", "gateway.example": "0"}, {"t1": "business", "0": "own"})
    told = Complaint(
        "c", "", 0, "eml", subject="Prize!", date=T0, received_at=T0, from_=("a@trial.example",),
        envelope_from="a@trial.example", envelope_null=False,
    )  # fmt: skip
    _, found = search([told], log, now=T0 + timedelta(days=1))
    assert found.messages == 40
    assert sum(b.messages for b in found.volume) == 40


def test_a_log_without_times_has_no_volume(make_log: MakeLog, search: Search) -> None:
    """And says so, as ever."""
    rows = [{**row, "time": None} for row in _rows(4)]
    log = make_log(rows, {"trial.example": "t1"}, {"t1": "trial"})
    told = Complaint("c", "", 0, "eml", subject="Prize!", from_=("a@trial.example",), received_at=T0)
    _, found = search([told], log)
    assert found.volume == ()


def test_in_the_journal_they_are_plain(big: DuckLog, search: Search) -> None:
    """`from`, `to`, `messages`."""
    _, found = search([read_complaint("c.eml", campaign.complaint(SCALE).encode())], big)
    data: Any = to_json(found)
    rows: Sequence[Mapping[str, object]] = data["volume"]
    assert set(rows[0]) == {"from", "to", "messages"}

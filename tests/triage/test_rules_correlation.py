"""Correlations: what comes again on another day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from irtool.errors import FaultsError
from irtool.intake import read_complaints
from irtool.records import Complaint, Hop
from irtool.triage import signatures
from irtool.triage.rules import Book, Correlation, Rule, clusters, load

# The trace headers of the bulletin of 30 May 2014.
FIRST = b"""Received: from 7cho-me.com (85.65.59.147.dynamic.barak-online.net [85.65.59.147])
            by r3.kawaz.jp (Postfix) with ESMTPA id 19E99E83CED1;
            Sat, 17 May 2014 21:59:37 +0900 (JST)
Message-ID: <6b2daac63ab3e8955fa9b2ddd3a1b768@7cho-me.com>
"""
SECOND = b"""Received: from 7cho-me.com (unknown [112.171.218.7])
            by r3.kawaz.jp (Postfix) with ESMTPA id E9C16C5BEF1E;
            Fri, 30 May 2014 08:17:15 +0900 (JST)
Message-ID: <2eb8469b285a8b6a9e0c185bfca62cd7@7cho-me.com>
"""
OTHER = b"""Received: from tafner.com.br (unknown [113.16.185.65])
            by servidor.tafner.com.br (Postfix) with ESMTPA id 7B796208985;
            Thu, 29 May 2014 01:07:31 -0300 (BRT)
"""
START = datetime(2014, 5, 17, 12, tzinfo=UTC)


def by(found: Sequence[signatures.Cluster]) -> dict[str, dict[str, str]]:
    return {one.name: dict(one.by) for one in found}


@pytest.mark.parametrize(
    "sources",
    [
        [("bulletin.txt", FIRST + b"\n" + OTHER + b"\n" + SECOND)],
        [("17.txt", FIRST), ("other.txt", OTHER), ("30.txt", SECOND)],
    ],
)
def test_both_days_of_the_bulletin_belong_together(sources: list[tuple[str, bytes]]) -> None:
    found = signatures.clusters(read_complaints(sources))
    assert by(found) == {
        "same-relay-other-day": {"hop.by": "r3.kawaz.jp"},
        "same-helo-other-day": {"hop.helo": "7cho-me.com"},
    }
    relay = next(one for one in found if one.name == "same-relay-other-day")
    assert (relay.events, relay.values) == (2, ("2014-05-17", "2014-05-29"))
    assert relay.first_seen == datetime(2014, 5, 17, 12, 59, 37, tzinfo=UTC)
    assert relay.last_seen == datetime(2014, 5, 29, 23, 17, 15, tzinfo=UTC)
    assert "other.txt" not in relay.complaints


def test_message_id_domains_of_whole_messages() -> None:
    messages = [
        (f"{n}.eml", trace + b"From: paperino1234@libero.it\nTo: x@y.example\nSubject: paperino1234\n\nhello\n")
        for n, trace in enumerate((FIRST, SECOND))
    ]
    found = signatures.clusters(read_complaints(messages))
    assert by(found)["same-message-id-domain-other-day"] == {"message_id_domain": "7cho-me.com"}


def test_one_day_is_no_cluster() -> None:
    assert signatures.clusters(read_complaints([("1", FIRST), ("2", FIRST)])) == ()


HIT = """title: T
name: hit
logsource: {product: irtool, service: mail}
detection: {a: {hop.auth: true}, condition: a}
"""
MAILER = """title: T
name: mailer
logsource: {product: irtool, service: mail}
detection: {a: {x_mailer|exists: true}, condition: a}
"""


def book(correlation: str) -> Book:
    one = load(f"title: T\nname: c\ncorrelation:\n{correlation}", "c.yaml")
    assert isinstance(one, Correlation)
    rules = [load(text, "r.yaml") for text in (HIT, MAILER)]
    return Book([rule for rule in rules if isinstance(rule, Rule)], [one])


def mail(source: str, after: timedelta, helo: str = "h.example", mailer: str | None = None) -> Complaint:
    hop = Hop(1, helo=helo, by="r.example", auth=True, time=START + after)
    return Complaint(source, "", 0, "eml", hops=(hop,), x_mailer=mailer)


def test_event_count_slides_over_time() -> None:
    three = book("  {type: event_count, rules: [hit], group-by: [hop.by], timespan: 1h, condition: {gte: 3}}")
    minutes = [0, 50, 100, 130, 140, 500]
    mails = [mail(str(n), timedelta(minutes=n)) for n in minutes]
    (found,) = clusters(mails, three)
    assert (found.events, found.complaints, found.values) == (3, ("100", "130", "140"), ())
    assert clusters(mails[:3], three) == ()


def test_value_count_counts_different_values() -> None:
    two = book(
        "  {type: value_count, rules: [hit], group-by: [hop.by], timespan: 1d, condition: {field: hop.helo, gt: 1}}"
    )
    same = [mail(str(n), timedelta(hours=n), "a.example") for n in range(5)]
    assert clusters(same, two) == ()
    (found,) = clusters([*same, mail("x", timedelta(hours=2), "B.example")], two)
    assert found.values == ("a.example", "b.example")


def test_temporal_wants_every_signature() -> None:
    both = book("  {type: temporal, rules: [hit, mailer], group-by: [hop.by], timespan: 1h}")
    assert clusters([mail("1", timedelta()), mail("2", timedelta(minutes=5))], both) == ()
    (found,) = clusters([mail("1", timedelta()), mail("2", timedelta(minutes=5), mailer="m")], both)
    assert found.values == ("hit", "mailer")


def test_exactly_so_many() -> None:
    two = book("  {type: event_count, rules: [hit], group-by: [hop.by], timespan: 1h, condition: {eq: 2}}")
    assert [c.events for c in clusters([mail(str(n), timedelta(minutes=n)) for n in range(2)], two)] == [2]


def test_without_a_time_there_is_no_event() -> None:
    one = book("  {type: event_count, rules: [hit], group-by: [hop.by], timespan: 1h, condition: {gte: 1}}")
    timeless = Complaint("x", "", 0, "eml", hops=(Hop(1, by="r.example", auth=True),))
    assert clusters([timeless], one) == ()


@pytest.mark.parametrize(
    ("correlation", "fault"),
    [
        ("{type: sum, rules: [a], group-by: [hop.by], timespan: 1h}", "must be one of"),
        ("{type: event_count, rules: [a], group-by: [hop.by], timespan: 1h}", '"condition" is missing'),
        ("{type: event_count, rules: [a], group-by: [hop.bye], timespan: 1h, condition: {gte: 1}}", "hop.bye"),
        (
            "{type: event_count, rules: [a], group-by: [account_plan], timespan: 1h, condition: {gte: 1}}",
            "account_plan",
        ),
        ("{type: event_count, rules: [], group-by: [hop.by], timespan: 1h, condition: {gte: 1}}", "no signature"),
        ("{type: event_count, rules: [a], group-by: [], timespan: 1h, condition: {gte: 1}}", "group-by"),
        ("{type: event_count, rules: [a], group-by: [hop.by], timespan: soon, condition: {gte: 1}}", "such as 30d"),
        ("{type: event_count, rules: [a], group-by: [hop.by], timespan: 99999d, condition: {gte: 1}}", "3650d"),
        ("{type: event_count, rules: [a], group-by: [hop.by], timespan: 1h, condition: {gte: 1, gt: 1}}", "one of eq"),
        ("{type: value_count, rules: [a], group-by: [hop.by], timespan: 1h, condition: {gte: 1}}", "value_count with"),
        (
            "{type: value_count, rules: [a], group-by: [hop.by], timespan: 1h, condition: {field: x, gte: 1}}",
            'no field "x"',
        ),
    ],
)
def test_faulty_correlations(correlation: str, fault: str) -> None:
    with pytest.raises(FaultsError) as caught:
        load(f"title: T\nname: c\ncorrelation: {correlation}\n", "c.yaml")
    assert fault in " ".join(caught.value.faults)

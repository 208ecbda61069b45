"""Which complaints are about one campaign, and which are about something else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from irtool.adapters.logs import DuckLog
from irtool.records import Complaint, Findings, Hop, Indicator
from irtool.triage.groups import Correlated, together
from irtool.triage.seeds import Ownership

Search = Callable[..., tuple[tuple[Complaint, ...], Findings]]
MakeLog = Callable[..., DuckLog]
AT = datetime(2025, 4, 14, 12, tzinfo=UTC)
NOBODY = Ownership(None, ("gateway.example",))
A = Complaint(
    "a", "", 0, "eml", message_id="1@a.example", subject="Win", received_at=AT, envelope_from="x@a.example",
    from_=("x@a.example",), recipients=("u@mail.example",), x_mailer="Mailer 1",
    hops=(Hop(1, ip="203.0.113.1", by="relay.a.example"),),
)  # fmt: skip
B = Complaint(
    "b", "", 0, "eml", message_id="2@b.example", subject="Lose", received_at=AT, envelope_from="y@b.example",
    from_=("y@b.example",), recipients=("v@post.example",), x_mailer="Mailer 2",
    hops=(Hop(1, ip="198.51.100.2", by="relay.b.example"),),
)  # fmt: skip


def sources(*complaints: Complaint, **options: Any) -> list[tuple[str, ...]]:
    groups = together(complaints, NOBODY, options.pop("critical", frozenset()), **options)
    return [tuple(c.source for c in group.complaints) for group in groups]


def test_strangers_are_separate() -> None:
    assert sources(A, B) == [("a",), ("b",)]
    assert sources() == []


@pytest.mark.parametrize(
    "shared",
    [
        {"message_id": A.message_id},
        {"envelope_from": A.envelope_from},
        {"sender": (A.envelope_from,)},
        {"hops": A.hops},
        {"subject": A.subject, "recipients": A.recipients},  # two weak traits
        {"from_": ("z@a.example",), "x_mailer": A.x_mailer},
    ],
)
def test_what_makes_them_one(shared: dict[str, Any]) -> None:
    assert sources(A, replace(B, **shared)) == [("a", "b")]


@pytest.mark.parametrize(
    "shared",
    [{"recipients": A.recipients}, {"subject": A.subject}, {"x_mailer": A.x_mailer}, {"from_": ("q@a.example",)}],
)
def test_one_everyday_trait_is_not_enough(shared: dict[str, Any]) -> None:
    assert sources(A, replace(B, **shared)) == [("a",), ("b",)]


def test_a_forged_address_of_ours_connects() -> None:
    forged = ("info@gateway.example",)
    (group,) = together([replace(A, from_=forged), replace(B, from_=forged)], NOBODY, frozenset())
    assert group.reasons == ("same forged address: info@gateway.example",)


def test_a_critical_signature_connects_and_another_does_not() -> None:
    pair = [replace(c, signatures=("mark",)) for c in (A, B)]
    assert sources(*pair, critical=frozenset({"mark"})) == [("a", "b")]
    assert sources(*pair) == [("a",), ("b",)]


def test_the_same_abused_relay_on_different_days() -> None:
    def through(source: str, ip: str, by: str, *, login: bool) -> Complaint:
        return replace(B, source=source, message_id=source, envelope_from=f"{source}@{source}.example",
                       from_=(f"{source}@{source}.example",), recipients=(f"u@{source}.example",), subject=source,
                       x_mailer=None, hops=(Hop(1, ip=ip, by=by, auth=login),))  # fmt: skip

    first = through("may17", "85.65.59.147", "r3.kawaz.jp", login=True)
    later = through("may30", "112.171.218.7", "r3.kawaz.jp", login=True)
    assert sources(first, later) == [("may17", "may30")]
    ours = [through(n, ip, "in.gateway.example", login=True) for n, ip in (("p", "192.0.2.1"), ("q", "192.0.2.2"))]
    assert sources(*ours) == [("p",), ("q",)]
    big = [through(n, ip, "mx.big.example", login=False) for n, ip in (("p", "192.0.2.1"), ("q", "192.0.2.2"))]
    assert sources(*big) == [("p",), ("q",)]


def test_what_signatures_correlate_is_one() -> None:
    (group,) = together([A, B], NOBODY, frozenset(), [Correlated("Same HELO (x.example)", ("a", "b"), strong=True)])
    assert group.reasons == ("Same HELO (x.example)",)


def test_what_our_own_servers_wrote_connects_nobody() -> None:
    """A gateway gives a message without a Message-ID one of its own."""
    for domain, groups in (("mx1.gateway.example", 2), ("mx1.other.example", 1)):
        found = Correlated(f"Same ({domain})", ("a", "b"), strong=True, trait=("message id domain", domain))
        assert len(together([A, B], NOBODY, frozenset(), [found])) == groups


def test_a_weak_correlation_confirms_and_does_not_connect() -> None:
    """Strangers share the Message-ID domain of a large provider; with a second trait it does connect."""
    trait = ("message id domain", "x.example")
    weak = [Correlated("Same Message-ID domain (x.example)", ("a", "b"), strong=False, trait=trait)]
    assert [group.reasons for group in together([A, B], NOBODY, frozenset(), weak)] == [(), ()]
    first, other = replace(A, message_id="same"), replace(B, message_id="same")
    (group,) = together([first, other], NOBODY, frozenset(), weak)
    assert group.reasons == ("same message: same", "Same Message-ID domain (x.example)")
    (group,) = together([A, replace(B, from_=("q@a.example",))], NOBODY, frozenset(), weak)
    assert group.reasons == (
        "same From domain: a.example and same message id domain: x.example",
        "Same Message-ID domain (x.example)",
    )
    one_place = [A, replace(B, recipients=A.recipients)]  # whose server gives mail without a Message-ID one of its own
    assert len(together(one_place, NOBODY, frozenset(), weak)) == 2


def test_mail_to_one_place_comes_through_the_same_relays_there() -> None:
    """Destination and relay are one trait and not two; a subject is another."""
    hops = (Hop(1, ip="10.1.1.1", by="mx.big.example"), Hop(2, ip="203.0.113.2", by="mx.big.example"))
    other = replace(A, source="o", hops=(replace(hops[1], ip="203.0.113.9"),), message_id="3", envelope_from=None,
                    subject="?", from_=("z@z.example",), x_mailer=None)  # fmt: skip
    pair = (replace(B, recipients=A.recipients, hops=hops), other)
    assert sources(*pair) == [("b",), ("o",)]
    assert sources(*(replace(one, subject="the same") for one in pair)) == [("b", "o")]


def test_what_a_discussion_list_passes_on_is_not_its_own() -> None:
    """Its Sender and its footer are in every message; a newsletter's Sender is of the From's own domain."""
    link = Indicator("url", "http://list.example/unsubscribe", "body", 0.6)
    listed = [replace(one, sender=("owner@list.example",), headers=(("List-Id", "<x.list.example>"),),
                      envelope_from="bounce@list.example", reply_to=("x@list.example",), indicators=(link,))
              for one in (A, B)]  # fmt: skip
    assert len(sources(*listed)) == 2
    assert len(sources(*(replace(one, headers=()) for one in listed))) == 1
    assert len(sources(*(replace(one, from_=(f"{n}@list.example",)) for n, one in enumerate(listed)))) == 1


def test_a_person_with_several_addresses_is_one_reader() -> None:
    """A forward between them is nobody's relay; what came to many people by one way is somebody's."""

    def through(n: int, to: str) -> Complaint:
        return replace(A, source=str(n), message_id=str(n), envelope_from=f"a@{n}.example", from_=(f"a@{n}.example",),
                       subject=f"Number {n}", x_mailer=None, recipients=(to,))  # fmt: skip

    reader = ["anna@one.example", "anna@two.example", "a.verdi@three.example"]
    assert len(sources(*(through(n, reader[n % 3]) for n in range(12)))) == 12
    assert len(sources(*(through(n, f"u{n}@one.example") for n in range(12)))) == 1
    assert len(sources(*(through(n, "redacted@one.example") for n in range(12)))) == 1


def test_where_answers_go_connects() -> None:
    assert sources(*(replace(one, reply_to=("drop@gmail.com",)) for one in (A, B))) == [("a", "b")]
    assert sources(*(replace(one, reply_to=("noreply@amazon.com",)) for one in (A, B))) == [("a",), ("b",)]


def test_everyday_values_connect_nobody() -> None:
    """One sending service, one big provider, one shortener: each of them alone or together says nothing."""
    hop = Hop(1, ip="167.89.100.1", rdns="o1.ptr.sendgrid.net", by="mx.sendgrid.net", auth=True)
    links = [(Indicator("url", f"https://bit.ly/{n}", "body"), Indicator("url", "https://www.w3.org/x", "body"))
             for n in range(2)]  # fmt: skip
    both = [replace(one, hops=(hop,), x_mailer="Apple Mail (2.1)", from_=(f"{n}@gmail.com",), indicators=links[n],
                    envelope_from=f"b{n}@em.sendgrid.net") for n, one in enumerate((A, B))]  # fmt: skip
    assert len(sources(*both)) == 2
    assert (
        len(sources(*(replace(one, indicators=links[0], subject="Claim your big prize today now") for one in both)))
        == 1
    )


def test_chains_and_order() -> None:
    middle = replace(A, source="m", message_id="3", subject="Lose", recipients=B.recipients)
    assert sources(B, replace(B, source="c", message_id="9", envelope_from="n@n.example", subject="?", recipients=(),
                              from_=(), hops=(), x_mailer=None), A, middle) == [("b", "a", "m"), ("c",)]  # fmt: skip


OWNERS = {"spam.example": "T1", "more.example": "T2", "third.example": "T3", "bank.example": "11", "mill.example": "12"}
PLANS = {"T1": "trial", "T2": "trial", "T3": "trial", "11": "business", "12": "business"}


def hole(account: str, domain: str, ip: str, forged: str) -> dict[str, object]:
    return {"account": account, "source_ip": ip, "envelope_from": "", "header_sender": f"a@{domain}",
            "header_from": forged, "recipient": f"x@{account.lower()}.victim.example", "subject": account}  # fmt: skip


def reported(name: str, domain: str, forged: str) -> Complaint:
    return Complaint(name, "", 0, "eml", received_at=AT, envelope_from=f"a@{domain}", envelope_null=False,
                     from_=(forged,), sender=(f"a@{domain}",), subject=name)  # fmt: skip


def test_the_log_joins_what_the_complaints_alone_do_not(make_log: MakeLog, search: Search) -> None:
    rows = [hole("T1", "spam.example", "203.0.113.5", "i@bank.example")] * 9
    rows += [hole("T2", "more.example", "203.0.113.5", "j@mill.example")] * 8
    complaints = [reported("one", "spam.example", "i@bank.example"), reported("two", "more.example", "j@mill.example")]
    _, found = search(complaints, make_log(rows, OWNERS, PLANS))
    (group,) = found.campaigns
    assert (group.complaints, group.messages, group.accounts) == (("one", "two"), 17, ("T1", "T2"))
    assert group.reasons == ("same account in the log: T1",)
    assert found.messages == 17


def test_a_separate_campaign_is_counted_for_itself(make_log: MakeLog, search: Search) -> None:
    rows = [hole("T1", "spam.example", "203.0.113.5", "i@bank.example")] * 9
    rows += [hole("T3", "third.example", "198.51.100.3", "k@mill.example")] * 5
    complaints = [
        reported("other", "third.example", "k@mill.example"),
        reported("one", "spam.example", "i@bank.example"),
        replace(reported("again", "spam.example", "i@bank.example"), subject="else"),
    ]
    _, found = search(complaints, make_log(rows, OWNERS, PLANS))
    assert [(g.complaints, g.messages, g.accounts) for g in found.campaigns] == [
        (("one", "again"), 9, ("T1",)),
        (("other",), 5, ("T3",)),
    ]
    assert (found.messages, [a.id for a in found.accounts]) == (9, ["T1"])
    assert [c.id for c in found.affected_customers] == ["11"]

"""What complaints say without a log: source, relays, whose addresses; and which questions stay open."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from irtool.adapters.logs import DuckLog
from irtool.records import Complaint, Findings, Hop, Indicator
from irtool.triage.seeds import is_public

Search = Callable[..., tuple[tuple[Complaint, ...], Findings]]
MakeLog = Callable[..., DuckLog]
AT = datetime(2014, 5, 17, 12, 59, 37, tzinfo=UTC)
OWNERS = {"gateway.example": "0", "trial.example": "T1", "bank.example": "11"}
SPAM = Complaint(
    "x", "", 0, "arf", date=AT, envelope_from="", envelope_null=True, sender=("a@trial.example",),
    from_=("info@bank.example", "info@gateway.example"), recipients=("x@target.example", "y@bank.example"),
    hops=(
        Hop(1, helo="out.gateway.example", rdns="out.gateway.example", ip="192.0.2.25", by="mx.target.example"),
        Hop(2, helo="in", rdns="in.gateway.example", ip="192.0.2.26", by="out.gateway.example"),
        Hop(3, helo="mail", ip="198.51.100.7", by="in.gateway.example", auth=True),
        Hop(4, helo="forged", ip="203.0.113.77", by="out.gateway.example", auth=True),
        Hop(5, helo="inside", ip="10.0.0.3", by="laptop"),
    ),
)  # fmt: skip
YARIX = Complaint(
    "y", "", 0, "headers", date=AT, subject="paperino1234", from_=("paperino1234@libero.it",),
    envelope_from="paperino1234@libero.it", envelope_null=False,
    x_mailer="Microsoft Windows Live Mail 16.4.3522.110", x_mimeole="Produced By Microsoft MimeOLE V16.4.3522.110",
    hops=(
        Hop(1, helo="r3.kawaz.jp", ip="202.172.28.1", by="mx.reader.example"),
        Hop(2, helo="7cho-me.com", rdns="85.65.59.147.dynamic.barak-online.net", ip="85.65.59.147", by="r3.kawaz.jp",
            auth=True),
    ),
)  # fmt: skip


def values(counted: object) -> list[str]:
    return [one.value for one in counted]  # type: ignore[attr-defined]


def test_findings_of_a_complaint_alone(make_log: MakeLog, search: Search) -> None:
    directory = make_log([], OWNERS, {"T1": "trial", "11": "business"})
    (seen,), found = search([SPAM], None, directory)
    assert "cross-tenant-impersonation" in seen.signatures
    assert (found.messages, found.first_seen, found.log_rows) == (1, AT, 0)
    assert values(found.source_ips) == ["198.51.100.7"]
    assert values(found.sender_addresses) == ["a@trial.example"]
    assert values(found.spoofed_addresses) == ["info@bank.example", "info@gateway.example"]
    assert values(found.destination_domains) == ["target.example"]
    assert [(a.id, a.plan, a.confidence) for a in found.accounts] == [("T1", "trial", 0.5)]
    assert [(c.id, c.name, c.domain, c.messages) for c in found.affected_customers] == [
        ("11", "Name 11", "bank.example", 1)
    ]
    assert all(one.innocent is None for one in found.source_ips)
    assert found.unanswered[0].startswith("There is no gateway log:")
    assert len(found.unanswered) == 1


def test_without_a_directory_that_is_said_too(search: Search) -> None:
    _, found = search([SPAM], None)
    assert found.accounts == found.affected_customers == ()
    assert found.unanswered[1].startswith("There is no directory:")
    assert values(found.sender_addresses) == ["a@trial.example"]


def test_the_libero_bulletin(search: Search) -> None:
    later = replace(YARIX, source="z", hops=(replace(YARIX.hops[1], ip="112.171.218.7", rdns=None),))
    seen, found = search([YARIX, later, later], None)
    assert [c.signatures[0] for c in seen] == ["yarix-2014"] * 3
    assert values(found.spoofed_addresses) == ["paperino1234@libero.it"]
    assert found.sender_addresses == ()
    assert [(r.helo, r.ip, r.by, r.messages) for r in found.relays] == [
        ("7cho-me.com", "112.171.218.7", "r3.kawaz.jp", 2),
        ("r3.kawaz.jp", "202.172.28.1", "mx.reader.example", 1),
        ("7cho-me.com", "85.65.59.147", "r3.kawaz.jp", 1),
    ]
    assert [(ip.value, ip.messages) for ip in found.source_ips] == [("112.171.218.7", 2), ("85.65.59.147", 1)]


def test_hops_are_trusted_from_the_top_only(search: Search) -> None:
    (seen,), found = search([SPAM], None, trusted_relays=["mx.target.example", "OUT.gateway.example"])
    assert [hop.trusted for hop in seen.hops] == [True, True, False, False, False]
    assert values(found.source_ips) == ["192.0.2.26"]
    (seen,), _ = search([SPAM], None, trusted_relays=["gateway.example"])
    assert not any(hop.trusted for hop in seen.hops)


def test_a_name_that_ends_alike_is_not_trusted(search: Search) -> None:
    forged = replace(SPAM, hops=(Hop(1, ip="203.0.113.77", by="mx.eviltarget.example"),))
    (seen,), _ = search([forged], None, trusted_relays=["target.example"])
    assert not seen.hops[0].trusted


def test_a_post_in_words(search: Search) -> None:
    post = Complaint("post", "", 0, "text", indicators=(
        Indicator("address", "info@gateway.example", "line 1", 0.9),
        Indicator("address", "me@reader.example", "line 2", 0.9),
        Indicator("ip", "203.0.113.5", "line 2", 0.8), Indicator("ip", "192.168.0.1", "line 2", 0.8),
    ))  # fmt: skip
    _, found = search([post], None)
    assert values(found.spoofed_addresses) == ["info@gateway.example"]
    assert values(found.source_ips) == ["203.0.113.5"]
    assert found.sender_addresses == found.destination_domains == ()


def test_nothing_at_all(search: Search) -> None:
    seen, found = search([Complaint("x", "", 0, "text")], None)
    assert seen[0].signatures == ()
    assert (found.messages, found.source_ips, found.relays) == (1, (), ())


@pytest.mark.parametrize("ip", ["10.1.2.3", "127.0.0.1", "::1", "fe80::1", "224.0.0.1", "100.64.0.1", "not an ip", ""])
def test_inner_addresses_are_not_public(ip: str) -> None:
    assert not is_public(ip)


@pytest.mark.parametrize("ip", ["198.51.100.7", "203.0.113.1", "2001:db8::1", "8.8.8.8"])
def test_others_are(ip: str) -> None:
    assert is_public(ip)


def test_a_from_of_which_nothing_else_is_known_is_nobodys(search: Search) -> None:
    """A forward in the text shows no trace: what it says of the From anybody can have written."""
    shown = Complaint("f", "", 0, "eml", reporter="mario@customer.example", from_=("info@brand.example",))
    _, found = search([shown], None, None)
    assert (found.sender_addresses, found.spoofed_addresses, found.source_ips) == ((), (), ())
    traced = replace(shown, hops=(Hop(1, ip="203.0.113.9", by="mx.example.org"),))
    for one in (traced, replace(shown, reporter=None)):
        _, found = search([one], None, None)
        assert values(found.sender_addresses) == ["info@brand.example"]

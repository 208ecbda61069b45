"""Signatures: what they catch, and the ordinary mail they must not."""

from __future__ import annotations

import dataclasses

import pytest

from irtool.records import Complaint, Hop
from irtool.triage import signatures

OWNERS = {"trial.example": "trial-17", "second.example": "trial-17", "victim.example": "cust-1", "gateway.example": "0"}
CAMPAIGN = Complaint(
    "x",
    "",
    0,
    "eml",
    envelope_from="",
    envelope_null=True,
    from_=("info@gateway.example",),
    sender=("b@trial.example",),
)
YARIX = Complaint(
    "x",
    "",
    0,
    "headers",
    subject="Paperino1234",
    from_=("paperino1234@libero.it",),
    x_mailer="Microsoft Windows Live Mail 16.4.3522.110",
    x_mimeole="Produced By Microsoft MimeOLE V16.4.3522.110",
)


def hits(base: Complaint, owner: signatures.Owner | None = None, **changes: object) -> tuple[str, ...]:
    return signatures.hits(dataclasses.replace(base, **changes), owner)  # type: ignore[arg-type]


def test_cross_tenant_impersonation():
    assert hits(CAMPAIGN) == ("cross-tenant-impersonation",)
    assert hits(CAMPAIGN, OWNERS.get) == ("cross-tenant-impersonation",)
    assert hits(CAMPAIGN, OWNERS.get, from_=("x@own.trial.example", "ceo@victim.example"))


@pytest.mark.parametrize(
    "changes",
    [
        {"envelope_null": None, "envelope_from": None},
        {"envelope_null": False, "envelope_from": "b@trial.example"},
        {"sender": ()},
        {"from_": ()},
        {"from_": ("x@mail.trial.example",)},
    ],
)
def test_not_cross_tenant(changes):
    assert hits(CAMPAIGN, **changes) == ()
    assert hits(CAMPAIGN, OWNERS.get, **changes) == ()


def test_the_directory_decides_who_is_somebody_else():
    """A calendar invitation forwarded with a From that is not hosted here, and two domains of one account, are fine."""
    assert hits(CAMPAIGN, OWNERS.get, from_=("x@elsewhere.example",)) == ()
    assert hits(CAMPAIGN, OWNERS.get, from_=("x@second.example",)) == ()
    assert hits(CAMPAIGN, OWNERS.get, sender=("x@elsewhere.example",)) == ()
    assert hits(CAMPAIGN, None, from_=("x@second.example",)) == ("cross-tenant-impersonation",)


def test_yarix():
    assert hits(YARIX) == ("yarix-2014", "subject-is-local-part")
    assert hits(YARIX, x_mailer=None) == ("subject-is-local-part",)
    assert hits(YARIX, x_mimeole="Produced By Microsoft MimeOLE V6.00.2900") == ("subject-is-local-part",)
    assert hits(YARIX, subject="hello") == ()
    assert hits(YARIX, subject=None, from_=("@libero.it",)) == ()


@pytest.mark.parametrize(
    ("hop", "expected"),
    [
        (Hop(1, helo="7cho-me.com", rdns="1.dynamic.barak-online.net", auth=True), ("authenticated-relay",)),
        (Hop(1, helo="7cho-me.com", auth=True), ("authenticated-relay",)),
        (Hop(1, helo="gmo-seo.jp", auth=False), ()),
        (Hop(1, helo="mail.a.example", rdns="out.a.example", auth=True), ()),
        (Hop(1, helo="[192.168.1.5]", auth=True), ()),
        (Hop(1, helo="DESKTOP-7", auth=True), ()),
    ],
)
def test_authenticated_relay(hop, expected):
    assert hits(Complaint("x", "", 0, "eml", hops=(hop,))) == expected


def test_only_identifying_signatures_are_critical():
    assert [one.id for one in signatures.SIGNATURES if one.critical] == ["cross-tenant-impersonation", "yarix-2014"]

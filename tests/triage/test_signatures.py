"""The shipped signatures: what they catch, and the ordinary mail they must not."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from irtool.intake import read_complaint
from irtool.records import Complaint, Hop, Indicator
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
LOGIN = "(unknown [192.0.2.7]) by r3.kawaz.jp with ESMTPA id 1; Sat, 17 May 2014 21:59:37 +0900"
NAMES = [
    "From",
    "Content-Type",
    "Auto-Submitted",
    "DKIM-Signature",
    "X-PHP-Script",
    "X-Originating-IP",
    "List-Id",
    "To",
]
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


def critical(base: Complaint, owner: signatures.Owner | None = None, **changes: object) -> list[str]:
    names = {rule.name for rule in signatures.SIGNATURES if rule.critical}
    return [name for name in hits(base, owner, **changes) if name in names]


def mail(*headers: str) -> tuple[str, ...]:
    """The signatures of a message with these headers on top of, or in place of, ordinary ones."""
    given = {header.partition(":")[0] for header in headers}
    usual = ("Return-Path: <a@shop.example>", "To: me@one.example", "Subject: hello")
    kept = [header for header in usual if header.partition(":")[0] not in given]
    text = "\n".join([*kept, *headers, "", "hello", ""])
    return signatures.hits(read_complaint("x.eml", text.encode()), OWNERS.get)


def test_cross_tenant_impersonation():
    assert critical(CAMPAIGN) == ["cross-tenant-impersonation"]
    assert critical(CAMPAIGN, OWNERS.get) == ["cross-tenant-impersonation"]
    assert critical(CAMPAIGN, OWNERS.get, from_=("x@own.trial.example", "ceo@victim.example"))
    assert hits(CAMPAIGN)[:2] == ("cross-tenant-impersonation", "null-sender-foreign-sender")


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
    assert critical(CAMPAIGN, **changes) == []
    assert critical(CAMPAIGN, OWNERS.get, **changes) == []


def test_the_directory_decides_who_is_somebody_else():
    """A calendar invitation forwarded with a From that is not hosted here, and two domains of one account, are fine."""
    assert critical(CAMPAIGN, OWNERS.get, from_=("x@elsewhere.example",)) == []
    assert critical(CAMPAIGN, OWNERS.get, from_=("x@second.example",)) == []
    assert critical(CAMPAIGN, OWNERS.get, sender=("x@elsewhere.example",)) == []
    assert critical(CAMPAIGN, None, from_=("x@second.example",)) == ["cross-tenant-impersonation"]


def test_yarix():
    assert hits(YARIX) == ("yarix-2014", "subject-is-local-part")
    assert hits(YARIX, x_mailer=None) == ("subject-is-local-part",)
    assert hits(YARIX, x_mimeole="Produced By Microsoft MimeOLE V6.00.2900") == ("subject-is-local-part",)
    assert hits(YARIX, subject="hello") == ()
    assert hits(YARIX, subject=None, from_=("@libero.it",)) == ()


@pytest.mark.parametrize(
    ("hop", "expected"),
    [
        (Hop(1, helo="7cho-me.com", rdns="1.dynamic.barak-online.net", auth=True), True),
        (Hop(1, helo="7cho-me.com", auth=True), True),
        (Hop(1, helo="gmo-seo.jp", auth=False), False),
        (Hop(1, helo="mail.a.example", rdns="out.a.example", auth=True), False),
        (Hop(1, helo="[192.168.1.5]", auth=True), False),
        (Hop(1, helo="DESKTOP-7", auth=True), False),
    ],
)
def test_authenticated_relay(hop, expected):
    assert ("authenticated-relay" in hits(Complaint("x", "", 0, "eml", hops=(hop,)))) is expected


@pytest.mark.parametrize(
    ("name", "headers"),
    [
        ("null-sender-no-report", ["Return-Path: <>", "From: a@shop.example"]),
        ("address-in-display-name", ['From: "ceo@bank.example" <x@shop.example>']),
        ("address-in-display-name", ["From: =?utf-8?q?ceo=40bank=2Eexample?= <x@shop.example>"]),
        ("ambiguous-from", ["From: a@shop.example, b@bank.example"]),
        ("reply-to-freemail", ["From: a@shop.example", "Reply-To: rich.uncle@gmail.com"]),
        ("hosted-from-freemail-reply", ["From: a@victim.example", "Reply-To: rich.uncle@gmail.com"]),
        ("freemail-to-other-freemail", ["From: a@yahoo.com", "Reply-To: rich.uncle@gmail.com"]),
        ("brand-in-display-name", ["From: PayPal Service <x@shop.example>"]),
        ("brand-in-display-name", ["From: =?utf-8?b?UGF5UGFsIFNlcnZpY2U=?= <x@shop.example>"]),
        ("old-phpmailer", ["From: a@shop.example", "X-Mailer: PHPMailer [version 1.73]"]),
        ("old-phpmailer", ["From: a@shop.example", "X-Mailer: PHPMailer 5.2.9 (phpmailer.example)"]),
        ("web-script-mailer", ["From: a@shop.example", "X-PHP-Originating-Script: 1001:mailer.php"]),
        ("web-script-mailer", ["From: a@shop.example", "X-PHP-Script: shop.example/uploads/x1.php for 192.0.2.1"]),
        ("backscatter-look-alike", ["From: MAILER-DAEMON@shop.example", "Subject: Undelivered Mail"]),
        ("forged-outlook-express", ["From: a@shop.example", "X-Mailer: Microsoft Outlook Express 6.00.2800.1158"]),
        ("message-id-other-domain-no-dkim", ["From: a@shop.example", "Message-ID: <1@7cho-me.com>"]),
        ("many-recipients", ["From: a@shop.example", "Cc: " + ", ".join(f"u{n}@one.example" for n in range(60))]),
        (
            "relay-login-foreign-from",
            ["Return-Path: <x@bank.example>", "From: a@shop.example", "Received: from 7cho-me.com " + LOGIN],
        ),
        (
            "login-without-rdns",
            ["From: a@shop.example",
             "Received: from pc " + LOGIN],
        ),
    ],
)  # fmt: skip
def test_what_each_catches(name, headers):
    assert name in mail(*headers)


@pytest.mark.parametrize(
    "headers",
    [
        ["From: a@shop.example", "Message-ID: <1@shop.example>"],
        ["From: PayPal <service@paypal.com>", "Message-ID: <1@mail.paypal.com>"],
        ["From: a@gmail.com", "Reply-To: b@gmail.com", "Message-ID: <1@mail.gmail.com>"],
        ["From: Anna <a@shop.example>", "X-Mailer: PHPMailer 6.9.1", "Message-ID: <1@shop.example>"],
        [
            "From: Anna <a@shop.example>", "Message-ID: <1@shop.example>",
            "X-Mailer: Microsoft Outlook Express 6.00", "X-MimeOLE: Produced By Microsoft MimeOLE V6.00",
        ],
    ],
)  # fmt: skip
def test_ordinary_mail_has_none(headers):
    assert mail(*headers) == ()


def test_a_real_bounce_and_an_invitation_have_none():
    bounce = [
        "Return-Path: <>", "From: MAILER-DAEMON@shop.example", "To: me@one.example", "Auto-Submitted: auto-replied",
        "Subject: Undelivered Mail Returned to Sender", "Message-ID: <1@shop.example>",
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"', "", "--b--", "",
    ]  # fmt: skip
    assert signatures.hits(read_complaint("x.eml", "\n".join(bounce).encode())) == ()
    invitation = dataclasses.replace(CAMPAIGN, headers=(("Content-Type", "text/calendar; method=REQUEST"),))
    assert signatures.hits(invitation, {"trial.example": "t"}.get) == ()


hostile = st.text(st.characters(codec=None), max_size=30) | st.sampled_from(
    ["a@b.example", "<>", "@", "=?utf-7?q?+2AA-?="]
)


@given(st.lists(st.tuples(st.sampled_from(NAMES), hostile), max_size=8), hostile, st.lists(hostile, max_size=2))
def test_nothing_in_a_complaint_breaks_them(headers, text, addresses):
    hop = Hop(1, helo=text, rdns=text, ip=text, by=text, with_=text, auth=True)
    complaint = Complaint(
        "x", "", 0, "eml", message_id=text, subject=text, envelope_from=text, envelope_null=not text,
        from_=tuple(addresses), sender=tuple(addresses), reply_to=tuple(addresses), recipients=tuple(addresses),
        x_mailer=text, x_mimeole=text, hops=(hop,), headers=tuple(headers),
        indicators=(Indicator("url", text, "body"),),
    )  # fmt: skip
    assert set(signatures.hits(complaint, {"b.example": "B"}.get)) <= {rule.name for rule in signatures.SIGNATURES}


def test_only_identifying_signatures_are_critical():
    assert [one.id for one in signatures.SIGNATURES if one.critical] == ["cross-tenant-impersonation", "yarix-2014"]

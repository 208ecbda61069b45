"""Mail that came back, in the forms that servers really send, and in forms that nobody should."""

from __future__ import annotations

import mailbox
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from irtool.tell.bounces import MAX_SAID, Returned, read, returned

TOKEN = "irtool.INC-2026-0001.0123456789abcdef01234567"
MESSAGE_ID = f"<{TOKEN}@gateway.example>"


def report(
    *groups: str, back: str = f"Message-ID: {MESSAGE_ID}\nSubject: About your domain\n", kind: str = "rfc822-headers"
) -> bytes:
    """RFC 3464: text, fields, returned headers."""
    fields = "\n\n".join(("Reporting-MTA: dns; mx.example", *groups))
    original = "text/rfc822-headers" if kind == "rfc822-headers" else "message/rfc822"
    return f"""\
Return-Path: <>
From: Mail Delivery System <MAILER-DAEMON@mx.example>
Subject: Undelivered Mail Returned to Sender
Date: Sun, 22 Nov 2026 15:00:00 +0000
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
 boundary="=_b"

--=_b
Content-Type: text/plain

This is the mail system. I am sorry.

--=_b
Content-Type: message/delivery-status

{fields}

--=_b
Content-Type: {original}

{back}
the text

--=_b--
""".encode("utf-8", "replace")


FAILED = (
    "Final-Recipient: rfc822; ops@blue.example\nAction: failed\nStatus: 5.1.1\n"
    "Diagnostic-Code: smtp; 550 5.1.1 no\n such user"
)
DELAYED = (
    "Final-Recipient: rfc822; ops@blue.example\nAction: delayed\nStatus: 4.4.1\nDiagnostic-Code: smtp; 451 4.4.1 later"
)
DELIVERED = "Final-Recipient: rfc822; boss@blue.example\nAction: delivered\nStatus: 2.0.0"


@pytest.mark.parametrize("kind", ["rfc822-headers", "rfc822"])
def test_a_report_as_the_rfc_has_it(kind: str) -> None:
    found = read("x", report(FAILED, kind=kind))
    assert (found.tokens, found.action, found.status) == ((TOKEN,), "failed", "5.1.1")
    assert (found.said, found.recipient) == ("550 5.1.1 no such user", "ops@blue.example")
    assert found.date is not None
    assert found.date.isoformat() == "2026-11-22T15:00:00+00:00"


@pytest.mark.parametrize(
    ("groups", "action", "status"),
    [
        ((DELAYED,), "delayed", "4.4.1"),
        ((DELIVERED,), "delivered", "2.0.0"),
        ((DELIVERED, DELAYED, FAILED), "failed", "5.1.1"),
        ((DELIVERED, DELAYED), "delayed", "4.4.1"),
        (("Final-Recipient: rfc822; a@b.example\nStatus: 5.2.2",), "failed", "5.2.2"),
        (("Final-Recipient: rfc822; a@b.example\nAction: FAILED (quite)\nStatus: 4.0.0 (odd)",), "failed", "4.0.0"),
        (("Final-Recipient: rfc822; a@b.example\nAction: expanded\nStatus: 2.0.0",), "delivered", "2.0.0"),
    ],
)
def test_the_worst_of_several_recipients(groups: tuple[str, ...], action: str, status: str) -> None:
    found = read("x", report(*groups))
    assert (found.action, found.status) == (action, status)


def test_by_envelope_id_alone() -> None:
    """Some return nothing of the message, but say what it was called (RFC 3461)."""
    found = read("x", report(f"Original-Envelope-Id: {TOKEN}", FAILED, back="Subject: ?\n"))
    assert (found.tokens, found.action) == ((TOKEN,), "failed")


QMAIL = f"""\
Return-Path: <>
From: MAILER-DAEMON@mx.example
To: security@gateway.example
Subject: failure notice

Hi. This is the qmail-send program at mx.example.

<ops@blue.example>:
Sorry, no mailbox here by that name. (#5.1.1)

--- Below this line is a copy of the message.

Message-ID: {MESSAGE_ID}
Subject: About your domain
"""
EXIM = f"""\
Return-path: <>
X-Failed-Recipients: ops@blue.example
From: Mail Delivery System <Mailer-Daemon@mx.example>
Subject: Mail delivery failed: returning message to sender
References: {MESSAGE_ID}

  ops@blue.example
    host mx [192.0.2.1]
    SMTP error from remote mail server after RCPT TO:<ops@blue.example>:
    550 No such recipient here
"""
VERP = f"""\
Return-Path: <>
From: postmaster@old.example
To: bounces+{TOKEN}@gateway.example
Subject: Delivery Status Notification (Delay)

Your message is delayed and will be retried.
"""
ANSWER = f"""\
From: Anna <anna@blue.example>
In-Reply-To: {MESSAGE_ID}
Subject: Re: Mail was sent in the name of blue.example

Thank you. 550 questions follow.
"""
HOLIDAY = f"""\
From: Anna <anna@blue.example>
In-Reply-To: {MESSAGE_ID}
Auto-Submitted: auto-replied
Subject: Out of office

Back on Monday.
"""


@pytest.mark.parametrize(
    ("text", "action", "status"),
    [(QMAIL, "failed", "5.1.1"), (EXIM, "failed", "550"), (VERP, "delayed", ""), (ANSWER, "", ""), (HOLIDAY, "", "")],
    ids=["qmail", "exim", "verp", "answer", "holiday"],
)
def test_what_other_servers_and_people_send(text: str, action: str, status: str) -> None:
    for content in (text, text.replace("\n", "\r\n")):
        found = read("x", content.encode())
        assert (found.tokens, found.action, found.status) == ((TOKEN,), action, status)


def test_what_is_not_about_us() -> None:
    assert read("x", QMAIL.replace(TOKEN, "someone.else").encode()).tokens == ()
    assert read("x", QMAIL.replace(TOKEN, TOKEN + "89").encode()).tokens == ()


def test_what_servers_say_is_one_clean_short_line() -> None:
    evil = "Diagnostic-Code: smtp; 550 \x1b[2J\u202e<script>" + "x" * 5_000
    found = read("x", report(f"Final-Recipient: rfc822; a@b.example\nAction: failed\n{evil}\r\nSubject: none"))
    assert len(found.said) <= MAX_SAID
    assert "\x1b" not in found.said
    assert "\u202e" not in found.said
    assert "\n" not in found.said


def test_a_mailbox_holds_many(tmp_path: Path) -> None:
    box = mailbox.mbox(tmp_path / "box")
    for text in (QMAIL, EXIM, ANSWER):
        box.add(text.encode())
    box.flush()
    box.close()
    found = list(returned([("box", (tmp_path / "box").read_bytes())]))
    assert [f.action for f in found] == ["failed", "failed", ""]
    assert len({f.sha256 for f in found}) == 3


def test_deep_and_endless_messages_end() -> None:
    nested = (
        b"".join(b"Content-Type: message/rfc822\n\n" for _ in range(20_000)) + f"Message-ID: {MESSAGE_ID}\n".encode()
    )
    mixed = b"".join(b'Content-Type: multipart/report; boundary="%d"\n\n--%d\n' % (n, n) for n in range(5_000))
    for content in (nested, mixed, b"To: " + b"a@b," * 200_000, (TOKEN + " ").encode() * 50_000):
        assert isinstance(read("x", content), Returned)
    assert (
        len(
            read(
                "x", b"From: MAILER-DAEMON\n\n" + b"\n".join(b"irtool.INC-2026-0001.%024x" % n for n in range(9_999))
            ).tokens
        )
        <= 50
    )


@given(st.binary(max_size=2_000))
def test_nothing_raises(content: bytes) -> None:
    found = read("x", content)
    assert found.action in {"", "failed", "delayed", "delivered"}


@given(st.text(max_size=300), st.text(max_size=300), st.text(max_size=100))
def test_no_field_of_a_report_raises(action: str, diagnostic: str, status: str) -> None:
    group = f"Final-Recipient: rfc822; a@b.example\nAction: {action}\nStatus: {status}\nDiagnostic-Code: {diagnostic}"
    found = read("x", report(group))
    assert found.action in {"", "failed", "delayed", "delivered"}
    assert TOKEN in found.tokens

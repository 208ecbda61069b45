"""Every accepted form of complaint, read whole."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from irtool.errors import InputError
from irtool.intake import read_complaint, read_complaints, read_headers
from irtool.records import Complaint


def found(complaint: Complaint, kind: str) -> dict[str, tuple[str, float]]:
    return {one.value: (one.source, one.confidence) for one in complaint.indicators if one.type == kind}


def test_the_cross_tenant_message(sample):
    content = sample("sophos-pattern.eml")
    complaint = read_complaint("spam.eml", content)
    assert (complaint.format, complaint.source, complaint.size) == ("eml", "spam.eml", len(content))
    assert (complaint.envelope_from, complaint.envelope_null) == ("", True)
    assert complaint.from_ == ("info@gateway.example",)
    assert not complaint.ambiguous_from
    assert complaint.sender == ("bulk@trial-17.example",)
    assert complaint.reply_to == ("deals@landing.example",)
    assert complaint.recipients == ("victim@receiver.example",)
    assert complaint.subject == "Offerta € del giorno"
    assert complaint.message_id == "4f9d2c@trial-17.example"
    assert complaint.date == datetime(2025, 4, 14, 15, 31, 4, tzinfo=UTC)
    assert [(hop.helo, hop.ip, hop.auth, hop.tls) for hop in complaint.hops] == [
        ("relay7.gateway.example", "198.51.100.7", False, True),
        ("smtp.trial-17.example", "203.0.113.66", True, True),
    ]
    assert complaint.faults == ()
    assert len(complaint.headers) == 13


def test_the_indicators_of_a_message(sample):
    complaint = read_complaint("spam.eml", sample("sophos-pattern.eml"))
    assert found(complaint, "url") == {
        "http://win.landing.example/offer?u=1": ("body line 2", 0.6),
        "https://pixel.tracker.example/p.gif": ("HTML body line 3", 0.6),
    }
    assert set(found(complaint, "domain")) == {"win.landing.example", "pixel.tracker.example"}
    assert found(complaint, "address") == {  # the victim's own address is no evidence
        "bulk@trial-17.example": ("header Sender", 0.7),
        "deals@landing.example": ("header Reply-To", 0.5),
        "info@gateway.example": ("header From", 0.4),
    }
    assert found(complaint, "ip")["203.0.113.66"] == ("header Received 2", 0.5)


def test_a_feedback_report(sample):
    complaint = read_complaint("-", sample("report.arf.eml"))
    assert (complaint.format, complaint.reporter) == ("arf", "fbl@bigreceiver.example")
    assert (complaint.envelope_from, complaint.envelope_null) == ("", True)
    assert complaint.from_ == ("news@gateway.example",)
    assert complaint.sender == ("bulk@trial-17.example",)
    assert complaint.message_id == "77aa@trial-17.example"
    assert complaint.recipients == ("someone@bigreceiver.example",)
    assert complaint.received_at == datetime(2025, 4, 14, 16, 2, tzinfo=UTC)  # its own Date, not when the spam arrived
    assert found(complaint, "ip")["198.51.100.7"] == ("feedback-report Source-IP", 0.9)
    assert found(complaint, "domain")["gateway.example"] == ("feedback-report Reported-Domain", 0.8)
    assert found(complaint, "url") == {"http://win.landing.example/offer": ("feedback-report Reported-URI", 0.8)}
    assert "deals@landing.example" in found(complaint, "address")
    assert "someone@bigreceiver.example" not in found(complaint, "address")


def test_a_feedback_report_with_headers_only_and_received_date(sample):
    content = sample("report.arf.eml").replace(b"message/rfc822", b"text/rfc822-headers")
    content = content.replace(b"Arrival-Date", b"Received-Date").replace(b"Feedback-Type: abuse\n", b"")
    content = re.sub(rb"^Date: .*\n", b"", content, count=1, flags=re.MULTILINE)  # the report's own
    complaint = read_complaint("x", content)
    assert complaint.from_ == ("news@gateway.example",)
    assert complaint.received_at == datetime(2025, 4, 14, 15, 58, 12, tzinfo=UTC)
    assert any("no Feedback-Type" in fault for fault in complaint.faults)


def forward(*messages: bytes, extra: bytes = b"") -> bytes:
    head = (
        b"From: Eve Reporter <eve@customer.example>\nTo: abuse@gateway.example\nSubject: Fwd: spam\n"
        b"Date: Tue, 15 Apr 2025 08:00:00 +0000\nContent-Type: multipart/mixed; boundary=f\n\n"
        b"--f\n\nsee https://my-own-site.example/\n"
    )
    attached = b"".join(b"--f\nContent-Type: message/rfc822\n" + extra + b"\n" + one + b"\n" for one in messages)
    return head + attached + b"--f--\n"


def test_a_message_forwarded_as_attachment_is_the_evidence(sample):
    complaint = read_complaint("fwd.eml", forward(sample("sophos-pattern.eml")))
    assert complaint.reporter == "eve@customer.example"
    assert complaint.received_at == datetime(2025, 4, 15, 8, 0, tzinfo=UTC)
    assert complaint.from_ == ("info@gateway.example",)
    assert complaint.envelope_null is True
    assert "my-own-site.example" not in found(complaint, "domain")
    assert "win.landing.example" in found(complaint, "domain")


def test_several_attached_messages_are_several_complaints(sample):
    content = forward(sample("sophos-pattern.eml"), b"From: x@second.example\nSubject: two\n\nhello")
    both = read_complaints([("fwd.eml", content)])
    assert [(one.source, one.from_[0]) for one in both] == [
        ("fwd.eml attached message 1", "info@gateway.example"),
        ("fwd.eml attached message 2", "x@second.example"),
    ]
    assert read_complaint("fwd.eml", content).faults[-1] == "1 more messages in it were not read"


def test_an_attached_message_in_broken_base64_is_still_reported(sample):
    content = forward(sample("sophos-pattern.eml"), extra=b"Content-Transfer-Encoding: base64\n")
    complaint = read_complaint("fwd.eml", content)
    assert complaint.reporter == "eve@customer.example"
    assert complaint.from_ == ()  # the reporter must not be taken for the sender
    assert "a part of type message/rfc822 cannot be decoded" in complaint.faults


def test_the_messages_of_a_digest_are_the_evidence():
    """In a multipart/digest nothing announces a message (RFC 2046 §5.1.5)."""
    content = (
        b"From: list@x.example\nTo: abuse@y.example\nSubject: digest\nContent-Type: multipart/digest; boundary=d\n\n"
        b"--d\n\nFrom: a@evil.example\nSubject: one\n\nhttp://one.example/\n--d\n\nFrom: b@evil.example\n\ntwo\n--d--\n"
    )
    both = read_complaints([("x", content)])
    assert [(one.from_, one.subject, one.reporter) for one in both] == [
        (("a@evil.example",), "one", "list@x.example"),
        (("b@evil.example",), None, "list@x.example"),
    ]
    assert "http://one.example/" in found(both[0], "url")


def test_a_message_attached_as_a_file_is_the_evidence(sample):
    """Webmailers attach saved messages under any type; the content shows what it is."""
    content = forward(sample("sophos-pattern.eml")).replace(
        b"Content-Type: message/rfc822\n", b"Content-Type: application/octet-stream; name=mail.eml\n"
    )
    complaint = read_complaint("fwd.eml", content)
    assert (complaint.reporter, complaint.from_) == ("eve@customer.example", ("info@gateway.example",))


def test_names_and_charsets_in_rfc_2231_spelling():
    content = (
        b'From: a@b.example\nSubject: x\nContent-Type: multipart/mixed; boundary*0="b"; boundary*1="c"\n\n'
        b"--bc\nContent-Type: text/plain; charset*=us-ascii'en'iso%2D8859%2D15\n\n\xa4 http://one.example/\xa4\n"
        b"--bc\nContent-Type: a/b\nContent-Disposition: attachment; filename*0*=UTF-8''f%C3%BC; filename*1=r.bin\n\nx\n"
        b"--bc--\n"
    )
    complaint = read_complaint("x", content)
    assert list(found(complaint, "url")) == ["http://one.example/€"]
    assert [source for source, _ in found(complaint, "sha256").values()] == ["attachment für.bin"]


def test_raw_utf_8_headers_and_headers_in_no_known_charset():
    content = "From: Jürgen <jürgen@bücher.example>\nSubject: Grüße 日本\nX: ok\n\nx".encode()
    complaint = read_complaint("x", content)
    assert (complaint.from_, complaint.subject) == (("jürgen@xn--bcher-kva.example",), "Grüße 日本")
    complaint = read_complaint("x", content.replace("ü".encode(), b"\xfc"))
    assert (complaint.from_[0], dict(complaint.headers)["From"]) == (
        "jürgen@xn--bcher-kva.example",
        "Jürgen <jürgen@bücher.example>",
    )


def test_headers_may_have_a_blank_before_the_colon_and_come_twice():
    content = b"From : a@x.example\nFROM:b@y.example\nSubject\t: one\nSubject: two\n\n"
    complaint = read_complaint("x", content)
    assert (complaint.from_, complaint.ambiguous_from) == (("a@x.example", "b@y.example"), True)
    assert complaint.subject == "one"
    assert [name for name, _ in complaint.headers] == ["From", "FROM", "Subject", "Subject"]


def test_the_fast_door_says_the_same_as_the_slow_one(sample):
    content = sample("sophos-pattern.eml")
    fast, slow = read_headers("x", content), read_complaint("x", content)
    for name in ("from_", "sender", "reply_to", "hops", "headers", "message_id", "date", "envelope_null", "recipients"):
        assert getattr(fast, name) == getattr(slow, name), name
    assert content.startswith(content[: fast.size])
    assert content[: fast.size].endswith((b"\n\n", b"\n\r\n"))


def test_pasted_headers_with_indentation_and_blank_lines(sample):
    complaint = read_complaint("-", sample("pasted-headers.txt"))
    assert complaint.format == "headers"
    assert complaint.subject == "paperino1234"
    assert complaint.from_ == ("paperino1234@libero.it",)
    assert complaint.x_mailer == "Microsoft Windows Live Mail 16.4.3522.110"
    assert complaint.x_mimeole == "Produced By Microsoft MimeOLE V16.4.3522.110"
    assert [(hop.helo, hop.ip, hop.by, hop.auth) for hop in complaint.hops] == [
        ("7cho-me.com", "85.65.59.147", "r3.kawaz.jp", True),
        ("7cho-me.com", "112.171.218.7", "r3.kawaz.jp", True),
        ("gmo-seo.jp", "178.122.55.251", "gmotech.jp", False),
        ("mustlovewine.com", None, "server1.commentspot.net", True),
    ]
    assert complaint.hops[0].time == datetime(2014, 5, 17, 12, 59, 37, tzinfo=UTC)
    assert complaint.hops[0].time_raw == "Sat, 17 May 2014 21:59:37 +0900 (JST)"
    assert complaint.envelope_null is None
    assert complaint.message_id == "6b2daac63ab3e8955fa9b2ddd3a1b768@7cho-me.com"
    assert "hop 4: broken address literal [109.86.164.213109.86.164.213]" in complaint.faults


def test_headers_in_the_middle_of_a_bulletin(sample):
    """Prose around the headers stays prose, and is searched for indicators on its true lines."""
    text = "Bulletin about spam.\nSee http://blog.libero.it/1.html\n\n" + sample("pasted-headers.txt").decode()
    complaint = read_complaint("bulletin.txt", text.encode())
    assert complaint.format == "text"
    assert len(complaint.hops) == 4
    assert found(complaint, "url") == {"http://blog.libero.it/1.html": ("text line 2", 0.6)}


def test_prose_with_colons_is_not_headers():
    complaint = read_complaint("-", b"Hello,\nFrom: what I see\nSubject: nothing\nbad site is hxxp://evil[.]example/")
    assert (complaint.format, complaint.headers, complaint.from_) == ("text", (), ())
    assert found(complaint, "url") == {"http://evil.example/": ("text line 4", 0.8)}


def test_an_italian_advisory(sample):
    complaint = read_complaint("avviso.txt", sample("advisory-it.txt"))
    assert complaint.format == "text"
    assert found(complaint, "address") == {
        "info@sophos.com": ("text line 2", 0.8),
        "news@sophos.com": ("text line 2", 0.8),
    }
    assert found(complaint, "domain") == {"vinci.landing.example": ("text line 3", 0.8)}
    assert found(complaint, "ip") == {"203.0.113.66": ("text line 4", 0.8)}


def test_text_copied_from_slack(sample):
    complaint = read_complaint("-", sample("slack.txt"))
    assert set(found(complaint, "address")) == {"info@sophos.com"}
    assert set(found(complaint, "url")) == {"http://win.landing.example/x"}
    assert set(found(complaint, "domain")) == {"win.landing.example"}


def test_an_mbox_of_two():
    one = b"From a@b.example Mon Apr 14 15:00:00 2025\nFrom: a@b.example\nSubject: %d\n\nbody\n\n"
    both = read_complaints([("box", one % 1 + one % 2), ("-", b"bad: 192.0.2.9")])
    assert [(item.source, item.subject) for item in both] == [
        ("box message 1", "1"),
        ("box message 2", "2"),
        ("-", None),
    ]
    assert both[0].sha256 != both[1].sha256


def test_a_utf_16_file_is_read(sample):
    text = sample("sophos-pattern.eml").decode()
    for encoding in ("utf-16", "utf-8-sig"):
        assert read_complaint("x", text.encode(encoding)).from_ == ("info@gateway.example",)


def test_a_body_that_quotes_headers_is_told(sample):
    content = b"From: a@b.example\nSubject: spam\n\n> Received: from x (y [192.0.2.1])\n> by z; today\n"
    assert "the body quotes headers; if they are the evidence, give them alone" in read_complaint("x", content).faults


@pytest.mark.parametrize("content", [b"", b" \r\n\t\n"])
def test_empty_input(content):
    with pytest.raises(InputError, match=r"^standard input is empty$") as caught:
        read_complaint("-", content)
    assert "Accepted are" in caught.value.hint


def test_too_large_is_refused_before_anything_is_parsed(monkeypatch):
    monkeypatch.setattr("irtool.intake.reading.charsets.as_utf8", lambda _: pytest.fail("parsed"))
    with pytest.raises(InputError, match=r"^big\.eml has 100\.0 MB; a complaint may have at most 25 MB$"):
        read_complaint("big.eml", b"\0" * (100 * 2**20))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" * 50, "binary data"),
        (bytes(range(256)) * 100, "binary data"),
        (b"PK\x03\x04rest", "broken zip archive"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest", "an Office file, and no Outlook message"),
        (b"hello world, nothing here\n", "nothing to look for"),
    ],
)
def test_what_is_not_mail(content, message):
    with pytest.raises(InputError, match=message):
        read_complaint("junk", content)

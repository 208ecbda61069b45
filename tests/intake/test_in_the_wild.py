"""Reports as programs really send them: wrong boundaries, types and dates, wrapped and broken JSON, odd XML."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime

import pytest

from irtool.errors import InputError
from irtool.intake import read_complaint, read_complaints
from irtool.records import Complaint

SPAM = (
    "Received: from h.sender.example (h.sender.example [203.0.113.77])\r\n"
    "\tby mx.loop.example (Postfix) with ESMTP id 4X; Tue, 7 Oct 2025 08:15:02 -0700\r\n"
    "Return-Path: <bounce@sender.example>\r\nFrom: Offers <news@sender.example>\r\nTo: victim@loop.example\r\n"
    "Subject: You won\r\nMessage-ID: <77@sender.example>\r\n\r\nhttp://landing.evil.example/x\r\n"
)
REPORT = (
    "Feedback-Type: abuse\r\nUser-Agent: Loop/2.0\r\nVersion: 0.1\r\nOriginal-Mail-From: <bounce@sender.example>\r\n"
    "Received-Date: Tue, 7 Oct 2025 08:15:02 -0700\r\nSource-IP: 203.0.113.77\r\n"
)


def loop(
    report: str = REPORT, kind: str = "message/feedback-report", top: str = 'multipart/report; boundary="b"',
    spam: str = SPAM,
) -> Complaint:  # fmt: skip
    attached = f"--b\r\nContent-Type: message/rfc822\r\n\r\n{spam}\r\n" if spam else ""
    text = (
        "From: Loop <feedback@loop.example>\r\nTo: abuse@isp.example\r\nSubject: FW: You won\r\n"
        f"Date: Tue, 07 Oct 2025 16:00:00 +0000\r\nMIME-Version: 1.0\r\nContent-Type: {top}\r\n\r\n"
        "--b\r\nContent-Type: text/plain\r\n\r\nThis is a report.\r\n"
        f"--b\r\nContent-Type: {kind}\r\n\r\n{report}\r\n{attached}--b--\r\n"
    )
    return read_complaint("x", text.encode())


def found(complaint: Complaint, kind: str = "ip") -> dict[str, float]:
    return {one.value: one.confidence for one in complaint.indicators if one.type == kind}


@pytest.mark.parametrize(
    "top", ['multipart/report; boundary="other"', "multipart/report; report-type=feedback-report", "multipart/mixed"]
)
def test_a_report_whose_boundary_is_wrong_is_no_abuse_by_its_reporter(top: str) -> None:
    complaint = loop(top=top)
    assert (complaint.format, complaint.reporter) == ("arf", "feedback@loop.example")
    assert complaint.from_ == ("news@sender.example",)
    assert any("boundary" in fault for fault in complaint.faults)


def test_prose_with_a_line_of_dashes_has_no_parts() -> None:
    text = (
        "From: a@x.example\nTo: b@x.example\nSubject: x\nMessage-ID: <1@x>\n\nHi\n--me\nContent-Type: of a cup\nBye\n"
    )
    complaint = read_complaint("x", text.encode())
    assert complaint.format == "eml"
    assert complaint.faults == ()


def test_a_message_that_quotes_one_in_parts_is_read_whole() -> None:
    quoted = "first.example\n--snot\nContent-Type: text/plain\n\nx\n--snot\nContent-Type: text/html\n\ny\n--snot--\n"
    text = f"From: a@x.example\nTo: b@x.example\nSubject: x\nMessage-ID: <1@x>\n\n{quoted}\nlast.example\n"
    complaint = read_complaint("x", text.encode())
    assert {"first.example", "last.example"} <= found(complaint, "domain").keys()
    assert complaint.faults == ()


@pytest.mark.parametrize("kind", ["text/plain", "application/feedback-report", "text/plain; name=report.txt"])
def test_a_report_under_another_content_type(kind: str) -> None:
    complaint = loop(kind=kind)
    assert (complaint.format, complaint.from_) == ("arf", ("news@sender.example",))
    assert found(complaint)["203.0.113.77"] == 0.9


@pytest.mark.parametrize("value", ["203.0.113.77 (h.sender.example)", "[203.0.113.77]", "::ffff:203.0.113.77",
                                   "203.0.113.77; port 25", "\r\n 203.0.113.77"])  # fmt: skip
def test_the_source_with_something_around_it(value: str) -> None:
    assert found(loop(REPORT.replace("203.0.113.77", value))) == {"203.0.113.77": 0.9}


def test_a_date_as_programs_write_it() -> None:
    report = REPORT.replace("Received-Date: Tue, 7 Oct 2025 08:15:02 -0700", "Arrival-Date: 2025-10-07T08:15:02Z")
    assert not [fault for fault in loop(report).faults if "date" in fault]


def test_a_report_without_the_message_and_without_its_source_says_so() -> None:
    bare = loop("Feedback-Type: abuse\r\nUser-Agent: L/1\r\nVersion: 1\r\n", spam="")
    assert any("neither the message nor the IP" in fault for fault in bare.faults)
    assert not any("neither the message" in fault for fault in loop(spam="").faults)


V4 = {
    "xarf_version": "4.0.0", "timestamp": "2025-10-07T08:15:02Z", "source_identifier": "203.0.113.77",
    "reporter": {"org": "R", "contact": "abuse@reporter.example", "domain": "reporter.example"},
    "category": "messaging", "type": "spam", "smtp_from": "news@sender.example", "evidence": [],
}  # fmt: skip
AT = datetime(2025, 10, 7, 8, 15, 2, tzinfo=UTC)


def xarf(**changed: object) -> Complaint:
    return read_complaint("x", json.dumps({**V4, **changed}).encode())


@pytest.mark.parametrize(
    "when", [1759824902, 1759824902000, 1759824902.0, "1759824902", "Tue, 07 Oct 2025 08:15:02 +0000"]
)
def test_the_time_of_a_report_in_any_form(when: object) -> None:
    assert xarf(timestamp=when).received_at == AT


@pytest.mark.parametrize(
    ("source", "kind", "value"),
    [
        ("203.0.113.77:587", "ip", "203.0.113.77"),
        ("[2001:db8::77]:25", "ip", "2001:db8::77"),
        ("::ffff:203.0.113.77", "ip", "203.0.113.77"),
        ("203.0.113.0/24", "network", "203.0.113.0/24"),
    ],
)
def test_the_source_of_a_report_in_any_form(source: str, kind: str, value: str) -> None:
    complaint = xarf(source_identifier=source)
    assert found(complaint, kind) == {value: 0.9}
    assert not found(complaint, "network" if kind == "ip" else "ip")


@pytest.mark.parametrize("how", ["no version", "wrapped", "wrapped twice", "a comma too many", "a bare line end"])
def test_a_report_that_breaks_the_schema_is_read(how: str) -> None:
    text = json.dumps(V4)
    text = {
        "no version": json.dumps({key: value for key, value in V4.items() if key != "xarf_version"}),
        "wrapped": json.dumps({"id": 1, "data": V4}),
        "wrapped twice": json.dumps({"event": {"kind": "x", "payload": V4}}),
        "a comma too many": text[:-1] + ",}",
        "a bare line end": text.replace('"org": "R"', '"org": "R\n"'),
    }[how]
    complaint = read_complaint("x", text.encode())
    assert (complaint.format, complaint.reporter) == ("xarf", "abuse@reporter.example")
    assert found(complaint) == {"203.0.113.77": 0.9}
    assert "abuse@reporter.example" not in found(complaint, "address")


def test_broken_beyond_that_it_is_searched_as_text() -> None:
    complaint = read_complaint("x", json.dumps(V4)[:-20].encode())
    assert "203.0.113.77" in found(complaint)
    assert any("JSON is broken" in fault for fault in complaint.faults)


def test_evidence_that_is_a_text_and_no_object() -> None:
    complaint = xarf(evidence=base64.b64encode(SPAM.encode()).decode())
    assert complaint.subject == "You won"
    assert complaint.faults == ()


ROW = (
    "<record><row><source_ip>{ip}</source_ip><count>2</count><policy_evaluated><dkim>fail</dkim><spf>fail</spf>"
    "</policy_evaluated></row><identifiers><header_from>bank.example</header_from></identifiers></record>"
)
XML = (
    "<?xml version='1.0' encoding='UTF-8'?><feedback><report_metadata><org_name>{org}</org_name></report_metadata>"
    "<policy_published><domain>bank.example</domain></policy_published>{rows}</feedback>"
)


@pytest.mark.parametrize(
    "content",
    [
        XML.format(org="AT&T Mail", rows=ROW.format(ip="203.0.113.77")).encode(),
        XML.format(org="Bücher", rows=ROW.format(ip="203.0.113.77")).encode("latin-1"),
        XML.format(org="x &unknown; y", rows=ROW.format(ip="203.0.113.77")).encode(),
        XML.format(org="x", rows=ROW.format(ip="::ffff:203.0.113.77")).replace("feedback>", "Feedback>").encode(),
    ],
    ids=["ampersand", "charset", "entity", "upper case and mapped address"],
)
def test_an_aggregate_report_with_a_small_fault(content: bytes) -> None:
    complaint = read_complaint("x", content)
    assert complaint.format == "dmarc-aggregate"
    assert found(complaint) == {"203.0.113.77": 0.6}
    assert complaint.faults == ()


def test_a_mapped_address_in_a_hop_is_the_ipv4_address() -> None:
    hop = "Received: from [::ffff:203.0.113.77] (helo=x) by y with esmtpa; Tue, 07 Oct 2025 12:00:00 +0200\r\n"
    assert read_complaint("x", (hop + SPAM).encode()).hops[0].ip == "203.0.113.77"


def test_a_line_of_prose_does_not_begin_a_message_of_an_mbox() -> None:
    box = f"From a@b.example Tue Oct  7 10:00:00 2025\n{SPAM}\nFrom here on it is text of 2025\n".replace("\r", "")
    (complaint,) = read_complaints([("box", box.encode())])
    assert complaint.subject == "You won"


PASTED = """Received: from AS9PR01.eurprd01.prod.exchangelabs.com
 (2603:10a6:20b:540::1) by AM0PR01.eurprd01.prod.exchangelabs.com
 (2603:10a6:208:1::1) with Microsoft SMTP Server id 15.20.1234.5; Tue, 7 Oct
 2025 08:00:01 +0000
From: Bank <ceo@bank.example>
"""


def test_a_date_that_is_folded_in_pasted_headers() -> None:
    complaint = read_complaint("x", PASTED.encode())
    assert complaint.hops[0].time == datetime(2025, 10, 7, 8, 0, 1, tzinfo=UTC)
    assert complaint.faults == ()


def test_pasted_headers_that_lost_their_line_ends() -> None:
    text = " ".join(line.strip() for line in SPAM.partition("\r\n\r\n")[0].split("\r\n"))
    complaint = read_complaint("x", text.encode())
    assert (complaint.from_, complaint.subject) == (("news@sender.example",), "You won")
    assert (complaint.envelope_from, complaint.message_id) == ("bounce@sender.example", "77@sender.example")
    assert complaint.hops[0].ip == "203.0.113.77"


def test_utf_16_without_a_mark() -> None:
    for name in ("utf-16-le", "utf-16-be"):
        assert read_complaint("x", SPAM.encode(name)).subject == "You won"


def test_what_outlook_packed_its_own_way_is_said() -> None:
    text = SPAM.replace("\r\n\r\n", "\r\nContent-Type: application/ms-tnef; name=winmail.dat\r\n\r\n")
    assert any("winmail.dat" in fault for fault in read_complaint("x", text.encode()).faults)


SUMMARY = """Original Message
Message ID\t<77@sender.example>
Created at:\tTue, Oct 7, 2025 at 5:15 PM (Delivered after 2 seconds)
From:\tOffers <news@sender.example>
To:\tvictim@loop.example
Subject:\tYou won
SPF:\tPASS with IP 203.0.113.77 Learn more

"""


def test_the_summary_above_the_original_is_not_the_message() -> None:
    complaint = read_complaint("x", (SUMMARY + SPAM.replace("\r", "")).encode())
    assert (complaint.format, complaint.envelope_from) == ("eml", "bounce@sender.example")
    assert complaint.hops[0].ip == "203.0.113.77"
    assert complaint.message_id == "77@sender.example"


@pytest.mark.parametrize(
    ("to", "sender"), [("abuse@isp.example", "evil@evil.example"), ("b@x.example", "user@t.example")]
)
def test_a_message_as_a_file_without_received_headers(to: str, sender: str) -> None:
    """Exported from a mail program. To somebody who is no desk, it is an attachment like any other."""
    inner = "From: evil@evil.example\r\nTo: user@t.example\r\nSubject: hi\r\nMessage-ID: <1@evil.example>\r\n\r\nx\r\n"
    text = (
        f"From: user@t.example\r\nTo: {to}\r\nSubject: see attached\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nlook\r\n--b\r\n'
        'Content-Type: application/octet-stream; name="hi.eml"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
        f"{base64.b64encode(inner.encode()).decode()}\r\n--b--\r\n"
    )
    assert read_complaint("x", text.encode()).from_ == (sender,)


def test_headers_that_are_too_long_are_named_as_the_reason() -> None:
    with pytest.raises(InputError, match="headers are longer than"):
        read_complaint("x", b"X: " + b"a" * 2_000_000 + b"\r\n" + SPAM.encode())

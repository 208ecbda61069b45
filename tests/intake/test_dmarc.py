"""DMARC aggregate reports in every wrapping, and failure reports."""

from __future__ import annotations

import base64
import gzip
from datetime import UTC, datetime

import pytest

from irtool.errors import InputError
from irtool.intake import read_complaint, read_complaints


def row(ip: str, count: object, dkim: str = "fail", spf: str = "fail", name: str = "gateway.example") -> str:
    return (
        f"<record><row><source_ip>{ip}</source_ip><count>{count}</count><policy_evaluated><disposition>quarantine"
        f"</disposition><dkim>{dkim}</dkim><spf>{spf}</spf></policy_evaluated></row><identifiers><header_from>{name}"
        "</header_from></identifiers><auth_results><dkim><domain>x.example</domain><result>pass</result></dkim>"
        "<spf><domain>y.example</domain><result>pass</result></spf></auth_results></record>"
    )


ROWS = (
    row("203.0.113.9", 100) + row("203.0.113.9", 20, spf="pass") + row("2001:0DB8::5", 3) + row("192.0.2.1", 7, "pass")
)
REPORT = (
    '<?xml version="1.0" encoding="UTF-8" ?>\n<feedback>\n<report_metadata><org_name>big.example</org_name>'
    "<email>noreply-dmarc@big.example</email><date_range><begin>1744588800</begin><end>1744675199</end></date_range>"
    "</report_metadata><policy_published><domain>gateway.example</domain><p>none</p></policy_published>"
    f"{ROWS}</feedback>"
).encode()


def indicators(complaint, kind):
    return {one.value: (one.source, one.confidence) for one in complaint.indicators if one.type == kind}


def test_the_facts_of_a_report():
    complaint = read_complaint("report.xml", REPORT)
    assert (complaint.format, complaint.reporter) == ("dmarc-aggregate", "noreply-dmarc@big.example")
    assert complaint.subject == "DMARC report for gateway.example"
    assert (complaint.date, complaint.received_at) == (
        datetime(2025, 4, 14, tzinfo=UTC),
        datetime(2025, 4, 14, 23, 59, 59, tzinfo=UTC),
    )
    who = "DMARC report of big.example"
    assert indicators(complaint, "ip") == {
        "203.0.113.9": (f"{who}: 120 messages, 100 failed, as gateway.example, quarantine", 0.6),
        "2001:db8::5": (f"{who}: 3 messages, 3 failed, as gateway.example, quarantine", 0.6),
        "192.0.2.1": (f"{who}: 7 messages, 0 failed, as gateway.example, quarantine", 0.1),
    }
    assert indicators(complaint, "domain") == {"gateway.example": (f"{who}: header_from of 103 failed messages", 0.2)}
    assert complaint.faults == ()


def mailed(kind: str, content: bytes) -> bytes:
    return (
        b"From: noreply@big.example\nTo: dmarc@gateway.example\nSubject: Report domain: gateway.example\n"
        b"Date: Tue, 15 Apr 2025 08:00:00 +0000\nContent-Type: " + kind.encode() + b"\n"
        b"Content-Disposition: attachment; filename=x\nContent-Transfer-Encoding: base64\n\n"
        + base64.encodebytes(content)
    )


def test_packed_and_mailed_reports_say_the_same(zipped):
    plain = indicators(read_complaint("x", REPORT), "ip")
    for name, content in {
        "gzip": gzip.compress(REPORT),
        "zip": zipped({"a!b!1!2.xml": REPORT}),
        "UTF-16": REPORT.decode().replace("UTF-8", "UTF-16").encode("utf-16"),
        "namespace": REPORT.replace(b"<feedback>", b'<feedback xmlns="urn:ietf:params:xml:ns:dmarc-2.0">'),
        "prefix": REPORT.replace(b"<", b"<d:").replace(b"<d:/", b"</d:").replace(b"<d:?", b"<?"),
        "mail with gzip": mailed("application/gzip", gzip.compress(REPORT)),
        "mail with zip": mailed("application/octet-stream", zipped({"a.xml": REPORT})),
        "mail with xml": mailed("text/xml", REPORT),
    }.items():
        (complaint,) = read_complaints([(name, content)])
        assert (complaint.format, indicators(complaint, "ip")) == ("dmarc-aggregate", plain), name


def test_the_mail_around_a_report_tells_when_it_came():
    complaint = read_complaint("m.eml", mailed("application/gzip", gzip.compress(REPORT)))
    assert complaint.source == "m.eml: x"
    assert complaint.received_at == datetime(2025, 4, 15, 8, tzinfo=UTC)


def test_broken_rows_are_counted_and_the_others_read():
    report = REPORT.replace(b"<count>3<", b"<count>many<").replace(b"192.0.2.1", b"300.1.1.1")
    complaint = read_complaint("x", report)
    assert set(indicators(complaint, "ip")) == {"203.0.113.9"}
    assert complaint.faults == ("DMARC report: 2 rows without a source IP or a count were left out",)


def test_a_report_that_breaks_off_is_read_as_far_as_it_goes():
    complaint = read_complaint("x", REPORT[: REPORT.index(b"2001")])
    assert set(indicators(complaint, "ip")) == {"203.0.113.9"}
    assert "not well-formed" in complaint.faults[0]


LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE feedback [<!ENTITY a "'
    + b"ha" * 50
    + b'">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9))
    + b"]><feedback><record>&j;</record></feedback>"
)
XML_BOMBS = {
    "billion laughs": LAUGHS,
    "billion laughs in UTF-16": LAUGHS.decode().encode("utf-16"),
    "another root": LAUGHS.replace(b"feedback", b"lolz"),
    "external entity": b'<!DOCTYPE feedback [<!ENTITY x SYSTEM "file:///etc/passwd">]><feedback>&x;</feedback>',
    "external document type": b'<!DOCTYPE feedback SYSTEM "http://evil.example/x.dtd"><feedback></feedback>',
    "nested": b"<feedback>" + b"<a>" * 1_000_000,
    "elements": b"<feedback>" + b"<a/>" * 2_000_000,
    "attributes": b"<feedback " + b" ".join(b'a%d="1"' % n for n in range(100_000)) + b"/>" + b"<a/>",
    "one text": b"<feedback><a>" + b"x\n" * 5_000_000,
}


@pytest.mark.parametrize("name", XML_BOMBS)
def test_xml_bombs_are_refused_with_a_reason(name):
    import time

    started = time.process_time()
    with pytest.raises(InputError, match="was refused as XML: ") as caught:
        read_complaint("bomb.xml", XML_BOMBS[name])
    assert time.process_time() - started < 0.5
    if "laughs" in name or "external" in name or "root" in name:
        assert "declares a document type or entities" in caught.value.message


def test_many_rows_are_read_in_bounded_time():
    many = b"".join(row(f"203.0.{n // 250}.{n % 250}", 1).encode() for n in range(12_000))
    complaint = read_complaint("x", REPORT.replace(ROWS.encode(), many))
    assert len(complaint.indicators) == 1_000


FAILURE = b"""From: reports@big.example
To: dmarc@gateway.example
Subject: FW: hello
Date: Tue, 15 Apr 2025 08:00:00 +0000
Content-Type: multipart/report; report-type=feedback-report; boundary=r

--r
Content-Type: message/feedback-report

Feedback-Type: auth-failure
Version: 1
User-Agent: x/1
Original-Mail-From: <bulk@other.example>
Arrival-Date: Tue, 15 Apr 2025 07:59:00 +0000
Source-IP: 203.0.113.9
Reported-Domain: gateway.example
Auth-Failure: dmarc
DKIM-Domain: signer.example
Identity-Alignment: none

--r
Content-Type: text/rfc822-headers

From: info@gateway.example
Subject: hello
--r--
"""


def test_a_failure_report():
    complaint = read_complaint("x", FAILURE)
    assert (complaint.format, complaint.from_) == ("dmarc-failure", ("info@gateway.example",))
    assert complaint.envelope_from == "bulk@other.example"
    assert indicators(complaint, "ip") == {"203.0.113.9": ("feedback-report Source-IP", 0.9)}
    assert indicators(complaint, "domain") == {
        "gateway.example": ("feedback-report Reported-Domain", 0.2),  # impersonated, not to blame
        "signer.example": ("feedback-report DKIM-Domain", 0.4),
    }

"""XARF reports of both versions; whatever is wrong with one, what it says is kept."""

from __future__ import annotations

import base64
import json
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from irtool.intake import read_complaint, read_complaints

SPAM = (
    b"Received: from h.evil.example (h.evil.example [203.0.113.9]) by mx.b.example with ESMTP id 1;"
    b" Mon, 14 Apr 2025 15:31:05 +0000\nFrom: Shop <info@gateway.example>\nSender: bulk@trial-17.example\n"
    b"Subject: Gewinn\nMessage-ID: <1@trial-17.example>\n\nhttp://win.landing.example/x\n"
)


def b64(content: bytes) -> str:
    return base64.b64encode(content).decode()


V4 = {
    "xarf_version": "4.0.0",
    "report_id": "a1b2c3d4-e5f6-7890-abcd-ef1234567890",
    "timestamp": "2025-04-14T16:00:00+02:00",
    "reporter": {"org": "Receiver", "contact": "fbl@receiver.example", "domain": "receiver.example"},
    "source_identifier": "203.0.113.9",
    "category": "messaging",
    "type": "spam",
    "smtp_from": "bounce@trial-17.example",
    "smtp_to": "victim@receiver.example",
    "subject": "from the report",
    "evidence": [{"content_type": "message/rfc822", "payload": b64(SPAM)}],
}
V3 = {
    "Version": "3",
    "ReporterInfo": {"ReporterOrg": "R", "ReporterOrgEmail": "fbl@receiver.example"},
    "Report": {
        "ReportType": "Spam",
        "Date": "2025-04-14T14:00:00Z",
        "SourceIp": "203.0.113.9",
        "SmtpMailFromAddress": "bounce@trial-17.example",
        "SmtpRcptToAddress": "victim@receiver.example",
        "Samples": [{"ContentType": "message/rfc822", "Base64Encoded": True, "Payload": b64(SPAM)}],
    },
}
V3_OTHER = {
    "Version": "3.0.0",
    "ReporterInfo": {"ReporterContactEmail": "fbl@receiver.example"},
    "Report": {
        "Date": "2025-04-14T14:00:00Z",
        "Source": {"IP": "203.0.113.9", "Type": "ip"},
        "Attachment": [{"ContentType": "message/rfc822", "Data": b64(SPAM)}],
        "AdditionalInfo": {"SMTPFrom": "bounce@trial-17.example", "SmtpTo": "victim@receiver.example"},
    },
}


def dumped(report: object) -> bytes:
    return json.dumps(report, indent=1).encode()


def found(complaint, kind):
    return {one.value: (one.source, one.confidence) for one in complaint.indicators if one.type == kind}


@pytest.mark.parametrize("report", [V4, V3, V3_OTHER], ids=["4", "3", "3 with Attachment"])
def test_the_facts_of_a_spam_report(report):
    complaint = read_complaint("r.json", dumped(report))
    assert (complaint.format, complaint.reporter) == ("xarf", "fbl@receiver.example")
    assert complaint.received_at == datetime(2025, 4, 14, 14, tzinfo=UTC)
    assert (complaint.from_, complaint.sender) == (("info@gateway.example",), ("bulk@trial-17.example",))
    assert (complaint.envelope_from, complaint.envelope_null) == ("bounce@trial-17.example", False)
    assert complaint.recipients == ("victim@receiver.example",)
    assert (complaint.subject, complaint.message_id) == ("Gewinn", "1@trial-17.example")
    assert found(complaint, "ip")["203.0.113.9"][1] == 0.9
    assert "http://win.landing.example/x" in found(complaint, "url")
    assert "fbl@receiver.example" not in found(complaint, "address")
    assert complaint.faults == ()


def without(name: str) -> dict[str, object]:
    return {key: value for key, value in V4.items() if key != name}


@pytest.mark.parametrize(
    ("report", "fault"),
    [
        (without("reporter"), "XARF: it does not say who reports"),
        (without("timestamp"), "XARF: it has no time"),
        (V4 | {"timestamp": "14/04/2025"}, "XARF: its time '14/04/2025' cannot be read"),
        (V4 | {"timestamp": "2025-04-14T16:00:00"}, "XARF: its time '2025-04-14T16:00:00' has no zone"),
        (V4 | {"evidence": [{"content_type": "message/rfc822"}]}, "XARF: evidence 1 has no content"),
        (V4 | {"evidence": {"payload": 7}}, "XARF: evidence 1 has no content"),
        (V4 | {"evidence": ["x"], "tags": 5, "reporter": "me"}, "XARF: it does not say who reports"),
        (without("source_identifier") | {"smtp_from": 3}, "XARF: it names no source that can be read"),
        ({"xarf_version": None}, "XARF: it has no version"),
    ],
)
def test_a_schema_fault_is_said_and_drops_nothing(report, fault):
    complaint = read_complaint("r.json", dumped(report))
    assert complaint.format == "xarf"
    assert fault in complaint.faults


def test_evidence_that_is_not_base64_is_read_as_it_stands():
    report = V4 | {"evidence": [{"content_type": "message/rfc822", "payload": SPAM.decode()}]}
    complaint = read_complaint("r.json", dumped(report))
    assert complaint.from_ == ("info@gateway.example",)
    assert complaint.faults == ("XARF: evidence 1 is not base64; it was read as text",)


def test_a_phishing_report_gives_its_urls_and_what_the_texts_name():
    report = without("evidence") | {
        "source_identifier": "https://login.evil.example/a",
        "url": "https://other.evil.example/b",
        "domain": "third.evil.example",
        "description": "see hxxp://fourth[.]evil[.]example/",
        "evidence": [{"content_type": "text/plain", "payload": b64(b"GET http://fifth.evil.example/")}],
    }
    complaint = read_complaint("r.json", dumped(report))
    assert found(complaint, "url") == {
        "https://login.evil.example/a": ("XARF sourceidentifier", 0.9),
        "https://other.evil.example/b": ("XARF url", 0.9),
        "http://fourth.evil.example/": ("XARF description", 0.8),
        "http://fifth.evil.example/": ("XARF evidence", 0.6),
    }
    assert found(complaint, "domain")["third.evil.example"] == ("XARF domain", 0.8)
    assert complaint.subject == "from the report"


def test_several_reports_and_several_messages():
    two = V4 | {
        "evidence": [*V4["evidence"], {"content_type": "text/email", "payload": b64(b"From: b@c.example\n\nx")}]
    }
    names = [one.source for one in read_complaints([("r.json", dumped([two, V3]))])]
    assert names == [f"r.json attached message {n}" for n in (1, 2, 3)]
    lines = json.dumps(V4).encode() + b"\n" + json.dumps(V3).encode() + b"\n"
    assert [one.format for one in read_complaints([("r.jsonl", lines)])] == ["xarf", "xarf"]


def test_a_report_by_mail_with_the_message_beside_it():
    mail = (
        b"From: fbl@receiver.example\nTo: abuse@gateway.example\nSubject: abuse\nX-XARF: PLAIN\n"
        b"Date: Tue, 15 Apr 2025 08:00:00 +0000\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nHello\n"
        b"--b\nContent-Type: application/json; name=xarf.json\nContent-Transfer-Encoding: base64\n\n"
        + base64.encodebytes(dumped(without("evidence")))
        + b"\n--b\nContent-Type: message/rfc822\n\n" + SPAM + b"\n--b--\n"
    )  # fmt: skip
    complaint = read_complaint("m.eml", mail)
    assert (complaint.format, complaint.from_) == ("xarf", ("info@gateway.example",))
    assert complaint.received_at == datetime(2025, 4, 14, 14, tzinfo=UTC)


def test_broken_json_is_still_searched():
    complaint = read_complaint("r.json", dumped(V4)[:400])
    assert complaint.format == "xarf"
    assert "203.0.113.9" in found(complaint, "ip")
    assert complaint.faults[0].startswith("XARF: its JSON is broken: ")


def test_other_json_is_a_text():
    assert read_complaint("x.json", b'{"ip": "203.0.113.9"}').format == "text"


HOSTILE = {
    "nested": b'{"xarf_version": ' + b"[" * 400_000,
    "nested objects": b'{"xarf_version": 1, "a": ' + b'{"a":' * 100_000,
    "many parts": b'{"xarf_version": [' + b"[]," * 3_000_000,
    "long number": b'{"xarf_version": ' + b"9" * 1_000_000 + b"}",
    "many reports": b"[" + b'{"xarf_version":1},' * 100_000,
    "many pieces of evidence": dumped(V4 | {"evidence": V4["evidence"] * 2_000}),
    "one string": dumped(V4 | {"description": "x[.]y " * 300_000}),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_json_is_answered_quickly(name):
    read_complaint("warm up", dumped(V4))
    started = time.process_time()
    complaints = read_complaints([("x", HOSTILE[name])])
    assert time.process_time() - started < 0.5
    assert {one.format for one in complaints} == {"xarf"}
    assert len(complaints) <= 1_000


KEYS = [*V4, *V3, *V3["Report"]]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.sampled_from([b64(SPAM), "203.0.113.9"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from([*V4, *V3, "Source", "url"]), VALUES, max_size=6))
def test_no_shape_of_json_is_dropped_or_fails(report):
    complaint = read_complaint("x", dumped({"xarf_version": "4", **report}))
    assert complaint.format == "xarf"

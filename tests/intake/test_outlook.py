"""Outlook .msg files: headers as received, messages attached by "forward as attachment", and files that are broken."""

from __future__ import annotations

import contextlib
import struct
import sys
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from irtool.errors import InputError
from irtool.intake import read_complaint, read_complaints

pytest.importorskip("olefile")

HEADERS = (
    "Received: from mail.a.example (host.a.example [203.0.113.9])\r\n"
    "\tby mx.b.example (Postfix) with ESMTPSA id 4ABC;\r\n"
    "\tMon, 14 Apr 2025 17:31:05 +0200\r\nReturn-Path: <>\r\nFrom: Shop <info@shop.example>\r\nSubject: Gewinn\r\n"
    "Sender: bulk@trial-17.example\r\nDate: Mon, 14 Apr 2025 15:31:04 +0000\r\nMIME-Version: 1.0\r\n"
    'Content-Type: multipart/alternative;\r\n\tboundary="gone"\r\nContent-Language: de\r\nMessage-ID: <1@a.example>\r\n'
)


def wide(text: str) -> bytes:
    return text.encode("utf-16-le")


def message(**more: object) -> dict[str, object]:
    return {
        "__properties_version1.0": b"\0" * 32,
        "__substg1.0_007D001F": wide(HEADERS),
        "__substg1.0_0037001F": wide("Gewinn"),
        "__substg1.0_1000001F": wide("Klick http://win.landing.example/x\r\n"),
        "__substg1.0_10130102": b'<a href="http://html.landing.example/">x</a>',
        **more,
    }


def test_the_headers_and_texts_of_a_received_message(compound):
    content = compound(message())
    complaint = read_complaint("a.msg", content)
    assert (complaint.format, complaint.source, complaint.size) == ("eml", "a.msg", len(content))
    assert (complaint.from_, complaint.sender) == (("info@shop.example",), ("bulk@trial-17.example",))
    assert (complaint.envelope_null, complaint.subject) == (True, "Gewinn")
    assert [(hop.ip, hop.by, hop.auth) for hop in complaint.hops] == [("203.0.113.9", "mx.b.example", True)]
    found = {one.value for one in complaint.indicators if one.type == "url"}
    assert found == {"http://win.landing.example/x", "http://html.landing.example/"}
    assert complaint.faults == ()


def test_a_message_without_headers_is_read_from_its_properties(compound):
    moment = int((datetime(2025, 4, 14, 15, tzinfo=UTC) - datetime(1601, 1, 1, tzinfo=UTC)).total_seconds() * 10**7)
    tree = {
        "__properties_version1.0": b"\0" * 32 + struct.pack("<HHIQ", 0x0040, 0x0E06, 6, moment),
        "__substg1.0_0037001E": "Günstig".encode("cp1252"),
        "__substg1.0_0C1A001F": wide("Shop"),
        "__substg1.0_0C1F001F": wide("/O=ORG/CN=SHOP"),
        "__substg1.0_5D01001F": wide("info@shop.example"),
        "__substg1.0_1000001E": b"text",
    }
    complaint = read_complaint("a.msg", compound(tree))
    assert (complaint.from_, complaint.subject) == (("info@shop.example",), "Günstig")
    assert complaint.date == datetime(2025, 4, 14, 15, tzinfo=UTC)
    assert "no headers as received" in complaint.faults[0]


def test_a_message_forwarded_as_attachment_is_the_evidence(compound):
    forward = message(**{
        "__substg1.0_007D001F": wide("From: eve@customer.example\r\nTo: abuse@b.example\r\nSubject: Fwd\r\n"),
        "__attach_version1.0_#00000000": {"__substg1.0_3701000D": message(), "__substg1.0_3704001F": wide("G.msg")},
    })  # fmt: skip
    complaint = read_complaint("fwd.msg", compound(forward))
    assert (complaint.reporter, complaint.from_) == ("eve@customer.example", ("info@shop.example",))


def test_an_eml_among_the_attachments_is_the_evidence(compound, sample):
    forward = message(**{
        "__substg1.0_007D001F": wide("From: eve@customer.example\r\nTo: abuse@b.example\r\nSubject: Fwd\r\n"),
        "__attach_version1.0_#00000000": {
            "__substg1.0_37010102": sample("sophos-pattern.eml"), "__substg1.0_3707001F": wide('x"\r\n.eml'),
        },
    })  # fmt: skip
    complaint = read_complaint("fwd.msg", compound(forward))
    assert (complaint.reporter, complaint.from_) == ("eve@customer.example", ("info@gateway.example",))


def test_an_outlook_file_attached_to_a_mail_is_the_evidence(compound):
    import base64

    mail = (
        b"From: eve@customer.example\nTo: abuse@b.example\nSubject: Fwd\nContent-Type: multipart/mixed; boundary=f\n\n"
        b"--f\n\nsee this\n--f\nContent-Type: application/vnd.ms-outlook; name=a.msg\n"
        b"Content-Transfer-Encoding: base64\n\n" + base64.encodebytes(compound(message())) + b"--f--\n"
    )
    complaint = read_complaint("fwd.eml", mail)
    assert (complaint.reporter, complaint.from_) == ("eve@customer.example", ("info@shop.example",))


def test_without_the_extra_the_command_that_installs_it_is_named(compound, monkeypatch):
    monkeypatch.setitem(sys.modules, "olefile", None)
    with pytest.raises(InputError, match="needs an extra") as caught:
        read_complaint("a.msg", compound(message()))
    assert "pip install 'irtool[msg]'" in caught.value.hint


def test_nested_too_deep_is_said(compound):
    tree = message()
    for _ in range(8):
        tree = message(**{"__attach_version1.0_#00000000": {"__substg1.0_3701000D": tree}})
    complaints = read_complaints([("a.msg", compound(tree))])
    assert any("more than 5 deep" in fault for one in complaints for fault in one.faults)


def test_a_word_file_is_not_a_message(compound):
    with pytest.raises(InputError, match="an Office file, and no Outlook message"):
        read_complaint("a.doc", compound({"WordDocument": b"x" * 5000}))


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 4095), st.integers(0, 255)), max_size=12), st.integers(0, 6000))
def test_damaged_files_only_ever_raise_input_error(compound, changes, length):
    content = bytearray(compound(message())[: length + 1000])
    for at, value in changes:
        content[at % len(content)] = value
    with contextlib.suppress(InputError):
        assert read_complaint("a.msg", bytes(content)).source == "a.msg"

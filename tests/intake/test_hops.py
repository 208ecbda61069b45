"""Received headers as real servers write them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from irtool.intake import hops

DATE = "; Mon, 14 Apr 2025 17:31:05 +0200"
SHAPES = {
    "Postfix": (
        (
            "from mail.a.example (host.a.example [192.0.2.1]) (using TLSv1.3 with cipher X (256/256 bits)) "
            "(Authenticated sender: bob) by mx.b.example (Postfix) with ESMTPSA id 4ABC for <c@b.example>"
        ),
        ("mail.a.example", "host.a.example", "192.0.2.1", "mx.b.example", "ESMTPSA", "4ABC", True, True),
    ),
    "Postfix without rDNS": (
        "from pc (unknown [192.0.2.1]) by mx.b.example (Postfix) with SMTP id 4ABC",
        ("pc", None, "192.0.2.1", "mx.b.example", "SMTP", "4ABC", False, False),
    ),
    "Postfix over IPv6": (
        "from mail.a.example (unknown [IPv6:2001:db8::1]) by mx.b.example (Postfix) with ESMTPS id 4ABC",
        ("mail.a.example", None, "2001:db8::1", "mx.b.example", "ESMTPS", "4ABC", False, True),
    ),
    "Exim": (
        (
            "from host.a.example ([192.0.2.1] helo=mail.a.example) by mx.b.example with esmtpsa (TLS1.3) tls X "
            "(Exim 4.96) (envelope-from <s@a.example>) id 1u4-01 for c@b.example"
        ),
        ("mail.a.example", "host.a.example", "192.0.2.1", "mx.b.example", "esmtpsa tls X", "1u4-01", True, True),
    ),
    "Exim, name verified": (
        "from mail.a.example ([192.0.2.1]) by mx.b.example with esmtp (Exim 4.67) id 1u4-01",
        ("mail.a.example", "mail.a.example", "192.0.2.1", "mx.b.example", "esmtp", "1u4-01", False, False),
    ),
    "Exim, literal only": (
        "from [192.0.2.1] (helo=mail.a.example) by mx.b.example with esmtpa (Exim 4.67) (envelope-from <>) id 1u4-01",
        ("mail.a.example", None, "192.0.2.1", "mx.b.example", "esmtpa", "1u4-01", True, False),
    ),
    "Sendmail": (
        (
            "from mail.a.example (ident@host.a.example [192.0.2.1] (may be forged)) (authenticated bits=0) "
            "by mx.b.example (8.14.4/8.14.4) with ESMTP id t3E001 for <c@b.example>"
        ),
        ("mail.a.example", "host.a.example", "192.0.2.1", "mx.b.example", "ESMTP", "t3E001", True, False),
    ),
    "Sendmail without rDNS": (
        "from mail.a.example ([192.0.2.1]) by mx.b.example (8.14.4/8.14.4) with ESMTP id t3E001",
        ("mail.a.example", None, "192.0.2.1", "mx.b.example", "ESMTP", "t3E001", False, False),
    ),
    "Exchange": (
        (
            "from EX1.a.example (2001:db8::12) by EX2.a.example (192.0.2.2) with Microsoft SMTP Server "
            "(version=TLS1_2, cipher=X) id 15.20.8632.21"
        ),
        ("EX1.a.example", None, "2001:db8::12", "EX2.a.example", "Microsoft SMTP Server", "15.20.8632.21", False, True),
    ),
    "qmail": (
        "from unknown (HELO mail.a.example) (bob@192.0.2.1) by mx.b.example with SMTP",
        ("mail.a.example", None, "192.0.2.1", "mx.b.example", "SMTP", None, False, False),
    ),
    "local": (
        "by mx.b.example (Postfix, from userid 33) id 4ABC",
        (None, None, None, "mx.b.example", None, "4ABC", False, False),
    ),
}


@pytest.mark.parametrize("name", SHAPES)
def test_shape(name):
    text, expected = SHAPES[name]
    (hop,), faults = hops.read([text + DATE])
    assert (hop.helo, hop.rdns, hop.ip, hop.by, hop.with_, hop.id, hop.auth, hop.tls) == expected
    assert (hop.n, hop.time, hop.trusted) == (1, datetime(2025, 4, 14, 15, 31, 5, tzinfo=UTC), False)
    assert hop.time_raw == "Mon, 14 Apr 2025 17:31:05 +0200"
    assert faults == ()


def test_a_broken_literal_is_a_fault_and_no_ip():
    (hop,), faults = hops.read(["from [109.86.164.213109.86.164.213] (helo=mustlovewine.com) by a.example" + DATE])
    assert (hop.ip, hop.helo) == (None, "mustlovewine.com")
    assert faults == ("hop 1: broken address literal [109.86.164.213109.86.164.213]",)


@pytest.mark.parametrize(
    ("date", "time", "fault"),
    [
        ("Sat, 17 May 2014 21:59:37 +0900 (JST)", datetime(2014, 5, 17, 12, 59, 37, tzinfo=UTC), None),
        ("17 May 2014 05:59:37 PDT", datetime(2014, 5, 17, 12, 59, 37, tzinfo=UTC), None),
        ("Sat, 17 May 2014 12:59:37 -0000", datetime(2014, 5, 17, 12, 59, 37, tzinfo=UTC), None),
        ("17 May 2014 21:59:37 JST", None, "the date '17 May 2014 21:59:37 JST' has no time zone that can be read"),
        ("17 May 2014 21:59:37", None, "the date '17 May 2014 21:59:37' has no time zone that can be read"),
        ("Sat, 99 May 2014 21:59:37 +0900", None, "cannot read the date 'Sat, 99 May 2014 21:59:37 +0900'"),
        ("Sat, 02 Feb 102 09:39:51 +0100", datetime(2002, 2, 2, 8, 39, 51, tzinfo=UTC), None),
        ("Sat, 02 Feb 0102 09:39:51 +0100", datetime(2002, 2, 2, 8, 39, 51, tzinfo=UTC), None),
        ("Thu, 01 Jan 1970 00:00:00 +0000", None, "the date 'Thu, 01 Jan 1970 00:00:00 +0000' is older than e-mail"),
        ("tomorrow", None, "cannot read the date 'tomorrow'"),
    ],
)
def test_dates(date, time, fault):
    (hop,), faults = hops.read([f"from a (b [192.0.2.1]) by c; {date}"])
    assert (hop.time, hop.time_raw) == (time, date)
    assert faults == ((f"hop 1: {fault}",) if fault else ())


def test_envelope_sender_of_exim_hops():
    assert hops.envelope_from(["from a by b", "from a (envelope-from <>) by b"]) == ""
    assert hops.envelope_from(["from a (envelope-from <X@A.example>) by b"]) == "x@a.example"
    assert hops.envelope_from(["from a (envelope-from ) by b"]) is None  # what is left of it on a web page

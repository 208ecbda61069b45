"""What counts as an indicator, and what only looks like one."""

from __future__ import annotations

import pytest

from irtool.intake import indicators
from irtool.intake.bodies import readable
from irtool.records import Indicator


def scan(text: str) -> list[tuple[str, str, float]]:
    return [(one.type, one.value, one.confidence) for one in indicators.scan(text, "text")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mail from info@Evil.Example.", [("address", "info@evil.example", 0.5)]),
        ("info [CHIOCCIOLA] sophos [PUNTO] com", [("address", "info@sophos.com", 0.8)]),
        (
            "https://Evil.example/Path?q=1).",
            [("url", "https://evil.example/Path?q=1", 0.6), ("domain", "evil.example", 0.6)],
        ),
        (
            "http://u:p@evil.example:8080/",
            [("url", "http://u:p@evil.example:8080/", 0.6), ("domain", "evil.example", 0.6)],
        ),
        ("http://203.0.113.9/x", [("url", "http://203.0.113.9/x", 0.6), ("ip", "203.0.113.9", 0.6)]),
        ("http://[2001:db8::5]/x", [("url", "http://[2001:db8::5]/x", 0.6), ("ip", "2001:db8::5", 0.6)]),
        ("plain evil.example here", [("domain", "evil.example", 0.4)]),
        ("evil[.]example", [("domain", "evil.example", 0.8)]),
        ("ip 203.0.113.9, done", [("ip", "203.0.113.9", 0.5)]),
        ("ip 10.1.2.3", [("ip", "10.1.2.3", 0.1)]),
        ("ip 2001:db8::5.", [("ip", "2001:db8::5", 0.5)]),
        ("a" * 64, [("sha256", "a" * 64, 0.6)]),
        ("Message-ID: <x1@evil.example>", [("message_id", "x1@evil.example", 0.6)]),
        ("bücher.example", [("domain", "xn--bcher-kva.example", 0.4)]),
        ("archive.zip", [("domain", "archive.zip", 0.1)]),
        (
            "https://url.safelinks.protection.outlook.com/?url=http%3A%2F%2Fevil.example%2Fa&data=1",
            [("url", "http://evil.example/a", 0.6), ("domain", "evil.example", 0.6)],
        ),
        ("Fine.In the end; e.g. version 16.4.3522.110, 1.2.3.4.5, invoice.pdf at 15:54:00 std::move", []),
        ("a" * 65, []),
        ("http://localhost/x http://intranet/ user@nodomain 999.1.1.1 co.uk", []),
    ],
)
def test_one_line(text, expected):
    assert scan(text) == expected


def test_source_names_the_line_and_each_value_comes_once():
    found = indicators.scan("first\nsee evil.example\nagain evil.example, evil2.example", "body")
    assert [(one.value, one.source) for one in found] == [
        ("evil.example", "body line 2"),
        ("evil2.example", "body line 3"),
    ]


def test_merge_keeps_the_surest_and_leaves_out_victims():
    low, high = Indicator("ip", "192.0.2.1", "a", 0.2), Indicator("ip", "192.0.2.1", "b", 0.9)
    victim = Indicator("address", "victim@x.example", "a", 0.9)
    assert indicators.merge([low, victim], [high], without=["victim@x.example"]) == (high,)


def test_html_is_text_and_link_targets_on_the_same_lines():
    html = (
        '<head><link href="http://cdn.example/a.css"></head>\n<p>x &amp; y\n<a\nhref="http://evil.example/">click</a>'
    )
    found = indicators.scan(readable("text/html", html), "HTML body")
    assert [(one.value, one.source) for one in found] == [
        ("http://evil.example/", "HTML body line 3"),
        ("evil.example", "HTML body line 3"),
    ]

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
        ("archive.zip, a.2025.10.zip, setup.py, NOTES.md, main.cf", []),
        ("archive[.]zip", [("domain", "archive.zip", 0.8)]),
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


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("info -at- evil -dot- example", "address", "info@evil.example"),
        ("info |at| evil |dot| example", "address", "info@evil.example"),
        ("info *at* evil.example", "address", "info@evil.example"),
        ("info_at_evil_dot_example", "address", "info@evil.example"),
        ("bad.actor @ evil.example", "address", "bad.actor@evil.example"),
        ("info @ evil.example", "address", "info@evil.example"),
        ("meow://evil[.]example/a", "url", "http://evil.example/a"),
        ("src=//evil.example/a", "domain", "evil.example"),
        ("evil\u2024example", "domain", "evil.example"),
        ("<https://evil.example/?a=1&amp;b=2|click>", "url", "https://evil.example/?a=1&b=2"),
        ("198[.]51[.]100[.]0/24", "network", "198.51.100.0/24"),
        ("2001:db8:5::/48", "network", "2001:db8:5::/48"),
        ("203.0.113.5-203.0.113.9", "ip", "203.0.113.5"),
        ("203.0.113.5-203.0.113.9", "ip", "203.0.113.9"),
        ("203.0.113.5/32", "ip", "203.0.113.5"),
        ("from ::ffff:203.0.113.5", "ip", "203.0.113.5"),
    ],
)
def test_what_is_written_in_other_ways(text: str, kind: str, value: str) -> None:
    assert (kind, value) in {(one.type, one.value) for one in indicators.scan(text, "text")}


def test_a_network_is_not_its_first_address() -> None:
    assert [one.type for one in indicators.scan("198.51.100.0/24", "text")] == ["network"]


PROSE = """We look at the mail and dot the i's. Meet me at 10.30 or at noon; version 1.2.3.4 was released.
Upgrade to v2.10.4.1 and firmware 10.15.7.0 now. Exim 4.97.1.2, OpenSSL/3.0.2.1, kernel 5.10.0.28 and 3.2.1.0 beta
See report.zip, Rechnung.2025.10.zip, notes.md, setup.py, install.sh, movie.mov, invoice.pdf, page.html, Main.java
I'm at work dot com was easy. He is at home.Tomorrow we go. ok.So we did it.is true, do.it now, no.one, go.to me
e.g. this, i.e. that, etc.and so on, a.m./p.m., U.S.A., Ph.D., No.1, approx.two, 1.000.000 euro, 12.10.2025, 10:15:30
Il punto e che non so dove andare. Ci vediamo a casa alle 10.30 punto. La chiocciola e lenta; punto e a capo.
Il sig. Rossi disse: basta.La signora rispose. S.p.A., S.r.l., P.IVA, pag.12, art.5 della legge n.10 del 12.05.2024
El punto es que no vamos a casa. La arroba pesa 11 kg punto final. Nos vemos a las 10.30. Articulo 5.2.1.3
Le point de vue est a moi. Rendez-vous a 10h30, point final. M.Dupont et Mme.Durand, chapitre 4.3.2.1
Der Punkt ist, dass wir uns um 10.30 Uhr treffen. z.B. heute, d.h. morgen, u.a. auch, Nr.5, usw.und so, Dr.Schmidt
O ponto e que vamos a casa. Sr.Silva e Sra.Costa, capitulo 5.2.1.3. Article no. 5.2.1.3, section 10.1.2.3
/etc/postfix/main.cf master.cf std::vector a::b 12:34:56 aa:bb:cc:dd:ee:ff aa:bb:cc:dd:ee:ff:00:11 10:00:: dead:beef
Dinner @ eight, us @ home, email@ , @john, foo@bar, user@localhost, Re: Fw: to:me"""


@pytest.mark.parametrize("line", PROSE.splitlines(), ids=range(len(PROSE.splitlines())))
def test_prose_names_nothing(line: str) -> None:
    assert indicators.scan(line, "text") == []


def test_a_version_does_not_hide_the_address_that_has_the_same_number() -> None:
    (found,) = indicators.scan("version 203.0.113.5 came from 203.0.113.5", "text")
    assert (found.value, found.confidence) == ("203.0.113.5", 0.5)

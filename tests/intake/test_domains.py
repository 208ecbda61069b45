"""One spelling for each domain, and where the registered part begins."""

from __future__ import annotations

import pytest

from irtool.intake import domains


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Example.COM.", "example.com"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("straße.de", "xn--strae-oqa.de"),
        ("x。example", "x.example"),
        ("_dmarc.example.com", "_dmarc.example.com"),
        ("192.0.2.1", None),
        ("a..b", None),
        ("-a.com", None),
        ("a b.com", None),
        ("a\u202eb.com", None),
        ("a" * 64 + ".com", None),
        ("a." * 200 + "com", None),
        ("", None),
    ],
)
def test_normalise(text, expected):
    assert domains.normalise_domain(text) == expected


@pytest.mark.parametrize(
    ("domain", "expected"),
    [
        ("mail.shop.co.uk", "shop.co.uk"),
        ("a.b.github.io", "b.github.io"),
        ("x.y.gateway.example", "gateway.example"),
        ("co.uk", None),
        ("example", None),
        ("server.local", None),
        ("file.txt", None),
        ("not a domain", None),
    ],
)
def test_registrable(domain, expected):
    assert domains.registrable(domain) == expected


def test_public_suffixes():
    found = [
        one
        for one in ("com", "co.uk", "github.io", "intranet", "shop.co.uk", "a.example", "?")
        if domains.is_public_suffix(one)
    ]
    assert found == ["com", "co.uk", "github.io", "intranet"]


def test_domain_of():
    assert domains.domain_of("<A@Mail.Example>") == "mail.example"
    assert [domains.domain_of(one) for one in ("", "a", "@x.example", "a@[192.0.2.1]")] == [None] * 4

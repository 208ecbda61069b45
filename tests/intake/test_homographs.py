"""Domains that deceive the eye, and honest ones in other scripts."""

from __future__ import annotations

import pytest

from irtool.intake import homographs, read_complaint, read_complaints
from irtool.intake.domains import normalise_domain


@pytest.mark.parametrize(
    ("shown", "why"),
    [
        ("аррӏе.com", "passes for apple.com"),  # Cyrillic throughout
        ("раураl.com", "mixes Cyrillic and Latin letters"),
        ("gοοgle.com", "mixes Greek and Latin letters"),
        ("mıcrosoft.com", "passes for microsoft.com"),  # dotless i
        ("ԁеѕсо.com", "passes for desco.com"),
        ("bücher.example", ""),
        ("københavn.dk", ""),
        ("москва.рф", ""),
        ("ελλάδα.gr", ""),
        ("日本語とカタカナ.jp", ""),
        ("日本語abc.jp", ""),
        ("한국어.kr", ""),
        ("example.com", ""),
    ],
)
def test_what_is_told(shown, why):
    told = homographs.told(normalise_domain(shown))
    assert told.endswith(why) if why.startswith("passes") else (why in told and bool(told) == bool(why))
    assert not told or shown in told


def test_broken_punycode_is_nothing_to_tell():
    assert homographs.told("xn--999999999.com") == ""


@pytest.mark.parametrize(
    ("domain", "own"),
    [
        ("rnicrosoft.com", "microsoft.com"),
        ("paypa1.com", "paypal.com"),
        ("login.g00gle.com", "google.com"),
        ("vvestern-union.com", "westernunion.com"),
        ("xn--bcher-kva.com", "bucher.com"),
        ("xn--80ak6aa92e.com", "apple.com"),
    ],
)
def test_imitations_of_our_own(domain, own):
    assert homographs.imitations([domain], [own]) == [f"domain {domain} passes for your own {own}"]


def test_our_own_and_others_are_no_imitations():
    assert homographs.imitations(["google.com", "mail.google.com", "goggle.com", "com", ""], ["google.com"]) == []


def test_a_complaint_says_it():
    content = "From: <a@аррӏе.com>\nSubject: x\n\nhttp://paypa1.com/\n".encode()
    complaint = read_complaint("x", content)
    assert complaint.from_ == ("a@xn--80ak6aa92e.com",)
    assert complaint.faults == ("domain xn--80ak6aa92e.com reads аррӏе.com and passes for apple.com",)
    (complaint,) = read_complaints([("x", content)], own_domains=["paypal.com"])
    assert complaint.faults[-1] == "domain paypa1.com passes for your own paypal.com"

"""Links rewritten by mail filters, as they are in the wild."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from irtool.intake.wrappers import unwrap

V3 = "https://urldefense.com/v3/__"
SAFE = "https://eur01.safelinks.protection.outlook.com/?url="


@pytest.mark.parametrize(
    ("wrapped", "meant"),
    [
        (SAFE + "http%3A%2F%2Fevil.example%2Fa%3Fb%3D1&data=05%7C02&reserved=0", "http://evil.example/a?b=1"),
        (SAFE + "http%3A%2F%2Fevil.example%2Fa&amp;data=05&amp;reserved=0", "http://evil.example/a"),
        ("https://gcc02.safelinks.protection.office365.us/?url=http%3A%2F%2Fevil.example", "http://evil.example"),
        ("https://urldefense.proofpoint.com/v1/url?u=http://evil.example/a&k=oIvRg1%2BdGAgOoM1BIlLLqw%3D%3D", "http://evil.example/a"),
        ("https://urldefense.proofpoint.com/v2/url?u=https-3A__evil.example_a-5Fb-3Fc-3Dd-26e-3Df&d=Dw&c=x", "https://evil.example/a_b?c=d&e=f"),
        (V3 + "https://evil.example/a__;!!AbC!x$", "https://evil.example/a"),
        (V3 + "https://evil.example:443/search?q=a*test&gs=ps__;Kw!-612Flbf0JvQ3kNJkRi5Jg!Ue6tQ$", "https://evil.example:443/search?q=a+test&gs=ps"),
        (V3 + "https://evil.example/**Bx*__;ISEhIQ!!AbC!x$", "https://evil.example/!!!x!"),
        (V3 + "http:/evil.example/a__;!!AbC!x$", "http://evil.example/a"),
        ("https://urldefense.us/v3/__https://evil.example/__;!!AbC!x$", "https://evil.example/"),
        ("https://slack-redir.net/link?url=https%3A%2F%2Fevil.example%2Fa", "https://evil.example/a"),
        (SAFE + "https%3A%2F%2Furldefense.com%2Fv3%2F__https%3A%2F%2Fevil.example%2Fa__%3B!!AbC!x%24&data=1", "https://evil.example/a"),
        ("https://eur01.safelinks.protection.outlook.com/x", "https://eur01.safelinks.protection.outlook.com/x"),
        (V3 + "https://evil.example/*__;%%%!!AbC!x$", "https://evil.example/*"),
        ("https://notsafelinks.example/?url=x", "https://notsafelinks.example/?url=x"),
    ],
)  # fmt: skip
def test_unwrapped(wrapped, meant):
    assert unwrap(f"see {wrapped} now") == f"see {meant} now"


@given(st.text(st.sampled_from("*_;!AB/:x."), max_size=60), st.text(max_size=20))
def test_any_rest_is_answered_and_keeps_its_lines(link, tail):
    text = f"{V3}{link}__;{tail}\nnext"
    assert unwrap(text).count("\n") == text.count("\n")

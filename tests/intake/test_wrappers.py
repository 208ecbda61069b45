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


@pytest.mark.parametrize(
    "link",
    [
        "https://www.google.com/url?q=https%3A%2F%2Fevil.example%2Fa&sa=D&source=editors",
        "https://www.google.co.uk/url?sa=t&url=https%3A%2F%2Fevil.example%2Fa&usg=A",
        "https://l.facebook.com/l.php?u=https%3A%2F%2Fevil.example%2Fa&h=AT",
        "https://www.linkedin.com/redir/redirect?url=https%3A%2F%2Fevil%2Eexample%2Fa&urlhash=a",
        "https://www.youtube.com/redirect?event=x&q=https%3A%2F%2Fevil.example%2Fa",
        "https://duckduckgo.com/l/?uddg=https%3A%2F%2Fevil.example%2Fa&rut=1",
        "https://protect2.fireeye.com/v1/url?k=aa&q=1&e=bb&u=https%3A%2F%2Fevil.example%2Fa",
        "https://linkprotect.cudasvc.com/url?a=https%3a%2f%2fevil.example%2fa&c=E,1,abc",
        "https://clicktime.symantec.com/a/1/xyz?d=abc&u=https%3A%2F%2Fevil.example%2Fa",
        "https://scanmail.trustwave.com/?c=1&d=x&u=https%3a%2f%2fevil%2eexample%2fa",
        "https://imsva91-ctp.trendmicro.com/wis/clicktime/v1/query?url=https%3a%2f%2fevil.example%2fa&umid=1",
        "https://secure-web.cisco.com/1abcDEF-x/https%3A%2F%2Fevil.example%2Fa",
        "https://us-west-2.protection.sophos.com?d=evil.example&u=aHR0cHM6Ly9ldmlsLmV4YW1wbGUvYQ==&i=1",
        "https://protect.checkpoint.com/v2/___https://evil.example/a___.YzJlOmNvOmM6bzo",
        "https://url.avanan.click/v2/r01/___https://evil.example/a___.YXAz",
        "https://statics.teams.cdn.office.net/evergreen-assets/safelinks/1/atp-safelinks.html?url=https%3A%2F%2Fevil.example%2Fa",
        "https://eur03.safelinks.protection.outlook.com/?url=https%3A%2F%2Fwww.google.com%2Furl%3Fq%3Dhttps%253A%252F%252Fevil.example%252Fa",
    ],
)
def test_filters_and_redirectors(link: str) -> None:
    assert unwrap(f"see {link} now") == "see https://evil.example/a now"


@pytest.mark.parametrize(
    "link",
    [
        "https://protect-us.mimecast.com/s/abcDEF?domain=evil.example",
        "https://url.us.m.mimecastprotect.com/s/abcDEF?domain=evil.example",
        "https://shared.outlook.inky.com/link?domain=evil.example&t=h.eJx",
        "https://us-west-2.protection.sophos.com?d=evil.example&u=broken!&i=1",
    ],
)
def test_where_only_the_domain_is_told(link: str) -> None:
    assert unwrap(f"see {link}").split() == ["see", "evil.example"]


@pytest.mark.parametrize(
    "link",
    [
        "https://www.google.com/search?q=https://evil.example",
        "https://www.google.com/url?q=cheap+flights",
        "https://www.notgoogle.com/url?q=https://evil.example/",
        "https://www.linkedin.com/in/someone?u=https://evil.example",
        "https://protect-us.mimecast.com/s/abcDEF",
        "https://evil.example/l.php?u=https://bank.example",
    ],
)
def test_what_only_looks_like_one_stays(link: str) -> None:
    assert unwrap(link) == link

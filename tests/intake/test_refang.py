"""Notations people use to make indicators harmless, and prose that only looks like one."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from irtool.intake.refang import refang

SAFE = "https://nam02.safelinks.protection.outlook.com/?url=https%3A%2F%2Fevil.com%2Fa%3Fb%3D1&data=05%7C02&reserved=0"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("hxxp://evil.com/a", "http://evil.com/a"),
        ("hXXps://evil[.]com/a", "https://evil.com/a"),
        ("h**p://evil.com", "http://evil.com"),
        ("hxxp[://]evil.com", "http://evil.com"),
        ("hxxps[:]//evil.com", "https://evil.com"),
        ("https[:]//evil[.]com", "https://evil.com"),
        ("fxp://evil.com", "ftp://evil.com"),
        ("evil[.]com", "evil.com"),
        ("evil(.)com", "evil.com"),
        ("evil{.}com", "evil.com"),
        ("evil[dot]com", "evil.com"),
        ("evil(DOT)com", "evil.com"),
        ("evil [.] com", "evil.com"),
        ("evil[.com", "evil.com"),
        ("evil.]com", "evil.com"),
        ("evil[.com]", "evil.com"),
        ("evil\\.com", "evil.com"),
        ("a[.]b[.]evil[.]co[.]uk", "a.b.evil.co.uk"),
        ("192[.]0[.]2[.]7", "192.0.2.7"),
        ("info[@]evil.com", "info@evil.com"),
        ("info[at]evil[dot]com", "info@evil.com"),
        ("info (at) evil (dot) com", "info@evil.com"),
        ("info {AT} evil.com", "info@evil.com"),
        ("info [CHIOCCIOLA] sophos [PUNTO] com", "info@sophos.com"),
        ("info[chiocciola]sophos[punto]com", "info@sophos.com"),
        ("info ( Chiocciola ) sophos ( Punto ) com", "info@sophos.com"),
        ("info [arroba] sophos [punto] com", "info@sophos.com"),
        ("info [ARROBA] sophos [PONTO] com", "info@sophos.com"),
        ("info [arobase] sophos [point] com", "info@sophos.com"),
        ("info [Klammeraffe] sophos [Punkt] com", "info@sophos.com"),
        ("info chiocciola sophos punto com", "info@sophos.com"),
        ("info AT sophos DOT com", "info@sophos.com"),
        ("<mailto:info@sophos.com|info@sophos.com>", "info@sophos.com"),
        ("<http://evil.com/x|evil.com/x>", "http://evil.com/x"),
        (SAFE, "https://evil.com/a?b=1"),
        (SAFE.replace("?url=", "ap/x?p=1&amp;url="), "https://evil.com/a?b=1"),
        ("https://nam02.safelinks.protection.outlook.com/x", "https://nam02.safelinks.protection.outlook.com/x"),
        ("https://urldefense.proofpoint.com/v2/url?u=http-3A__evil.com_a&d=Dw&c=x", "http://evil.com/a"),
        ("https://urldefense.com/v3/__https://evil.com/a__;!!AbC!x$", "https://evil.com/a"),
        ("xn--80ak6aa92e[.]com", "xn--80ak6aa92e.com"),
        ("info [CHIOCCIOLINA] sophos [.] com", "info@sophos.com"),
        ("info(arrobas)sophos(ponto)com", "info@sophos.com"),
        ("info{à}sophos{point}com", "info@sophos.com"),
        ("info [ät] sophos [punkt] com", "info@sophos.com"),
        ("info <at> sophos <dot> com", "info@sophos.com"),
        ("info   [  chiocciola  ]   sophos   [  punto  ]   com", "info@sophos.com"),
        ("info\u00a0[at]\u00a0sophos\u00a0[dot]\u00a0com", "info@sophos.com"),
        ("info［at］sophos【dot】com", "info@sophos.com"),
        ("info«at»sophos«dot»com", "info@sophos.com"),
        ("info[[at]]sophos[[.]]com", "info@sophos.com"),
        ('info["@"]sophos["."]com', "info@sophos.com"),
        ("info(a)sophos[.]com", "info@sophos.com"),
        ("info arroba sophos ponto com", "info@sophos.com"),
        ("info arobase sophos point com", "info@sophos.com"),
        ("info Klammeraffe sophos Punkt com", "info@sophos.com"),
        ("info at sophos punkt com", "info@sophos.com"),
        ("info CHIOCCIOLA mail PUNTO sophos PUNTO com", "info@mail.sophos.com"),
        ("evil DOT com", "evil.com"),
        ("evil[,]com", "evil.com"),
        ("evil[-]site[.]com", "evil-site.com"),
        ("evil[trattino]site[punto]com", "evil-site.com"),
        ("evil[dash]site[dot]com[slash]a", "evil-site.com/a"),
        ("hxxps[://]evil[.]com[/]a", "https://evil.com/a"),
        ("hxxp[colon]//evil[.]com", "http://evil.com"),
        ("h[xx]p://evil[.]com", "http://evil.com"),
        ("h[tt]ps://evil[.]com", "https://evil.com"),
        ("[http]://evil.com", "http://evil.com"),
        ("hxxp:\\\\evil[.]com", "http://evil.com"),
        ("hxtp://evil.com", "http://evil.com"),
        ("evil．com", "evil.com"),
        ("evil。com", "evil.com"),
        ("info＠evil．com", "info@evil.com"),
        ("ev\u200bil.c\u00adom", "evil.com"),
        ("2001[:]db8[:]:1", "2001:db8::1"),
    ],
)
def test_notations(written, meant):
    assert refang(written).strip() == meant
    assert refang(f"see {written} now").split() == ["see", meant, "now"]


@pytest.mark.parametrize(
    "prose",
    [
        "A questo punto la situazione è chiara: il punto è un altro.",
        "Siamo a un punto com'era prima, punto e basta.",
        "We met at noon, dot dot dot; look at example dot com for the point it makes.",
        "Arrivo alle 9 (punto di ritrovo: stazione). Costa 3 [euro] (circa).",
        "La chiocciola lascia una traccia (chiocciola comune).",
        "Le point de vue; der Punkt ist; o ponto final; el punto com mayor interés",
        "if (x.y) { a[0].b } else [1]",
        "Sehen Sie (bitte) nach; look at the dot, at noon; der Punkt (siehe oben) am Ende",
        "OGGI A QUESTO PUNTO COM'ERA; EL PUNTO COM",
        "f(a)b and c[a]d, x [at]; the end",
        "array[-1] = map[1:] / rest[i/2] {.}",
        "<@U123> please ask <#C0INCIDENTS|incidents> at 15:54 (UTC)",
    ],
)
def test_prose_stays_as_it_is(prose):
    assert refang(prose) == prose


PIECES = st.sampled_from(
    ["[", "]", "(", ".", "dot", "PUNTO", "at", " ", "\n", "\t", "hxxp", "://", "a", "com", "<", ">", "|", "\\"]
)


@settings(max_examples=200, deadline=None)
@given(st.lists(PIECES, max_size=40).map("".join))
def test_lines_stay_where_they_are(text):
    assert refang(text).count("\n") == text.count("\n")

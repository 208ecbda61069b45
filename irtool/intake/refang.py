"""Defanged indicators back to what they were: `info [CHIOCCIOLA] sophos [PUNTO] com` -> `info@sophos.com`.

Pure work on strings; nothing is resolved or fetched. Line ends stay where they are, so line numbers stay true. Words
(Italian, English, Spanish, Portuguese, French, German) are only read as signs inside brackets, or where a whole address
is spelled out; "punto" in a sentence is a word.
"""

from __future__ import annotations

import re

from irtool.intake import domains
from irtool.intake.wrappers import unwrap

_OPEN, _CLOSE = r"[\[({<（［【｛«‹〔「]", r"[\])}>）］】｝»›〕」]"
_ONE_BLANK = r"[ \t\u00a0\u2000-\u200a\u202f\u3000]"
_GAP, _BLANK = _ONE_BLANK + "{0,10}", _ONE_BLANK + "{1,10}"
_QUOTE = r"[\"'`´‘’“”]?"
_DOT_WORD = "dot|punto|point|punkt|ponto"
_AT_WORD = "chiocciola|chiocciolina|arroba|arrobas|arobase|arrobase|arobas|arrobe|klammeraffe"
_WORDS = {
    ".": f".|,|{_DOT_WORD}",
    "@": f"@|at|ät|aet|à|{_AT_WORD}",
    "-": "-|dash|hyphen|minus|trattino|guion|guión|hifen|hífen|tiret|trait d'union|bindestrich",
    "_": "_|underscore|trattino basso|guion bajo|guión bajo|sublinhado|tiret bas|unterstrich",
}
_PUNCTUATION = {
    ":": ":|colon|due punti|dos puntos|dois pontos|deux points|doppelpunkt",
    "/": "/|slash|barra|schrägstrich|barre oblique",
    "://": "://",
}


_MEANING = {
    form: sign for words in (_WORDS, _PUNCTUATION) for sign, forms in words.items() for form in forms.split("|")
}
_FIRST = "".join(sorted({re.escape(char) for form in _MEANING for char in (form[0].lower(), form[0].upper())}))
_BRACKETED = re.compile(
    rf"{_OPEN}{{1,2}}{_GAP}{_QUOTE}(?=[{_FIRST}])"
    rf"((?i:{'|'.join(map(re.escape, _MEANING))})){_QUOTE}{_GAP}{_CLOSE}{{1,2}}"
)
_BLANKS = frozenset(" \t\u00a0\u202f\u3000") | {chr(code) for code in range(0x2000, 0x200B)}
_SCHEME = re.compile(
    rf"(?<!\w){_OPEN}?(?:(?P<web>h{_OPEN}?(?:xx|tt|xt|tx|zz|\*\*|__|--|\+\+){_CLOSE}?p{_OPEN}?(?P<s>s?))|f[xt*]p|(?P<cat>meow))"
    rf"{_CLOSE}{{0,2}}{_GAP}{_OPEN}?:{_CLOSE}?{_GAP}{_OPEN}?(?://|\\\\|/ /){_CLOSE}?",
    re.IGNORECASE,
)
_HALF_DOT = re.compile(r"(?<=\w)(?:[\[({]\.|\.[\])}]|\\\.)(?=\w)")
_TAIL_DOT = re.compile(r"(?<=\w)[\[({]\.(\w{2,24})[\])}]")
_SLACK_MAIL = re.compile(r"<mailto:([^|<>\s]{3,320})(?:\|[^<>\n]{0,400})?>", re.IGNORECASE)
_SLACK_LINK = re.compile(r"<((?:https?|ftp)://[^|<>\s]{1,2000})\|[^<>\n]{0,2000}>", re.IGNORECASE)
_LOCAL, _LABEL, _NAME = r"(?<![\w.+-])([\w.+-]{1,64})", r"[\w-]{1,63}", r"[^\W_](?:[\w-]{0,61}?[^\W_])?"
_SPOKEN = tuple(
    (
        (re.compile(rf"{_ONE_BLANK}(?:{at}){_ONE_BLANK}"), re.compile(dot)),
        re.compile(rf"{_LOCAL}{_BLANK}(?:{at}){_BLANK}({_LABEL}(?:{_BLANK}(?:{dot}){_BLANK}{_LABEL}){{1,5}})(?![\w-])"),
    )
    for at, dot in (
        (rf"(?i:{_AT_WORD}|ät)|AT", "DOT|(?i:punto|point|punkt|ponto)"),
        ("at|At", "DOT|(?i:punto|punkt|ponto)"),  # "look at example dot com" is a sentence
    )
)
_BETWEEN = re.compile(
    rf"{_LOCAL}{_GAP}(?P<a>[-*|_~=]{{1,3}})(?i:at|{_AT_WORD})(?P=a){_GAP}"
    rf"({_NAME}(?:(?:\.|{_GAP}(?P<d>[-*|_~=]{{1,3}})(?i:{_DOT_WORD})(?P=d){_GAP}){_NAME}){{1,5}})(?![\w-])"
)
_BETWEEN_HINT = re.compile(rf"[-*|_~=](?i:at|{_AT_WORD})[-*|_~=]")
_BETWEEN_DOT = re.compile(rf"{_GAP}[-*|_~=]{{1,3}}(?i:{_DOT_WORD})[-*|_~=]{{1,3}}{_GAP}")
_ROLE = "info|news|admin|abuse|support|sales|contact|service|security|billing|webmaster|postmaster|no-?reply"
_BLANK_AT = re.compile(
    rf"(?<![\w.+-])((?i:{_ROLE})|(?=[\w+-]*[._\d])[\w.+-]{{2,64}}){_BLANK}@{_BLANK}((?:{_LABEL}\.){{1,5}}[a-zA-Z]{{2,24}})(?![\w-])"
)
_SPOKEN_DOT = re.compile(rf"{_BLANK}(?:{_DOT_WORD}){_BLANK}", re.IGNORECASE)
_LOUD_DOT = re.compile(
    rf"(?<![\w.-])((?:[a-z0-9][a-z0-9-]{{0,62}}{_BLANK}(?:DOT|PUNTO|PUNKT|PONTO|POINT){_BLANK}){{1,5}}[a-z]{{2,24}})(?![\w-])"
)
_LOUD_HINT = re.compile("DOT|PUNTO|PUNKT|PONTO|POINT")
_LETTER_A_HINT = re.compile(r"[\[({]a[\])}]")
_LETTER_A = re.compile(rf"{_LOCAL}{_GAP}[\[({{]a[\])}}]{_GAP}((?:{_LABEL}\.){{1,5}}[a-zA-Z]{{2,24}})(?![\w-])")
_WIDE = str.maketrans("．。｡․﹒＠：／", ".....@:/", "\u00ad\u200b\u2060\ufeff")
_BRACKETS = frozenset("[({<（［【｛«‹〔「])}\\")


def refang(text: str) -> str:
    """The text with its indicators readable again; everything else stays as it is. Line count never changes."""
    if not text.isascii():
        text = text.translate(_WIDE)
    if not _BRACKETS.isdisjoint(text):
        text = _SLACK_LINK.sub(r"\1 ", _SLACK_MAIL.sub(r"\1 ", text))
        text = _HALF_DOT.sub(".", _TAIL_DOT.sub(r".\1", _signs(text)))
        if _LETTER_A_HINT.search(text):
            text = _LETTER_A.sub(_spoken, text)
    if "//" in text or "\\\\" in text or "/ /" in text:
        text = _SCHEME.sub(_scheme, text)
    for hints, pattern in _SPOKEN:
        if all(hint.search(text) for hint in hints):
            text = pattern.sub(_spoken, text)
    if _BETWEEN_HINT.search(text):
        text = _BETWEEN.sub(_between, text)
    if "@ " in text:
        text = _BLANK_AT.sub(_spoken, text)
    if _LOUD_HINT.search(text):
        text = _LOUD_DOT.sub(_loud, text)
    return unwrap(text)


def _signs(text: str) -> str:
    """Bracketed signs and words as signs. Dots and the like only between words, with the blanks around them."""
    pieces: list[str] = []
    last = 0
    for found in _BRACKETED.finditer(text):
        sign = _MEANING[found[1].lower()]
        start, end = found.span()
        if sign in _WORDS:
            while start > last and found.start() - start < 10 and text[start - 1] in _BLANKS:
                start -= 1
            while end < len(text) and end - found.end() < 10 and text[end] in _BLANKS:
                end += 1
            if start == last or end == len(text) or not (_is_word(text[start - 1]) and _is_word(text[end], "[")):
                continue
        pieces += [text[last:start], sign]
        last = end
    return "".join([*pieces, text[last:]])


def _is_word(char: str, more: str = "") -> bool:
    return char.isalnum() or char == "_" or char in more


def _scheme(found: re.Match[str]) -> str:
    return ("http" + found["s"].lower() if found["web"] else "http" if found["cat"] else "ftp") + "://"


def _spoken(found: re.Match[str]) -> str:
    """`info chiocciola sophos punto com`, if what it spells can exist."""
    domain = _SPOKEN_DOT.sub(".", found[2])
    return f"{found[1]}@{domain}" if domains.registrable(domain) else found[0]


def _between(found: re.Match[str]) -> str:
    """`info -at- sophos -dot- com`: the words stand between the same signs."""
    domain = _BETWEEN_DOT.sub(".", found[3])
    return f"{found[1]}@{domain}" if domains.registrable(domain) else found[0]


def _loud(found: re.Match[str]) -> str:
    domain = _SPOKEN_DOT.sub(".", found[1])
    return domain if domains.registrable(domain) else found[0]

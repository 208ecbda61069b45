"""Defanged indicators back to what they were: `info [CHIOCCIOLA] sophos [PUNTO] com` -> `info@sophos.com`.

Pure work on strings; nothing is resolved or fetched. Line ends stay where they are, so line numbers stay true. Words
are only read as signs inside brackets, or where a whole address is spelled out; "punto" in a sentence is a word.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

from irtool.intake import domains

_OPEN, _CLOSE, _GAP = r"[\[({<]", r"[\])}>]", r"[ \t]{0,4}"
_DOT_WORD = "dot|punto|point|punkt|ponto"
_AT_WORD = "chiocciola|chiocciolina|arroba|arrobas|arobase|arrobase|arobas|klammeraffe"


def _bracketed(signs: str) -> re.Pattern[str]:
    return re.compile(rf"(?<=\w){_GAP}{_OPEN}{_GAP}(?:{signs}){_GAP}{_CLOSE}{_GAP}(?=[\w\[])", re.IGNORECASE)


_DOT = _bracketed(rf"\.|{_DOT_WORD}")
_AT = _bracketed(rf"@|at|ät|{_AT_WORD}")
_COLON = re.compile(rf"{_OPEN}:{_CLOSE}")
_SCHEME = re.compile(
    rf"(?<!\w)(h(?:xx|tt|\*\*|__)ps?|fxp|ftp){_GAP}(?:{_OPEN}?:{_CLOSE}?//{_CLOSE}?|{_OPEN}:/{{2}}{_CLOSE})",
    re.IGNORECASE,
)
_HALF_DOT = re.compile(r"(?<=\w)(?:[\[({]\.|\.[\])}]|\\\.)(?=\w)")
_TAIL_DOT = re.compile(r"(?<=\w)[\[({]\.(\w{2,24})[\])}]")
_SLACK_MAIL = re.compile(r"<mailto:([^|<>\s]{3,320})(?:\|[^<>\n]{0,400})?>", re.IGNORECASE)
_SLACK_LINK = re.compile(r"<(https?://[^|<>\s]{1,2000})\|[^<>\n]{0,2000}>", re.IGNORECASE)
_SPOKEN = re.compile(
    rf"(?<![\w.+-])([\w.+-]{{1,64}})[ \t]{{1,3}}(?:(?i:{_AT_WORD})|AT)[ \t]{{1,3}}"
    rf"([\w-]{{1,63}}(?:[ \t]{{1,3}}(?:DOT|(?i:punto|point|punkt|ponto))[ \t]{{1,3}}[\w-]{{1,63}}){{1,5}})(?![\w-])"
)
_SPOKEN_DOT = re.compile(rf"[ \t]{{1,3}}(?:{_DOT_WORD})[ \t]{{1,3}}", re.IGNORECASE)
_WRAPPED = re.compile(
    r"https://(?:[a-z0-9-]{1,30}\.(?P<safe>safelinks)\.protection\.outlook\.com/"
    r"|urldefense\.proofpoint\.com/(?P<v2>v2)/url|urldefense\.com/(?P<v3>v3)/__)(?P<rest>[^\s<>\"']{1,6000})",
    re.IGNORECASE,
)
_PARAMETER = re.compile(r"[?&;](?:url|u)=([^&]{1,4000})", re.IGNORECASE)


def refang(text: str) -> str:
    """The text with its indicators readable again; everything else stays as it is. Line count never changes."""
    if any(sign in text for sign in "[({<])}\\"):
        text = _SLACK_LINK.sub(r"\1 ", _SLACK_MAIL.sub(r"\1 ", text))
        text = _COLON.sub(":", text) if "//" in text else text
        text = _HALF_DOT.sub(".", _TAIL_DOT.sub(r".\1", _DOT.sub(".", text)))
        text = _AT.sub("@", text)
    text = _SCHEME.sub(_scheme, text)
    text = _SPOKEN.sub(_spoken, text)
    return unwrap(text)


def _scheme(found: re.Match[str]) -> str:
    name = found[1].lower()
    return ("ftp" if name in {"fxp", "ftp"} else "https" if name.endswith("s") else "http") + "://"


def _spoken(found: re.Match[str]) -> str:
    """`info chiocciola sophos punto com`, if what it spells can exist."""
    domain = _SPOKEN_DOT.sub(".", found[2])
    return f"{found[1]}@{domain}" if domains.registrable(domain) else found[0]


def unwrap(text: str) -> str:
    """Links rewritten by mail filters (Microsoft Safe Links, Proofpoint URL Defense) -> where they lead, unfetched."""
    for _ in range(3):  # forwarded mail wraps wrapped links; deeper nesting is not found in practice
        if "safelinks." not in text and "urldefense." not in text:
            break
        text = _WRAPPED.sub(_target, text)
    return text


def _target(found: re.Match[str]) -> str:
    parameter = _PARAMETER.search(found["rest"])
    link = ""
    if found["v3"]:
        link = found["rest"].rpartition("__;")[0]
    elif parameter and found["v2"]:
        link = unquote(parameter[1].translate(str.maketrans("-_", "%/")))
    elif parameter:
        link = unquote(parameter[1])
    return re.sub(r"[\s\x00-\x1f<>]", "", link) or found[0]

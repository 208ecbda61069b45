"""Links rewritten by mail filters -> where they lead. Pure work on strings; nothing is fetched.

Microsoft Safe Links, Proofpoint URL Defense versions 1 to 3 (help.proofpoint.com, "URL Decoder API"), Slack redirects.
"""

from __future__ import annotations

import base64
import binascii
import re
import string
from urllib.parse import unquote

_WRAPPED = re.compile(
    r"https?://(?:[a-z0-9-]{1,30}\.(?P<safe>safelinks)\.protection\.(?:outlook|office365)\.(?:com|us|cn)/"
    r"|urldefense(?:\.proofpoint)?\.(?:com|us)/(?:(?P<v1>v1)|(?P<v2>v2))/url|urldefense(?:\.proofpoint)?\.(?:com|us)/(?P<v3>v3)/__"
    r"|(?P<slack>slack-redir)\.net/link)(?P<rest>[^\s<>\"']{1,6000})",
    re.IGNORECASE,
)
_PARAMETER = re.compile(r"[?&;](?:url|u)=([^&]{1,4000})", re.IGNORECASE)
_TOKEN = re.compile(r"\*(?:\*(.))?")
_ONE_SLASH = re.compile(r"([a-z][a-z0-9+.-]{1,20}:/)(?!/)", re.IGNORECASE)
_RUNS = {char: length for length, char in enumerate(string.ascii_letters.swapcase() + string.digits + "-_", start=2)}
_HINTS = ("safelinks.", "urldefense.", "slack-redir.")


def unwrap(text: str) -> str:
    """The text with wrapped links replaced by what they wrap; a link that does not decode stays."""
    for _ in range(3):  # forwarded mail wraps wrapped links; deeper nesting is not found in practice
        lowered = text.lower()
        if not any(hint in lowered for hint in _HINTS):
            break
        text = _WRAPPED.sub(_target, text)
    return text


def _target(found: re.Match[str]) -> str:
    parameter = _PARAMETER.search(found["rest"])
    link = ""
    if found["v3"]:
        link = _version_3(found["rest"])
    elif parameter and found["v2"]:
        link = unquote(parameter[1].translate(str.maketrans("-_", "%/")))
    elif parameter:
        link = unquote(parameter[1])
    return re.sub(r"[\s\x00-\x1f<>]", "", link) or found[0]


def _version_3(rest: str) -> str:
    """`URL__;REPLACED!…`: each `*` stands for a replaced character, `**X` for a run of them."""
    link, marked, tail = rest.partition("__;")
    if not marked:
        return ""
    link = _ONE_SLASH.sub(r"\1/", link, count=1) if _ONE_SLASH.match(link) else link
    coded = tail.partition("!")[0]
    if "*" not in link:
        return link
    try:
        characters = base64.urlsafe_b64decode(coded + "=" * (-len(coded) % 4)).decode("utf-8")
    except (binascii.Error, ValueError):
        return link
    at = 0

    def replace(token: re.Match[str]) -> str:
        nonlocal at
        length = _RUNS.get(token[1], 0) if token[1] else 1
        at += length
        return characters[at - length : at] or token[0]

    return _TOKEN.sub(replace, link)

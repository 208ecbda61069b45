"""Links rewritten by mail filters, or sent through a redirector, -> where they lead. Pure work on strings; nothing is
fetched.

Microsoft Safe Links, Proofpoint URL Defense versions 1 to 3 (help.proofpoint.com, "URL Decoder API"), Slack, and those
that carry their target in a parameter or in the path. Where only the domain of the target is told (Mimecast), the
domain is what is left.
"""

from __future__ import annotations

import base64
import binascii
import re
import string
from urllib.parse import unquote

_URL_CHARS = r"[^\s<>\"']"
_HOSTS = (
    r"(?P<safe>(?:[a-z0-9-]{1,30}\.)?safelinks\.protection\.(?:outlook|office365)\.(?:com|us|cn|de)/"
    r"|statics\.teams\.(?:cdn\.office\.net|microsoft\.com)/evergreen-assets/safelinks/)"
    r"|urldefense(?:\.proofpoint)?\.(?:com|us)/(?:(?P<v1>v1)|(?P<v2>v2))/url"
    r"|urldefense(?:\.proofpoint)?\.(?:com|us)/(?P<v3>v3)/__"
    r"|(?P<known>slack-redir\.net/link|(?:www\.)?google\.(?:com?\.)?[a-z]{2,3}/url"
    r"|(?:[a-z0-9-]{1,20}\.){0,2}facebook\.com/l\.php|l\.(?:instagram|messenger|threads)\.(?:com|net)/"
    r"|(?:www\.)?linkedin\.com/(?:redir/redirect|safety/go)|(?:www\.)?youtube\.com/redirect|(?:out\.|www\.)?reddit\.com/"
    r"|(?:away\.)?vk\.com/away(?:\.php)?|t\.umblr\.com/redirect|steamcommunity\.com/linkfilter/|exit\.sc/"
    r"|duckduckgo\.com/l/|(?:www\.)?googleadservices\.com/pagead/aclk|(?:[a-z0-9-]{1,20}\.){1,2}doubleclick\.net/"
    r"|protect2?\.fireeye\.com/v\d/url|linkprotect\.cudasvc\.com/url|clicktime\.symantec\.com/|urlsand\.esvalabs\.com/"
    r"|scanmail\.trustwave\.com/|[a-z0-9.-]{1,60}\.trendmicro\.com(?::\d{2,5})?/wis/clicktime/"
    r"|link\.zixcentral\.com/|(?:[a-z0-9-]{1,30}\.)?url-protection\.com/)"
    r"|(?P<path>secure-web\.cisco\.com/[^/\s<>\"']{1,2000}/(?=https?%3A))"
    r"|(?P<bars>(?:url\.avanan\.click|protect\.checkpoint\.com)/v2/(?:r\d{1,2}/)?_{2,3}(?=https?:))"
    r"|(?P<coded>[a-z0-9-]{1,30}\.protection\.sophos\.com/?(?=\?))"
    r"|(?P<domain>(?:protect(?:-[a-z]{2,4})?\.mimecast\.com|url\.[a-z]{2}\.m\.mimecastprotect\.com"
    r"|(?:shared|secure)\.(?:[a-z0-9-]{1,20}\.)?inky\.com)/)"
)
_WRAPPED = re.compile(rf"https?://(?:{_HOSTS})(?P<rest>{_URL_CHARS}{{1,6000}})", re.IGNORECASE)
_PARAMETER = re.compile(r"(?:[?&;]|amp;)(?:url|u|q|a|o|to|z|uddg|adurl|redirect_url)=([^&]{1,4000})", re.IGNORECASE)
_LINK = re.compile(r"(?:https?|ftp)://", re.IGNORECASE)
_DOMAIN = re.compile(r"[?&;](?:domain|d)=([a-z0-9.%-]{3,255})", re.IGNORECASE)
_TOKEN = re.compile(r"\*(?:\*(.))?")
_ONE_SLASH = re.compile(r"([a-z][a-z0-9+.-]{1,20}:/)(?!/)", re.IGNORECASE)
_RUNS = {char: length for length, char in enumerate(string.ascii_letters.swapcase() + string.digits + "-_", start=2)}
_HINTS = (
    "safelinks", "urldefense", "slack-redir.", "google", "facebook.com", "instagram.com", "messenger.com", "threads.",
    "linkedin.com/", "youtube.com/", "reddit.com", "vk.com", "umblr", "linkfilter", "exit.sc", "duckduckgo",
    "doubleclick", "fireeye", "cudasvc", "clicktime", "urlsand", "trustwave", "zixcentral", "url-protection",
    "secure-web.", "avanan", "checkpoint", "sophos.com", "mimecast", "inky",
)  # fmt: skip


def unwrap(text: str) -> str:
    """The text with wrapped links replaced by what they wrap; a link that does not decode stays."""
    for _ in range(3):  # forwarded mail wraps wrapped links; deeper nesting is not found in practice
        lowered = text.lower() if "://" in text else ""
        if not any(hint in lowered for hint in _HINTS):
            break
        plainer = _WRAPPED.sub(_target, text)
        if plainer == text:
            break
        text = plainer
    return text


def _target(found: re.Match[str]) -> str:
    rest = found["rest"]
    parameter = _PARAMETER.search(rest)
    link = ""
    if found["known"]:  # other parameters are the redirector's own, or a search for something
        every = (unquote(one[1]) for one in _PARAMETER.finditer(rest))
        link = next((one for one in every if _LINK.match(one)), "")
    elif found["v3"]:
        link = _version_3(rest)
    elif found["path"]:
        link = unquote(rest)
    elif found["bars"]:
        link = rest.partition("___")[0]
    elif found["coded"] or found["domain"]:
        link = (_decoded(parameter[1]) if parameter and found["coded"] else "") or _named(rest)
    elif parameter and found["v2"]:
        link = unquote(parameter[1].translate(str.maketrans("-_", "%/")))
    elif parameter:
        link = unquote(parameter[1])
    return re.sub(r"[\s\x00-\x1f<>]", "", link) or found[0]


def _named(rest: str) -> str:
    """The domain that a link tells of its target."""
    found = _DOMAIN.search(rest)
    return f" {unquote(found[1])} " if found else ""


def _decoded(coded: str) -> str:
    """A link in base64, "" if it is none."""
    raw = unquote(coded)
    try:
        link = base64.urlsafe_b64decode(raw + "=" * (-len(raw) % 4)).decode("utf-8")
    except (binascii.Error, ValueError):
        return ""
    return link if _LINK.match(link) else ""


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

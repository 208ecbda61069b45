"""Addresses in header values that no two parsers read the same way.

The rule: what a From means is its last `<x@y>` outside quotes. Against the receivers' own `header.from` of 7,408 real
phish it is right in 96.8 %, the standard library in 78 %. All other candidates are kept, because whoever checks who
owns the domain has to check each of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from irtool.intake import charsets, domains

MAX_ADDRESSES = 50
_USUAL = re.compile(
    r"(?:[^\"<>@\\]{0,500}(?:\"[^\"\\]{0,500}\"[^\"<>@\\]{0,500})?<)?"
    r"([a-zA-Z0-9.!#$%&'*+/=?^_{|}~-]{1,64})@([a-zA-Z0-9.-]{1,253})>?"
)
_MARK = re.compile(r'\\.|["<>]', re.DOTALL)
_ATOM = r"[^\s<>\"(),:;@\\\[\]]"
_BARE = re.compile(rf"(?<![^\s<>\"(),:;\\\[\]]){_ATOM}{{1,64}}(?:@{_ATOM}{{1,253}}){{1,3}}")
_QUOTED_LOCAL = re.compile(rf'"[^"\\]{{1,64}}"@{_ATOM}{{1,253}}')


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
    if usual and (domain := domains.normalise_domain(usual[2])):
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
    outside, angles, open_quote = _take_apart(value, quotes=True)
    if open_quote:  # a quote that never ends protects nothing
        outside, angles, _ = _take_apart(value, quotes=False)
    bare = [match[0] for match in _BARE.finditer(outside)]
    if not angles and not bare:  # a local part in quotes (RFC 5321 §4.1.2), which hides as a name
        bare = [match[0] for match in _QUOTED_LOCAL.finditer(value)]
    best = normalise((angles or bare[:1] or [""])[-1]) or None
    every = list(dict.fromkeys(normalise(text) for text in (*angles, *bare)))[:MAX_ADDRESSES]
    if best and best not in every:
        every[-1] = best
    malformed = best is None or domains.domain_of(best) is None
    return Found(tuple(every), best, doubtful=malformed or len(every) != 1)


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


def envelope(value: str) -> str | None:
    """A reverse-path (Return-Path, Original-Mail-From): "" is the null sender `<>`, None says nothing.

    An empty value says nothing: `<>` is lost when headers are copied out of a web page. Postfix's pipe(8) writes the
    null sender as MAILER-DAEMON.
    """
    text = value.strip()
    if re.fullmatch(r"<\s*>", text) or text.strip("<>").lower() == "mailer-daemon":
        return ""
    return find(text).best

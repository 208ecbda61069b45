"""Received headers -> one Hop each: who said hello, from which IP, to whom, when.

Shapes: RFC 5321 §4.4 as Postfix and Sendmail write it (`from HELO (rdns [ip])`), Exim (`from rdns ([ip] helo=HELO)`),
Exchange (`from host (ip)`) and qmail (`from rdns (HELO name) (ip)`). No library takes these apart.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Sequence

from irtool.intake import addresses, dates, domains
from irtool.records import Hop

MAX_HOPS = 200
MAX_LENGTH = 4_000
_CLAUSES = frozenset({"from", "by", "via", "with", "id", "for"})
_TOKEN = re.compile(r"[()]|[^\s()]+")
_LITERAL = re.compile(r"\[(?:IPv6:)?([^\[\]\s]{1,100})\]", re.IGNORECASE)
_BARE_IP = re.compile(r"(?:[^\s@]{1,64}@)?([0-9A-Fa-f.:]{3,45})")
_HELO = re.compile(r"\b(?:helo|ehlo)[ =]([^\s)]{1,255})", re.IGNORECASE)
_RDNS = re.compile(r"(?:[^\s@\[]{1,64}@)?([A-Za-z0-9._-]{1,255})\s?\[")
_WITH_AUTH = re.compile(r"(?:UTF8)?(?:E?SMTP|LMTP)S?A|ASMTP", re.IGNORECASE)  # RFC 3848, RFC 6531 §4.3, old Exim
_WITH_TLS = re.compile(r"(?:UTF8)?(?:E?SMTP|LMTP)SA?", re.IGNORECASE)
_SAID_AUTH = re.compile(r"authenticated[ _-](?:sender|user|id|bits)|\bauth=", re.IGNORECASE)
_SAID_TLS = re.compile(r"using TLS|version=(?:TLS|SSL)|\bTLS ?v?1|\(TLS\)|X=TLS", re.IGNORECASE)
_ENVELOPE = re.compile(r"\(envelope-(?:from|sender)\s{1,5}(<[^<>]{0,320}>)", re.IGNORECASE)
_FOR = re.compile(r"\bfor\s{1,5}<([^<>\s]{3,320})>")


def read(values: Sequence[str]) -> tuple[tuple[Hop, ...], tuple[str, ...]]:
    """The hops from the top (n = 1 is the newest), at most MAX_HOPS, and the faults found in them, as sentences."""
    hops: list[Hop] = []
    faults: list[str] = []
    for n, value in enumerate(values[:MAX_HOPS], start=1):
        hop, wrong = _hop(n, value[:MAX_LENGTH])
        hops.append(hop)
        faults += [f"hop {n}: {what}" for what in wrong]
    if len(values) > MAX_HOPS:
        faults.append(f"{len(values)} Received headers; only the first {MAX_HOPS} were read")
    return tuple(hops), tuple(faults)


def envelope_from(values: Sequence[str]) -> str | None:
    """The envelope sender that the newest hop naming one names: "" for null, None if none does."""
    for value in values[:MAX_HOPS]:
        if found := _ENVELOPE.search(value[:MAX_LENGTH]):
            return addresses.envelope(found[1])
    return None


def recipients(values: Sequence[str]) -> tuple[str, ...]:
    """The `for <x@y>` of the hops, each once."""
    return addresses.find_all(f"<{found[1]}>" for value in values[:MAX_HOPS] if (found := _FOR.search(value[:4_000])))


def _hop(n: int, value: str) -> tuple[Hop, list[str]]:
    text, semicolon, date = value.rpartition(";")
    faults: list[str] = []
    if not semicolon:
        text, date = value, ""
    time, wrong = dates.read(date) if date.strip() else (None, "it has no date")
    if wrong:
        faults.append(wrong)
    clauses = _clauses(text)
    name, said = clauses.get("from", ([], []))
    ip, wrong = _ip(name, said)
    if wrong:
        faults.append(wrong)
    helo, rdns = _names(name, said, exim="(Exim" in text)
    with_ = " ".join(clauses.get("with", ([], []))[0])[:100] or None
    protocol = (with_ or "").split(" ")[0]
    hop = Hop(
        n=n,
        helo=helo,
        rdns=rdns,
        ip=ip,
        by=_first(clauses, "by"),
        with_=with_,
        auth=bool(_WITH_AUTH.fullmatch(protocol) or _SAID_AUTH.search(text)),
        tls=bool(_WITH_TLS.fullmatch(protocol) or _SAID_TLS.search(text)),
        id=_first(clauses, "id"),
        time=time,
        time_raw=date.strip()[:200] or None,
    )
    return hop, faults


def _clauses(text: str) -> dict[str, tuple[list[str], list[str]]]:
    """Each clause's words and comments. A clause that comes twice counts once: later ones are the sender's text."""
    clauses: dict[str, tuple[list[str], list[str]]] = {}
    current: tuple[list[str], list[str]] = ([], [])
    for word, comment in _tokens(text):
        if comment:
            current[1].append(word)
        elif word.lower() in _CLAUSES and word.lower() not in clauses:
            current = clauses[word.lower()] = ([], [])
        else:
            current[0].append(word)
    return clauses


def _tokens(text: str) -> Iterator[tuple[str, bool]]:
    """Words outside parentheses, and each outermost comment as a whole (second value True)."""
    depth, start = 0, 0
    for token in _TOKEN.finditer(text):
        if token[0] == "(":
            start = token.end() if depth == 0 else start
            depth += 1
        elif token[0] == ")":
            if depth == 1:
                yield text[start : token.start()].strip(), True
            depth = max(0, depth - 1)
        elif depth == 0:
            yield token[0], False
    if depth:
        yield text[start:].strip(), True


def _first(clauses: dict[str, tuple[list[str], list[str]]], key: str) -> str | None:
    words = clauses.get(key, ([], []))[0]
    return words[0].rstrip(";,")[:255] or None if words else None


def _ip(name: Sequence[str], comments: Sequence[str]) -> tuple[str | None, str]:
    """The connecting address: the bracketed one in a comment is what the receiving server saw."""
    literals = [found[1] for text in (*comments, *name[:1]) for found in _LITERAL.finditer(text)]
    for literal in literals:
        if (ip := _address(literal)) is not None:
            return ip, ""
        # A literal that cannot be an address is evidence of a forged or mangled hop; do not guess around it.
        return None, f"broken address literal [{literal}]"
    bare = [found[1] for text in comments if (found := _BARE_IP.fullmatch(text))]
    return next((ip for text in bare if (ip := _address(text))), None), ""


def _address(text: str) -> str | None:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None


def _names(name: Sequence[str], comments: Sequence[str], *, exim: bool) -> tuple[str | None, str | None]:
    """(helo, rdns): what the client called itself, and what its address resolves to (None if unknown)."""
    word = name[0][:255] if name else None
    greeting = next((found[1] for text in comments if (found := _HELO.search(text))), None)
    resolved = next((found[1] for text in comments if (found := _RDNS.match(text))), None)
    if greeting or (exim and word and not resolved):  # Exim, qmail: the name in front is the resolved one
        resolved, word = resolved or word, greeting or word
    return word, _hostname(resolved)


def _hostname(text: str | None) -> str | None:
    if text is None or text.startswith("[") or text.lower() in {"unknown", "unverified"}:
        return None
    return domains.normalise_domain(text)

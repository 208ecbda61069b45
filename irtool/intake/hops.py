"""Received headers -> one Hop each: who said hello, from which IP, to whom, when.

Shapes: RFC 5321 §4.4 as Postfix and Sendmail write it (`from HELO (rdns [ip])`), Exim (`from rdns ([ip] helo=HELO)`),
Exchange (`from host (ip)`) and qmail (`from rdns (HELO name) (ip)`). No library takes these apart.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Sequence

from irtool.intake import addresses, dates, domains, ips
from irtool.records import Hop

MAX_HOPS = 200
MAX_LENGTH = 4_000
_CLAUSES = {
    form: word for word in ("from", "by", "via", "with", "id", "for") for form in (word, word.title(), word.upper())
}
_Clause = tuple[list[str], list[str]]
_NOTHING: _Clause = ([], [])
_TOKEN = re.compile(r"[()]|[^\s()]+")
_USUAL_TOKEN = re.compile(r"\([^()]*(?:\([^()]*\)[^()]*)*\)|[^\s()]+")
_LITERAL = re.compile(r"\[(?:IPv6:)?([^\[\]\s]{1,100})\]", re.IGNORECASE)
_BARE_IP = re.compile(r"(?:[^\s]{1,128}@)?([0-9A-Fa-f.:]{3,45})")
_HELO = re.compile(r"\b(?:helo|ehlo)[ =]([^\s)]{1,255})", re.IGNORECASE)
_RDNS = re.compile(r"(?:[^\s@\[]{1,64}@)?([A-Za-z0-9._-]{1,255})\s?\[")
_WITH_AUTH = re.compile(r"(?:UTF8)?(?:E?SMTP|LMTP)S?A|ASMTP", re.IGNORECASE)  # RFC 3848, RFC 6531 §4.3, old Exim
_WITH_TLS = re.compile(r"(?:UTF8)?(?:E?SMTP|LMTP)SA?", re.IGNORECASE)
_SAID_AUTH = re.compile(r"[Aa]uthenticated[ _-](?:[Ss]ender|[Uu]ser|[Ii][Dd]|bits)|\b(?:auth|AUTH)=")
_SAID_TLS = re.compile(r"using TLS|version=(?:TLS|SSL|Tls)|\bTLS ?v?1|\(TLS\)|X=TLS")
_ENVELOPE = re.compile(r"\(envelope-(?:from|sender)\s{1,5}(<[^<>]{0,320}>)", re.IGNORECASE)
_FOR = re.compile(r"for\s{1,20}<([^<>\s]{3,320})>")


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
        if "envelope-" in value and (found := _ENVELOPE.search(value[:MAX_LENGTH])):
            return addresses.envelope(found[1])
    return None


def recipients(values: Sequence[str]) -> tuple[str, ...]:
    """The `for <x@y>` of the hops, each once."""
    named = [found[1] for value in values[:MAX_HOPS] if (found := _FOR.search(value, 0, MAX_LENGTH))]
    return addresses.find_all(f"<{one}>" for one in dict.fromkeys(named))


def _hop(n: int, value: str) -> tuple[Hop, list[str]]:
    text, semicolon, date = value.rpartition(";")
    faults: list[str] = []
    if not semicolon:
        text, date = value, ""
    date = date.strip()
    time, wrong = dates.read(date) if date else (None, "it has no date")
    if wrong:
        faults.append(wrong)
    clauses = _clauses(text)
    name, said = clauses.get("from", _NOTHING)
    ip, wrong = _ip(name, said) if name or said else (None, "")
    if wrong:
        faults.append(wrong)
    helo, rdns = _names(name, said, exim="(Exim" in text)
    with_ = " ".join(clauses.get("with", _NOTHING)[0])[:100] or None
    auth, tls = _protocol((with_ or "").partition(" ")[0])
    hop = Hop(
        n,
        helo,
        rdns,
        ip,
        _first(clauses, "by"),
        with_,
        auth or (("uth" in text or "AUTH=" in text) and bool(_SAID_AUTH.search(text))),
        tls or (("TLS" in text or "version=" in text) and bool(_SAID_TLS.search(text))),
        _first(clauses, "id"),
        time,
        date[:200] or None,
    )
    return hop, faults


@functools.lru_cache(maxsize=256)
def _protocol(word: str) -> tuple[bool, bool]:
    """(authenticated, TLS) as the protocol's name says it."""
    return bool(_WITH_AUTH.fullmatch(word)), bool(_WITH_TLS.fullmatch(word))


def _clauses(text: str) -> dict[str, _Clause]:
    """Each clause's words and comments. A clause that comes twice counts once: later ones are the sender's text."""
    clauses: dict[str, _Clause] = {}
    words: list[str] = []
    comments: list[str] = []
    tokens = _USUAL_TOKEN.findall(text)
    if "(" in text and text.count("(") != "".join([token for token in tokens if token[0] == "("]).count("("):
        tokens = list(_tokens(text))  # nested deeper, or never closed
    for token in tokens:
        if token[0] == "(":
            comments.append(token[1:-1].strip())
        elif (key := _CLAUSES.get(token)) and key not in clauses:
            words, comments = clauses[key] = ([], [])
        else:
            words.append(token)
    return clauses


def _tokens(text: str) -> Iterator[str]:
    """Words outside parentheses, and each outermost comment as a whole, in parentheses."""
    depth, start = 0, 0
    for token in _TOKEN.finditer(text):
        if token[0] == "(":
            start = token.end() if depth == 0 else start
            depth += 1
        elif token[0] == ")":
            if depth == 1:
                yield f"({text[start : token.start()]})"
            depth = max(0, depth - 1)
        elif depth == 0:
            yield token[0]
    if depth:
        yield f"({text[start:]})"


def _first(clauses: dict[str, _Clause], key: str) -> str | None:
    words = clauses.get(key, _NOTHING)[0]
    return words[0].rstrip(";,")[:255] or None if words else None


def _ip(name: Sequence[str], comments: Sequence[str]) -> tuple[str | None, str]:
    """The connecting address: the bracketed one in a comment is what the receiving server saw."""
    for text in (*comments, *name[:1]):
        if "[" in text and (found := _LITERAL.search(text)):
            ip = ips.normalise(found[1])
            # A literal that cannot be an address is evidence of a forged or mangled hop; do not guess around it.
            return ip, "" if ip else f"broken address literal [{found[1]}]"
    for text in comments:
        if (found := _BARE_IP.fullmatch(text)) and (ip := ips.normalise(found[1])):
            return ip, ""
    return None, ""


def _names(name: Sequence[str], comments: Sequence[str], *, exim: bool) -> tuple[str | None, str | None]:
    """(helo, rdns): what the client called itself, and what its address resolves to (None if unknown)."""
    word = name[0][:255] if name else None
    greeting = resolved = None
    for text in comments:
        if greeting is None and ("elo" in text or "ELO" in text) and (found := _HELO.search(text)):
            greeting = found[1]
        if resolved is None and "[" in text and (found := _RDNS.match(text)):
            resolved = found[1]
    if greeting or (exim and word and not resolved):  # Exim, qmail: the name in front is the resolved one
        resolved, word = resolved or word, greeting or word
    return word, _hostname(resolved)


def _hostname(text: str | None) -> str | None:
    if text is None or text.startswith("[") or text.lower() in {"unknown", "unverified"}:
        return None
    return domains.normalise_domain(text)

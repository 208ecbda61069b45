"""Domains, IPs, addresses, URLs, message ids and hashes in text: what to look for, where it stood, how sure.

Every expression here takes time linear in the text. An address is one indicator and its domain is not another:
`info@sophos.com` in an advisory must not become a proposal to block sophos.com.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from irtool.intake import addresses, domains, ips
from irtool.intake.refang import refang
from irtool.intake.wrappers import unwrap
from irtool.records import Indicator

MAX_INDICATORS = 1_000
MAX_CANDIDATES = 50_000

WRITTEN_DEFANGED = 0.8
"""Whoever defanged it meant it to be dangerous."""
_URL_SURE, _ADDRESS_SURE, _IP_SURE, _HASH_SURE, _DOMAIN_SURE, _UNLIKELY = 0.6, 0.5, 0.5, 0.6, 0.4, 0.1

_URL = re.compile(r"(?<![A-Za-z0-9])(?:https?|ftp)://[^\s<>\"'`|\\^{}\x00-\x1f]{3,2048}", re.IGNORECASE)
_MESSAGE_ID = re.compile(r"(?<![\w-])Message-ID:[ \t]{0,20}<([^<>\s]{3,500})>", re.IGNORECASE)
_ADDRESS = re.compile(r"(?<![\w.+%=-])[\w.+%=-]{1,64}@(?:[\w-]{1,63}\.){1,10}[\w-]{2,63}")
_SHA256 = re.compile(r"(?<![0-9A-Za-z])[0-9A-Fa-f]{64}(?![0-9A-Za-z])")
_QUAD = r"\d{1,3}(?:\.\d{1,3}){3}"
_LENGTH = r"(?:/\d{1,3}(?![\w/]|\.\w))?"
_IPV4 = re.compile(rf"(?<![\w.]){_QUAD}(?!\w|\.\w){_LENGTH}")
_RANGE_END, _RANGE_BEGIN = re.compile(rf".{{0,20}}{_QUAD}-", re.DOTALL), re.compile(rf"-{_QUAD}(?!\w)")
_GLOBAL = re.compile(r"[0-9A-Fa-f]{3,4}:|64:ff9b:", re.IGNORECASE)
"""How an IPv6 address begins that is not `std::` or a time of day."""
_IPV6 = re.compile(r"(?<![\w:.])[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:.]{1,43}(?![\w:])" + _LENGTH)
_DOMAIN = re.compile(r"(?<![\w.@-])[\w-]{1,63}(?:\.[\w-]{1,63}){1,10}(?![\w@-])")
_VICTIM = re.compile(
    r"\W{0,10}(?:your |our |the )?"
    r"(?:target|dest|dst|destination|destinazione|destino|victim|ziel|cible|bersaglio|honeypot|sensor)"
    r"(?:[ _-]?(?:ip|host|address|server|port)){0,2}(?: \(.{0,30}\))?\s{0,5}[:=]",
    re.IGNORECASE,
)
"""How a line begins that names whom it was done to."""
_FILE_ENDINGS = frozenset({"zip", "mov", "md", "sh", "py", "java"})
_FILES = frozenset({"main.cf", "master.cf", "sendmail.cf", "submit.cf"})
_NUMBERED = re.compile(
    r"§|v|ver|vers|versione?|versi[oó]n|versão|release|rel|build|firmware|kernel|revision|rev|patch|section|sect|sezione"
    r"|secci[oó]n|seção|abschnitt|chapter|capitolo|kapitel|chapitre|cap[ií]tulo|article|articolo|artikel|art[ií]culo|artigo"
    r"|art|clause|clausola|paragraph|punkt|nt|exim|openssl|openssh|sendmail|postfix|dovecot|chrome|firefox|safari"
    r"|thunderbird|outlook|ios|macos|android|php|mysql|apache|nginx|roundcube|phpmailer"
)
_UNFINISHED = re.compile(r"\s?[-_]?(?:alpha|beta|rc\d?|final|stable|snapshot)\b", re.IGNORECASE)
"""What stands around the number of a version or of a paragraph, which may look like an address."""
_WORD = re.compile(
    r"it|is|in|do|to|go|be|no|so|at|on|if|or|and|the|we|he|you|this|that|one|me|my|us|am|as|by|il|la|le|lo|un|una|non|che"
    r"|per|con|di|da|de|del|el|los|las|que|os|em|um|uma|und|der|die|das|ist|ein|et|est|les|des|pas|vs|etc|ecc|usw|mi|ci|si"
    r"|se|su|al|ma|yes|ok|now|then|here|there"
)
"""Words after whose full stop somebody forgot the blank."""
_NOTHING = 0.0
"""How likely it is that a file name or the number of a version is an indicator, unless somebody defanged it."""
_WORTH = re.compile(
    r"\w\.\w|[@\[({<\\\u3002\uff0e\uff61\uff20]|:\S|\*|[0-9A-Fa-f]{64}| AT |(?i:chioc|arrob|arob|klammer)"
)


def scan(text: str, source: str) -> list[Indicator]:
    """The indicators of a text, refanged, each once, at most MAX_INDICATORS.

    `source` names the text for people ("body"); in a text of several lines the line number is added.
    """
    text = unwrap(text)
    lines = text.split("\n")
    found: dict[tuple[str, str], Indicator] = {}
    for (kind, value, likely), written, line in _candidates(refang(text)):
        if (kind, value) in found:
            continue
        place = source if len(lines) == 1 else f"{source} line {line + 1}"
        sure = WRITTEN_DEFANGED if likely != _UNLIKELY and written not in lines[line] else likely
        if sure == _NOTHING:
            continue
        if kind == "ip" and _VICTIM.match(lines[line]):
            sure = _UNLIKELY
        found[kind, value] = Indicator(kind, value, place, sure)
        if len(found) == MAX_INDICATORS:
            break
    return list(found.values())


def is_worth_a_scan(text: str) -> bool:
    """False if a short text cannot name anything: most subjects do not."""
    return bool(_WORTH.search(text))


def merge(*groups: Iterable[Indicator], without: Iterable[str] = ()) -> tuple[Indicator, ...]:
    """Several lists as one: each (type, value) once with its highest confidence, at most MAX_INDICATORS.

    `without` are values that are not evidence: the victims' and the reporter's own addresses.
    """
    skipped = frozenset(without)
    found: dict[tuple[str, str], Indicator] = {}
    for one in (one for group in groups for one in group if one.value not in skipped):
        known = found.get((one.type, one.value))
        if known is None and len(found) == MAX_INDICATORS:
            continue
        if known is None or one.confidence > known.confidence:
            found[one.type, one.value] = one
    return tuple(found.values())


def ip_indicator(text: str, source: str, confidence: float) -> Indicator | None:
    """An IP as an indicator; internal ones get a confidence near zero. None if the text is not an address."""
    ip = ips.normalise(text) or ips.normalise(text.strip().strip("[]").removeprefix("IPv6:"))
    if ip is None:
        return None
    return Indicator("ip", ip, source, _UNLIKELY if ips.is_internal(ip) else confidence)


def url_indicators(text: str, source: str, confidence: float) -> list[Indicator]:
    """A URL and its host (a domain or an IP). Nothing if the host cannot exist."""
    return [Indicator(kind, value, source, sure) for kind, value, sure in _url(text, confidence)]


_Hit = tuple[str, str, float]


def _candidates(text: str) -> Iterator[tuple[_Hit, str, int]]:
    """Hit, matched text, line counted from 0. What one kind has taken, the next does not see."""
    budget = MAX_CANDIDATES
    for pattern, read in _KINDS:
        taken: list[tuple[int, int]] = []
        known: dict[str, bool] = {}
        line, last = 0, 0
        for match in pattern.finditer(text):
            if match[0] in known:
                taken += [match.span()] if known[match[0]] else []
                continue
            budget -= 1
            if budget < 0:
                return
            hits = list(read(match))
            if not any(sure == _NOTHING for _, _, sure in hits):  # that depends on what stands around it
                known[match[0]] = bool(hits)
            line, last = line + text.count("\n", last, match.start()), match.start()
            yield from ((hit, match[0], line) for hit in hits)
            if hits:
                taken.append(match.span())
        text = _blank(text, taken)


def _blank(text: str, spans: list[tuple[int, int]]) -> str:
    pieces, last = [], 0
    for start, end in spans:
        pieces += [text[last:start], " " * (end - start)]
        last = end
    return "".join([*pieces, text[last:]])


def _read_url(match: re.Match[str]) -> Iterator[_Hit]:
    return _url(match[0], _URL_SURE)


def _url(text: str, sure: float) -> Iterator[_Hit]:
    link = text.strip().rstrip(".,;:!?*_").replace("&amp;", "&")
    link = link if "(" in link else link.rstrip(")")
    link = link if "[" in link else link.rstrip("]")
    scheme, slashes, rest = link.partition("://")
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    host = authority.rpartition("@")[2]
    host = host[: host.find("]") + 1] if host.startswith("[") else host.partition(":")[0]
    if not slashes:
        return
    one = ip_indicator(host, "", sure)
    name = None if one else domains.normalise_domain(host)
    if one is None and (name is None or domains.registrable(name) is None):
        return
    sure = one.confidence if one else sure
    yield "url", f"{scheme.lower()}://{authority.lower()}{rest[len(authority) :]}", sure
    yield ("ip", one.value, sure) if one else ("domain", name or "", sure)


def _read_message_id(match: re.Match[str]) -> Iterator[_Hit]:
    yield "message_id", match[1], _HASH_SURE


def _read_address(match: re.Match[str]) -> Iterator[_Hit]:
    address = addresses.normalise(match[0].lstrip(".%=-").rstrip("-_"))
    domain = domains.domain_of(address)
    if domain and domains.registrable(domain):
        yield "address", address, _ADDRESS_SURE


def _read_hash(match: re.Match[str]) -> Iterator[_Hit]:
    yield "sha256", match[0].lower(), _HASH_SURE


def _read_ip(match: re.Match[str]) -> Iterator[_Hit]:
    if "/" in match[0] and (network := ips.network(match[0])):
        yield "network", network, _UNLIKELY if ips.is_internal(network.partition("/")[0]) else _IP_SURE
        return
    text = match[0].partition("/")[0].rstrip(".")
    text = text if text.endswith("::") else text.rstrip(":")
    one = ip_indicator(text, "", _IP_SURE)
    if one is None or len(text) <= 3 or not ("." in text or text.startswith("::") or _GLOBAL.match(text)):
        return
    numbered = _NUMBERED.fullmatch(_word_before(match)) or _UNFINISHED.match(match.string, match.end())
    yield "ip", one.value, _NOTHING if numbered or _in_a_name(match) else one.confidence


def _in_a_name(match: re.Match[str]) -> bool:
    """Whether a hyphen makes it part of a name (`host-1.2.3.4-pool`), and not of a range of addresses."""
    whole, start, end = match.string, match.start(), match.end()
    if whole[start - 1 : start] == "-" and not _RANGE_END.fullmatch(whole, max(0, start - 17), start):
        return True
    return whole[end : end + 1] == "-" and not _RANGE_BEGIN.match(whole, end)


def _word_before(match: re.Match[str]) -> str:
    """`version` of "Version no. 1.2.3.4", `exim` of "Exim/4.97.1.2", in lower case."""
    before = match.string[max(0, match.start() - 30) : match.start()].rstrip().lower()
    for short in (" no.", " nr.", " n.", " no"):
        before = before.removesuffix(short)
    words = before.rstrip(" .:#/").replace("/", " ").replace("(", " ").rsplit(None, 1)
    return words[-1].strip("\"'[,;") if words else ""


def _read_domain(match: re.Match[str]) -> Iterator[_Hit]:
    first, _, last = match[0].rpartition(".")
    if last[:1].isupper() and not last.isupper():  # "end.The next sentence", not a domain
        return
    name = domains.normalise_domain(match[0])
    if name is None or domains.registrable(name) is None:
        return
    ending = last.lower()
    if match.string[match.start() - 1 : match.start()] == "/" != match.string[match.start() - 2 : match.start() - 1]:
        yield "domain", name, _NOTHING  # the end of a path
        return
    alone = "." not in first or (ending in {"zip", "mov"} and not first.startswith("www."))
    is_file = ending in _FILE_ENDINGS and alone
    no_blank = _WORD.fullmatch(first.lower()) and _WORD.fullmatch(ending)
    yield "domain", name, _NOTHING if is_file or no_blank or name in _FILES else _DOMAIN_SURE


_KINDS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Iterator[_Hit]]], ...] = (
    (_URL, _read_url),
    (_MESSAGE_ID, _read_message_id),
    (_ADDRESS, _read_address),
    (_SHA256, _read_hash),
    (_IPV4, _read_ip),
    (_IPV6, _read_ip),
    (_DOMAIN, _read_domain),
)

"""One cleaner per exit: what a complaint, a log or a server said leaves irtool harmless, and still readable.

Every cleaner first makes the invisible visible (`visible`): control codes, line breaks, bidirectional overrides and
zero-width characters (UAX #9, Trojan Source) become escapes such as `\\n`, `\\x1b` or `\\u202e`, which stay literal.
Cleaners return one line. Running one twice escapes twice: clean once, at the exit.
"""

from __future__ import annotations

import html as _html
import ipaddress
import re
import unicodedata

HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
"""Unicode general categories that never reach an exit as they are."""

_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_BEYOND_ASCII = re.compile(r"[^\n -~]")
_PRINTABLE_ASCII = re.compile(r"[ -~]*")

_MARKDOWN = re.compile(r"[\\`*_\[\]<>|~&$]")
_AUTOLINK = re.compile(r":(?=//)|(?<=www)\.", re.IGNORECASE)
_LIST_NUMBER = re.compile(r"(\d+)([.)])(?=\s|$)")

_FORMULA = tuple("=+-@＝＋－＠|%")
_FILE_UNSAFE = re.compile(r"[^A-Za-z0-9@._+-]+")
_WINDOWS = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)", re.IGNORECASE)

_SCHEME = re.compile(r"\b(ht|f)tp(s?)(?=://)", re.IGNORECASE)
_AT = re.compile(r"(?<=[^\s\[])@(?=[^\s\]])")
_DOTTED = re.compile(r"[\w-]+(?:\.[\w-]+)+")
_COLONS = re.compile(r"(?<![\w:])[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}(?![\w:])", re.IGNORECASE)
_WORDS = {"": ("[@]", "[.]"), "en": (" [AT] ", " [DOT] "), "it": (" [CHIOCCIOLA] ", " [PUNTO] ")}


def visible(text: str) -> str:
    """The text on one line with everything invisible spelled out; other characters are unchanged."""
    if _PRINTABLE_ASCII.fullmatch(text):
        return text
    return "".join(_spell(c) if unicodedata.category(c) in HIDDEN else c for c in text)


def _spell(char: str) -> str:
    code = ord(char)
    if char in _NAMED:
        return _NAMED[char]
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def terminal(text: str) -> str:
    """For a terminal or a log file: no control code, no ANSI sequence, no bidirectional override, one line."""
    return visible(text)


def markdown(text: str) -> str:
    """Literal in CommonMark and in GitHub tables (`|` included): nothing becomes markup, a link, HTML or a new line."""
    line = _MARKDOWN.sub(r"\\\g<0>", visible(text).strip())
    line = _AUTOLINK.sub(r"\\\g<0>", line)
    if line.startswith(("-", "+", "=", "#")):
        return f"\\{line}"
    return _LIST_NUMBER.sub(r"\1\\\2", line, count=1) if _LIST_NUMBER.match(line) else line


def json(document: str) -> str:
    """A JSON document that a terminal may show: what is invisible in its strings is escaped, and means the same."""
    return _BEYOND_ASCII.sub(lambda m: _utf16(m[0]) if unicodedata.category(m[0]) in HIDDEN else m[0], document)


def _utf16(char: str) -> str:
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[n : n + 2].hex()}" for n in range(0, len(units), 2))


def html(text: str) -> str:
    """Literal as HTML text and inside a quoted attribute."""
    return _html.escape(visible(text), quote=True)


def csv(text: str) -> str:
    """One CSV field (quoting is the writer's): a spreadsheet reads it as text, never as a formula (OWASP)."""
    line = visible(text)
    return f"'{line}" if line.lstrip().startswith(_FORMULA) else line


def header(text: str) -> str:
    """The value of a mail header (RFC 5322): line breaks and controls become spaces, so no header can be added."""
    return " ".join("".join(" " if unicodedata.category(c) in HIDDEN else c for c in text).split())


def filename(text: str) -> str:
    """A name for a file on any system: letters, digits and `@ . _ + -`, at most 100, never hidden, never a path."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")
    name = _FILE_UNSAFE.sub("-", plain).strip("-.")[:100].rstrip("-.") or "unnamed"
    return f"_{name}" if _WINDOWS.match(name) else name


def slack(text: str) -> str:
    """Literal in Slack mrkdwn: `&`, `<` and `>` as entities, so `<!channel>`, mentions and links stay text."""
    return visible(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def defang(text: str, style: str = "") -> str:
    """The text with its domains, addresses, IPs and URLs made unclickable.

    `style` "" writes `info[@]win-prizes[.]example`, a language writes its words: "en" `info [AT] x [DOT] example`,
    "it" `info [CHIOCCIOLA] x [PUNTO] it`. IPs always take brackets. Text defanged before stays as it is.
    """
    at, dot = _WORDS.get(style, _WORDS[""])
    text = _SCHEME.sub(lambda m: f"{'hxx' if m[1].lower() == 'ht' else 'fx'}p{m[2]}", text)
    text = _DOTTED.sub(lambda m: _dots(m[0], dot), text)
    text = _COLONS.sub(lambda m: "[:]".join(m[0].rsplit(":", 1)) if _is_ip(m[0]) else m[0], text)
    return _AT.sub(at, text)


def _dots(name: str, dot: str) -> str:
    if _is_ip(name):
        return "[.]".join(name.rsplit(".", 1))  # one bracket breaks the link, and the address stays readable
    last = name.rpartition(".")[2]
    # No top-level domain has one letter: "S.p.A." is no domain.
    return name.replace(".", dot) if len(last) > 1 and any(c.isalpha() for c in last) else name


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True

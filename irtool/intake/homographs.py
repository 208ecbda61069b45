"""Domains made to look like others: `аррӏе.com` in Cyrillic, `paypaI.com`, `rnicrosoft.com` (UTS 39, in the small).

Two questions only: does a label mix scripts or pass for ASCII letters, and does a domain pass for one of ours? The
table holds the letters that pass for an ASCII letter in common screen fonts; accented Latin letters do not.
"""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Iterable

from irtool.intake import domains

_LOOKS = {
    "a": "аɑαａạ", "b": "Ььƅ", "c": "сϲⅽ", "d": "ԁɗⅾ", "e": "еҽ", "f": "ƒẝ", "g": "ɡցɢ", "h": "һհ",
    "i": "іɩιıӏⅰ", "j": "јϳ", "k": "кκ", "l": "ӏⅼǀ", "m": "мⅿ", "n": "ոռпη", "o": "оοօ০๐ο", "p": "рρ",
    "q": "ԛզ", "r": "гɾ", "s": "ѕꜱ", "t": "тτ", "u": "υսʋц", "v": "ѵνⅴ", "w": "ԝѡɯա", "x": "хχⅹ", "y": "уүγყ",
    "z": "ᴢ", "3": "зʒӡ", "4": "ч", "6": "б",
}  # fmt: skip
_TO_ASCII = {ord(char): letter for letter, chars in _LOOKS.items() for char in chars}
_IN_ASCII = (("rn", "m"), ("vv", "w"), ("cl", "d"), ("0", "o"), ("1", "l"), ("i", "l"), ("5", "s"), ("-", ""))
_TOGETHER = (
    frozenset({"LATIN", "HAN", "HIRAGANA", "KATAKANA"}),
    frozenset({"LATIN", "HAN", "HANGUL"}),
    frozenset({"LATIN", "HAN", "BOPOMOFO"}),
)
"""Scripts that Japanese, Korean and Chinese write together (UTS 39 §5.2, highly restrictive)."""
_NEUTRAL = frozenset({"DIGIT", "HYPHEN-MINUS", "LOW", "MIDDLE", "COMBINING", "KATAKANA-HIRAGANA", "IDEOGRAPHIC"})


@functools.lru_cache(maxsize=4096)
def told(domain: str) -> str:
    """Why a domain deceives the eye, "" if it does not; `domain` in A-labels."""
    if "xn--" not in domain:
        return ""
    labels = [_unicode(label) for label in domain.split(".")]
    shown = ".".join(labels)
    for label in labels:
        scripts = _scripts(label)
        if len(scripts) > 1 and not any(scripts <= allowed for allowed in _TOGETHER):
            mixed = " and ".join(sorted(script.title() for script in scripts))
            return f"domain {domain} reads {shown} and mixes {mixed} letters in one label"
    ascii_like = ".".join(label.translate(_TO_ASCII) for label in labels)
    if ascii_like.isascii() and ascii_like != shown:
        return f"domain {domain} reads {shown} and passes for {ascii_like}"
    return ""


def imitations(found: Iterable[str], own: Iterable[str]) -> list[str]:
    """Which of these domains pass for one of our own without being it, as sentences."""
    ours = {name for one in own if (name := domains.registrable(one) or domains.normalise_domain(one))}
    skeletons = {_skeleton(name): name for name in ours}
    faults: list[str] = []
    for domain in dict.fromkeys(found):
        name = domains.registrable(domain)
        if name and name not in ours and (meant := skeletons.get(_skeleton(name))):
            faults.append(f"domain {domain} passes for your own {meant}")
    return faults


def skeleton(name: str) -> str:
    """Equal for names that look alike; not a name for anything else."""
    return _skeleton(name)


@functools.lru_cache(maxsize=4096)
def _skeleton(domain: str) -> str:
    """Equal for domains that look alike; not a name for anything else."""
    shown = ".".join(_unicode(label) for label in domain.split(".")).translate(_TO_ASCII)
    bare = "".join(char for char in unicodedata.normalize("NFKD", shown) if not unicodedata.combining(char))
    for pair, single in _IN_ASCII:
        bare = bare.replace(pair, single)
    return bare


def _unicode(label: str) -> str:
    """The U-label; a label that does not decode stays as it is."""
    if not label.startswith("xn--"):
        return label
    try:
        return label[4:].encode("ascii").decode("punycode")
    except (UnicodeError, ValueError):
        return label


def _scripts(label: str) -> set[str]:
    names = {unicodedata.name(char, "UNKNOWN").split(" ")[0] for char in label if not char.isdigit()}
    return {"HAN" if name.startswith("CJK") else name for name in names} - _NEUTRAL

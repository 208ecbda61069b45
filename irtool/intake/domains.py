"""Domain names: one spelling for each, and where the part that somebody registered begins.

The Public Suffix List (publicsuffix.org) comes with the publicsuffixlist package and is never fetched.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_PLAIN = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
_OTHER_DOTS = str.maketrans("。．｡", "...")  # IDNA 2003 (RFC 3490 §3.1) reads them all as dots
_RESERVED = frozenset({"example", "test", "invalid"})
"""RFC 2606: never delegated, so not on the list; drills and documentation use them like ordinary suffixes."""


@functools.cache
def _suffixes() -> PublicSuffixList:
    from publicsuffixlist import PublicSuffixList

    return PublicSuffixList(accept_unknown=False)


@functools.lru_cache(maxsize=8192)
def normalise_domain(text: str) -> str | None:
    """The domain in lower case, as A-labels (RFC 5890), without a final dot; None if it cannot be a domain name.

    An IP address is not a domain name. A single label is: whether that is enough is for the caller to say.
    """
    if len(text) > 1000:
        return None
    plain = text.lower()
    if len(plain) <= 253 and _PLAIN.fullmatch(plain):
        return plain
    folded = unicodedata.normalize("NFKC", text.strip()).translate(_OTHER_DOTS).lower().removesuffix(".")
    labels = [_a_label(label) for label in folded.split(".")]
    known = [label for label in labels if label is not None]
    joined = ".".join(known)
    if len(known) != len(labels) or len(joined) > 253 or known[-1].isdigit() or "_" in known[-1]:
        return None
    return joined


def _a_label(label: str) -> str | None:
    if not label.isascii():
        if len(label) > 63 or any(unicodedata.category(char)[0] in "CZP" and char != "-" for char in label):
            return None
        try:
            label = "xn--" + label.encode("punycode").decode("ascii")
        except UnicodeError:
            return None
    return label if _LABEL.fullmatch(label) else None


def u_label(label: str) -> str:
    """One label as people write it: `xn--bcher-kva` -> `bücher`; any other, and one that is none, as it is."""
    try:
        return label[4:].encode("ascii").decode("punycode") if label.startswith("xn--") else label
    except (UnicodeError, OverflowError):
        return label


@functools.lru_cache(maxsize=4096)
def registrable(domain: str) -> str | None:
    """The part that was registered: `mail.shop.co.uk` -> `shop.co.uk`.

    None for a public suffix, for anything that is not a domain name, and under a top level that does not exist.
    """
    name = normalise_domain(domain)
    if name is None:
        return None
    labels = name.split(".")
    if labels[-1] in _RESERVED:
        return ".".join(labels[-2:]) if len(labels) > 1 else None
    found = _suffixes().privatesuffix(name)
    return str(found) if found else None


def is_public_suffix(domain: str) -> bool:
    """True if strangers register names directly below it (`com`, `co.uk`, `github.io`), and for any single label."""
    name = normalise_domain(domain)
    if name is None:
        return False
    return "." not in name or _suffixes().publicsuffix(name) == name


def domain_of(address: str) -> str | None:
    """The normalised domain of an address, None if it has none (or an address literal in its place)."""
    local, at, domain = address.strip().strip("<>").rpartition("@")
    return normalise_domain(domain) if at and local else None

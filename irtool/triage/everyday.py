"""What unrelated mail has in common anyway: big mailbox providers, sending services, shorteners, mailers.

The names are in everyday.txt beside this file. That two messages share one of them says next to nothing.
"""

from __future__ import annotations

from functools import cache, lru_cache
from pathlib import Path

from irtool.intake.domains import is_public_suffix, registrable
from irtool.intake.receivers import is_big_receiver

_SERVICES, _EVERYWHERE, _SHORTENERS, _MAILERS = "services", "everywhere", "shorteners", "mailers"


@cache
def _names(section: str) -> frozenset[str]:
    return frozenset(_sections().get(section, ()))


@cache
def _sections() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    names: list[str] = []
    for line in Path(__file__).with_name("everyday.txt").read_text(encoding="utf-8").splitlines():
        text = line.partition("#")[0].strip()
        if text.startswith("["):
            names = found.setdefault(text.strip("[]"), [])
        elif text:
            names.append(text)
    return found


def _listed(host: str, *sections: str) -> bool:
    """Whether its registered domain is in one of them, or what that stands below (`fonts.googleapis.com`)."""
    domain = registrable(host) or host
    first, _, rest = domain.partition(".")
    return any(
        domain in _names(section)
        or rest in _names(section)
        or (f"{first}.*" in _names(section) and is_public_suffix(rest))
        for section in sections
    )


@lru_cache(maxsize=4096)
def is_everyday(host: str) -> bool:
    """Whether very many unrelated people send from this host, receive there, or link to it (lower case, A-labels)."""
    return _listed(host, _SERVICES, _EVERYWHERE, _SHORTENERS) or is_big_receiver(registrable(host) or host)


@lru_cache(maxsize=4096)
def is_service(host: str) -> bool:
    """Whether it is a sending service: an address there is not one person's, as one at a mailbox provider is."""
    return _listed(host, _SERVICES)


@lru_cache(maxsize=4096)
def is_shortener(host: str) -> bool:
    """Whether its links lead anywhere, so that only a whole link tells something."""
    return _listed(host, _SHORTENERS)


@lru_cache(maxsize=4096)
def is_everyday_mailer(mailer: str) -> bool:
    """Whether very many people send with this program."""
    name = mailer.strip().lower()
    return any(name.startswith(start) for start in _names(_MAILERS))

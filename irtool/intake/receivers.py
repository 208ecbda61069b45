"""The big mailbox providers, from receivers.txt beside this file."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from irtool.intake.domains import is_public_suffix


@cache
def _names() -> frozenset[str]:
    lines = Path(__file__).with_name("receivers.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in map(str.strip, lines) if line and not line.startswith("#"))


def is_big_receiver(domain: str) -> bool:
    """Whether very many people receive their mail at exactly this domain (lower-case A-label)."""
    if domain in _names():
        return True
    first, _, rest = domain.partition(".")
    return f"{first}.*" in _names() and is_public_suffix(rest)

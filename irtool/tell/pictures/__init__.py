"""Pictures of an incident as SVG, each with its text alternative, from the facts of `story` alone."""

from __future__ import annotations

from collections.abc import Mapping

from irtool.tell.pictures.bars import accounts, hit
from irtool.tell.pictures.picture import Picture, Tongue
from irtool.tell.pictures.timeline import timeline
from irtool.tell.pictures.volume import volume
from irtool.tell.story import Facts

__all__ = ["NAMES", "Picture", "pictures"]

NAMES = ("volume", "timeline", "hit", "accounts")
"""All pictures there are: a line `<!-- picture: NAME -->` of the Markdown says where one stands."""


def pictures(facts: Facts, lang: str, *, named: bool = False) -> Mapping[str, Picture]:
    """The pictures that the facts are enough for, by name. Customers and accounts are numbered unless `named`."""
    tongue = Tongue(lang)
    found = (
        volume(facts, tongue),
        timeline(facts, tongue),
        hit(facts, tongue, named=named),
        accounts(facts, tongue, named=named),
    )
    return {picture.name: picture for picture in found if picture}

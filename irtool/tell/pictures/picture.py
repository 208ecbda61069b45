"""A picture as pages show it, and the facts that pictures are made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from irtool.records import Json
from irtool.tell.forms import Forms
from irtool.tell.wording import wording
from irtool.tell.wording.pictures import PICTURES

WIDE, NARROW = 700, 340
"""Units of the drawing for a page, and of the one for a phone."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture: its title, what is read out in place of it (`alt`), `legend` for the numbers in it.

    `svg` is drawn for a page or paper, `narrow` the same for a phone; each is one SVG element.
    """

    name: str
    title: str
    alt: str
    svg: str
    narrow: str
    legend: tuple[str, ...] = ()


@dataclass(frozen=True)
class Tongue:
    """The language of a picture: `say` its words, `mark` the names of the milestones, `forms` its figures."""

    lang: str

    @cached_property
    def forms(self) -> Forms:
        """Numbers and dates."""
        return Forms(self.lang)

    def say(self, key: str, **values: object) -> str:
        """A sentence or a word of `wording.pictures`; English for a language that has none."""
        return PICTURES.get(self.lang, PICTURES["en"])[key].format(**values)

    def mark(self, mark: str) -> str:
        """The milestone in words."""
        return wording(self.lang).words[f"mark.{mark}"]

    def short_day(self, moment: datetime) -> str:
        """14 Apr."""
        from babel.dates import format_skeleton

        return str(format_skeleton("MMMd", moment, locale=self.forms.locale))


def moment_of(value: Json) -> datetime | None:
    """The moment of ISO 8601 text; None if it is none."""
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None

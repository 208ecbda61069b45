"""Templates of mail: the language they are found in, their subject line, what they know of the sender."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from irtool.errors import UsageError
from irtool.language.templates import Limits, render
from irtool.records import Json
from irtool.tell.filters import escape_mail, filters
from irtool.tell.wording import base

LIMITS = Limits(characters=200_000, seconds=5.0)
"""No letter is longer, and none takes longer to write."""

_ORG: Mapping[str, Json] = {"name": "", "domains": [], "contact": "", "url": ""}
_GENUINE: Mapping[str, Json] = {"phone": "", "url": "", "pgp": "", "text": ""}


def organisation(org: Mapping[str, Json]) -> dict[str, Json]:
    """`org` of irtool.yaml as templates see it: whatever is not set is empty, so that it can be asked for."""
    return {**_ORG, **org}


def proof(genuine: Mapping[str, Json], lang: str) -> dict[str, Json]:
    """`notices.genuine` of irtool.yaml as templates see it: how a reader finds out, by other means, who wrote this.

    `text` may be one for each language; English, or else the first, stands in for one that is missing.
    """
    found = {**_GENUINE, **genuine}
    text = found["text"]
    if isinstance(text, dict):
        found["text"] = text.get(lang) or text.get("en") or next(iter(text.values()), "")
    return found


def language(locale: str, template: str, templates: Sequence[Path]) -> str:
    """The language to write in: the locale's if there is such a template in it, else English."""
    spoken = base(locale)
    there = any((folder / "notices" / spoken / f"{template}.txt.j2").is_file() for folder in templates)
    return spoken if there else "en"


def fill(name: str, lang: str, templates: Sequence[Path], variables: Mapping[str, object]) -> tuple[str, str]:
    """Subject and text of a mail template, whose first line is `Subject: …`. Raises UsageError if it is not."""
    text = render(templates, name, variables, filters=filters(lang), escape=escape_mail, limits=LIMITS)
    return subject_and_text(name, text)


def subject_and_text(name: str, text: str) -> tuple[str, str]:
    """A filled template taken apart. Raises UsageError if its first line is no subject."""
    first, _, rest = text.lstrip().partition("\n")
    word, colon, subject = first.partition(":")
    if word.strip().lower() != "subject" or not colon or not subject.strip():
        raise UsageError(f'{name}:1  the first line has to be "Subject: …"')
    return subject.strip(), rest

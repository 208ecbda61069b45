"""Templates of mail: the language they are found in, their subject line, what they know of the sender."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from irtool.errors import UsageError
from irtool.language.templates import render
from irtool.records import Json
from irtool.tell.filters import escape_mail, filters
from irtool.tell.wording import base

_ORG: Mapping[str, Json] = {"name": "", "domains": [], "contact": ""}


def organisation(org: Mapping[str, Json]) -> dict[str, Json]:
    """`org` of irtool.yaml as templates see it: whatever is not set is empty, so that it can be asked for."""
    return {**_ORG, **org}


def language(locale: str, template: str, templates: Sequence[Path]) -> str:
    """The language to write in: the locale's if there is such a template in it, else English."""
    spoken = base(locale)
    there = any((folder / "notices" / spoken / f"{template}.txt.j2").is_file() for folder in templates)
    return spoken if there else "en"


def fill(name: str, lang: str, templates: Sequence[Path], variables: Mapping[str, object]) -> tuple[str, str]:
    """Subject and text of a mail template, whose first line is `Subject: …`. Raises UsageError if it is not."""
    text = render(templates, name, variables, filters=filters(lang), escape=escape_mail)
    first, _, rest = text.lstrip().partition("\n")
    word, colon, subject = first.partition(":")
    if word.strip().lower() != "subject" or not colon or not subject.strip():
        raise UsageError(f'{name}:1  the first line has to be "Subject: …"')
    return subject.strip(), rest

"""A mail text as a page: the same words, so that nobody reads in one what is not in the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from irtool.language.templates import render
from irtool.records import Json
from irtool.tell.filters import escape_html, filters
from irtool.tell.letters import LIMITS

PAGE = "notices/page.html.j2"
"""The page around every mail; `notices/LANGUAGE/TEMPLATE.html.j2`, if somebody made one, takes its place."""


def page(
    text: str, *, subject: str, lang: str, template: str, templates: Sequence[Path], variables: Mapping[str, object]
) -> str:
    """The HTML of a mail with this (escaped) text. Nothing in it is fetched from anywhere, and nothing is a link."""
    own = f"notices/{lang}/{template}.html.j2"
    name = own if any((folder / own).is_file() for folder in templates) else PAGE
    values = {**variables, "lang": lang, "subject": subject, "blocks": blocks(text)}
    return render(templates, name, values, filters=filters(lang), escape=escape_html, limits=LIMITS)


def blocks(text: str) -> list[dict[str, Json]]:
    """The text as headings, lists and paragraphs, each with its lines.

    A heading is one line in capitals, with an empty line before and after it; the first and the last block are none:
    they are whom the letter is to and from.
    """
    pieces = [piece.split("\n") for piece in _pieces(text)]
    found: list[dict[str, Json]] = []
    for number, lines in enumerate(pieces):
        inside = 0 < number < len(pieces) - 1
        if inside and len(lines) == 1 and lines[0].isupper() and not lines[0].startswith("- "):
            found.append({"kind": "heading", "lines": [lines[0]]})
            continue
        for line in lines:
            item = line.startswith("- ")
            kind = "list" if item else "text"
            shown = line.removeprefix("- ") if item else line
            last = found[-1] if found else None
            if last and last["kind"] == kind and isinstance(last["lines"], list) and line is not lines[0]:
                last["lines"].append(shown)
            else:
                found.append({"kind": kind, "lines": [shown]})
    return found


def _pieces(text: str) -> list[str]:
    """What empty lines keep apart."""
    lines = [line.rstrip() for line in text.strip().splitlines()]
    return [p.strip("\n") for p in "\n".join(lines).split("\n\n") if p.strip("\n")]

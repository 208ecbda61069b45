"""Markdown -> one HTML page that needs nothing outside itself: for screens, phones, paper, the dark, and aloud."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from irtool.language.templates import Safe, render
from irtool.tell import clean
from irtool.tell.filters import escape_html, filters
from irtool.tell.pictures import Picture

if TYPE_CHECKING:
    from markdown_it.token import Token

_OFF = ["link", "image", "autolink", "reference", "html_block", "html_inline"]
_PICTURE = re.compile(r"<!-- picture: ([a-z]+) -->")
"""A paragraph that is nothing but this. Text of others cannot be one: their cleaner escapes the angle bracket."""


def page(
    markdown: str,
    *,
    lang: str,
    templates: Sequence[Path],
    pictures: Mapping[str, Picture] | None = None,
    marking: str = "",
) -> str:
    """The page `report/page.html.j2` around the Markdown. Links, images and HTML in it stay text; tables are on.

    A line `<!-- picture: NAME -->` becomes the picture of that name, or nothing if there is none. `marking` stands on
    the page and on every sheet of paper, such as `TLP:AMBER`. The title of the page is the first heading.
    """
    title, body = _body(markdown, pictures or {})
    variables = {"lang": lang, "title": title, "body": Safe(body), "marking": marking}
    return render(templates, "report/page.html.j2", variables, filters=filters(lang), escape=escape_html)


def spoken(markdown: str, pictures: Mapping[str, Picture]) -> str:
    """The Markdown with what is read out in place of each picture, for formats that cannot show it."""

    def said(found: re.Match[str]) -> str:
        picture = pictures.get(found[1])
        return "\n\n".join(map(clean.markdown, (picture.alt, *picture.legend))) if picture else ""

    return re.sub(rf"(?m)^{_PICTURE.pattern}$", said, markdown)


def _body(markdown: str, pictures: Mapping[str, Picture]) -> tuple[str, str]:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False, "typographer": False}).enable("table").disable(_OFF)
    tokens = parser.parse(markdown)
    _order_headings(tokens)
    tokens = _with_pictures(tokens, pictures)
    _adapt(tokens)
    return _title(tokens), str(parser.renderer.render(tokens, parser.options, {}))


def _order_headings(tokens: Sequence[Token]) -> None:
    """One first heading, and no level left out below it: that is how people who listen find their way."""
    level = 0
    for token in tokens:
        if token.type == "heading_open":
            wanted = int(token.tag[1:])
            level = 1 if not level else max(min(wanted, level + 1), 2)
            token.tag = f"h{level}"
        elif token.type == "heading_close":
            token.tag = f"h{level}"


def _with_pictures(tokens: Sequence[Token], pictures: Mapping[str, Picture]) -> list[Token]:
    found: list[Token] = []
    skip = 0
    for n, token in enumerate(tokens):
        name = _PICTURE.fullmatch(tokens[n + 1].content) if token.type == "paragraph_open" else None
        if name:
            skip = 3
            token.type, token.content = "html_block", _figure(pictures.get(name[1]))
            found.append(token)
        elif not skip:
            found.append(token)
        skip = max(skip - 1, 0)
    return found


def _figure(picture: Picture | None) -> str:
    """The picture twice, for a page and for a phone, of which the page shows one."""
    if picture is None:
        return ""
    legend = "".join(f"<li>{clean.html(line)}</li>" for line in picture.legend)
    return (
        f'<figure class="picture" id="picture-{picture.name}">\n<div class="wide">{picture.svg}</div>\n'
        f'<div class="narrow">{picture.narrow}</div>\n<figcaption>{clean.html(picture.title)}'
        f"{f'<ol>{legend}</ol>' if legend else ''}</figcaption>\n</figure>\n"
    )


def _adapt(tokens: Sequence[Token]) -> None:
    """Tables say what they are about and what their first row and column are; a quotation that starts with TODO is a
    box for the analyst."""
    heading, cell = "", 0
    for n, token in enumerate(tokens):
        if token.type == "heading_open":
            heading = clean.html(_text(tokens[n + 1]))
        elif token.type == "table_open":
            token.attrs = {}
            token.type, token.content = "html_block", _table(heading)
        elif token.type == "table_close":
            token.type, token.content = "html_block", "</table></div>\n"
        elif token.type == "tr_open":
            cell = 0
        elif token.type == "th_open":
            token.attrSet("scope", "col")
        elif token.type in {"td_open", "td_close"} and cell == 0:
            token.tag = "th"
            if token.type == "td_open":
                token.attrSet("scope", "row")
        elif token.type == "blockquote_open" and any("TODO" in t.content for t in tokens[n : n + 3]):
            token.attrSet("class", "todo")
            token.attrSet("role", "note")
        cell += token.type == "td_close"


def _table(heading: str) -> str:
    """A table that scrolls by itself where it is too wide, also for who has only a keyboard."""
    label = f' role="region" aria-label="{heading}"' if heading else ""
    caption = f'<caption class="unseen">{heading}</caption>' if heading else ""
    return f'<div class="table" tabindex="0"{label}><table>{caption}\n'


def _title(tokens: Sequence[Token]) -> str:
    for n, token in enumerate(tokens):
        if token.type == "heading_open":
            return _text(tokens[n + 1])
    return ""


def _text(inline: Token) -> str:
    return "".join(t.content for t in inline.children or [])

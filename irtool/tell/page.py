"""Markdown -> one HTML page that needs nothing outside itself."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from irtool.language.templates import Safe, render
from irtool.tell.filters import escape_html, filters

if TYPE_CHECKING:
    from markdown_it.token import Token

_OFF = ["link", "image", "autolink", "reference", "html_block", "html_inline"]


def page(markdown: str, *, lang: str, templates: Sequence[Path]) -> str:
    """The page `report/page.html.j2` around the Markdown. Links, images and HTML in it stay text; tables are on.

    The title of the page is the first heading.
    """
    title, body = _body(markdown)
    variables = {"lang": lang, "title": title, "body": Safe(body)}
    return render(templates, "report/page.html.j2", variables, filters=filters(lang), escape=escape_html)


def _body(markdown: str) -> tuple[str, str]:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False, "typographer": False}).enable("table").disable(_OFF)
    tokens = parser.parse(markdown)
    _adapt(tokens)
    html = parser.renderer.render(tokens, parser.options, {})
    html = html.replace("<table>", '<div class="table" tabindex="0"><table>').replace("</table>", "</table></div>")
    return _title(tokens), html


def _adapt(tokens: Sequence[Token]) -> None:
    """Heads of columns say so; a quotation that starts with TODO is a box for the analyst."""
    for n, token in enumerate(tokens):
        if token.type == "th_open":
            token.attrSet("scope", "col")
        elif token.type == "blockquote_open" and any("TODO" in t.content for t in tokens[n : n + 3]):
            token.attrSet("class", "todo")


def _title(tokens: Sequence[Token]) -> str:
    for n, token in enumerate(tokens):
        if token.type == "heading_open":
            inline = tokens[n + 1].children or []
            return "".join(t.content for t in inline)
    return ""

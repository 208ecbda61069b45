"""What the templates of reports, bulletins and notices can do with a value, in one language."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence

from irtool.language.templates import Safe
from irtool.tell import clean
from irtool.tell.forms import Forms
from irtool.tell.timeline import table
from irtool.tell.wording import wording

Filters = Mapping[str, Callable[..., object]]

STYLES: Mapping[str, str] = {"it": "it"}
"""Languages whose published texts write indicators in words: `info [CHIOCCIOLA] x [PUNTO] it`. Others use brackets."""

QUOTES: Mapping[str, tuple[str, str]] = {"de": ("„", "“"), "es": ("«", "»"), "fr": ("«\u00a0", "\u00a0»")}
"""Quotation marks of the languages that do not write “…”."""


def escape_markdown(value: object) -> str:
    """The escape of Markdown templates."""
    return clean.markdown(str(value))


def escape_html(value: object) -> str:
    """The escape of HTML templates."""
    return clean.html(str(value))


def escape_mail(value: object) -> str:
    """The escape of mail texts: one line, nothing hidden."""
    return clean.terminal(str(value))


@functools.cache
def filters(lang: str) -> Filters:
    """The filters of one language. One object per language, so that compiled templates are kept."""
    forms, style = Forms(lang), STYLES.get(lang, "")

    def amount_of(n: int, one: str, other: str) -> str:
        """A big figure and its noun: "1.9 million messages", "1,9 milioni di messaggi"."""
        return f"{forms.amount(n)} {forms.plural(n, one, other)}"

    def defang(text: object) -> str:
        return clean.defang(str(text), style)

    def quoted(values: Sequence[object], most: int = 3) -> str:
        """The first values, defanged, in the quotation marks of the language: “a”, “b” and “c”; „a“, „b“ und „c“."""
        left, right = QUOTES.get(lang, ("“", "”"))
        return forms.joined([f"{left}{defang(v)}{right}" for v in values[:most]])

    def defanged_table(rows: Sequence[Sequence[object]]) -> Safe:
        """A Markdown table with every indicator in it defanged, in brackets: words would make it too wide."""
        return markdown_table([[clean.defang(str(cell)) for cell in row] for row in rows])

    return {
        "colon": lambda text: f"{text}{forms.colon.rstrip(' ')}",
        "capitalised": lambda text: text[:1].upper() + text[1:],
        "number": forms.number,
        "amount": forms.amount,
        "amount_of": amount_of,
        "count": forms.count,
        "plural": forms.plural,
        "day": forms.day,
        "moment": forms.moment,
        "on": forms.on,
        "on_day": forms.on_day,
        "span": forms.span,
        "clock": forms.clock,
        "duration": forms.duration,
        "lasting": forms.lasting,
        "joined": forms.joined,
        "defang": defang,
        "gap": wording(lang).gap,
        "quoted": quoted,
        "table": markdown_table,
        "defanged_table": defanged_table,
    }


def markdown_table(rows: Sequence[Sequence[object]]) -> Safe:
    """A Markdown table of raw cells, the first row its head."""
    return Safe(table([[str(cell) for cell in row] for row in rows]))

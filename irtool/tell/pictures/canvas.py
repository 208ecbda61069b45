"""One SVG drawing: boxes, lines, dots and texts in a few looks. Texts are cleaned and escaped; nothing is fetched.

A look is a class and the same as attributes: a page gives the class its colours (light, dark, print), anything else
that shows the drawing has the attributes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from irtool.tell import clean

Anchor = Literal["start", "middle", "end"]

SIZE = 13
"""Of a text, in units; drawings are made for the width they are shown at, so a unit is about a pixel."""

LOOKS: Mapping[str, Mapping[str, str]] = {
    "bar": {"fill": "#0b5cad"},
    "faint": {"fill": "#57606a"},
    "grid": {"stroke": "#c9d3de", "stroke_width": "1"},
    "axis": {"stroke": "#57606a", "stroke_width": "1"},
    "moment": {"stroke": "#a63a00", "stroke_width": "1.5", "stroke_dasharray": "5 3"},
    "halo": {"stroke": "#ffffff", "stroke_width": "3.5"},
    "flag": {"fill": "#a63a00"},
    "flag-text": {"fill": "#ffffff", "font_weight": "600"},
    "text": {"fill": "#1c2128"},
    "soft": {"fill": "#57606a"},
}

_NARROW = re.compile(r"[iljtfr.,:;'’|!()\[\] ]")
_WIDE = re.compile(r"[mwA-Z@%—\u2e80-\uffff]")


def text_width(text: str, size: float = SIZE) -> float:
    """About how wide the text will be."""
    narrow, wide = len(_NARROW.findall(text)), len(_WIDE.findall(text))
    return size * (0.36 * narrow + 0.85 * wide + 0.6 * (len(text) - narrow - wide))


def shortened(text: str, width: float, size: float = SIZE) -> str:
    """As much of the text as fits."""
    if text_width(text, size) <= width:
        return text
    while text and text_width(f"{text}…", size) > width:
        text = text[:-1]
    return f"{text.rstrip()}…"


class Canvas:
    """A drawing of so many units. `name` must be its own on a page: the ids of title and description are made of it."""

    def __init__(self, name: str, width: float, height: float, *, title: str, alt: str) -> None:
        import drawsvg

        self._svg = drawsvg
        self.width, self.height = width, height
        self._drawing = drawsvg.Drawing(
            width, height, origin=(0, 0), class_="chart", role="img", id_prefix=f"{name}-",
            aria_labelledby=f"{name}-title", aria_describedby=f"{name}-desc", font_family="sans-serif",
        )  # fmt: skip
        self._drawing.append(drawsvg.Title(clean.visible(title), id=f"{name}-title"))
        self._drawing.append(_description(drawsvg.Title)(clean.visible(alt), id=f"{name}-desc"))

    def box(self, x: float, y: float, width: float, height: float, look: str) -> None:
        """A filled rectangle."""
        self._drawing.append(self._svg.Rectangle(_n(x), _n(y), _n(width), _n(height), **_looks(look)))

    def line(self, x1: float, y1: float, x2: float, y2: float, look: str) -> None:
        """A straight line."""
        self._drawing.append(self._svg.Line(_n(x1), _n(y1), _n(x2), _n(y2), **_looks(look)))

    def dot(self, x: float, y: float, radius: float, look: str) -> None:
        """A filled circle."""
        self._drawing.append(self._svg.Circle(_n(x), _n(y), radius, **_looks(look)))

    def text(self, x: float, y: float, text: str, look: str = "text", anchor: Anchor = "start") -> None:
        """One line of text; `y` is its base line."""
        shown = clean.visible(text)
        self._drawing.append(self._svg.Text(shown, SIZE, _n(x), _n(y), text_anchor=anchor, **_looks(look)))

    def flag(self, x: float, y: float, text: str) -> None:
        """A short text on a filled box, `x` its middle."""
        width = max(text_width(text) + 10, 20)
        self.box(x - width / 2, y, width, 20, "flag")
        self.text(x, y + 15, text, "flag-text", "middle")

    def svg(self) -> str:
        """The drawing as one SVG element, fit to stand in a page or alone."""
        return str(self._drawing.as_svg(header="", skip_js=True, skip_css=True)).replace("<defs>\n</defs>\n", "")


def _looks(look: str) -> dict[str, str]:
    return {"class_": f"c-{look}", **LOOKS[look]}


def _description(title: type) -> type:
    return type("Description", (title,), {"TAG_NAME": "desc"})


def _n(value: float) -> float:
    """Tenths of a unit are enough, and keep the file small."""
    rounded = round(value, 1)
    return int(rounded) if rounded == int(rounded) else rounded

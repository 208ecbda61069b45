"""Who was hit, and by whom: impersonated customers and sending accounts as bars, by number unless they may be named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from irtool.tell.pictures.canvas import SIZE, Canvas, shortened, text_width
from irtool.tell.pictures.picture import NARROW, WIDE, Picture, Tongue
from irtool.tell.story import Facts, rows

MOST = 15
"""More bars than this are told as one figure of all others."""

_ROW, _LABELS = 28, 260


@dataclass(frozen=True, slots=True)
class _Bar:
    label: str
    messages: int
    single: bool = True


def hit(facts: Facts, tongue: Tongue, *, named: bool) -> Picture | None:
    """The customers in whose name was sent; None if there are none."""
    return _picture("hit", "affected_customers", "customer", "customers", facts, tongue, named=named)


def accounts(facts: Facts, tongue: Tongue, *, named: bool) -> Picture | None:
    """The accounts that sent; None if there are none."""
    return _picture("accounts", "accounts", "account", "accounts", facts, tongue, named=named)


def _picture(
    name: str, key: str, word: str, counted: str, facts: Facts, tongue: Tongue, *, named: bool
) -> Picture | None:
    campaign = facts.get("campaign")
    found = [
        (str(row.get("name") or row.get("id") or ""), n)
        for row in rows(campaign.get(key) if isinstance(campaign, dict) else None)
        if isinstance(n := row.get("messages"), int) and n > 0
    ]
    if not found:
        return None
    found.sort(key=lambda row: -row[1])
    bars = [_Bar(who if named and who else tongue.say(word, n=n), count) for n, (who, count) in enumerate(found, 1)]
    if len(bars) > MOST:
        rest = bars[MOST - 1 :]
        others = tongue.say("others", n=tongue.forms.number(len(rest)))
        bars = [*bars[: MOST - 1], _Bar(others, sum(b.messages for b in rest), single=False)]
    forms = tongue.forms
    told = forms.semicolon.join(f"{b.label}{forms.colon}{forms.number(b.messages)}" for b in bars)
    title = tongue.say(f"{name}.title")
    alt = tongue.say(f"{name}.alt", **{counted: tongue.forms.number(len(found)), "rows": told})
    drawings = []
    widest = max(text_width(bar.label) for bar in bars) + 12
    for drawing, units, most in ((name, WIDE, _LABELS), (f"{name}-narrow", NARROW, 130)):
        canvas = Canvas(drawing, units, _ROW * len(bars) + 4, title=title, alt=alt)
        _draw(canvas, bars, min(widest, most), tongue)
        drawings.append(canvas.svg())
    return Picture(name, title, alt, drawings[0], drawings[1])


def _draw(canvas: Canvas, bars: Sequence[_Bar], labels: float, tongue: Tongue) -> None:
    """Of the others together only the figure: beside single bars theirs would mislead."""
    figures = max(text_width(tongue.forms.number(b.messages)) for b in bars) + 12
    room = canvas.width - labels - figures
    largest = max(b.messages for b in bars if b.single)
    for n, bar in enumerate(bars):
        y = _ROW * n + 2
        canvas.text(labels - 8, y + 12 + SIZE / 3, shortened(bar.label, labels - 10), anchor="end")
        length = max(bar.messages / largest * room, 2) if bar.single else 0
        if bar.single:
            canvas.box(labels, y + 2, length, 20, "bar")
        canvas.text(labels + length + 6, y + 12 + SIZE / 3, tongue.forms.number(bar.messages), "soft")

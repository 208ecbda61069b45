"""Messages over time as columns, with the moments of the response marked by numbered flags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from irtool.tell.pictures.canvas import SIZE, Anchor, Canvas, text_width
from irtool.tell.pictures.picture import NARROW, WIDE, Picture, Tongue, moment_of
from irtool.tell.pictures.scales import TimeScale, round_steps
from irtool.tell.story import Facts, rows

NAME = "volume"
MARKED = (
    "reported",
    "aware",
    "first_block",
    "last_domain_block",
    "last_address_block",
    "last_account_disabled",
)
_AFTER = 3
"""Moments later than so many times the span of the campaign after its end are only told in the text."""

_TOP, _BOTTOM, _HEIGHT = 46, 44, 300


@dataclass(frozen=True, slots=True)
class _Column:
    start: datetime
    end: datetime
    messages: int


def volume(facts: Facts, tongue: Tongue) -> Picture | None:
    """The picture, None if the findings do not say how many messages were sent when."""
    columns = _columns(facts)
    if not columns:
        return None
    forms, peak = tongue.forms, max(columns, key=lambda c: c.messages)
    width = forms.lasting((peak.end - peak.start).total_seconds())
    values = {
        "messages": forms.number(sum(c.messages for c in columns)),
        "width": width,
        "first": forms.moment(columns[0].start),
        "last": forms.moment(columns[-1].end),
        "peak": forms.on(peak.start),
        "most": forms.number(peak.messages),
    }
    title, alt = tongue.say(f"{NAME}.title"), tongue.say(f"{NAME}.alt", **values)
    marks = _marks(facts, columns)
    drawings = []
    for name, units in ((NAME, WIDE), (f"{NAME}-narrow", NARROW)):
        canvas = Canvas(name, units, _HEIGHT, title=title, alt=alt)
        _draw(canvas, columns, marks, tongue, axis=tongue.say(f"{NAME}.axis", width=width))
        drawings.append(canvas.svg())
    legend = tuple(f"{tongue.mark(mark)}{forms.colon}{forms.moment(at)}" for mark, at in marks.items())
    return Picture(NAME, title, alt, drawings[0], drawings[1], legend)


def _columns(facts: Facts) -> list[_Column]:
    campaign = facts.get("campaign")
    found = []
    for row in rows(campaign.get("volume") if isinstance(campaign, dict) else None):
        start, end, messages = moment_of(row.get("from")), moment_of(row.get("to")), row.get("messages")
        if start and end and start < end and isinstance(messages, int) and messages >= 0:
            found.append(_Column(start, end, messages))
    found.sort(key=lambda c: c.start)
    return found if any(c.messages for c in found) else []


def _marks(facts: Facts, columns: Sequence[_Column]) -> Mapping[str, datetime]:
    """The moments near enough to be shown, in the order of time."""
    given = facts.get("marks")
    start, end = columns[0].start, columns[-1].end
    found: dict[str, datetime] = {}
    for mark in MARKED:
        at = moment_of(given.get(mark)) if isinstance(given, dict) else None
        if at and start <= at <= end + _AFTER * (end - start):
            found[mark] = at
    return dict(sorted(found.items(), key=lambda item: item[1]))


def _draw(
    canvas: Canvas, columns: Sequence[_Column], marks: Mapping[str, datetime], tongue: Tongue, *, axis: str
) -> None:
    forms = tongue.forms
    steps = round_steps(max(c.messages for c in columns), 4)
    labels = [forms.number(n) for n in steps]
    left = max(text_width(label) for label in labels) + 10
    floor = canvas.height - _BOTTOM
    last = max([columns[-1].end, *marks.values()])
    scale = TimeScale(columns[0].start, last, left, canvas.width - 14)
    canvas.text(0, SIZE, axis, "soft")
    for n, label in zip(steps, labels, strict=True):
        y = floor - n / steps[-1] * (floor - _TOP)
        canvas.line(left, y, canvas.width, y, "grid" if n else "axis")
        canvas.text(left - 6, y + SIZE / 3, label, "soft", "end")
    for column in columns:
        x, right = scale.at(column.start), scale.at(column.end)
        height = column.messages / steps[-1] * (floor - _TOP)
        gap = 1 if right - x > 4 else 0
        if column.messages:
            canvas.box(x + gap / 2, floor - max(height, 1), right - x - gap, max(height, 1), "bar")
    draw_ticks(canvas, scale, floor, tongue)
    _flags(canvas, scale, list(marks.values()), floor)


def draw_ticks(canvas: Canvas, scale: TimeScale, floor: float, tongue: Tongue) -> None:
    """The axis of time below `floor`: hours, and under the first of each day the day."""
    day = ""
    for tick in scale.ticks(max(int((scale.right - scale.left) // 64), 2)):
        x, today = scale.at(tick), tongue.short_day(tick)
        canvas.line(x, floor, x, floor + 5, "axis")
        anchor: Anchor = "end" if x > canvas.width - 30 else "middle"
        canvas.text(x, floor + 5 + SIZE, tongue.forms.clock(tick), "soft", anchor)
        if today != day:
            canvas.text(x, floor + 22 + SIZE, today, "soft", anchor)
        day = today


def _flags(canvas: Canvas, scale: TimeScale, moments: Sequence[datetime], floor: float) -> None:
    """A numbered flag for each moment; those too near to each other share one."""
    groups: list[list[int]] = []
    for n, moment in enumerate(moments):
        if groups and scale.at(moment) - scale.at(moments[groups[-1][0]]) < 30:
            groups[-1].append(n)
        else:
            groups.append([n])
    for group in groups:
        x = scale.at(moments[group[0]])
        canvas.line(x, 40, x, floor, "halo")
        canvas.line(x, 40, x, floor, "moment")
        label = f"{group[0] + 1}" if len(group) == 1 else f"{group[0] + 1}–{group[-1] + 1}"
        half = max(text_width(label) + 10, 20) / 2
        canvas.flag(min(x, canvas.width - half), 22, label)

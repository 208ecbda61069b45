"""The milestones on one time line: a row for each, measured from the first complaint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from irtool.tell.pictures.canvas import SIZE, Canvas, shortened, text_width
from irtool.tell.pictures.picture import NARROW, WIDE, Picture, Tongue, moment_of
from irtool.tell.pictures.scales import TimeScale
from irtool.tell.pictures.volume import draw_ticks
from irtool.tell.story import Facts, rows

NAME = "timeline"
_LABELS, _TIMES = 290, 210
_BOTTOM = 44


@dataclass(frozen=True, slots=True)
class _Moment:
    """`after` says how long after the first complaint; "" for the complaint itself."""

    label: str
    at: datetime
    after: str


def timeline(facts: Facts, tongue: Tongue) -> Picture | None:
    """The picture, None if there are fewer than two milestones."""
    moments = _moments(facts, tongue)
    if len(moments) < 2 or moments[0].at == moments[-1].at:
        return None
    each = (f"{m.label}, {tongue.forms.moment(m.at)}{f' ({m.after})' if m.after else ''}" for m in moments)
    told = tongue.forms.semicolon.join(each)
    title, alt = tongue.say(f"{NAME}.title"), tongue.say(f"{NAME}.alt", moments=told)
    zero = next((m.at for m in moments if not m.after), moments[0].at)
    wide = Canvas(NAME, WIDE, 30 * len(moments) + _BOTTOM + 10, title=title, alt=alt)
    _draw_wide(wide, moments, zero, tongue)
    narrow = Canvas(f"{NAME}-narrow", NARROW, 46 * len(moments) + _BOTTOM + 10, title=title, alt=alt)
    _draw_narrow(narrow, moments, zero, tongue)
    return Picture(NAME, title, alt, wide.svg(), narrow.svg())


def _moments(facts: Facts, tongue: Tongue) -> list[_Moment]:
    found = []
    for row in rows(facts.get("intervals")):
        at, seconds = moment_of(row.get("at")), row.get("since_reported")
        if at is None or not isinstance(seconds, int):
            continue
        mark, time = str(row.get("mark")), tongue.forms.duration(abs(seconds))
        after = tongue.say("after" if seconds > 0 else "before", time=time)
        found.append(_Moment(tongue.mark(mark), at, after if seconds or mark != "reported" else ""))
    return sorted(found, key=lambda m: m.at)


def _scale(moments: Sequence[_Moment], left: float, right: float) -> TimeScale:
    first, last = moments[0].at, moments[-1].at
    edge = max((last - first) * 0.02, timedelta(seconds=1))
    return TimeScale(first - edge, last + edge, left, right)


def _draw_wide(canvas: Canvas, moments: Sequence[_Moment], zero: datetime, tongue: Tongue) -> None:
    """Names to the left, durations to the right, between them the rows."""
    labels = min(max(text_width(m.label) for m in moments) + 14, _LABELS)
    times = min(max(text_width(m.after) for m in moments) + 24, _TIMES)
    scale = _scale(moments, labels, canvas.width - times)
    floor = canvas.height - _BOTTOM
    canvas.line(scale.at(zero), 0, scale.at(zero), floor, "grid")
    for n, moment in enumerate(moments):
        y = 30 * n + 15
        canvas.text(0, y + SIZE / 3, shortened(moment.label, labels - 10))
        _row(canvas, scale, moment, zero, y)
        canvas.text(canvas.width, y + SIZE / 3, moment.after, "soft", "end")
    canvas.line(scale.left, floor, scale.right, floor, "axis")
    draw_ticks(canvas, scale, floor, tongue)


def _draw_narrow(canvas: Canvas, moments: Sequence[_Moment], zero: datetime, tongue: Tongue) -> None:
    """Names and durations over each row."""
    scale = _scale(moments, 14, canvas.width - 14)
    floor = canvas.height - _BOTTOM
    for n, moment in enumerate(moments):
        y = 46 * n
        canvas.text(0, y + SIZE, shortened(moment.label, canvas.width - text_width(moment.after) - 10))
        canvas.text(canvas.width, y + SIZE, moment.after, "soft", "end")
        _row(canvas, scale, moment, zero, y + 27)
    canvas.line(scale.left, floor, scale.right, floor, "axis")
    draw_ticks(canvas, scale, floor, tongue)


def _row(canvas: Canvas, scale: TimeScale, moment: _Moment, zero: datetime, y: float) -> None:
    """How long before or after the complaint, as a bar that ends in a dot."""
    canvas.line(scale.left, y, scale.right, y, "grid")
    start, end = sorted((scale.at(zero), scale.at(moment.at)))
    canvas.box(start, y - 3, end - start, 6, "bar" if moment.at > zero else "faint")
    canvas.dot(scale.at(moment.at), y, 6, "flag" if moment.at == zero else "bar")

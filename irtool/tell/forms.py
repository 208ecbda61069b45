"""Numbers, dates and durations in each language's own form (CLDR, through Babel)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from babel import Locale

Unit = Literal["day", "hour", "minute", "second"]

_NEVER_COARSER = 1e12
_LOCALES = {"en": "en_GB"}
_HOUR = {"it": "h "}
_DAYS = {"fr": "j", "it": "g"}
_ABOUT = {"de": "rund ", "en": "about ", "es": "alrededor de ", "fr": "environ ", "it": "circa "}
_OF = {"es": " de", "fr": " de", "it": " di"}
_AT = {"de": " um ", "en": " at ", "es": " a las ", "fr": " à ", "it": " alle ore "}
_AT_ONE = {"es": " a la "}
_ELIDED = {"it": frozenset({8, 11})}
_FIRST = {"fr": "1er", "it": "1º"}
_COLON = {"fr": "\u00a0: "}
_SEMICOLON = {"fr": "\u00a0; "}
_MILLION = 1_000_000
_BELOW_TWO = re.compile(r"^(1(?:,\d)?\s(?:million|milliard))s$")
_SOUND_OF_I = re.compile(r"\W*(?:i|í|hi(?![ae]))", re.IGNORECASE)


@dataclass(frozen=True)
class Forms:
    """How one language writes figures. Moments are datetimes or ISO 8601 text; they are written in UTC."""

    lang: str

    @cached_property
    def locale(self) -> Locale:
        """The CLDR locale; English dates are day first."""
        from babel import Locale

        return Locale.parse(_LOCALES.get(self.lang, self.lang))

    def number(self, n: int) -> str:
        """1,900,000 or 1.900.000."""
        from babel.numbers import format_decimal

        return format_decimal(n, locale=self.locale)

    def amount(self, n: int) -> str:
        """A big figure for prose: "1.9 million", "about 1.9 million", "circa 1,9 milioni di"; below that the number.

        Italian says "di", Spanish and French "de" between a round million and the noun; French is singular below two.
        """
        from babel.numbers import format_compact_decimal

        if n < _MILLION:
            return self.number(n)
        step = 100_000 if n < 1_000 * _MILLION else 100 * _MILLION
        rounded = round(n / step) * step  # first, so that "about 1 million" is singular
        text = format_compact_decimal(rounded, format_type="long", locale=self.locale, fraction_digits=1)
        if self.lang == "fr":
            text = _BELOW_TWO.sub(r"\1", text)
        about = "" if n == rounded else _ABOUT.get(self.lang, "~ ")
        return f"{about}{text}{_OF.get(self.lang, '')}"

    @property
    def colon(self) -> str:
        """What stands between a label and what it labels: in French with a no-break space before it."""
        return _COLON.get(self.lang, ": ")

    @property
    def semicolon(self) -> str:
        """What stands between the items of a long list."""
        return _SEMICOLON.get(self.lang, "; ")

    def plural(self, n: int, one: str, other: str) -> str:
        """The right one of two forms."""
        return one if self.locale.plural_form(n) == "one" else other

    def count(self, n: int, one: str, other: str) -> str:
        """The number and the right form: "1 message", "30 messages"."""
        return f"{self.number(n)} {self.plural(n, one, other)}"

    def day(self, moment: datetime | str) -> str:
        """14 April 2025."""
        from babel.dates import format_date

        date = _utc(moment).date()
        text = format_date(date, format="long", locale=self.locale)
        return text.replace("1", _FIRST.get(self.lang, "1"), 1) if date.day == 1 else text

    def moment(self, moment: datetime | str) -> str:
        """14 April 2025, 15:54 UTC; 14 aprile 2025, h 15:54 UTC."""
        return f"{self.day(moment)}, {_HOUR.get(self.lang, '')}{self.clock(moment)} UTC"

    def on(self, moment: datetime | str, word: str = "") -> str:
        """For prose: 14 April 2025 at 15:54 UTC; 14 aprile 2025 alle ore 15:54 UTC. `word` stands before it."""
        at = _AT.get(self.lang, ", ")
        if _utc(moment).hour == 1:
            at = _AT_ONE.get(self.lang, at)  # "a la 01:12": one hour is singular
        return f"{self.on_day(moment, word)}{at}{self.clock(moment)} UTC"

    def on_day(self, moment: datetime | str, word: str = "") -> str:
        """The day after a word that may be elided: "on 8 April 2025", "dall'8 aprile 2025", "il 14 aprile 2025"."""
        if not word:
            return self.day(moment)
        if _utc(moment).day not in _ELIDED.get(self.lang, ()):
            return f"{word} {self.day(moment)}"
        stem = f"{word[:-2]}{'L' if word[-2] == 'I' else 'l'}" if word[-2:].lower() == "il" else f"{word}l"
        return f"{stem}'{self.day(moment)}"

    def span(self, first: datetime | str, last: datetime | str) -> str:
        """15 April 2025, 16:10–16:31 UTC; only as much of it twice as differs."""
        if self.moment(first) == self.moment(last):
            return self.moment(first)
        if self.day(first) == self.day(last):
            return f"{self.moment(first).removesuffix(' UTC')}–{self.clock(last)} UTC"
        return f"{self.moment(first)} – {self.moment(last)}"

    def clock(self, moment: datetime | str) -> str:
        """15:54."""
        return f"{_utc(moment):%H:%M}"

    def duration(self, seconds: float) -> str:
        """40 s, 3 min 12 s, 58 min, 24 h 39 min, 2 d 19 h 57 min: days from two on, seconds below ten minutes."""
        units = {"day": _DAYS.get(self.lang, "d"), "hour": "h", "minute": "min", "second": "s"}
        text = " ".join(f"{n} {units[unit]}" for n, unit in _parts(abs(int(seconds))))
        return f"−{text}" if seconds <= -1 else text

    def lasting(self, seconds: float) -> str:
        """The same for prose: 58 minutes; 3 hours and 13 minutes."""
        from babel.dates import format_timedelta

        def said(n: int, unit: Unit) -> str:
            whole = timedelta(**{f"{unit}s": n})
            return format_timedelta(whole, granularity=unit, threshold=_NEVER_COARSER, locale=self.locale)

        return self.joined([said(n, unit) for n, unit in _parts(abs(int(seconds)))])

    def joined(self, items: Sequence[str]) -> str:
        """a, b and c. Spanish "y" is "e" before the sound of an i."""
        from babel.lists import format_list

        text = str(format_list(list(items), locale=self.locale))
        last = items[-1] if len(items) > 1 else ""
        if self.lang == "es" and _SOUND_OF_I.match(last):
            return f"{text.removesuffix(f' y {last}')} e {last}"
        return text


def _utc(moment: datetime | str) -> datetime:
    return (datetime.fromisoformat(moment) if isinstance(moment, str) else moment).astimezone(UTC)


def _parts(seconds: int) -> list[tuple[int, Unit]]:
    days, rest = divmod(seconds, 86_400) if seconds >= 2 * 86_400 else (0, seconds)
    hours, rest = divmod(rest, 3600)
    minutes, secs = divmod(rest, 60)
    parts: list[tuple[int, Unit]] = [
        (days, "day"),
        (hours, "hour"),
        (minutes, "minute"),
        (secs if seconds < 600 else 0, "second"),
    ]
    return [(n, unit) for n, unit in parts if n] or [(0, "second")]

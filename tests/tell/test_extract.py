"""Figures, dates and durations out of prose: whatever irtool writes in a language, it reads again."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from irtool.tell.extract import Duration, Moment, Number, offset, tokens
from irtool.tell.forms import Forms

LANGUAGES = ("en", "it", "de", "fr", "es")
MOMENTS = st.integers(15_000_000, 68_000_000).map(lambda minutes: datetime.fromtimestamp(minutes * 60, UTC))
"""From 1998 to 2099, to the minute."""


def one(text: str) -> Moment | Duration | Number:
    """The only token."""
    found = tokens(text)
    assert len(found) == 1, found
    return found[0]


@pytest.mark.parametrize("lang", LANGUAGES)
@given(when=MOMENTS)
def test_moments_come_back(lang: str, when: datetime) -> None:
    """In a table and in a sentence."""
    forms = Forms(lang)
    for text in (forms.moment(when), f"x {forms.on(when)}, y", f"({forms.on_day(when)} {forms.clock(when)})"):
        found = [t for t in tokens(text) if isinstance(t, Moment)]
        days, clocks = {t.day for t in found} - {None}, {t.clock for t in found} - {None}
        assert (days, clocks) == ({when.date()}, {(when.hour, when.minute)}), text
        assert not [t for t in tokens(text) if not isinstance(t, Moment)], text


@pytest.mark.parametrize("lang", LANGUAGES)
@given(n=st.integers(0, 10**9))
def test_numbers_come_back(lang: str, n: int) -> None:
    """With the separators of the language; a rounded one within its own coarseness."""
    forms = Forms(lang)
    exact, rounded = one(f"x {forms.number(n)} y"), one(f"x {forms.amount(n)} y")
    assert isinstance(exact, Number)
    assert n in exact.values
    assert isinstance(rounded, Number)
    assert any(abs(v - n) <= rounded.step for v in rounded.values), (forms.amount(n), rounded)


@pytest.mark.parametrize("lang", LANGUAGES)
@given(seconds=st.integers(1, 10**7))
def test_durations_come_back(lang: str, seconds: int) -> None:
    """To the smallest unit that is said, short and in words."""
    for text in (Forms(lang).duration(seconds), Forms(lang).lasting(seconds)):
        found = one(f"- {text}.")
        assert isinstance(found, Duration), text
        assert 0 <= seconds - found.seconds < found.unit, text


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("17 May 2014 21:59:37 +0900 (JST)", "2014-05-17T12:59:37"),
        ("2014-05-17 12:59:37", "2014-05-17T12:59:37"),
        ("2025-04-14T17:54+02:00", "2025-04-14T15:54:00"),
        ("April 14, 2025 at 15:54 UTC", "2025-04-14T15:54:00"),
        ("14/04/2025 15:54", "2025-04-14T15:54:00"),
        ("14. April 2025 um 15:54 Uhr", "2025-04-14T15:54:00"),
        ("le 14 avril 2025 à 15 h 54", "2025-04-14T15:54:00"),
        ("el 14 de abril de 2025 a las 17:54 CEST", "2025-04-14T15:54:00"),
        ("sabato 17 maggio 2014 alle ore 05:59:47", "2014-05-17T05:59:47"),
    ],
)
def test_forms_that_people_write(text: str, at: str) -> None:
    """Zones are counted in."""
    found = one(text)
    assert isinstance(found, Moment)
    assert found.at == datetime.fromisoformat(at).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "values", "noun"),
    [
        ("24 trial accounts", (24,), "accounts"),
        ("dodici clienti", (12,), "customers"),
        ("twelve impersonated customers", (12,), "customers"),
        ("180 indirizzi IP", (180,), "ips"),
        ("24 Testkonten", (24,), "accounts"),
        ("1,9 milioni di messaggi", (1_900_000,), "messages"),
        ("1.9 million spam messages", (1_900_000,), "messages"),
        ("1.234 Nachrichten", (1234, 1.234), "messages"),
        ("12 %", (12,), ""),
    ],
)
def test_what_is_counted(text: str, values: tuple[float, ...], noun: str) -> None:
    """The number, its readings and the noun."""
    found = one(text)
    assert isinstance(found, Number)
    assert (found.values, found.noun) == (values, noun)


@pytest.mark.parametrize(
    ("text", "seconds", "bound"),
    [
        ("less than two days", 172_800, "<"),
        ("meno di due giorni", 172_800, "<"),
        ("in meno di un’ora", 3_600, "<"),
        ("weniger als zwei Tage", 172_800, "<"),
        ("más de 3 horas", 10_800, ">"),
        ("58 minutes", 3_480, ""),
        ("2 d 19 h 57 min", 244_620, ""),
    ],
)
def test_durations_that_people_write(text: str, seconds: int, bound: str) -> None:
    """Also in words, with the bound that is said of them."""
    found = one(text)
    assert isinstance(found, Duration)
    assert (found.seconds, found.bound) == (seconds, bound)


@pytest.mark.parametrize(
    "text", ["three things", "one of them", "INC-2025-0001", "trial1.example", "16.4.3522.110", "x86", "", "alle ore"]
)
def test_what_is_no_figure(text: str) -> None:
    """Names and words."""
    assert tokens(text) == []


def test_days_without_a_year_and_months_without_a_day() -> None:
    """They say less, and that is told."""
    yearless, month = one("il 12 aprile"), one("in April 2025")
    assert isinstance(yearless, Moment)
    assert isinstance(month, Moment)
    assert (yearless.yearless, month.month_only, month.day) == (True, True, date(2025, 4, 1))


@pytest.mark.parametrize(("zone", "minutes"), [("+09:00", 540), ("-0330", -210), ("JST", 540), ("Z", 0), ("xyz", 0)])
def test_zones(zone: str, minutes: int) -> None:
    """Offsets and the abbreviations of mail headers."""
    assert offset(zone) == minutes


@given(st.text(max_size=400))
def test_any_text_can_be_read(text: str) -> None:
    """Nothing raises, and no character belongs to two tokens."""
    starts = [t.start for t in tokens(text)]
    assert starts == sorted(starts)

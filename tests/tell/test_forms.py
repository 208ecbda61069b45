"""Numbers, dates and durations in each language's form."""

from __future__ import annotations

import pytest

from irtool.tell.forms import Forms

DE, EN, ES, IT = Forms("de"), Forms("en"), Forms("es"), Forms("it")


def test_numbers() -> None:
    """Grouping, and round millions for prose: Italian says "di" after them."""
    assert (EN.number(1_900_000), IT.number(1_900_000)) == ("1,900,000", "1.900.000")
    assert (EN.amount(1_900_000), IT.amount(1_900_000)) == ("1.9 million", "1,9 milioni di")
    assert (EN.amount(1_894_231), IT.amount(1_894_231)) == ("about 1.9 million", "circa 1,9 milioni di")
    assert (EN.amount(40_812), IT.amount(40_812)) == ("40,812", "40.812")


@pytest.mark.parametrize(
    ("n", "expected"), [(0, "0 messaggi"), (1, "1 messaggio"), (2, "2 messaggi"), (2_000_000, "2.000.000 messaggi")]
)
def test_plurals(n: int, expected: str) -> None:
    """One and many, in the forms of the language."""
    assert IT.count(n, "messaggio", "messaggi") == expected


def test_moments() -> None:
    """Always UTC, whatever the offset it came with."""
    assert EN.moment("2025-04-15T00:54:00+09:00") == "14 April 2025, 15:54 UTC"
    assert IT.moment("2025-04-14T15:54:00Z") == "14 aprile 2025, h 15:54 UTC"
    assert EN.on("2025-04-14T15:54:00Z", "On") == "On 14 April 2025 at 15:54 UTC"
    assert IT.on("2025-04-14T15:54:00Z", "Il") == "Il 14 aprile 2025 alle ore 15:54 UTC"


@pytest.mark.parametrize(
    ("day", "word", "expected"),
    [
        ("08", "il", "l'8 aprile 2025"), ("11", "Il", "L'11 aprile 2025"),
        ("08", "dal", "dall'8 aprile 2025"),
        ("11", "al", "all'11 aprile 2025"), ("08", "fra il", "fra l'8 aprile 2025"),
        ("01", "dal", "dal 1º aprile 2025"),
        ("18", "al", "al 18 aprile 2025"),
    ],
)  # fmt: skip
def test_italian_elision(day: str, word: str, expected: str) -> None:
    """Before 8 and 11 the article is elided; the first is an ordinal."""
    assert IT.on_day(f"2025-04-{day}T10:00:00Z", word) == expected


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        ("2025-04-15T16:10:59Z", "15 April 2025, 16:10 UTC"),
        ("2025-04-15T16:33:00Z", "15 April 2025, 16:10–16:33 UTC"),
        ("2025-04-17T11:51:00Z", "15 April 2025, 16:10 UTC – 17 April 2025, 11:51 UTC"),
    ],
)
def test_spans(last: str, expected: str) -> None:
    """Only what differs is said twice."""
    assert EN.span("2025-04-15T16:10:00Z", last) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, "0 s"), (40, "40 s"), (192, "3 min 12 s"), (3480, "58 min"), (11_580, "3 h 13 min"),
        (88_740, "24 h 39 min"),
        (244_620, "2 d 19 h 57 min"), (-300, "−5 min"), (172_800, "2 d"), (0.9, "0 s"),
    ],
)  # fmt: skip
def test_durations(seconds: float, expected: str) -> None:
    """The figures of the Sophos advisory, as it writes them."""
    assert EN.duration(seconds) == expected


def test_durations_in_prose() -> None:
    """Whole words, joined as the language joins them."""
    assert EN.lasting(11_580) == "3 hours and 13 minutes"
    assert IT.lasting(244_620) == "2 giorni, 19 ore e 57 minuti"
    assert IT.duration(244_620) == "2 g 19 h 57 min"


def test_german() -> None:
    """Full stop after the day, "um" before the hour, a decimal comma."""
    assert DE.on("2025-04-14T15:54:00Z", "am") == "am 14. April 2025 um 15:54 UTC"
    assert DE.moment("2025-04-14T15:54:00Z") == "14. April 2025, 15:54 UTC"
    assert (DE.amount(1_900_000), DE.amount(1_894_231)) == ("1,9 Millionen", "rund 1,9 Millionen")
    assert DE.lasting(244_620) == "2 Tage, 19 Stunden und 57 Minuten"
    assert DE.joined(["a", "b", "c"]) == "a, b und c"


def test_spanish() -> None:
    """“de” in dates and after millions; one hour is singular."""
    assert ES.on("2025-04-14T15:54:00Z", "el") == "el 14 de abril de 2025 a las 15:54 UTC"
    assert ES.on("2025-04-14T01:12:00Z") == "14 de abril de 2025 a la 01:12 UTC"
    assert (ES.amount(1_900_000), ES.amount(1_894_231)) == ("1,9 millones de", "alrededor de 1,9 millones de")
    assert ES.lasting(244_620) == "2 días, 19 horas y 57 minutos"


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        ("b", "a y b"), ("Iberia", "a e Iberia"), ("«info@x.example»", "a e «info@x.example»"), ("hijos", "a e hijos"),
        ("hielo", "a y hielo"), ("12 IP", "a y 12 IP"), ("ítem", "a e ítem"),
    ],
)  # fmt: skip
def test_spanish_and(last: str, expected: str) -> None:
    """“y” is “e” before the sound of an i."""
    assert ES.joined(["a", last]) == expected
    assert ES.joined([last]) == last

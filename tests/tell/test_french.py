"""French: its figures and dates, its typography, and what people write in it, held against the events."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from irtool.errors import FaultsError
from irtool.records import Event, Json
from irtool.shipped import folder
from irtool.tell.extract import Duration, Moment, Number, tokens
from irtool.tell.filters import filters
from irtool.tell.forms import Forms
from irtool.tell.lexicon import TOPICS
from irtool.tell.linter import lint
from irtool.tell.report import report
from irtool.tell.story import story
from irtool.tell.wording import LANGUAGES
from irtool.tell.wording.boxes import BOXES
from irtool.tell.wording.pictures import PICTURES

from . import seeds
from .conftest import at

FR = Forms("fr")
SPACED = re.compile(r"[^\s\u00a0\u202f(]([:;!?»])(?=\s|$)| [:;!?»]|« |«(?!\u00a0)")
"""A mark without its no-break space, or with one where a line may break."""


def texts() -> Mapping[str, str]:
    """All that is written in French, by where it stands; templates without what they compute."""
    words = LANGUAGES["fr"]
    found = {**words.events, **words.words, **words.gaps, **BOXES["fr"], **PICTURES["fr"]}
    for verb, phrase in words.phrases.items():
        found |= {f"{verb} {n}": text for n, text in enumerate((phrase.do, *phrase.done, *phrase.undone))}
    for path in folder("templates").glob("*/fr/*.j2"):
        text = re.sub(r"\{[%#].*?[%#]\}|^Subject:", "", path.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
        found[f"{path.parent.parent.name}/{path.name}"] = re.sub(r"\{\{.*?\}\}|`[^`\n]*`", "x", text)
    return found


@pytest.mark.parametrize("where", sorted(texts()))
def test_typography(where: str) -> None:
    """No line breaks before a mark or inside « », and apostrophes are curved."""
    text = texts()[where]
    assert not SPACED.search(text), SPACED.search(text)
    assert "'" not in text


@pytest.mark.parametrize(
    ("n", "said"),
    [
        (999_999, "999\u202f999"),
        (1_000_000, "1 million de"),
        (1_040_000, "environ 1 million de"),
        (1_900_000, "1,9 million de"),
        (1_894_231, "environ 1,9 million de"),
        (2_000_000, "2 millions de"),
        (1_000_000_000, "1 milliard de"),
        (2_500_000_000, "2,5 milliards de"),
    ],
)
def test_amounts(n: int, said: str) -> None:
    """Singular below two."""
    assert FR.amount(n) == said


@pytest.mark.parametrize("n", [0, 1, 2])
def test_none_is_singular(n: int) -> None:
    """0 message, 1 message, 2 messages."""
    assert FR.count(n, "message", "messages") == f"{n} message{'s' if n == 2 else ''}"


def test_dates_and_durations() -> None:
    """The first of a month is an ordinal, and nothing is elided before 8 and 11."""
    assert FR.on("2025-04-01T15:54:00Z", "Le") == "Le 1er avril 2025 à 15:54 UTC"
    assert FR.on_day("2025-04-11T15:54:00Z", "entre le") == "entre le 11 avril 2025"
    assert FR.day("2025-04-21T15:54:00Z") == "21 avril 2025"
    assert FR.duration(244_620) == "2 j 19 h 57 min"
    assert FR.lasting(244_620) == "2\u00a0jours, 19\u00a0heures et 57\u00a0minutes".replace("57\u00a0", "57 ")
    assert (FR.colon, FR.semicolon) == ("\u00a0: ", "\u00a0; ")


def test_quotation_marks() -> None:
    """« … » with no-break spaces inside."""
    quoted: Any = filters("fr")["quoted"]
    assert quoted(["a@x.example", "b"]) == "«\u00a0a[@]x[.]example\u00a0» et «\u00a0b\u00a0»"


@pytest.mark.parametrize(
    ("text", "seconds", "bound"),
    [
        ("moins de deux jours", 172_800, "<"),
        ("en moins d’une heure", 3_600, "<"),
        ("plus d'une heure", 3_600, ">"),
        ("environ 3 heures", 10_800, "~"),
        ("2 j 19 h 57 min", 244_620, ""),
        ("19\u00a0heures et 57\u00a0minutes", 71_820, ""),
    ],
)
def test_durations_that_people_write(text: str, seconds: int, bound: str) -> None:
    """Elided too."""
    (found,) = tokens(text)
    assert isinstance(found, Duration)
    assert (found.seconds, found.bound) == (seconds, bound)


@pytest.mark.parametrize(
    ("text", "value", "noun"),
    [
        ("12 d’entre eux", 12, ""),
        ("douze clients", 12, "customers"),
        ("24 comptes d’essai", 24, "accounts"),
        ("89 IP d’envoi bloquées", 89, "ips"),
        ("36 adresses d’expéditeur", 36, "addresses"),
        ("1\u202f900\u202f000 messages", 1_900_000, "messages"),
        ("environ 1,9 million de courriels", 1_900_000, "messages"),
        ("7 signalements", 7, "complaints"),
        ("11 avis envoyés", 11, "notices"),
        ("3 domaines de destination", 3, "domains"),
    ],
)
def test_what_is_counted(text: str, value: float, noun: str) -> None:
    """ "12 d’entre eux" are no twelve days."""
    (found,) = tokens(text)
    assert isinstance(found, Number)
    assert value in found.values
    assert found.noun == noun


@pytest.mark.parametrize("text", ["1er avril 2025 à 15:54 UTC", "1er avril 2025, 15 h 54", "1 avril 2025 vers 15:54"])
def test_moments_that_people_write(text: str) -> None:
    """With the ordinal, and with the hour as French writes it."""
    (found,) = tokens(text)
    assert isinstance(found, Moment)
    assert f"{found.at:%Y-%m-%dT%H:%M}" == "2025-04-01T15:54"


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("Le premier compte d’essai a été ouvert le 2 avril 2025.", "account_created"),
        ("La création du compte date du 2 avril 2025.", "account_created"),
        ("L’envoi de spam a débuté le 13 avril 2025.", "campaign_start"),
        ("La campagne a démarré le 13 avril 2025.", "campaign_start"),
        ("Les comptes ont été désactivés le 17 avril 2025.", "last_account_disabled"),
        ("Le blocage des adresses a eu lieu le 15 avril 2025.", "last_address_block"),
        ("Le domaine de destination a été bloqué le 14 avril 2025.", "last_domain_block"),
        ("La règle de relais a été corrigée le 15 avril 2025.", "policy"),
        ("Les clients concernés ont été prévenus le 17 avril 2025.", "customers_told"),
        ("L’équipe prend connaissance du signalement le 14 avril 2025.", "aware"),
    ],
)
def test_topics(text: str, topic: str) -> None:
    """The linter knows what the sentence is about."""
    assert TOPICS[topic].search(text)


def test_a_wrong_date_in_a_french_note_is_found(tmp_path: Path) -> None:
    """The accounts were disabled on the 17th; the right day is left alone."""
    events = seeds.sophos(tmp_path).events()
    last = events[-1]
    found = []
    for day in (16, 17):
        values = {n: getattr(last, n) for n in last.__slots__}
        values |= {
            "kind": "note.added",
            "seq": last.seq + 1,
            "occurred_at": at("20 10:00"),
            "recorded_at": at("20 10:01"),
        }
        values["data"] = {"text": f"Les comptes d’essai ont été désactivés le {day} avril 2025."}
        facts = story([*events, Event(**values)])
        found.append([f.name for f in lint(facts) if "last_account_disabled" in f.name])
    assert [len(names) for names in found] == [1, 0]


def test_a_wrong_figure_in_a_french_part_is_found(
    sophos: list[Event], script: Any, templates: Sequence[Path], org: Mapping[str, Json]
) -> None:
    """13 customers; what the facts say passes, also in words."""
    script.events = sophos
    written = {"templates": templates, "org": org, "lang": "fr"}
    script.add("report.part", at("20 10:00"), {"part": "impact", "lang": "fr", "text": "Douze clients, 24 comptes."})
    assert "Douze clients" in report(script.events, **written)
    script.add("report.part", at("20 10:01"), {"part": "impact", "lang": "fr", "text": "Treize clients."})
    with pytest.raises(FaultsError, match="Treize"):
        report(script.events, **written)

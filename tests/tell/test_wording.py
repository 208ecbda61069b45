"""All languages have all words."""

from __future__ import annotations

import re
import string
from datetime import UTC, datetime

import pytest

from irtool.history import KINDS
from irtool.records import AccountFinding, Counted, Findings
from irtool.tell.wording import LANGUAGES, base, wording
from irtool.triage import answer, build
from irtool.triage.seeds import Seeds
from irtool.verbs import CATALOGUE


def holes(text: str) -> set[str]:
    """The `{names}` in a pattern."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("lang", sorted(LANGUAGES))
def test_complete(lang: str) -> None:
    """Every kind of event, every verb that changes or tells, the same keys and holes as English."""
    words, english = LANGUAGES[lang], LANGUAGES["en"]
    second = {"run.resumed", "approval.given.some", "approval.refused.some", "approval.revoked.no"}
    assert set(words.events) == {*KINDS, *second}
    assert {k: holes(v) for k, v in words.events.items()} == {k: holes(v) for k, v in english.events.items()}
    assert {k: holes(v) for k, v in words.words.items()} == {k: holes(v) for k, v in english.words.items()}
    assert {name for name, verb in CATALOGUE.items() if verb.kind != "look"} <= set(words.phrases)
    assert set(words.phrases) == set(english.phrases)
    for phrase in words.phrases.values():
        assert holes(phrase.do) == {"target"}
        assert all(holes(p) == {"n"} for p in (*phrase.done, *phrase.undone))


def test_unknown_verb_is_named() -> None:
    """A verb of somebody's own manifest has no phrase, but a name."""
    assert wording("it").phrase("door.lock").do.format(target="x") == "door.lock x"


@pytest.mark.parametrize(
    ("locale", "lang"),
    [
        ("it_IT", "it"),
        ("IT", "it"),
        ("it-CH", "it"),
        ("de-AT", "de"),
        ("es_MX", "es"),
        ("tlh", "en"),
        ("", "en"),
        ("../x", "en"),
    ],
)
def test_base(locale: str, lang: str) -> None:
    """Locales in any spelling; unknown ones are English, and never a path."""
    assert base(locale) == lang


def sentences() -> list[str]:
    """Every sentence that triage can say about what it could not answer."""
    told = [*answer._LOST.values(), answer._NO_ACCOUNT, answer._NO_LOG, answer._NO_DIRECTORY, answer._NO_DOMAINS]
    searched = Seeds(since=datetime(2025, 4, 11, tzinfo=UTC))
    told += [*answer._outcome(None, 7, searched), *answer._outcome(None, 0, searched)]
    others = "28 messages of 18 other accounts"
    told.append(f"Left out: {others} show the same pattern, but too little connects them with the complaint.")
    many = tuple(Counted(str(n)) for n in range(build.MOST + 1))
    accounts = tuple(AccountFinding(str(n)) for n in range(build.MOST + 1))
    lists = ("source_ips", "sender_addresses", "spoofed_addresses", "destination_domains")
    full = Findings(accounts=accounts, **dict.fromkeys(lists, many))
    return [*told, *build.shortened(full).unanswered]


@pytest.mark.parametrize("lang", sorted(set(LANGUAGES) - {"en"}))
@pytest.mark.parametrize("sentence", sentences())
def test_every_gap_is_said_in_every_language_with_its_figures(sentence: str, lang: str) -> None:
    """No English sentence in a report of another language, and no figure lost on the way."""
    said = wording(lang).gap(sentence)
    assert said != sentence
    assert re.findall(r"\d+", said) == re.findall(r"\d+", sentence)
    assert wording("en").gap(sentence) == sentence


@pytest.mark.parametrize("lang", sorted(LANGUAGES))
def test_a_gap_nobody_knows_stays_as_it_is(lang: str) -> None:
    """Better English than nothing."""
    assert wording(lang).gap("Something new.") == "Something new."


@pytest.mark.parametrize("lang", sorted(LANGUAGES))
def test_the_account_gaps_are_told_apart(lang: str) -> None:
    """One says that nothing is known, the other where the accounts are taken from."""
    said = [wording(lang).gap(sentence) for sentence in (answer._LOST["account"], answer._NO_ACCOUNT)]
    assert said[0] != said[1]

"""All languages have all words."""

from __future__ import annotations

import string

import pytest

from irtool.history import KINDS
from irtool.tell.wording import LANGUAGES, base, wording
from irtool.verbs import CATALOGUE


def holes(text: str) -> set[str]:
    """The `{names}` in a pattern."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("lang", sorted(LANGUAGES))
def test_complete(lang: str) -> None:
    """Every kind of event, every verb that changes or tells, the same keys and holes as English."""
    words, english = LANGUAGES[lang], LANGUAGES["en"]
    assert set(words.events) == {*KINDS, "run.resumed"}
    assert {k: holes(v) for k, v in words.events.items()} == {k: holes(v) for k, v in english.events.items()}
    assert {k: holes(v) for k, v in words.words.items()} == {k: holes(v) for k, v in english.words.items()}
    assert {name for name, verb in CATALOGUE.items() if verb.kind != "look"} <= set(words.phrases)
    for phrase in words.phrases.values():
        assert holes(phrase.do) == {"target"}
        assert all(holes(p) == {"n"} for p in (*phrase.done, *phrase.undone))


def test_unknown_verb_is_named() -> None:
    """A verb of somebody's own manifest has no phrase, but a name."""
    assert wording("it").phrase("door.lock").do.format(target="x") == "door.lock x"


@pytest.mark.parametrize(
    ("locale", "lang"), [("it_IT", "it"), ("IT", "it"), ("it-CH", "it"), ("de", "en"), ("", "en"), ("../x", "en")]
)
def test_base(locale: str, lang: str) -> None:
    """Locales in any spelling; unknown ones are English, and never a path."""
    assert base(locale) == lang

"""What triage says in sentences is said in every language: the modules are read, so no sentence can be forgotten."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from irtool import triage
from irtool.tell.wording import LANGUAGES

OTHERS = sorted(set(LANGUAGES) - {"en"})
SAID_ELSEWHERE = {"_NO_LOG in alone.py"}
"""Reasons of single accounts, which only the terminal and JSON show."""


def sentences() -> Iterator[tuple[str, str]]:
    """Where and what: every whole sentence that a module of the room holds as a constant, alone or in a mapping."""
    for path in sorted(Path(triage.__file__).parent.glob("*.py")):
        for node in ast.parse(path.read_text()).body:
            if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Name):
                continue
            values = node.value.values if isinstance(node.value, ast.Dict) else [node.value]
            for value in values:
                text = value.value if isinstance(value, ast.Constant) else None
                if isinstance(text, str) and text[:1].isupper() and text.endswith("."):
                    yield f"{node.targets[0].id} in {path.name}", text


def test_the_sentences_are_found() -> None:
    """The search finds those it has to find."""
    places = [place for place, _ in sentences()]
    assert len(places) >= 15
    assert {"_LOST in answer.py", "_NO_SENDER in replay.py", "_NO_LOG in answer.py"} <= set(places)
    assert set(places) >= SAID_ELSEWHERE


@pytest.mark.parametrize("lang", OTHERS)
@pytest.mark.parametrize("sentence", [text for place, text in sentences() if place not in SAID_ELSEWHERE])
def test_every_sentence_has_its_translation(sentence: str, lang: str) -> None:
    assert LANGUAGES[lang].gap(sentence) != sentence


@pytest.mark.parametrize("lang", OTHERS)
def test_no_two_sentences_are_translated_alike(lang: str) -> None:
    """A pattern that is too wide would swallow the sentence of another."""
    told = {text for place, text in sentences() if place not in SAID_ELSEWHERE}
    assert len({LANGUAGES[lang].gap(sentence) for sentence in told}) == len(told)

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from irtool.language.holes import Hole, UnclosedError, bare, split


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", [""]),
        ("plain { } }} {% x %}", ["plain { } }} {% x %}"]),
        ("${{ a }}", [Hole("a")]),
        ("x ${{a}} y ${{ b }}", ["x ", Hole("a"), " y ", Hole("b")]),
        ('${{ {"a": {"b": 1}} }}', [Hole('{"a": {"b": 1}}')]),
        ("${{ '}}' }}!", [Hole("'}}'"), "!"]),
        (r"${{ '\'}}' }}", [Hole(r"'\'}}'")]),
        ("${{ a }}}}", [Hole("a"), "}}"]),
        ("${{ a[b[0]] }}", [Hole("a[b[0]]")]),
    ],
)
def test_split(text: str, parts: list[object]) -> None:
    assert split(text) == parts


@pytest.mark.parametrize("text", ["${{", "a ${{ b", "${{ 'x }}", "${{ (a }}"])
def test_an_unclosed_hole(text: str) -> None:
    with pytest.raises(UnclosedError, match="has no }}"):
        split(text)


def test_bare_braces_are_found_outside_of_holes_only() -> None:
    assert bare("Hello {{ item.name }}!") == "{{ item.name }}"
    assert bare("Hello ${{ item.name }}!") == ""
    assert bare("${{ '{{ x }}' }}") == ""
    assert bare("{{" * 400_000) == ""


@given(st.text(alphabet="${}'\"([a ", max_size=40))
def test_nothing_but_unclosed_is_ever_raised(text: str) -> None:
    try:
        parts = split(text)
    except UnclosedError:
        return
    assert "".join(p for p in parts if isinstance(p, str)) == text or any(isinstance(p, Hole) for p in parts)

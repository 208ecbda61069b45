from __future__ import annotations

from typing import Annotated, Literal

import pydantic
import pytest

from irtool.language.models import Strict, show, validate
from irtool.language.yamlfile import read


class Inner(Strict):
    name: str
    count: int = 0
    mode: Literal["fast", "slow"] = "fast"
    with_: dict[str, str] = pydantic.Field(default_factory=dict, alias="with")


def _even(value: int) -> int:
    if value % 2:
        raise ValueError("must be even")
    return value


class Outer(Strict):
    rows: tuple[Inner, ...] = ()
    named: dict[str, Inner] = pydantic.Field(default_factory=dict)
    maybe: Inner | None = None
    flag: bool = False
    ratio: float = 0.0
    pair: Annotated[int, pydantic.AfterValidator(_even)] = 0


def faults(text: str) -> list[str]:
    model, found = validate(Outer, read(text, "f"))
    assert model is None
    return found


def test_a_good_document_becomes_a_frozen_model() -> None:
    model, found = validate(Outer, read("rows: [{name: a, with: {x: y}}]\nratio: 1\n", "f"))
    assert found == []
    assert model is not None
    assert model.rows[0].with_ == {"x": "y"}
    assert model.ratio == 1.0
    with pytest.raises(pydantic.ValidationError):
        model.flag = True


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("rowz: []", ['f:1:1  unknown key "rowz". Did you mean "rows"?']),
        ("rows:\n- name: a\n  cuont: 1", ['f:3:3  unknown key "cuont". Did you mean "count"?']),
        ("rows:\n- name: a\n  whith: {}", ['f:3:3  unknown key "whith". Did you mean "with"?']),
        ("named: {k: {nam: a}}", ['f:1:9  "name" is missing', 'f:1:13  unknown key "nam". Did you mean "name"?']),
        ("maybe: {name: a, counts: 1}", ['f:1:18  unknown key "counts". Did you mean "count"?']),
        ("rows: [{name: a, count: '1'}]", ['f:1:18  "count" must be a whole number, not "1"']),
        ("rows: [{name: 1}]", ['f:1:9  "name" must be text, not 1']),
        ("rows: [7]", ['f:1:8  item 1 of "rows" must be a mapping of keys to values, not 7']),
        ("rows: {}", ['f:1:1  "rows" must be a list, not a mapping']),
        ("flag: yes", ['f:1:1  "flag" must be true or false, not "yes"']),
        ("ratio: '1'", ['f:1:1  "ratio" must be a number, not "1"']),
        ("pair: 3", ['f:1:1  "pair" must be even']),
        ("- 1", ["f:1:1  the file must be a mapping of keys to values, not a list"]),
        (
            "maybe: {name: a, mode: fats}",
            ['f:1:18  "mode" must be one of fast, slow, not "fats". Did you mean "fast"?'],
        ),
    ],
)
def test_faults_have_place_words_and_suggestion(text: str, expected: list[str]) -> None:
    assert sorted(faults(text)) == sorted(expected)


def test_all_faults_at_once() -> None:
    assert len(faults("rows: [{name: 1, count: x}, {}]\nflag: 3\nfoo: 1\n")) == 5


def test_a_part_of_a_document() -> None:
    model, found = validate(Inner, read("a:\n  b:\n  - nome: x\n", "f"), ("a", "b", 0))
    assert model is None
    assert sorted(found) == ['f:3:5  "name" is missing', 'f:3:5  unknown key "nome". Did you mean "name"?']


def test_show_is_short() -> None:
    assert show({"a": 1}) == "a mapping"
    assert show(None) == "nothing"
    assert len(show("x" * 500)) == 60

from __future__ import annotations

import re

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from irtool.errors import FaultsError
from irtool.language.yamlfile import MAX_CHARACTERS, Place, read, suggest


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("true", True),
        ("false", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("7", 7),
        ("-7", -7),
        ("0.8", 0.8),
        ("0", 0),
        ("yes", "yes"),
        ("on", "on"),
        ("NO", "NO"),
        ("True", "True"),
        ("0123", "0123"),
        ("0x1F", "0x1F"),
        ("1e5", "1e5"),
        ("1_000", "1_000"),
        ("24:00", "24:00"),
        ("2025-04-14", "2025-04-14"),
        ("2025-04-14T15:54:00Z", "2025-04-14T15:54:00Z"),
        (".inf", ".inf"),
        ("192.0.2.1", "192.0.2.1"),
        ("9" * 19, "9" * 19),
        ('"7"', "7"),
        ("'true'", "true"),
        ("=", "="),
    ],
)
def test_only_plain_json_scalars_are_not_text(written: str, value: object) -> None:
    data = read(f"key: {written}\n", "f.yaml").data
    assert data == {"key": value}
    assert type(data["key"]) is type(value)


def test_keys_are_always_text() -> None:
    assert read("on: 1\n5: 2\ntrue: 3\n", "f.yaml").data == {"on": 1, "5": 2, "true": 3}


def test_places_of_keys_items_and_document() -> None:
    doc = read("# hello\na: 1\nsteps:\n  - id: x\n    with: {b: [1, 2]}\n  - y\n", "f.yaml")
    assert doc.places[()] == Place(2, 1)
    assert doc.places[("steps",)] == Place(3, 1)
    assert doc.places[("steps", 0)] == Place(4, 5)
    assert doc.places[("steps", 0, "id")] == Place(4, 5)
    assert doc.places[("steps", 0, "with")] == Place(5, 5)
    assert doc.places[("steps", 0, "with", "b")] == Place(5, 12)
    assert doc.places[("steps", 0, "with", "b", 1)] == Place(5, 19)
    assert doc.places[("steps", 1)] == Place(6, 5)
    assert doc.where(("steps", 0, "with", "b")) == "f.yaml:5:12"
    assert doc.where(("steps", 0, "with", "absent", "deeper")) == "f.yaml:5:5"
    assert doc.where(("absent",)) == "f.yaml:2:1"


def test_columns_count_characters_not_bytes() -> None:
    assert read('{"però": 1, b: 2}', "f").places[("b",)] == Place(1, 13)


BROKEN = {
    "a: 1\nb:\n  c: 1\n  c: 2\na: 3\n": [
        'f:4:3  the key "c" is repeated (first at line 3)',
        'f:5:1  the key "a" is repeated (first at line 1)',
    ],
    "a: &x 1\nb: *x\n": [
        "f:1:4  anchors (&x) are not allowed",
        "f:2:4  aliases (*x) are not allowed; write the value out",
    ],
    "a: !!python/object/apply:os.system [id]\n": ["f:1:4  tags (!!python/object/apply:os.system) are not allowed"],
    "a: !custom x\n": ["f:1:4  tags (!custom) are not allowed"],
    "<<: {a: 1}\n": ["f:1:1  merge keys (<<) are not allowed; write the values out"],
    "a: 1\n---\nb: 2\n": ["f:2:1  a second document begins here; one file holds one"],
    "a: {{ x }}\n": ['f:1:5  a key has to be a word here; a value like ${{ … }} needs quotes: "${{ … }}"'],
    "w: {a: ${{ inputs.x }}}\n": [
        (
            "f:1:9  did not find expected ',' or '}', while parsing a flow mapping"
            '; inside { } a text with ${{ … }} needs quotes: "${{ … }}"'
        )
    ],
    "a:\n\tb: 1\n": [
        (
            "f:2:1  found character that cannot start any token, while scanning for the next token"
            "; indent with spaces, not tabs"
        )
    ],
    'when: "trial" == item.plan\n': [
        (
            "f:1:15  did not find expected key, while parsing a block mapping"
            "; a value that begins with a quote must be inside quotes as a whole"
        )
    ],
    "a: x\x1by\n": ["f:1:5  the character U+001B is not allowed here"],
    "a: \ud800\n": ["f:1:4  the character U+D800 is not allowed here"],
    "[" * 60 + "]" * 60: ["f:1:51  nested deeper than 50 levels"],
    "a" * (MAX_CHARACTERS + 1): ["f:1:1  the file is larger than 1 MB"],
}


@pytest.mark.parametrize(("text", "faults"), BROKEN.items(), ids=[b[:20] for b in BROKEN])
def test_broken_yaml_says_where_and_what(text: str, faults: list[str]) -> None:
    with pytest.raises(FaultsError) as error:
        read(text, "f")
    assert list(error.value.faults) == faults
    assert error.value.exit_code == 2


def test_faults_before_a_syntax_error_are_told_too() -> None:
    with pytest.raises(FaultsError) as error:
        read("a: 1\na: 2\nb: [\n", "f")
    assert [f.split("  ")[0] for f in error.value.faults] == ["f:2:1", "f:4:1"]


def test_a_nesting_bomb_ends_quickly() -> None:
    with pytest.raises(FaultsError):
        read("[" * 900_000, "f")


def test_suggestions() -> None:
    assert suggest("tymeout", ["timeout", "retries"]) == ' Did you mean "timeout"?'
    assert suggest("Domain.Block", ["domain.block"]) == ' Did you mean "domain.block"?'
    assert suggest("zzz", ["timeout"]) == ""
    assert suggest("x", []) == ""


@given(st.text(alphabet=st.sampled_from("ab:-{}[]\"'#&*!|>%@`,? \n\t$~<0.1é"), max_size=80) | st.text(max_size=60))
def test_any_text_is_read_or_is_faulty_with_places(text: str) -> None:
    """No text makes it crash, and every fault begins with a place that is in the file."""
    rows = len(re.split("\r\n|[\n\r\x85\u2028\u2029]", text))
    faults: tuple[str, ...] = ()
    try:
        places = read(text, "f.yaml").places.values()
    except FaultsError as error:
        faults = error.faults
        assert faults
    else:
        assert all(1 <= p.line <= rows and p.column >= 1 for p in places)
    for fault in faults:
        found = re.match(r"f\.yaml:(\d+):(\d+)  .", fault, re.DOTALL)
        assert found
        assert 1 <= int(found[1]) <= rows + 1
        assert int(found[2]) >= 1


_KEYS = st.text(alphabet="abcxyz_-", min_size=1, max_size=8)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**15), 10**15) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEYS, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(_KEYS, _VALUES, min_size=1, max_size=5), st.sampled_from([True, False, None]))
def test_round_trip_and_every_place_points_at_its_key(data: dict[str, object], flow: bool | None) -> None:
    """What a YAML writer wrote is read back equal, and each place is where the key stands in the text."""
    text = yaml.safe_dump(data, default_flow_style=flow, allow_unicode=False, width=10_000)
    doc = read(text, "f")
    assert doc.data == data
    rows = text.split("\n")
    for path, place in doc.places.items():
        if path and isinstance(path[-1], str):
            at = rows[place.line - 1][place.column - 1 :]
            assert at.lstrip("'\"? ").startswith(path[-1])

from __future__ import annotations

from collections.abc import Callable

import pytest

from irtool.errors import UsageError
from irtool.playbook import inputs
from irtool.records import Playbook

Loaded = Callable[[str], Playbook]


@pytest.fixture
def playbook(loaded: Loaded) -> Playbook:
    return loaded(
        "playbook: p\ntitle: T\ninputs:\n  other: {type: file, required: false}\n  complaint: {type: file}\n"
        "  since: {type: duration, default: 72h}\n  n: {type: number, default: 5}\n"
        "  dry: {type: flag, default: false}\n  who: {type: text, required: false}\n"
        "steps:\n- {id: a, title: T, uses: note.add, with: {text: x}}\n"
    )


def test_defaults_and_one_complaint(playbook: Playbook) -> None:
    assert inputs(playbook, {}, ["a.eml"]) == {
        "other": None,
        "complaint": "a.eml",
        "since": "72h",
        "n": 5,
        "dry": False,
        "who": None,
    }


def test_values_get_their_type(playbook: Playbook) -> None:
    given = {"since": "30d", "n": "2.5", "dry": "yes", "who": "5", "other": "b"}
    values = inputs(playbook, given, ["a.eml", "-"])
    assert values == {
        "other": "b", "complaint": ["a.eml", "-"], "since": "30d", "n": 2.5, "dry": True, "who": "5",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("given", "complaints", "what"),
    [
        ({}, [], r"the playbook p also needs: complaint \(file\)"),
        ({"sinse": "1h"}, ["a"], r'no input "sinse"; it has other, complaint, .*Did you mean "since"\?'),
        ({"since": "30x"}, ["a"], r'--input since=30x: since is wrong: "30x" is not a duration like'),
        ({"n": "many"}, ["a"], r'--input n=many: n must be a number, not "many"'),
        ({"dry": "maybe"}, ["a"], r'--input dry=maybe: dry must be true or false, not "maybe"'),
        ({"complaint": "b"}, ["a"], r'the input "complaint" is given twice'),
    ],
)
def test_what_is_wrong_is_said(playbook: Playbook, given: dict[str, str], complaints: list[str], what: str) -> None:
    with pytest.raises(UsageError, match=what):
        inputs(playbook, given, complaints)


def test_what_is_missing_is_shown_as_a_command(loaded: Loaded) -> None:
    playbook = loaded(
        "playbook: p\ntitle: T\ninputs: {who: {type: text}, c: {type: file}}\nsteps:\n"
        "- {id: a, title: T, uses: note.add, with: {text: x}}\n"
    )
    with pytest.raises(UsageError, match=r"needs: who \(text\), c \(file\)") as error:
        inputs(playbook, {}, [])
    assert error.value.hint == "irtool plan p COMPLAINT --input who=VALUE"


def test_a_complaint_for_a_playbook_that_reads_none(loaded: Loaded) -> None:
    playbook = loaded("playbook: p\ntitle: T\nsteps:\n- {id: a, title: T, uses: note.add, with: {text: x}}\n")
    assert inputs(playbook, {}, []) == {}
    with pytest.raises(UsageError, match=r'the playbook p reads no file; "a\.eml" has no place in it'):
        inputs(playbook, {}, ["a.eml"])

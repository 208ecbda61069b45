"""Messages stay within Slack's limits, whatever is put into them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from irtool.chat.blocks import Ref, modal, said, sections
from irtool.chat.words import foreign, mention
from irtool.errors import UsageError


@given(st.lists(st.integers(0, 4000), max_size=80), st.booleans())
def test_sections_keep_to_the_limits_and_count_what_is_left(sizes: list[int], code: bool) -> None:
    lines = ["x" * n for n in sizes]
    blocks, left = sections(lines, code=code)
    texts = [b["text"]["text"] for b in blocks]
    assert len(blocks) <= 50
    assert all(len(t) <= 3000 for t in texts)
    assert sum(map(len, texts)) <= 13_000
    shown = sum(len(t.strip("`").split("\n")) for t in texts)
    assert shown + left == len(lines)


def test_a_long_answer_and_a_long_view() -> None:
    assert len(said(*["y" * 200] * 500).text) <= 3000
    view = modal("INC-2026-0001 and a title that is too long", ["line"] * 5000)
    assert len(view["title"]["text"]) <= 24
    assert view["blocks"][-1]["text"]["text"] == "… and 2,700 more lines"


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=20))
def test_a_button_says_again_what_it_was_made_for(step: str, digest: str, stamp: str) -> None:
    ref = Ref("INC-2026-0001", step, digest, stamp)
    assert Ref.of(ref.value()) == ref


@pytest.mark.parametrize("value", ["", "{}", "[1,2,3,4]", '["a"]', "nonsense", "[" * 5000])
def test_a_strange_button_is_refused(value: str) -> None:
    with pytest.raises(UsageError, match="this button"):
        Ref.of(value)


@given(st.text())
def test_foreign_text_has_no_markup_of_slacks(text: str) -> None:
    shown = foreign(text)
    assert not set("<>\n\r") & set(shown)


def test_foreign_text_is_defanged_and_file_names_are_not() -> None:
    assert foreign("see http://evil.example/x in irtool.yaml") == "see hxxp://evil[.]example/x in irtool.yaml"


def test_only_slack_ids_are_mentioned() -> None:
    assert mention("U0ALICE") == "<@U0ALICE>"
    assert [mention(x) for x in ("", "!channel", "U1> <!here", "alice", "U0ALICE\n")] == [""] * 5

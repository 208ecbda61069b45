"""The functions of manifests, above all those that edit other people's lists."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from irtool.connectors.helpers import entry_of, first_address, has_line, lines_with, lines_without, pick, safe_entry
from irtool.errors import Rejected

ENTRY = st.from_regex(r"[a-z0-9][a-z0-9.:@-]{0,20}", fullmatch=True)
LINE = st.one_of(
    ENTRY, st.just(""), st.text(st.characters(exclude_characters="\n\ufffd"), max_size=30), ENTRY.map("# {}".format)
)
FILE = st.lists(LINE).map("\n".join)


@given(FILE, ENTRY)
def test_adding_and_removing_are_inverse(text: str, entry: str) -> None:
    if has_line(text, entry):
        assert lines_with(text, entry) == text
        return
    added = lines_with(text, entry)
    assert has_line(added, entry)
    assert added.startswith(text)
    assert lines_without(added, entry) == (text if not text or text.endswith("\n") else text + "\n")


@given(FILE, ENTRY)
def test_removing_keeps_every_other_line(text: str, entry: str) -> None:
    left = lines_without(text, entry)
    assert not has_line(left, entry)
    assert left.split("\n") == ([x for x in text.split("\n") if entry_of(x) != entry] or [""])


@given(FILE, ENTRY, ENTRY)
def test_two_entries_do_not_touch_each_other(text: str, one: str, two: str) -> None:
    if one == two or has_line(text, one) or has_line(text, two):
        return
    both = lines_with(lines_with(text, one), two)
    assert has_line(lines_without(both, one), two)
    assert not has_line(lines_without(both, one), one)


def test_line_ends_and_comments_stay() -> None:
    text = "# ours\r\nA.example\t# note\r\n\r\nb.example"
    assert lines_with(text, "c.example") == text + "\nc.example\n"
    assert lines_without(text, "a.EXAMPLE") == "# ours\r\n\r\nb.example"
    assert has_line(text, "a.example")
    assert not has_line(text, "ours")


@pytest.mark.parametrize(
    "entry", ["", "a b", "a\nb", "a\rb", "a#b", "/.*/", "*.example", "a?", "a,b", "!a", "a\x00", "a\u2028b", 'a"b']
)
def test_an_entry_that_means_more_than_itself_is_refused(entry: str) -> None:
    with pytest.raises(Rejected):
        safe_entry(entry)


def test_damaged_text_is_not_written_back() -> None:
    with pytest.raises(Rejected, match="not UTF-8"):
        lines_without("caf\ufffd\nx\n", "x")


def test_pick_takes_the_one_that_is_meant() -> None:
    rows = [{"uri": "/m/a.map", "map": 1}, {"uri": "/m/b.map", "description": "hosts"}, "junk"]
    assert pick(rows, "a.map", ["uri"]) == rows[0]
    assert pick(rows, "hosts", ["uri", "description"]) == rows[1]
    with pytest.raises(Rejected, match=r"lists no 'c.map'; it lists a.map, b.map"):
        pick(rows, "c.map", ["uri"])
    with pytest.raises(Rejected, match="more than one"):
        pick([{"uri": "/x/a.map"}, {"uri": "/y/a.map"}], "a.map", ["uri"])
    with pytest.raises(Rejected, match="it lists nothing"):
        pick(None, "a.map", ["uri"])


def test_an_address_in_a_network() -> None:
    assert first_address("192.0.2.7") == "192.0.2.7"
    assert first_address("192.0.2.0/24") == "192.0.2.0"
    assert first_address("2001:db8::/32") == "2001:db8::"
    with pytest.raises(Rejected):
        first_address("example.com")

"""Striking secrets out: in every spelling, anywhere, and nothing else."""

from __future__ import annotations

import base64
import html
import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from irtool.redact import STRUCK, Secrets

TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=6, max_size=40)
SPELLINGS = {
    "as it is": lambda secret: secret,
    "URL": lambda secret: quote(secret, safe=""),
    "form": quote_plus,
    "JSON": lambda secret: json.dumps({"said": secret}),
    "JSON, UTF-8": lambda secret: json.dumps({"said": secret}, ensure_ascii=False),
    "HTML": html.escape,
    "Basic": lambda secret: "Basic " + base64.b64encode(f"robot:{secret}".encode()).decode(),
    "AUTH PLAIN": lambda secret: base64.b64encode(f"\0robot\0{secret}".encode()).decode(),
    "AUTH LOGIN": lambda secret: base64.b64encode(secret.encode()).decode(),
    "URL-safe base64": lambda secret: base64.urlsafe_b64encode(secret.encode()).decode(),
}


def _parts(quoted: str) -> list[str]:
    """What stands before the first percent sign, and each part that begins with one."""
    first, *rest = quoted.split("%")
    return [first, *(f"%{part[:2].lower()}{part[2:]}" for part in rest)]


@pytest.mark.parametrize("spelling", SPELLINGS)
@given(secret=TEXT)
def test_every_spelling_is_struck_out(spelling: str, secret: str) -> None:
    known = Secrets()
    known.add(secret, "robot")
    said = SPELLINGS[spelling](secret)
    shown = known.hide(f"<{said}>")
    assert STRUCK in shown
    assert shown != f"<{said}>"


@given(secret=TEXT)
def test_percent_signs_in_lower_case(secret: str) -> None:
    known = Secrets()
    known.add(secret)
    said = "".join(_parts(quote(secret, safe="")))
    assert STRUCK in known.hide(f"token={said}&more")


def test_it_is_found_anywhere_in_data_names_of_keys_included() -> None:
    known = Secrets()
    known.add("s3cret-token")
    data = {"a": ["x s3cret-token y", 1, None, {"s3cret-token": True}], "b": 2.5}
    assert known.hide_in(data) == {"a": ["x *** y", 1, None, {"***": True}], "b": 2.5}
    assert known.holds(data)
    assert not known.holds({"a": ["token"]})


def test_the_longest_is_struck_out_whole() -> None:
    """One secret may begin with another."""
    known = Secrets()
    known.add("secret")
    known.add("secret-and-more")
    assert known.hide("secret-and-more, secret") == "***, ***"


def test_words_are_left_alone() -> None:
    """A secret of five characters is a word that may stand in any answer; without secrets nothing is touched."""
    known = Secrets()
    known.add("admin")
    assert known.hide("the admin") == "the admin"
    data = {"a": 1}
    assert known.hide_in(data) is data

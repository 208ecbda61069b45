"""Headers of hostile messages."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from irtool.sandbox import message


def test_headers_are_unfolded_and_end_with_the_empty_line() -> None:
    found = message.headers("From: A\r\n <a@x.example>\r\nSENDER: b@x.example\r\n\r\nFrom: c@x.example\r\n")
    assert found == {"from": ["A <a@x.example>"], "sender": ["b@x.example"]}


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("Info <info@Gateway.example>", ("info@gateway.example",)),
        ('"ceo@victim.example" <a@own.example>', ("a@own.example",)),
        ('"info"@gateway.example', ("info@gateway.example",)),
        ("team ,_<a@own.example>", ("_", "a@own.example")[1:]),
        ("<a@own.example> <b@other.example>", ("a@own.example", "b@other.example")),
        ("no address at all", ()),
        ("a@own.example, A@OWN.example", ("a@own.example",)),
    ],
)
def test_addresses(value: str, found: tuple[str, ...]) -> None:
    assert message.addresses([value]) == found


def test_two_from_headers_both_count() -> None:
    found = message.headers("From: a@own.example\nFrom: b@other.example\n\n")
    assert message.addresses(found["from"]) == ("a@own.example", "b@other.example")


@pytest.mark.parametrize(
    "raw", ["From: " + "," * 100_000, "From: " + "(" * 100_000, "From: " + '"' * 100_000 + "@", "a@" * 100_000]
)
def test_hostile_headers_take_no_time(raw: str) -> None:
    start = time.process_time()
    for values in message.headers(raw).values():
        message.addresses(values)
    assert time.process_time() - start < 2


@given(st.text(max_size=300))
def test_any_text_can_be_read(raw: str) -> None:
    for values in message.headers(raw).values():
        assert all("@" in address for address in message.addresses(values))

"""One spelling for each name."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from irtool.sandbox import names
from irtool.sandbox.problems import Problem


@pytest.mark.parametrize(
    ("given_", "kept"),
    [
        ("Example.ORG.", "example.org"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("_dmarc.example.org", "_dmarc.example.org"),
    ],
)
def test_domains(given_: str, kept: str) -> None:
    assert names.domain(given_) == kept


@pytest.mark.parametrize(
    "bad", ["", "org", "-a.org", "a..org", "a b.org", "a/../b.org", "x" * 300 + ".org", "é" * 90 + ".org"]
)
def test_what_is_no_domain(bad: str) -> None:
    with pytest.raises(Problem, match="not a domain"):
        names.domain(bad)


@pytest.mark.parametrize(
    ("given_", "kept"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("192.0.2.1/32", "192.0.2.1"),
        ("192.0.2.0/24", "192.0.2.0/24"),
        ("2001:DB8:0::1", "2001:db8::1"),
        ("2001:db8::/32", "2001:db8::/32"),
    ],
)
def test_networks(given_: str, kept: str) -> None:
    assert names.network(given_) == kept


@pytest.mark.parametrize("bad", ["192.0.2.1/24", "192.0.2.999", "fe80::1%eth0", "192.0.2.0/33", "host", "/24"])
def test_what_is_no_network(bad: str) -> None:
    with pytest.raises(Problem, match="not a"):
        names.network(bad)


def test_addresses() -> None:
    assert names.address("Info+x@Example.ORG") == "info+x@example.org"
    assert names.address("a/b@example.org") == "a/b@example.org"


@pytest.mark.parametrize("bad", ["x", "@example.org", "a b@example.org", "a\n@example.org", "a@b", "<a@example.org"])
def test_what_is_no_address(bad: str) -> None:
    with pytest.raises(Problem, match="not a"):
        names.address(bad)


def test_parents_and_networks() -> None:
    assert list(names.parents("a.b.example.org")) == ["a.b.example.org", "b.example.org", "example.org"]
    found = list(names.networks("192.0.2.5"))
    assert found[0] == "192.0.2.5"
    assert {"192.0.2.0/24", "192.0.2.4/30", "0.0.0.0/0"} <= set(found)
    assert len(found) == 33


@given(st.text(max_size=60))
def test_any_text_is_a_name_or_a_problem_and_spelling_is_stable(text: str) -> None:
    for spell in (names.domain, names.address, names.network, names.account):
        kept = _spelled(spell, text)
        assert kept is None or spell(kept) == kept


def _spelled(spell: Callable[[str], str], text: str) -> str | None:
    """The name, or None if it was refused as a bad request."""
    try:
        return spell(text)
    except Problem as problem:
        return None if problem.status == 400 else "wrong status"

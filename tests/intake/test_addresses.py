"""From headers that parsers disagree on, and the null sender."""

from __future__ import annotations

import pytest

from irtool.intake import addresses


@pytest.mark.parametrize(
    ("value", "candidates", "doubtful"),
    [
        ("a@x.example", ("a@x.example",), False),
        ("A <A@X.Example>", ("a@x.example",), False),
        ("a@x.example (Comment)", ("a@x.example",), False),
        ('"info@bank.example" <a@x.example>', ("a@x.example",), False),
        ('"a <b@bank.example>" <a@x.example>', ("a@x.example",), False),
        ("info@bank.example <a@x.example>", ("a@x.example", "info@bank.example"), True),
        ("<b@bank.example> <a@x.example>", ("a@x.example", "b@bank.example"), True),
        ("Microsoft account team ,_<ih9gn@x.example>", ("ih9gn@x.example",), False),
        (",(<reply@x.example>)", ("reply@x.example",), False),
        ('"open <a@x.example>', ("a@x.example",), False),
        ("<noreply@x,example>", ("noreply@x,example",), True),
        ("<a@bücher.example>", ("a@xn--bcher-kva.example",), False),
        ("=?utf-8?q?a=40x.example?=", ("a@x.example",), True),
        ("=?utf-8?q?B=40bank.example?= <a@x.example>", ("a@x.example",), False),
        ("nobody", (), True),
        ("", (), True),
    ],
)
def test_candidates_the_best_first(value, candidates, doubtful):
    found = addresses.find(value)
    assert (found.best_first, found.doubtful) == (candidates, doubtful)


def test_lists_keep_their_order():
    assert addresses.find_all(["B <b@x.example>, a@x.example", "b@x.example"]) == ("b@x.example", "a@x.example")


@pytest.mark.parametrize(
    ("value", "expected"),
    [("<>", ""), ("< >", ""), ("<MAILER-DAEMON>", ""), ("", None), ("<A@x.example>", "a@x.example"), ("odd", None)],
)
def test_envelope(value, expected):
    assert addresses.envelope(value) == expected

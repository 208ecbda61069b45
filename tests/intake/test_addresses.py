"""From headers that parsers disagree on, and the null sender."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
        ("Microsoft account team ,_<ih9gn@qmolyzpyxh.com>", ("ih9gn@qmolyzpyxh.com",), False),
        (",(<reply@telekom.com>)", ("reply@telekom.com",), False),
        ("<noreply@theskimm,com>", ("noreply@theskimm,com",), True),
        ("Bank <info@bánk.example>", ("info@xn--bnk-ela.example",), False),
        ("Bank <ìnfo@bank.example>", ("ìnfo@bank.example",), False),
        ("Amazon.com<a@x.example> <b@y.example>", ("b@y.example", "a@x.example"), True),
        ("a@x.example, b@y.example", ("a@x.example", "b@y.example"), True),
        ('"<info@bank.example>" <a@x.example>', ("a@x.example",), False),
        ('info@bank.example" <a@x.example>', ("a@x.example", "info@bank.example"), True),
        ('"Bank \\" <info@bank.example>" <a@x.example>', ("a@x.example",), False),
        ("Bank <info@bank.example <a@x.example>", ("a@x.example", "info@bank.example"), True),
        ("<<a@x.example>>", ("a@x.example",), False),
        ("< a@x.example >", ("a@x.example",), False),
        ("Bank [info] {x} <a@x.example> (via <b@y.example>)", ("a@x.example", "b@y.example"), True),
        ("a@x.example (Bank <b@y.example>)", ("a@x.example", "b@y.example"), True),
        ("(b@y.example) a@x.example", ("a@x.example", "b@y.example"), True),
        ('Joe (5" pipe, (b@y.example)) <a@x.example>', ("a@x.example", "b@y.example"), True),
        ("Joe :( <a@x.example>", ("a@x.example",), False),
        ("<@one.example,@two.example:a@x.example>", ("a@x.example",), False),
        ("Joe <a @ x.example>", ("a@x.example",), False),
        ("Joe <a@x.example\x00>", ("a@x.example",), True),
        ("Joe\u200b <a@\u200bx.example>", ("a@x.example",), True),
        ("'a@x.example'", ("a@x.example",), False),
        ("Joe &lt;a@x.example&gt;", ("a@x.example",), True),
        ("Joe <a@x.example?subject=hi>", ("a@x.example",), False),
        ("Joe ＜a＠x．example＞", ("a@x.example",), True),
        ('"Support <a@x.example>"', ("a@x.example",), True),
        ('"Support a@x.example"', ("a@x.example",), True),
        ("=?utf-8?B?IlBheVBhbCIgPA==?=a@x.example", ("a@x.example",), True),
        ("Shop <a@=?utf-8?Q?x.example?=>", ("a@x.example",), True),
        ("Shop <a@=?utf-8?B?YsO8Y2hlci5leGFtcGxl?=>", ("a@xn--bcher-kva.example",), True),
        ("joe@[192.0.2.1]", (), True),
        ("<mailto:a@x.example>", ("a@x.example",), False),
        ("support@bank.example <>", ("support@bank.example",), False),
        ("x@y@z.example", ("x@y@z.example",), False),
        ('"a b"@x.example', ('"a b"@x.example',), False),
        ("Group: a@x.example, b@y.example;", ("a@x.example", "b@y.example"), True),
        ("=?utf-8?b?PGFAeC5leGFtcGxlPg==?=", ("a@x.example",), True),
        ("nobody", (), True),
        ("", (), True),
    ],
)
def test_candidates_the_best_first(value, candidates, doubtful):
    found = addresses.find(value)
    assert (found.best_first, found.doubtful) == (candidates, doubtful)


@given(
    st.text(st.sampled_from("ab\"'<>@., ()\\:;=?"), max_size=30), st.sampled_from(["a@x.example", "B.c+d@Y.Example"])
)
def test_the_short_way_and_the_long_way_agree(name, address):
    """Ordinary values take a short cut; it must not find anything else."""
    value = f"{name}<{address}>"
    assert addresses.find(value).best_first[:1] == addresses._search(value).best_first[:1]
    if addresses._USUAL.fullmatch(value):
        assert addresses.find(value) == addresses._search(value)


def test_lists_keep_their_order():
    assert addresses.find_all(["B <b@x.example>, a@x.example", "b@x.example"]) == ("b@x.example", "a@x.example")


@pytest.mark.parametrize(
    ("value", "expected"),
    [("<>", ""), ("< >", ""), ("<MAILER-DAEMON>", ""), ("", None), ("<A@x.example>", "a@x.example"), ("odd", None)],
)
def test_envelope(value, expected):
    assert addresses.envelope(value) == expected

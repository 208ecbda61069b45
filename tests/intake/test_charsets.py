"""Encoded words (RFC 2047) and encodings that lie."""

from __future__ import annotations

import pytest

from irtool.intake import charsets


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("=?utf-8?Q?caf=C3=A9_x?=", "café x"),
        ("=?UTF-8?B?4oKs?= and =?iso-8859-1*fr?q?=E9?=", "€ and é"),
        ("=?utf-8?B?4oI=?=  =?utf-8?B?rA==?=", "€"),
        ("=?utf-8?B?!?= x", "=?utf-8?B?!?= x"),
        ("=?nonsense?q?=E9?=", "é"),
        ("=?idna?q?abc?=", "abc"),
        ("=?utf-8?q?open", "=?utf-8?q?open"),
        ("a =?utf-8?q?b?= c", "a b c"),
    ],
)
def test_encoded_words(written, meant):
    assert charsets.decode_words(written) == meant


def test_decoding_never_fails():
    assert charsets.decode(b"\xe9", "utf-8") == "é"
    assert charsets.decode(b"\xe9", "no\0such") == "é"
    assert charsets.decode(b"a", "rot13") == "a"

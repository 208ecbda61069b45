"""Bytes of unknown or lying encoding -> text. Never fails, never calls a codec that is slow on hostile input."""

from __future__ import annotations

import binascii
import codecs
import re

_SLOW_OR_ODD = frozenset({"idna", "punycode", "undefined", "unicode_escape", "raw-unicode-escape", "unicode-escape"})
_WORD = re.compile(r"=\?([A-Za-z0-9_.:+-]{1,40})(?:\*[A-Za-z0-9-]{0,20})?\?([bqBQ])\?([^?\s]{0,2000})\?=")
_BETWEEN_WORDS = re.compile(r"(\?=)[ \t]{1,20}(?==\?)")
_QUOTED = re.compile(rb"=([0-9A-Fa-f]{2})")
_HEAD = 400
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


def decode(content: bytes, charset: str = "utf-8") -> str:
    """The text: in `charset` if there is such a codec and it fits, else UTF-8, else Latin-1."""
    for name in (charset, "utf-8"):
        try:
            if codecs.lookup(name).name not in _SLOW_OR_ODD:
                return content.decode(name)
        except (LookupError, ValueError):
            continue
    return content.decode("latin-1")


def as_utf8(content: bytes) -> bytes:
    """The same text in UTF-8 without a byte order mark; only what carries such a mark, or is UTF-16, is changed.

    Windows shells redirect into UTF-16; every mail parser finds no header in it.
    """
    for mark, name in _BOMS:
        if content.startswith(mark):
            return content[len(mark) :].decode(name, "replace").encode("utf-8", "replace")
    head = content[:_HEAD]
    if head.count(0) * 5 > len(head) * 2:  # nearly every second byte
        low, high = head[1::2].count(0), head[::2].count(0)
        if not (low and high):
            return content.decode("utf-16-le" if low else "utf-16-be", "replace").encode("utf-8", "replace")
    return content


def decode_words(text: str) -> str:
    """Encoded words (RFC 2047) as text; what does not decode stays as it was written."""
    if "=?" not in text:
        return text
    joined = _BETWEEN_WORDS.sub(r"\1", text)
    pieces: list[str] = []
    run, run_charset, end = b"", "", 0
    for word in _WORD.finditer(joined):
        charset, data = word[1].lower(), _word_bytes(word[2], word[3])
        # A character may be split over neighbouring words of one charset, so their bytes are decoded together.
        if run and (word.start() > end or charset != run_charset or data is None):
            pieces.append(decode(run, run_charset))
            run = b""
        pieces.append(joined[end : word.start()])
        end = word.end()
        if data is None:
            pieces.append(word[0])
        else:
            run, run_charset = run + data, charset
    pieces.append(decode(run, run_charset or "utf-8"))
    return "".join(pieces) + joined[end:]


def _word_bytes(encoding: str, text: str) -> bytes | None:
    raw = text.encode("utf-8", "replace")
    if encoding in "qQ":
        return _QUOTED.sub(lambda found: bytes([int(found[1], 16)]), raw.replace(b"_", b" "))
    try:
        return binascii.a2b_base64(raw + b"=" * (-len(raw) % 4)) or None
    except binascii.Error:
        return None

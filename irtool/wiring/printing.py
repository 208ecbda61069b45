"""The report in formats that other programs make: PDF and docx. Both are bytes; nothing is fetched for them."""

from __future__ import annotations

BINARY = ("pdf", "docx")
"""Formats that go to a file and never to a terminal."""


def pdf(html: str) -> bytes:
    """The page of `tell.page` on paper. Raises UsageError if what makes it is not installed."""
    from irtool.adapters.pdf import pdf as make

    return make(html)


def docx(markdown: str, lang: str) -> bytes:
    """The Markdown (see `tell.page.spoken`) as a Word document. Raises UsageError if pandoc is not installed."""
    from irtool.adapters.pandoc import docx as make

    return make(markdown, lang)

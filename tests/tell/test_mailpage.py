"""The page of a mail says what its text says, needs nothing from outside, and shows hostile text as text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from irtool.records import Json
from irtool.tell.filters import escape_mail
from irtool.tell.letters import fill
from irtool.tell.mailpage import blocks, page
from irtool.tell.variables import examples

HOSTILE = "<img src=x onerror=alert(1)>\"'&\u202e\x1b[2J{{ 7*7 }}"


class Read(HTMLParser):
    """The words, tags and attributes of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.words = ""
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self._hidden = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self._hidden = tag in {"style", "title"}
        self.words += " "

    def handle_endtag(self, tag: str) -> None:
        self._hidden = False
        self.words += " "

    def handle_data(self, data: str) -> None:
        self.words += "" if self._hidden else data


def made(templates: Sequence[Path], lang: str, template: str, values: Mapping[str, object]) -> tuple[str, str, str]:
    subject, text = fill(f"notices/{lang}/{template}.txt.j2", lang, templates, values)
    return subject, text, page(
        text, subject=subject, lang=lang, template=template, templates=templates, variables=values
    )  # fmt: skip


def squeezed(text: str) -> str:
    return " ".join(text.split())


LANGUAGES = sorted(p.name for p in (Path(__file__).parents[2] / "templates/notices").iterdir() if p.is_dir())


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("template", ["customer-notice", "customer-notice-correction", "customer-notice-update"])
@pytest.mark.parametrize("which", [0, 1])
def test_the_same_words_as_the_text(templates: Sequence[Path], lang: str, template: str, which: int) -> None:
    subject, text, html = made(templates, lang, template, examples(template)[which])
    words = squeezed(re.sub(r"^- ", "", text, flags=re.MULTILINE))
    assert squeezed(Read(html).words) == squeezed(f"{subject} {words}")


def test_needs_nothing_from_outside(templates: Sequence[Path]) -> None:
    read = Read(made(templates, "en", "customer-notice", examples("customer-notice")[0])[2])
    assert not read.tags & {"img", "link", "script", "a", "iframe", "object", "form", "base", "svg"}
    assert not read.attributes & {"src", "href", "srcset", "background", "action"}
    html = made(templates, "en", "customer-notice", examples("customer-notice")[0])[2]
    assert not re.search(r"url\(|@import|https?:", html)
    assert "prefers-color-scheme: dark" in html


def test_hostile_text_is_shown_and_does_nothing(templates: Sequence[Path]) -> None:
    values = examples("customer-notice")[0]
    values["customer"] = {**values["customer"], "name": HOSTILE, "domain": HOSTILE}
    subject, _, html = made(templates, "en", "customer-notice", values)
    plain = Read(made(templates, "en", "customer-notice", examples("customer-notice")[0])[2])
    read = Read(html)
    assert (read.tags, read.attributes) == (plain.tags, plain.attributes)
    assert escape_mail(HOSTILE) in read.words
    assert "\u202e" not in subject + html
    assert "\x1b" not in subject + html
    assert "49" not in read.words


def test_headings_lists_and_paragraphs() -> None:
    text = "DEAR ACME\n\nHello,\nyou.\n\nWHAT NOW?\n\nDo this:\n- one\n- two\n\nACME MAIL\n"
    assert blocks(text) == [
        {"kind": "text", "lines": ["DEAR ACME"]},
        {"kind": "text", "lines": ["Hello,", "you."]},
        {"kind": "heading", "lines": ["WHAT NOW?"]},
        {"kind": "text", "lines": ["Do this:"]},
        {"kind": "list", "lines": ["one", "two"]},
        {"kind": "text", "lines": ["ACME MAIL"]},
    ]


@given(st.text(alphabet=st.sampled_from("aB- \n?")))
def test_no_word_is_lost_in_blocks(text: str) -> None:
    def lines(value: Json) -> list[str]:
        return [str(v) for v in value] if isinstance(value, list) else []

    kept = [w for block in blocks(text) for line in lines(block["lines"]) for w in line.split()]
    given_words = [w for line in text.strip().splitlines() for w in line.rstrip().removeprefix("- ").split()]
    assert kept == given_words


def test_a_page_of_your_own(tmp_path: Path, templates: Sequence[Path]) -> None:
    mine = tmp_path / "notices" / "en" / "customer-notice.html.j2"
    mine.parent.mkdir(parents=True)
    mine.write_text("<p>{{ subject }} for {{ customer.name }}, {{ blocks | length }}</p>")
    values = examples("customer-notice")[0]
    html = made([tmp_path, *templates], "en", "customer-notice", values)[2]
    assert html.startswith(
        "<p>Mail was sent in the name of customer.example (INC-2026-0001) for Example &amp; Sons Ltd"
    )

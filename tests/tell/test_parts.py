"""The parts that people write: boxes until then, kept over every rendering, of the right style and language."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from irtool.records import Event, Json
from irtool.tell.parts import PARTS, REPORT_STYLES, asked, boxes, items, split
from irtool.tell.report import Order, Written, write
from irtool.tell.wording import LANGUAGES
from irtool.tell.wording.boxes import BOXES

from .conftest import at

Wrote = Callable[..., Written]


@pytest.fixture
def wrote(templates: Sequence[Path], org: Mapping[str, Json]) -> Wrote:
    """What comes out."""
    return lambda events, style="report", lang="en": write(events, Order(style, lang), templates, org)


def part(script: Any, name: str, text: str, lang: str = "en", style: str = "") -> None:
    """Somebody writes a part."""
    words, sources = split(text)
    data = {"part": name, "lang": lang, "style": style, "text": words, "sources": sources}
    script.add("report.part", at("20 10:00"), data, actor="alice")


@pytest.mark.parametrize("lang", sorted(LANGUAGES))
@pytest.mark.parametrize("style", REPORT_STYLES)
def test_every_part_that_is_needed_is_asked_for(sophos: list[Event], wrote: Wrote, style: str, lang: str) -> None:
    """As a box with what it should say; where to ask is in irtool.yaml."""
    wanted = {p.name for p in PARTS.values() if style in p.needed_by and p.name != "contact"}
    written = wrote(sophos, style, lang)
    assert set(written.boxes) == wanted
    assert all(asked(name, lang) for name in wanted)
    assert len(re.findall(r"^> \*\*TODO \(\w+\):\*\* \w", written.markdown, re.MULTILINE)) == len(wanted)


@pytest.mark.parametrize("style", REPORT_STYLES)
def test_a_written_part_takes_the_place_of_its_box(sophos: list[Event], script: Any, wrote: Wrote, style: str) -> None:
    """In all styles that need it, and in every later rendering."""
    script.events = sophos
    for p in PARTS.values():
        part(script, p.name, "Somebody wrote this | the team" if p.actions else f"Somebody wrote {p.name}.")
    written = wrote(script.events, style)
    assert written.boxes == []
    assert "TODO" not in written.markdown
    script.add("note.added", at("21 10:00"), {"text": "Later"}, actor="alice")
    assert wrote(script.events, style).boxes == []
    assert set(wrote(script.events, style, "it").boxes) == set(wrote(sophos, style, "it").boxes)


def test_the_last_text_counts_and_a_style_may_have_its_own(sophos: list[Event], script: Any, wrote: Wrote) -> None:
    """The text for one style wins there, the common one everywhere else."""
    script.events = sophos
    part(script, "root_cause", "First try.")
    part(script, "root_cause", "A rule looked at one header only.")
    part(script, "root_cause", "In short: one header.", style="postmortem")
    assert "A rule looked at one header only." in wrote(script.events).markdown
    assert "First try." not in wrote(script.events).markdown
    assert "In short: one header." in wrote(script.events, "postmortem").markdown
    assert "In short" not in wrote(script.events).markdown


def test_paragraphs_and_lists_are_kept_and_nothing_else(sophos: list[Event], script: Any, wrote: Wrote) -> None:
    """Markup of other kinds stays text, and indicators are defanged."""
    script.events = sophos
    text = "One.\n\n- first *x*\n- <b>second</b>\n\n1. [link](http://evil.example)\n# No heading\n> **TODO:** no box"
    part(script, "root_cause", text)
    out = wrote(script.events).markdown
    assert "\n- first \\*x\\*\n- \\<b\\>second\\</b\\>\n" in out
    assert "\n\\# No heading\n" in out
    assert "hxxp" in out
    assert "http://evil" not in out
    assert wrote(script.events).boxes == ["impact", "actions"]


def test_action_items_are_a_table(sophos: list[Event], script: Any, wrote: Wrote) -> None:
    """What, who, until when."""
    script.events = sophos
    part(script, "actions", "- Tighten the rule | Mail platform | 1 June 2031\n2. Watch new accounts | Abuse desk\n")
    out = wrote(script.events, "postmortem").markdown
    assert "| Action | Owner | Due |" in out
    assert "| Tighten the rule | Mail platform | 1 June 2031 |" in out
    assert "| Watch new accounts | Abuse desk | – |" in out
    assert items("a|b|c\n\nd") == [("a", "b", "c"), ("d", "", "")]


def test_every_language_asks_for_the_same_parts() -> None:
    """Each that some report needs, in each language that reports are written in."""
    wanted = {p.name for p in PARTS.values() if p.needed_by}
    assert {lang: set(asked) for lang, asked in BOXES.items()} == dict.fromkeys(LANGUAGES, wanted)


def test_sources_stand_apart() -> None:
    """They back the figures and are not printed."""
    assert split("Text.\nSource: 2019 = change log\n source:  b \nMore.") == (
        "Text.\nMore.",
        ["2019 = change log", "b"],
    )


def test_boxes_of_own_templates_count(tmp_path: Path) -> None:
    """Whoever writes TODO into a template means it."""
    assert boxes("x\n> **TODO:** y\n> **TODO (impact):** z") == ["?", "impact"]
    assert boxes("> **TODO** y") == ["?"]
    assert boxes("no > **TODO:** box") == []

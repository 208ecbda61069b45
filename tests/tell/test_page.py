"""The page: valid HTML that needs nothing, shows nothing hostile, and can be read by everybody."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from justhtml import JustHTML

from irtool.records import Event, Json
from irtool.shipped import folder
from irtool.tell import clean
from irtool.tell.page import page, spoken
from irtool.tell.parts import REPORT_STYLES
from irtool.tell.pictures import pictures
from irtool.tell.report import report
from irtool.tell.wording import LANGUAGES

from .pages import HOSTILE, contrast, facts, faults

TEMPLATES = [folder("templates")]
MARKDOWN = """# Report of *abuse*

INC-2025-0001

## Timeline

<!-- picture: volume -->

| Date and time (UTC) | Event | Who |
| --- | :---: | ---: |
| 14 April | Told | x |
| 15 April | Blocked |  |

#### Too deep

> **TODO:** say what happened.

> A quotation.

# A second first heading

<!-- picture: timeline -->

- one
- two

Text with `code`, **bold**.
"""
TEXTS = ("ink back", "soft back", "ink band", "todo todo-back", "flag-ink alert", "flag-ink alert")
SHAPES = ("mark back", "alert back", "soft back", "todo back")


def made(
    markdown: str = MARKDOWN, lang: str = "en", *, marking: str = "", templates: Sequence[Path] = TEMPLATES
) -> str:
    """The page with all pictures."""
    return page(markdown, lang=lang, templates=templates, pictures=pictures(facts(), lang), marking=marking)


@pytest.mark.parametrize("lang", ["en", "it", "de", "fr", "es"])
def test_valid_and_for_everybody(lang: str) -> None:
    html = made(lang=lang, marking="TLP:AMBER+STRICT")
    assert faults(html) == []
    doc = JustHTML(html, sanitize=False)
    assert doc.query("html")[0].attrs["lang"] == lang
    assert doc.query("head title")[0].to_text() == "Report of abuse"
    assert doc.query("p.tlp-amber")[0].to_text() == "TLP:AMBER+STRICT"
    assert len(doc.query("figure svg")) == 4
    assert len(doc.query("figcaption li")) == 6
    assert [n.name for n in doc.query("h1, h2, h3, h4")] == ["h1", "h2", "h3", "h2"]


@pytest.mark.parametrize("tlp", ["", "clear"])
@pytest.mark.parametrize("style", REPORT_STYLES)
@pytest.mark.parametrize("lang", sorted(LANGUAGES))
def test_every_report_is_a_page_for_everybody(
    sophos: list[Event], org: Mapping[str, Json], style: str, lang: str, tlp: str
) -> None:
    """The shipped styles as they are written, with all that a whole incident brings."""
    html = report(sophos, lang=lang, format="html", templates=TEMPLATES, org=org, style=style, tlp=tlp, compare=True)
    assert faults(html) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('<html lang="en">', "<html>", "no language"),
        ("<main>", "<main><h4>x</h4>", "not one first heading"),
        ("</main>", "<h6>x</h6></main>", "h6 after h2"),
        ("</main>", "<script>1</script></main>", "<script>"),
        ("</main>", '<p onclick="x">x</p></main>', "p onclick"),
        ("</main>", '<a href="http://x.example">x</a></main>', "a href"),
        ("</main>", '<p id="volume-title">x</p></main>', "id volume-title twice"),
        ("body { margin", "body { background: url(http://x.example); margin", "CSS url("),
        ('scope="col"', 'scope="x"', "th without scope"),
        ('role="region"', "", "a table that keys cannot scroll"),
        ('role="img"', "", "a picture without words"),
        ("default-src 'none'", "default-src *", "no policy"),
    ],
)
def test_the_examiner_sees_what_is_wrong(old: str, new: str, said: str) -> None:
    """The rules above can fail."""
    html = made()
    assert old in html
    assert said in faults(html.replace(old, new))


def test_heads_of_rows_and_columns() -> None:
    """The first column is what the row is about."""
    doc = JustHTML(made(), sanitize=False)
    assert [n.to_text() for n in doc.query('th[scope="row"]')] == ["14 April", "15 April"]
    assert [n.to_text() for n in doc.query('th[scope="col"]')] == ["Date and time (UTC)", "Event", "Who"]
    assert len(doc.query("td")) == 4
    assert doc.query("caption")[0].to_text() == "Timeline"


def test_what_is_left_to_do_is_a_box() -> None:
    doc = JustHTML(made(), sanitize=False)
    assert [n.to_text().strip() for n in doc.query("blockquote.todo")] == ["TODO: say what happened."]
    assert len(doc.query("blockquote")) == 2


def test_a_picture_there_is_not_leaves_nothing() -> None:
    """An incident of before has no volume; its place in the template stays empty."""
    html = page(MARKDOWN, lang="en", templates=TEMPLATES)
    assert "picture:" not in html
    assert "<figure" not in html
    assert faults(html) == []


def test_told_in_words_where_it_cannot_be_shown() -> None:
    """For Markdown and docx: the description and the legend, as text."""
    text = spoken(MARKDOWN, pictures(facts(), "en"))
    assert "Bar chart of the " in text
    assert "First block in place" in text
    assert "picture:" not in text
    assert "<!--" not in text
    assert spoken("x\n\n<!-- picture: volume -->\n", {}) == "x\n\n\n"


@given(st.text(st.sampled_from(list("<>!-p&\"'`*_[]()#|:\\ \n")) | st.characters(), max_size=60) | st.just(HOSTILE))
def test_hostile_text_stays_text(text: str) -> None:
    """As a heading, a paragraph and a cell, cleaned as templates do: the page is still valid and shows just that."""
    safe = clean.markdown(text)
    html = made(
        f"# {safe}\n\n{safe}\n\n<!-- picture: hit -->\n\n## T\n\n| a | b |\n| --- | --- |\n| {safe} | {safe} |\n"
    )
    seen = clean.visible(text).strip()
    doc = JustHTML(html, strict=True, sanitize=False)
    assert [f for f in faults(html) if f != "no title"] == []
    assert len(doc.query("figure")) == 1
    assert [" ".join(n.to_text().split()) for n in doc.query("td")] == [" ".join(seen.split())]


def test_a_picture_cannot_be_asked_for_by_a_complaint() -> None:
    """The marker is the template's; the same text from outside is shown."""
    html = made(f"# x\n\n{clean.markdown('<!-- picture: volume -->')}\n")
    assert "<figure" not in html
    assert "&lt;!-- picture: volume --&gt;" in html


@pytest.mark.parametrize(
    "markdown", ["<script>alert(1)</script>\n\n<b>x</b>", "[x](javascript:alert(1))", "![x](//y/z)"]
)
def test_markup_that_people_write_is_no_html(markdown: str) -> None:
    """What an analyst pastes into a report is Markdown without links, images or HTML."""
    html = made(f"# x\n\n{markdown}\n")
    assert faults(html) == []


def colours(scheme: str) -> Mapping[str, str]:
    """The colours of the shipped page: light, dark or print."""
    text = (TEMPLATES[0] / "report" / "page.html.j2").read_text()
    light, dark, paper = re.findall(r":root \{([^}]*--ink[^}]*)\}", text)
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", {"light": light, "dark": dark, "print": paper}[scheme]))


@pytest.mark.parametrize("scheme", ["light", "dark", "print"])
def test_contrast(scheme: str) -> None:
    """WCAG 2.2 AA: texts 4.5 to 1, shapes that mean something 3 to 1."""
    found = colours(scheme)
    assert {*found} == {*colours("light")}
    for pairs, least in ((TEXTS, 4.5), (SHAPES, 3.0)):
        for pair in pairs:
            front, back = pair.split()
            assert contrast(found[front], found[back]) >= least, pair


def test_labels_can_be_read_on_their_ground() -> None:
    """The Traffic Light Protocol fixes these colours, on black."""
    text = (TEMPLATES[0] / "report" / "page.html.j2").read_text()
    given = re.findall(r"\.tlp-\w+ \{ color: (#[0-9a-f]{6}); \}", text)
    assert len(given) == 3
    assert all(contrast(colour, "#000000") >= 4.5 for colour in (*given, "#ffffff"))

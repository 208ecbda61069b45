"""Pictures: true to the facts, silent where there are none, harmless whatever stands in them, and told in words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from justhtml import JustHTML

from irtool.tell.pictures import NAMES, pictures
from irtool.tell.pictures.canvas import LOOKS, SIZE, shortened, text_width
from irtool.tell.pictures.scales import TimeScale, round_steps
from irtool.tell.wording.pictures import PICTURES

from .pages import HOSTILE, T0, contrast, facts

Facts = dict[str, Any]


def drawn(svg: str) -> JustHTML:
    """The SVG as a browser reads it, strictly."""
    return JustHTML(f"<!doctype html><title>x</title>{svg}", strict=True, sanitize=False)


@pytest.mark.parametrize("lang", sorted(PICTURES))
def test_all_pictures_in_every_language(lang: str) -> None:
    """Each is one SVG for pages and one for phones, with title and description of its own, and no words are missing."""
    found = pictures(facts(), lang)
    assert tuple(found) == NAMES
    for picture in found.values():
        assert picture.alt
        assert "{" not in picture.alt + picture.title
        for svg, units in ((picture.svg, "0 0 700 "), (picture.narrow, "0 0 340 ")):
            page = drawn(svg)
            assert len(page.query("svg")) == 1
            root = page.query("svg")[0]
            assert root.attrs["role"] == "img"
            assert root.attrs["viewBox"].startswith(units)
            told = {node.attrs["id"]: node.to_text() for node in page.query("svg title, svg desc")}
            assert root.attrs["aria-labelledby"] in told
            assert root.attrs["aria-describedby"] in told
            assert picture.title in svg
    assert {*PICTURES[lang]} == {*PICTURES["en"]}


def test_a_language_without_words_is_english() -> None:
    """Figures and dates are still that language's."""
    assert pictures(facts(), "pt")["hit"].title == PICTURES["en"]["hit.title"]


def bars(svg: str) -> list[dict[str, str]]:
    """The attributes of all bars."""
    return [dict(node.attrs) for node in drawn(svg).query("rect.c-bar")]


def test_columns_are_as_high_as_their_figures() -> None:
    """Heights in proportion, all on one floor, in the order of time, inside the drawing."""
    found = bars(pictures(facts(), "en")["volume"].svg)
    heights = [float(b["height"]) for b in found]
    assert len(found) == 92
    for n, height in enumerate(heights):
        assert height / heights[-1] == pytest.approx((1000 + 100 * n) / (1000 + 100 * 91), abs=0.01)
    assert len({round(float(b["y"]) + float(b["height"])) for b in found}) == 1
    places = [float(b["x"]) for b in found]
    assert places == sorted(places)
    assert places[0] >= 0
    assert places[-1] < 700


def test_moments_of_containment_are_marked_and_explained() -> None:
    """Numbered flags in the order of time; those close together share one; the legend has each with its date."""
    picture = pictures(facts(), "en")["volume"]
    assert [line.split(":")[0] for line in picture.legend] == [
        "First complaint", "Team aware", "First block in place", "Destination domains blocked",
        "IPs and addresses blocked", "Last account disabled",
    ]  # fmt: skip
    assert picture.legend[0].endswith("14 April 2025, 15:54 UTC")
    flags = [n.to_text() for n in drawn(picture.svg).query("text.c-flag-text")]
    assert flags == ["1–4", "5", "6"]
    assert all(0 <= float(n.attrs["x"]) <= 700 for n in drawn(picture.svg).query("text.c-flag-text"))


@pytest.mark.parametrize("lang", sorted(PICTURES))
def test_rows_of_the_time_line_do_not_run_into_each_other(lang: str) -> None:
    """Names end before the first dot, durations begin after the last, in every language."""
    svg = drawn(pictures(facts(), lang)["timeline"].svg)
    dots = [float(n.attrs["cx"]) for n in svg.query("circle")]
    assert len(dots) == 7
    assert max(text_width(n.to_text()) for n in svg.query("text.c-text")) < min(dots) - 6
    durations = [n.to_text() for n in svg.query("text.c-soft") if n.attrs["text-anchor"] == "end"]
    assert 700 - max(text_width(d) for d in durations) > max(dots) + 6


def test_a_moment_long_after_does_not_squeeze_the_columns() -> None:
    """The last account was found a year later: it is told in the report, not drawn."""
    late = facts()
    late["marks"]["last_account_disabled"] = "2026-04-17T11:51:00+00:00"
    picture = pictures(late, "en")["volume"]
    assert len(picture.legend) == 5
    assert float(bars(picture.svg)[-1]["x"]) > 400


@pytest.mark.parametrize(
    "volume",
    [
        None, [], "x", [1, None], [{"from": "yesterday", "to": "2025-04-13T18:00:00Z", "messages": 1}],
        [{"from": "2025-04-13T18:00:00Z", "to": "2025-04-13T18:30:00Z", "messages": 0}],
        [{"from": "2025-04-13T18:30:00Z", "to": "2025-04-13T18:00:00Z", "messages": 4}],
    ],
)  # fmt: skip
def test_without_a_volume_there_is_no_picture_of_it(volume: object) -> None:
    """Incidents of before have none; nothing is made up."""
    old = facts()
    old["campaign"]["volume"] = volume
    assert "volume" not in pictures(old, "en")
    assert "timeline" in pictures(old, "en")


@pytest.mark.parametrize("empty", [{}, {"campaign": None, "marks": None, "intervals": None}, {"campaign": {}}])
def test_no_facts_no_pictures(empty: Facts) -> None:
    assert pictures(empty, "en") == {}


def test_customers_are_numbered_unless_they_may_be_named() -> None:
    """A public report says how many messages, not in whose name; neither in the drawing nor in what is read out."""
    public = pictures(facts(), "it")["hit"]
    assert "Azienda" not in public.svg + public.narrow + public.alt
    assert "Cliente 1: 30" in public.alt
    assert "Azienda 0: 30" in pictures(facts(), "it", named=True)["hit"].alt


def test_more_than_fit_are_told_as_one_figure_without_a_bar() -> None:
    """24 accounts: 14 bars, and a line for the other 10."""
    picture = pictures(facts(), "en")["accounts"]
    assert len(bars(picture.svg)) == 14
    assert "10 others: 5,000" in picture.alt


@given(st.text(max_size=40))
def test_text_in_a_picture_stays_text(name: str) -> None:
    """Names of customers are hostile: no element, no attribute, nothing invisible."""
    svg = pictures(facts(customers=2, name=f"{HOSTILE}{name}"), "en", named=True)["hit"].svg
    page = drawn(svg)
    assert {node.name for node in page.query("svg *")} <= {"title", "desc", "text", "rect", "path", "circle"}
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]", svg)
    assert not [a for n in page.query("svg *") for a in n.attrs if a.startswith("on") or a in {"href", "style"}]


@given(st.integers(1, 10**9), st.integers(1, 8))
def test_steps_are_round_and_reach_the_largest(largest: int, most: int) -> None:
    steps = round_steps(largest, most)
    size = steps[1]
    assert str(size).strip("0") in {"1", "2", "5"}
    assert steps[-1] >= largest > steps[-1] - size
    assert len(steps) <= most + 1


@given(st.timedeltas(timedelta(seconds=1), timedelta(days=4000)), st.integers(2, 12))
def test_ticks_are_round_in_order_and_few(span: timedelta, most: int) -> None:
    scale = TimeScale(T0, T0 + span, 0, 100)
    ticks = scale.ticks(most)
    assert len(ticks) <= most
    assert list(ticks) == sorted(ticks)
    assert all(0 <= scale.at(t) <= 100 and t.second == 0 for t in ticks)


@given(st.text(max_size=80), st.floats(20, 300))
def test_what_is_too_long_is_cut(text: str, width: float) -> None:
    short = shortened(text, width)
    assert text_width(short) <= width
    assert short == text or short.endswith("…")
    assert SIZE > 11


def test_contrast_is_computed_as_the_standard_does() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


def test_a_picture_alone_on_white_can_be_read() -> None:
    """As attributes, without any page: texts 4.5 to 1, shapes that mean something 3 to 1."""
    looks: Mapping[str, Mapping[str, str]] = LOOKS
    for name in ("text", "soft"):
        assert contrast(looks[name]["fill"], "#ffffff") >= 4.5
    assert contrast(looks["flag-text"]["fill"], looks["flag"]["fill"]) >= 4.5
    for name in ("bar", "faint", "axis", "moment", "flag"):
        assert contrast(looks[name].get("fill") or looks[name]["stroke"], "#ffffff") >= 3

"""Nothing is said that no fact backs: in templates, in parts, in what comes out, in every style and language."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from irtool.errors import FaultsError
from irtool.records import Event, Json
from irtool.shipped import folder
from irtool.tell.parts import REPORT_STYLES
from irtool.tell.report import report
from irtool.tell.wording import LANGUAGES

from .conftest import at

Write = Callable[..., str]


@pytest.fixture
def write(tmp_path: Path, templates: Sequence[Path], org: Mapping[str, Json]) -> Write:
    """A report; `template` is an own one, English, `report`."""

    def written(events: list[Event], template: str = "", **more: Any) -> str:
        if template:
            mine = tmp_path / "report" / "en" / "report.md.j2"
            mine.parent.mkdir(parents=True, exist_ok=True)
            mine.write_text(template)
        return report(events, templates=[tmp_path, *templates], org=org, **more)

    return written


def faults(write: Write, events: list[Event], template: str = "", **more: Any) -> list[str]:
    """What is wrong with it."""
    with pytest.raises(FaultsError) as caught:
        write(events, template, **more)
    assert "irtool note" in caught.value.hint
    return list(caught.value.faults)


@pytest.mark.parametrize("lang", sorted(LANGUAGES))
@pytest.mark.parametrize("style", REPORT_STYLES)
@pytest.mark.parametrize("tlp", ["", "clear", "red"])
def test_what_is_shipped_says_only_facts(sophos: list[Event], write: Write, lang: str, style: str, tlp: str) -> None:
    """Every style in every language, for readers outside and inside."""
    assert write(sophos, lang=lang, style=style, tlp=tlp, compare=True)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("We lost 13 accounts.", "13"),
        ("Twelve customers were hit.", "Twelve"),
        ("It began on 12 April 2025.", "12 April 2025"),
        ("It took less than two days.", "less than two days"),
    ],
)
def test_a_template_has_no_figures_of_its_own(sophos: list[Event], write: Write, line: str, said: str) -> None:
    """Not even a right one: tomorrow it is wrong. File and line are named."""
    (fault,) = faults(write, sophos, f"# Mine\n\n{line}\n")
    assert re.search(rf"report/en/report\.md\.j2:3 .*“{said}”", fault)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{{ figures.accounts + 1 }} {{ "accounts" }}', "25"),
        ("{{ 13 | count('customer', 'customers') }}", "13"),
        ("{{ 4000000 | amount_of('message', 'messages') }}", "4 million"),
        ("{{ '2025-04-12T18:00:00Z' | on }}", "12 April 2025 at 18:00 UTC"),
        ("{{ 7777 | lasting }}", "2 hours and 9 minutes"),
    ],
)
def test_a_figure_that_a_template_makes_up_is_found(sophos: list[Event], write: Write, line: str, said: str) -> None:
    """Figures that come out of an expression, with the line that wrote them."""
    (fault,) = faults(write, sophos, f"# Mine\n\nSo many: {line}\n")
    assert f"“{said}”" in fault
    assert "report.md.j2:3" in fault


def test_standards_and_declared_constants_are_no_figures(sophos: list[Event], write: Write) -> None:
    """RFC 5322 is nobody's finding; what the template declares is its author's word."""
    text = "{# constant: 72 hours, 40 #}\nSee RFC 5322 and SHA-256. We answer within 72 hours, 40 at most.\n"
    assert "within 72 hours" in write(sophos, text)


def test_facts_may_be_said_in_any_form(sophos: list[Event], write: Write) -> None:
    """The same figures, otherwise put."""
    text = (
        "{{ figures.messages | number }} messages, {{ figures.messages | amount }} messages, "
        "{{ figures.customers }} customers, {{ marks.reported | day }}, {{ marks.aware | clock }}, {{ org.contact }}, "
        "{{ incident }}, {{ campaign.source_ips[0].value | defang }}"
    )
    assert "1,900,000 messages" in write(sophos, text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("23 accounts were used.", "23"),
        ("dodici clienti e tredici account", "tredici"),
        ("On 16 April 2025 the logic was changed.", "16 April 2025"),
        ("It took 5 hours to see it.", "5 hours"),
        ("Since 2019 the rule looked at the Sender.", "2019"),
    ],
)
def test_what_people_write_is_checked(sophos: list[Event], script: Any, write: Write, text: str, said: str) -> None:
    """With the part and the line."""
    script.events = sophos
    script.add("report.part", at("20 10:00"), {"part": "root_cause", "lang": "en", "text": f"Well.\n{text}"})
    (fault,) = faults(write, sophos)
    assert fault.startswith("part root_cause (en), line 2:")
    assert f"“{said}”" in fault


def test_what_is_on_record_may_be_written(sophos: list[Event], script: Any, write: Write) -> None:
    """A note is an event; a source is the author's word; what is to come is a plan."""
    script.events = sophos
    script.add("note.added", at("20 09:00"), {"text": "The gateway sent 40,800 messages per hour"}, actor="alice")
    text = "40,800 messages per hour, 24 accounts, twelve customers, since 2019. Fixed by 1 June 2031."
    data = {"part": "root_cause", "lang": "en", "text": text, "sources": ["2019 = change log"]}
    script.add("report.part", at("20 10:00"), data)
    assert "since 2019" in write(sophos)


def test_a_part_in_another_language_is_not_in_the_way(sophos: list[Event], script: Any, write: Write) -> None:
    """Only what is in the text counts."""
    script.events = sophos
    script.add("report.part", at("20 10:00"), {"part": "root_cause", "lang": "it", "text": "99 account"})
    assert write(sophos)
    assert faults(write, sophos, lang="it")


def test_a_missing_notice_is_a_disagreement(sophos: list[Event], write: Write) -> None:
    """12 customers in the findings, 11 notices, and nothing says why: both places are named, in every style."""
    fewer = [e for e in sophos if not (e.step == "notify" and e.item == "c07")]
    plan = next(e for e in fewer if e.kind == "plan.made")
    steps: Any = plan.data["plan"]["steps"]  # type: ignore[index,call-overload]
    notify = next(s for s in steps if s["id"] == "notify")
    notify["changes"] = [c for c in notify["changes"] if c["item"] != "c07"]
    for style in REPORT_STYLES:
        (fault,) = faults(write, fewer, style=style)
        assert "12 customers were impersonated" in fault
        assert "11 notices were sent, and nothing says why c07 got none" in fault


def test_an_explained_disagreement_stands_in_nobodys_way(sophos: list[Event], script: Any, write: Write) -> None:
    """Somebody has put on record why."""
    fewer = [e for e in sophos if not (e.step == "notify" and e.item == "c07")]
    plan = next(e for e in fewer if e.kind == "plan.made")
    steps: Any = plan.data["plan"]["steps"]  # type: ignore[index,call-overload]
    notify = next(s for s in steps if s["id"] == "notify")
    notify["changes"] = [c for c in notify["changes"] if c["item"] != "c07"]
    script.events = fewer
    data = {"finding": "customers:without-notice", "reason": "called by telephone"}
    script.events.append(sophos[-1].__class__(**{
        **{n: getattr(sophos[-1], n) for n in sophos[-1].__slots__},
        "kind": "check.explained", "data": data, "seq": sophos[-1].seq + 1,
    }))  # fmt: skip
    assert write(script.events)


def test_the_templates_that_are_shipped_declare_no_constant() -> None:
    """Nothing in ours has to be excused."""
    texts = [p.read_text() for kind in ("report", "bulletin") for p in (folder("templates") / kind).rglob("*.md.j2")]
    assert texts
    assert not [t for t in texts if "constant:" in t]

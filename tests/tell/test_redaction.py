"""What leaves the house: no staff, no customers, no raw addresses, in any style, language or format."""

from __future__ import annotations

import html as html_
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from irtool.records import Event, Json
from irtool.tell.gather import gather
from irtool.tell.parts import REPORT_STYLES
from irtool.tell.redaction import LEVELS, OUTWARD, marking, redact, secrets
from irtool.tell.report import Order, write
from irtool.tell.story import story
from irtool.tell.wording import LANGUAGES

from .conftest import at

PEOPLE = ("alice", "bob", "carla")
RAW = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+|(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])")


@pytest.fixture
def told(sophos: list[Event], script: Any) -> list[Event]:
    """The incident with names of staff and customers, and addresses, wherever people can write."""
    script.events = sophos
    text = (
        "Carla and Bob called Azienda 3 però & Söhne (admin@customer3.example, 203.0.113.9) "
        "about ceo@sub.customer4.example; victim@elsewhere.example wrote to alice@gateway.example"
    )
    script.add("note.added", at("18 10:00"), {"text": text}, actor="carla", source="person")
    for part in ("root_cause", "overview", "recognise", "summary", "supporting", "hypotheses", "credits"):
        data = {"part": part, "lang": "en", "style": "", "text": text, "sources": [], "consent": True}
        script.add("report.part", at("18 10:00"), data, actor="carla")
        script.add("report.part", at("18 10:00"), {**data, "lang": "it"}, actor="carla")
    script.add("change.failed", at("18 11:00"), {"error": text}, step="notify", item="c05")
    return list(script.events)


def outputs(
    events: Sequence[Event], style: str, lang: str, tlp: str, templates: Sequence[Path], org: Mapping[str, Json]
) -> dict[str, str]:
    """The text in each format."""
    written = write(list(events), Order(style, lang, tlp, False, PEOPLE), templates, org)
    return {"md": written.md(), "html": html_.unescape(written.html(templates)), "json": written.json()}


@pytest.mark.parametrize("lang", sorted(LANGUAGES))
@pytest.mark.parametrize("style", REPORT_STYLES)
@pytest.mark.parametrize("tlp", sorted(OUTWARD))
def test_no_secret_of_the_facts_is_in_any_output(
    told: list[Event], templates: Sequence[Path], org: Mapping[str, Json], style: str, lang: str, tlp: str
) -> None:
    """Every name of staff, every name, domain and contact of a customer, every recipient and reporter."""
    facts = story(told)
    hidden = secrets(facts, PEOPLE)
    assert {
        "alice",
        "bob",
        "carla",
        "customer3.example",
        "admin@customer3.example",
        "reader@elsewhere.example",
    } <= hidden
    assert "Azienda 3 però & Söhne" in hidden
    for format_, text in outputs(told, style, lang, tlp, templates, org).items():
        plain = json.dumps(json.loads(text), ensure_ascii=False) if format_ == "json" else text
        plain = re.sub(r"\\(?=\W)", "", plain)
        for secret in hidden:
            found = re.search(rf"(?<!\w){re.escape(secret)}(?!\w)", plain, re.IGNORECASE)
            assert not found, (format_, secret, plain[found.start() - 60 : found.end() + 40])
        assert not RAW.findall(plain), (format_, RAW.findall(plain))


@pytest.mark.parametrize("tlp", sorted(set(LEVELS) - OUTWARD))
def test_inside_the_house_names_are_told(
    told: list[Event], templates: Sequence[Path], org: Mapping[str, Json], tlp: str
) -> None:
    """Who was impersonated, and who decided; indicators stay defanged in what people read."""
    texts = outputs(told, "report", "en", tlp, templates, org)
    for name in ("md", "html"):
        assert "customer3[.]example" in texts[name].replace("\\", "")
        assert "bob" in texts[name]
        assert "Affected customers" in texts[name]
        assert not RAW.findall(texts[name].replace("\\", ""))
    assert "customer3.example" in texts["json"]


@pytest.mark.parametrize("tlp", LEVELS)
def test_the_label_stands_first_and_last(
    sophos: list[Event], templates: Sequence[Path], org: Mapping[str, Json], tlp: str
) -> None:
    """As TLP 2.0 writes it."""
    texts = outputs(sophos, "brief", "en", tlp, templates, org)
    label = f"TLP:{tlp.upper()}"
    assert marking(tlp) == label
    assert texts["md"].splitlines()[0] == texts["md"].splitlines()[-1] == f"**{label}**"
    assert f">{label}<" in texts["html"]
    assert json.loads(texts["json"])["tlp"] == label


def test_figures_are_the_same_for_everybody(told: list[Event]) -> None:
    """Redaction takes names, never numbers."""
    facts = story(told)
    public, _ = redact(facts, PEOPLE, ["gateway.example"], "[redacted]")
    assert public["figures"] == facts["figures"]
    assert public["marks"] == facts["marks"]
    actions: Any = public["actions"]
    assert len(actions["notice.send"]["done"]) == 11
    assert len(actions["account.disable"]["done"]) == 24


def test_what_is_said_without_a_name_stays(told: list[Event]) -> None:
    """Only the names fall out of a sentence; our own address and the attackers' may be told."""
    _, scrub = redact(story(told), PEOPLE, ["gateway.example"], "[redacted]")
    assert scrub("Carla blocked win-prizes.example") == "[redacted] blocked win-prizes.example"
    assert scrub("from info@gateway.example") == "from info@gateway.example"
    assert scrub("from sales@trial7.example") == "from sales@trial7.example"
    assert scrub("by someone@unknown.example") == "by [redacted]"
    assert scrub("Azienda 3 però & Söhne") == "[redacted]"
    assert scrub("alicea and bobsled") == "alicea and bobsled"


def test_credits_only_with_consent(
    sophos: list[Event], script: Any, templates: Sequence[Path], org: Mapping[str, Json]
) -> None:
    """Who reported it is thanked by name if they agreed, and only then outside."""
    script.events = sophos
    data = {"part": "credits", "lang": "en", "style": "", "text": "Ms. Nobody found it.", "sources": []}
    script.add("report.part", at("18 10:00"), data, actor="carla")
    public, inside = (outputs(script.events, "report", "en", tlp, templates, org)["md"] for tlp in ("clear", "red"))
    assert "Nobody" not in public
    assert "Ms. Nobody" in inside
    script.add("report.part", at("18 10:01"), {**data, "consent": True}, actor="carla")
    script.add("note.added", at("18 10:02"), {"text": "reader@elsewhere.example #credit"}, actor="carla")
    public = outputs(script.events, "report", "en", "clear", templates, org)["md"]
    assert "Ms. Nobody found it." in public
    assert "We thank reader" in public
    assert gather(script.events).credits == ["reader@elsewhere.example"]

"""What is published about an incident: the post-incident report, the postmortem, the brief and the bulletin.

Markdown is the source; HTML is the same Markdown rendered once; JSON is the facts it was made from. Whatever the style
and language, the text is checked against the facts before anybody sees it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from irtool.errors import UsageError
from irtool.language.templates import render
from irtool.records import Event, Json
from irtool.tell import parts
from irtool.tell.bulletin import bulletin_facts
from irtool.tell.chronicle import chronicle, left_out
from irtool.tell.factcheck import check
from irtool.tell.filters import STYLES, escape_markdown, filters
from irtool.tell.forms import Forms
from irtool.tell.gather import Gathered, gather
from irtool.tell.intervals import MARKS, SOPHOS
from irtool.tell.letters import organisation
from irtool.tell.measures import measures
from irtool.tell.page import page, spoken
from irtool.tell.patterns import patterns
from irtool.tell.pictures import Picture, pictures
from irtool.tell.redaction import Scrub, defanged, marking, outward, redact
from irtool.tell.story import Facts, rows, story
from irtool.tell.tables import between, customers_table, figures_table, intervals_table, people_table, response_table
from irtool.tell.wording import base, wording

FORMATS = ("md", "html", "json")
_BLANKS = re.compile(r"\n{3,}")


@dataclass(frozen=True)
class Order:
    """What is to be written: `style`, `lang`, `tlp` (a label of `redaction.LEVELS`, or ""), and whether the figures of
    the Sophos incident stand beside ours. `people` are the staff that irtool.yaml names."""

    style: str = "report"
    lang: str = "en"
    tlp: str = ""
    compare: bool = False
    people: tuple[str, ...] = ()


@dataclass(frozen=True)
class Written:
    """A checked text in Markdown and all it was made from. `boxes` are the parts that a person still has to write."""

    order: Order
    markdown: str
    facts: Facts
    pictures: Mapping[str, Picture] = field(default_factory=dict)

    @property
    def boxes(self) -> list[str]:
        """The parts that still need a person."""
        return parts.boxes(self.markdown)

    @property
    def marking(self) -> str:
        """`TLP:CLEAR`, or ""."""
        return marking(self.order.tlp)

    def md(self) -> str:
        """Markdown for people: pictures in words, the label first and last."""
        text = _BLANKS.sub("\n\n", spoken(self.markdown, self.pictures)).strip() + "\n"
        return f"**{self.marking}**\n\n{text}\n**{self.marking}**\n" if self.marking else text

    def html(self, templates: Sequence[Path]) -> str:
        """One page that needs nothing outside itself."""
        return page(
            self.markdown,
            lang=self.order.lang,
            templates=templates,
            pictures=self.pictures,
            marking=self.marking,
        )

    def json(self) -> str:
        """The facts; for readers outside with every indicator defanged."""
        facts = defanged(self.facts) if outward(self.order.tlp) else self.facts
        return json.dumps({**({"tlp": self.marking} if self.marking else {}), **_object(facts)}, indent=2) + "\n"


def write(
    events: Iterable[Event] | Gathered, order: Order, templates: Sequence[Path], org: Mapping[str, Json]
) -> Written:
    """The text in its language, checked. `org` has `name`, and optionally `domains`, `contact`.

    Raises UsageError for an incident without events or a faulty template, FaultsError if two places disagree or a
    figure or a date stands in the text that no fact backs.
    """
    told = events if isinstance(events, Gathered) else gather(events)
    whole, words = story(told), wording(order.lang).words
    facts: Facts = whole
    scrub: Scrub = _as_it_is
    if outward(order.tlp):
        facts, scrub = redact(whole, order.people, _domains(org), words["redacted"])
    name = template_of(order.style, order.lang, templates)
    variables = _variables(told, whole, facts, scrub, order, org)
    drawn = pictures(facts, order.lang, named=bool(order.tlp) and not outward(order.tlp))
    text = render(templates, name, variables, filters=filters(order.lang), escape=escape_markdown)
    text = _BLANKS.sub("\n\n", text).strip() + "\n"
    check(text, whole, variables, order.lang, templates, name)
    return Written(order, text, facts, drawn)


def report(  # noqa: PLR0913 - what may be asked of it, by name
    events: Iterable[Event],
    *,
    lang: str = "en",
    format: str = "md",  # noqa: A002  # its name on the command line
    templates: Sequence[Path],
    org: Mapping[str, Json],
    compare: bool = False,
    style: str = "report",
    tlp: str = "",
    people: Sequence[str] = (),
) -> str:
    """The text in one of `FORMATS`. Raises UsageError for an unknown format, and as `write` does."""
    if format not in FORMATS:
        raise UsageError(f'no report format "{format}"', hint=f"one of: {', '.join(FORMATS)}")
    written = write(events, Order(style, base(lang), tlp, compare, tuple(people)), templates, org)
    return written.json() if format == "json" else written.html(templates) if format == "html" else written.md()


def template_of(style: str, lang: str, templates: Sequence[Path]) -> str:
    """The template of a style: one for all languages, unless somebody made one for this language."""
    if style == "bulletin":
        return f"bulletin/{lang}/bulletin.md.j2"
    own = f"report/{lang}/{style}.md.j2"
    return own if any((folder / own).is_file() for folder in templates) else f"report/{style}.md.j2"


def _variables(
    told: Gathered, whole: Facts, facts: Facts, scrub: Scrub, order: Order, org: Mapping[str, Json]
) -> dict[str, object]:
    """All that a template may use."""
    lang, style = order.lang, STYLES.get(order.lang, "")
    words, forms = wording(lang).words, Forms(lang)
    happened = chronicle(told, whole["marks"], lang, style, scrub)
    taken = measures(facts, lang, style)
    marks, campaign = _object(facts["marks"]), _object(facts["campaign"])
    variables: dict[str, object] = {
        **facts,
        "lang": lang,
        "words": words,
        "org": organisation(org),
        "timeline": [
            [words["time"], words["event"]],
            *([forms.moment(str(r["at"])), str(r["text"])] for r in happened),
        ],
        "timeline_cut": left_out(told, lang),
        "intervals": intervals_table(facts, lang, compare=order.compare),
        "response_table": response_table(facts, lang),
        "intervals_by_mark": {"aware": None} | {str(r["mark"]): r for r in rows(facts["intervals"])},
        "measures": taken,
        "open_measures": [m["open"] for m in taken if m["open"]],
        "policy_changed": any(m["verb"] == "policy.set" and m["done"] for m in taken),
        "campaign_seconds": between(campaign.get("first_seen"), campaign.get("last_seen")),
        "before_report": max(between(marks.get("campaign_start"), marks.get("reported")), 0),
        "marks": dict.fromkeys(MARKS) | marks,
        "patterns": {k: _scrubbed(v, scrub) for k, v in patterns(whole, org.get("domains")).items()},
        "forged": _forged(campaign),
        "credits": told.credits,
        "comparison": tuple(SOPHOS.values()) if order.compare else (),
        "parts": parts.shown(facts, order.style, lang, org),
        "figures_table": figures_table(facts, taken, lang),
        "customers_table": customers_table(facts, lang) if order.tlp and not outward(order.tlp) else [],
        "people_table": people_table(facts, lang) if order.tlp and not outward(order.tlp) else [],
    }
    return variables | (bulletin_facts(facts, lang) if order.style == "bulletin" else {})


def _scrubbed(value: Json, scrub: Scrub) -> Json:
    return [scrub(str(v)) for v in value] if isinstance(value, list) else value


def _forged(campaign: Facts) -> list[str]:
    """The forged addresses that may be published: those of customers are left out, who were impersonated is theirs to
    tell."""
    customers = rows(campaign.get("affected_customers"))
    theirs = {d.strip().lower() for c in customers for d in str(c.get("domain") or "").split(",")}
    values = [str(a.get("value") or "") for a in rows(campaign.get("spoofed_addresses"))]
    return [v for v in values if v.rpartition("@")[2].lower() not in theirs]


def _domains(org: Mapping[str, Json]) -> list[str]:
    found = org.get("domains")
    return [str(d) for d in found] if isinstance(found, list) else []


def _object(value: Json) -> Facts:
    return value if isinstance(value, dict) else {}


def _as_it_is(text: str) -> str:
    return text

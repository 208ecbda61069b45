"""The post-incident report: overview, impact, timeline, analysis, resolution, additional actions.

Markdown is the source; HTML is the same Markdown rendered once; JSON is the facts it was made from.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from irtool.errors import UsageError
from irtool.history import fold
from irtool.language.templates import render
from irtool.records import Event, Json
from irtool.tell.chronicle import chronicle
from irtool.tell.filters import STYLES, escape_markdown, filters
from irtool.tell.forms import Forms
from irtool.tell.intervals import MARKS, SOPHOS
from irtool.tell.letters import organisation
from irtool.tell.measures import measures
from irtool.tell.page import page
from irtool.tell.patterns import patterns
from irtool.tell.story import Facts, rows, story
from irtool.tell.wording import base, wording

FORMATS = ("md", "html", "json")
_BLANKS = re.compile(r"\n{3,}")


def report(
    events: Iterable[Event],
    *,
    lang: str = "en",
    format: str = "md",  # noqa: A002  # its name on the command line
    templates: Sequence[Path],
    org: Mapping[str, Json],
    compare: bool = False,
) -> str:
    """The report in one of `FORMATS`. `templates` are searched in order for `report/LANG/report.md.j2`.

    `org` has `name`, and optionally `contact` for questions. `compare` shows the Sophos figures beside the
    intervals. Raises UsageError for an unknown format, an incident without events or a faulty template.
    """
    log = list(events)
    if format not in FORMATS:
        raise UsageError(f'no report format "{format}"', hint=f"one of: {', '.join(FORMATS)}")
    facts = story(log)
    if format == "json":
        return json.dumps(facts, indent=2) + "\n"
    lang = base(lang)
    text = markdown(log, facts, f"report/{lang}/report.md.j2", lang, templates, org, compare=compare)
    return page(text, lang=lang, templates=templates) if format == "html" else text


def markdown(
    log: Sequence[Event],
    facts: Facts,
    name: str,
    lang: str,
    templates: Sequence[Path],
    org: Mapping[str, Json],
    *,
    compare: bool = False,
    more: Mapping[str, object] | None = None,
) -> str:
    """A Markdown template filled with the facts and what prose needs of them."""
    style = STYLES.get(lang, "")
    words = wording(lang).words
    history = fold(str(facts["incident"]), sorted(log, key=lambda e: e.seq))
    happened = chronicle(log, history, lang, style)
    forms = Forms(lang)
    marks = facts["marks"]
    taken = measures(facts, lang, style)
    table = [[words["time"], words["event"]], *([forms.moment(str(r["at"])), str(r["text"])] for r in happened)]
    variables = {
        **facts,
        "org": organisation(org),
        "timeline": table,
        "intervals": intervals_table(facts, lang, compare=compare),
        "intervals_by_mark": {"aware": None} | {str(r["mark"]): r for r in rows(facts["intervals"])},
        "measures": taken,
        "open_measures": [m["open"] for m in taken if m["open"]],
        "policy_changed": any(m["verb"] == "policy.set" and m["done"] for m in taken),
        "campaign_seconds": _seconds(facts["campaign"]),
        "marks": dict.fromkeys(MARKS) | (marks if isinstance(marks, dict) else {}),
        "patterns": patterns(facts, org.get("domains")),
        "forged": _forged(facts["campaign"]),
        **(more or {}),
    }
    text = render(templates, name, variables, filters=filters(lang), escape=escape_markdown)
    return _BLANKS.sub("\n\n", text).strip() + "\n"


def intervals_table(facts: Facts, lang: str, *, compare: bool = False) -> list[list[str]]:
    """Milestone, when, how long after the first complaint; and the Sophos figures if asked for. Head first."""
    words, forms = wording(lang).words, Forms(lang)
    head = [words["milestone"], words["time"], words["since_reported"], *([words["comparison"]] if compare else [])]
    table = [head]
    for row in rows(facts["intervals"]):
        seconds, mark = row["since_reported"], str(row["mark"])
        cells = [words[f"mark.{mark}"], forms.moment(str(row["at"])), _after(seconds, forms, words["before"])]
        if compare:
            cells.append(forms.duration(SOPHOS[mark]) if SOPHOS.get(mark) else "–")
        table.append(cells)
    return table


def _forged(campaign: Json) -> list[str]:
    """The forged addresses that may be published: those of customers are left out, who were impersonated is theirs to
    tell."""
    found = campaign if isinstance(campaign, dict) else {}
    customers = rows(found.get("affected_customers"))
    theirs = {d.strip().lower() for c in customers for d in str(c.get("domain") or "").split(",")}
    values = [str(a.get("value") or "") for a in rows(found.get("spoofed_addresses"))]
    return [v for v in values if v.rpartition("@")[2].lower() not in theirs]


def _seconds(campaign: Json) -> float:
    """From the first to the last message of the campaign."""
    found = campaign if isinstance(campaign, dict) else {}
    first, last = found.get("first_seen"), found.get("last_seen")
    if not isinstance(first, str) or not isinstance(last, str):
        return 0
    return (datetime.fromisoformat(last) - datetime.fromisoformat(first)).total_seconds()


def _after(seconds: Json, forms: Forms, before: str) -> str:
    if not isinstance(seconds, int) or seconds == 0:
        return "–"
    return forms.duration(seconds) if seconds > 0 else before.format(time=forms.duration(-seconds))

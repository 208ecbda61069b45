"""The tables of reports, head first, every word in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from irtool.records import Json
from irtool.tell.forms import Forms
from irtool.tell.intervals import SOPHOS
from irtool.tell.story import Facts, rows
from irtool.tell.wording import wording

Table = list[list[str]]

_FIGURES = ("messages", "accounts", "customers", "customer_messages", "notices_sent")


def intervals_table(facts: Facts, lang: str, *, compare: bool = False) -> Table:
    """Milestone, when, how long after the first complaint; and the Sophos figures if asked for."""
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


def response_table(facts: Facts, lang: str) -> Table:
    """Only how long after the first complaint each milestone was reached; empty without a complaint."""
    words, forms = wording(lang).words, Forms(lang)
    reached = [
        (str(r["mark"]), s) for r in rows(facts["intervals"]) if isinstance(s := r["since_reported"], int) and s > 0
    ]
    table = [[words["milestone"], words["since_reported"]]]
    return table + [[words[f"mark.{mark}"], forms.duration(seconds)] for mark, seconds in reached]


def figures_table(facts: Facts, taken: Sequence[Mapping[str, Json]], lang: str) -> Table:
    """What the incident comes to, in numbers; what is not known is left out."""
    words, forms = wording(lang).words, Forms(lang)
    found = facts["figures"] if isinstance(facts["figures"], dict) else {}
    table = [[words["figure"], words["value"]]]
    for name in _FIGURES:
        n = found.get(name)
        if isinstance(n, int) and (n or (name == "notices_sent" and found.get("customers"))):
            table.append([words[f"figure.{name}"], forms.number(n)])
    campaign = facts["campaign"] if isinstance(facts["campaign"], dict) else {}
    lasted = between(campaign.get("first_seen"), campaign.get("last_seen"))
    if lasted:
        table.append([words["figure.duration"], forms.duration(lasted)])
    table.append([words["figure.open"], forms.number(sum(1 for m in taken if m["open"]))])
    return table


def customers_table(facts: Facts, lang: str) -> Table:
    """Who was impersonated, in how many messages, and whether they were told. For readers inside only."""
    words, forms = wording(lang).words, Forms(lang)
    campaign = facts["campaign"] if isinstance(facts["campaign"], dict) else {}
    actions = facts["actions"] if isinstance(facts["actions"], dict) else {}
    sent = actions.get("notice.send")
    told = sent.get("done") if isinstance(sent, dict) else None
    table = [[words[f"customer.{h}"] for h in ("name", "domain")] + [words["messages"], words["customer.told"]]]
    for row in rows(campaign.get("affected_customers")):
        n = row.get("messages")
        mark = "✓" if isinstance(told, list) and row.get("id") in told else "–"
        name, domain = str(row.get("name") or row.get("id")), str(row.get("domain") or "–")
        table.append([name, domain, forms.number(n) if isinstance(n, int) else "–", mark])
    return table if len(table) > 1 else []


def people_table(facts: Facts, lang: str) -> Table:
    """Who started and who approved or refused what, and when. For readers inside only."""
    words, forms = wording(lang).words, Forms(lang)
    table = [[words["time"], words["who"], words["decision"], words["step"]]]
    for row in rows(facts["people"]):
        if row.get("at"):
            cells = (row.get("who"), words[f"person.{row.get('did')}"], row.get("step") or "–")
            table.append([forms.moment(str(row["at"])), *(str(c or "–") for c in cells)])
    return table


def between(first: Json, last: Json) -> float:
    """Seconds from one moment to another; 0 if either is not known."""
    if not isinstance(first, str) or not isinstance(last, str):
        return 0
    return (datetime.fromisoformat(last) - datetime.fromisoformat(first)).total_seconds()


def _after(seconds: Json, forms: Forms, before: str) -> str:
    if not isinstance(seconds, int) or seconds == 0:
        return "–"
    return forms.duration(seconds) if seconds > 0 else before.format(time=forms.duration(-seconds))

"""The bulletin: how to recognise the mail, where it came through, what to look for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from irtool.records import Event, Json
from irtool.tell.forms import Forms
from irtool.tell.report import markdown
from irtool.tell.story import Facts, rows, story
from irtool.tell.wording import base, wording

MOST_HOPS = 100
MOST_OF_A_KIND = 50
"""More indicators of one kind than this are cut, and the bulletin says so."""

_LISTS = {
    "destination_domains": "domain",
    "source_ips": "ip",
    "sender_addresses": "address",
    "spoofed_addresses": "forged",
}


def bulletin(events: Iterable[Event], *, lang: str, templates: Sequence[Path], org: Mapping[str, Json]) -> str:
    """The bulletin in Markdown, from `bulletin/LANG/bulletin.md.j2`. Raises UsageError as `report` does."""
    log = list(events)
    facts, lang = story(log), base(lang)
    complaints = rows(facts["complaints"])
    indicators, left_out = _indicators(facts, lang)
    more: dict[str, object] = {
        "hops": _hops(facts, lang)[: MOST_HOPS + 1],
        "forged_addresses": list(dict.fromkeys(a for c in complaints for a in _texts(c.get("from")))),
        "first_hop": min(
            (str(h["time"]) for c in complaints for h in rows(c.get("hops")) if h.get("time")), default=None
        ),
        "repeated": _repeated(facts),
        "indicators": indicators,
        "left_out": left_out,
    }
    return markdown(log, facts, f"bulletin/{lang}/bulletin.md.j2", lang, templates, org, more=more)


def _hops(facts: Facts, lang: str) -> list[list[str]]:
    """One row for each hop of each complaint, the origin first; head first."""
    words = wording(lang).words
    table = [[words["time"], words["hop.from"], words["hop.ip"], words["hop.by"], words["hop.with"]]]
    for complaint in rows(facts["complaints"]):
        for hop in reversed(rows(complaint.get("hops"))):
            helo, name = str(hop.get("helo") or "–"), str(hop.get("rdns") or "")
            shown = helo if name in {"", helo, "unknown"} else f"{helo} ({name})"
            how = str(hop.get("with") or "–")
            table.append([_time(hop), shown, str(hop.get("ip") or "–"), str(hop.get("by") or "–"), how])
    return table


def _time(hop: Facts) -> str:
    """UTC, and the time as the relay wrote it: a zone that slips is the commonest mistake in such tables."""
    when, raw = hop.get("time"), str(hop.get("time_raw") or "")
    if not isinstance(when, str):
        return raw or "–"
    return f"{datetime.fromisoformat(when):%Y-%m-%d %H:%M:%S}" + (f" ({raw})" if raw else "")


def _repeated(facts: Facts) -> list[Json]:
    """Relays (`by`) that more than one complaint shows, without our own: `by`, `times`, `first`, `last`."""
    seen: dict[str, list[str]] = {}
    for complaint in rows(facts["complaints"]):
        for hop in {
            str(h["by"]): h for h in rows(complaint.get("hops")) if h.get("by") and not h.get("trusted")
        }.values():
            seen.setdefault(str(hop["by"]), []).append(str(hop.get("time") or ""))
    return [
        {"by": by, "times": len(times), "first": min(t for t in times), "last": max(times)}
        for by, times in seen.items()
        if len(times) > 1 and all(times)
    ]


def _indicators(facts: Facts, lang: str) -> tuple[list[list[str]], int]:
    """Type, value and number of messages, head first, and how many were left out.

    Those of the campaign; those of the complaints if no campaign was found.
    """
    words, forms = wording(lang).words, Forms(lang)
    campaign = facts["campaign"]
    found = campaign if isinstance(campaign, dict) else {}
    kinds: dict[str, dict[str, str]] = {}
    for name, kind in _LISTS.items():
        if name == "destination_domains" and not found.get("from_log"):
            continue  # without a log these are only the domains of those who complained
        for row in rows(found.get(name)):
            messages = row.get("messages")
            count = forms.number(messages) if isinstance(messages, int) and messages else "–"
            kinds.setdefault(kind, {})[str(row.get("value"))] = count
    told = [i for c in rows(facts["complaints"]) for i in rows(c.get("indicators"))]
    for indicator in (i for i in told if not kinds or i.get("type") == "url"):
        kinds.setdefault(str(indicator.get("type")), {})[str(indicator.get("value"))] = "–"
    table = [[words["indicator"], words["value"], words["messages"]]]
    for kind, values in kinds.items():
        name = words.get(f"indicator.{kind}", kind)
        table += [[name, value, count] for value, count in list(values.items())[:MOST_OF_A_KIND]]
    return table, sum(max(len(v) - MOST_OF_A_KIND, 0) for v in kinds.values())


def _texts(value: Json) -> list[str]:
    return [str(v) for v in value] if isinstance(value, list) else []

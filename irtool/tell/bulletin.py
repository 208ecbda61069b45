"""The bulletin: how to recognise the mail, where it came through, what to look for."""

from __future__ import annotations

from datetime import datetime

from irtool.records import Json
from irtool.tell.forms import Forms
from irtool.tell.story import Facts, rows
from irtool.tell.wording import wording

MOST_HOPS = 100
MOST_NAMED = 2
"""More forged addresses of one domain than these are told in the title by their domain."""

MOST_OF_A_KIND = 50
"""More indicators of one kind than this are cut, and the bulletin says so."""

_FROM_COMPLAINTS = frozenset({"url", "message_id"})
"""Kinds that only complaints show."""

_LISTS = {
    "destination_domains": "domain",
    "source_ips": "ip",
    "sender_addresses": "address",
    "spoofed_addresses": "forged",
}


def bulletin_facts(facts: Facts, lang: str) -> dict[str, object]:
    """What `bulletin/LANG/bulletin.md.j2` needs beside what every report has."""
    complaints = rows(facts["complaints"])
    indicators, left_out = _indicators(facts, lang)
    campaign = facts["campaign"] if isinstance(facts["campaign"], dict) else {}
    forged = _texts([r.get("value") for r in rows(campaign.get("spoofed_addresses"))])
    shown = list(dict.fromkeys(a for c in complaints for a in _texts(c.get("from"))))
    domains = {a.rpartition("@")[2] for a in forged or shown}
    return {
        "hops": _hops(facts, lang)[: MOST_HOPS + 1],
        "forged_addresses": shown,
        "forged_domain": domains.pop() if len(forged or shown) > MOST_NAMED and len(domains) == 1 else "",
        "first_hop": min(
            (str(h["time"]) for c in complaints for h in rows(c.get("hops")) if h.get("time")), default=None
        ),
        "repeated": _repeated(facts),
        "indicators": indicators,
        "left_out": left_out,
    }


def _hops(facts: Facts, lang: str) -> list[list[str]]:
    """One row for each hop of each complaint, the origin first; head first."""
    words = wording(lang).words
    table = [[words["time"], words["hop.from"], words["hop.by"]]]
    for complaint in rows(facts["complaints"]):
        for hop in reversed(rows(complaint.get("hops"))):
            helo, name = str(hop.get("helo") or "–"), str(hop.get("rdns") or "")
            named = f" ({name})" if name not in {"", helo, "unknown"} else ""
            how = " ".join(str(hop[k]) for k in ("with", "id") if hop.get(k))
            by = ", ".join(part for part in (str(hop.get("by") or "–"), how) if part)
            raw = str(hop.get("time_raw") or "")
            table.append([_time(hop), f"{helo}{named}, {hop.get('ip') or '–'}", f"{by}; {raw}" if raw else by])
    return table


def _time(hop: Facts) -> str:
    """UTC; as the relay wrote it stands elsewhere: a zone that slips is the commonest mistake in such tables."""
    when = hop.get("time")
    return f"{datetime.fromisoformat(when):%Y-%m-%d %H:%M:%S}" if isinstance(when, str) else "–"


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
    for indicator in (i for i in told if not kinds or i.get("type") in _FROM_COMPLAINTS):
        kinds.setdefault(str(indicator.get("type")), {})[str(indicator.get("value"))] = "–"
    table = [[words["indicator"], words["value"], words["messages"]]]
    for kind, values in kinds.items():
        name = words.get(f"indicator.{kind}", kind)
        table += [[name, value, count] for value, count in list(values.items())[:MOST_OF_A_KIND]]
    return table, sum(max(len(v) - MOST_OF_A_KIND, 0) for v in kinds.values())


def _texts(value: Json) -> list[str]:
    return [str(v) for v in value] if isinstance(value, list) else []

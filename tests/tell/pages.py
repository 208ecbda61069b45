"""What tests of pages share: the examiner, contrast, and the facts of an incident that pictures are made of."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from justhtml import JustHTML

T0 = datetime(2025, 4, 13, 18, 0, tzinfo=UTC)
HOSTILE = "</text><script>alert(1)</script>\u202e\x1b[31m\r\n\"'&<b onload=x>"
FETCHES = ("script", "link", "img", "image", "iframe", "object", "embed", "video", "audio", "source", "base", "form",
           "foreignobject", "use", "animate", "set")  # fmt: skip


def facts(volume: int = 92, customers: int = 12, name: str = "Azienda") -> dict[str, Any]:
    """The Sophos incident as a picture sees it."""
    hours = [("campaign_start", -21.9), ("reported", 0), ("aware", 0.97), ("first_block", 3.2),
             ("last_domain_block", 3.2), ("last_address_block", 24.65), ("last_account_disabled", 67.95)]  # fmt: skip
    reported = T0 + timedelta(hours=21.9)
    marks = {mark: (reported + timedelta(hours=h)).isoformat() for mark, h in hours}
    return {
        "marks": marks,
        "intervals": [{"mark": m, "at": marks[m], "since_reported": int(h * 3600)} for m, h in hours],
        "campaign": {
            "volume": [
                {
                    "from": (T0 + timedelta(minutes=30 * n)).isoformat(),
                    "to": (T0 + timedelta(minutes=30 * n + 30)).isoformat(),
                    "messages": 1000 + 100 * n,
                }
                for n in range(volume)
            ],
            "affected_customers": [
                {"id": f"c{n}", "name": f"{name} {n}", "messages": 30 - n} for n in range(customers)
            ],
            "accounts": [{"id": f"t{n}", "messages": 500} for n in range(24)],
        },
    }


def faults(html: str) -> list[str]:
    """What a validator or somebody who listens would complain of, and everything that reaches outside."""
    found = []
    doc = JustHTML(html, strict=True, sanitize=False)
    nodes = doc.query("*")
    found += [f"<{n.name}>" for n in nodes if n.name.lower() in FETCHES]
    for n in nodes:
        found += [
            f"{n.name} {a}" for a in n.attrs if a.startswith("on") or a in {"href", "src", "xlink:href", "srcset"}
        ]
    ids = [n.attrs["id"] for n in nodes if "id" in n.attrs]
    found += [f"id {i} twice" for i in {i for i in ids if ids.count(i) > 1}]
    css = "".join(n.to_text() for n in doc.query("style")).lower()
    found += [f"CSS {bad}" for bad in ("url(", "@import", "expression(") if bad in css]
    found += [] if doc.query("html")[0].attrs.get("lang") else ["no language"]
    found += [] if doc.query("title") and doc.query("head title")[0].to_text().strip() else ["no title"]
    policy = [n.attrs["content"] for n in doc.query("meta") if n.attrs.get("http-equiv") == "Content-Security-Policy"]
    found += [] if policy and policy[0].startswith("default-src 'none'") else ["no policy"]
    views = [n.attrs["content"] for n in doc.query("meta") if n.attrs.get("name") == "viewport"]
    found += [] if views and not re.search("user-scalable|maximum-scale", views[0]) else ["no zoom"]
    return found + _structure(doc)


def _structure(doc: JustHTML) -> list[str]:
    levels = [int(n.name[1]) for n in doc.query("h1, h2, h3, h4, h5, h6")]
    found = [] if levels.count(1) == 1 and levels[0] == 1 else ["not one first heading"]
    found += [f"h{b} after h{a}" for a, b in pairwise(levels) if b > a + 1]
    found += ["th without scope" for n in doc.query("th") if n.attrs.get("scope") not in {"col", "row"}]
    for table in doc.query("table"):
        found += [] if table.query("caption") and table.query("caption")[0].to_text().strip() else ["no caption"]
        around = table.parent
        named = around is not None and around.attrs.get("role") == "region" and around.attrs.get("aria-label")
        found += [] if named and around.attrs.get("tabindex") == "0" else ["a table that keys cannot scroll"]
    ids = {n.attrs["id"]: n.to_text().strip() for n in doc.query("*") if "id" in n.attrs}
    for svg in doc.query("svg"):
        told = [ids.get(svg.attrs.get(a) or "") for a in ("aria-labelledby", "aria-describedby")]
        found += [] if svg.attrs.get("role") == "img" and all(told) else ["a picture without words"]
    return found


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2)."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Contrast ratio (WCAG 2), 1 to 21."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)

"""Which indicators of an incident leave the house: the facts of its journal under the guards of the configuration."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from irtool.intake.domains import normalise_domain
from irtool.plan.guards import Guards
from irtool.records import Entry, Json
from irtool.tell.exports import Indicator, Rules, envelope, export, shared
from irtool.tell.exports.tlp import level
from irtool.tell.redaction import marking
from irtool.tell.story import story
from irtool.verbs import CATALOGUE
from irtool.wiring.desk import Desk


@dataclass(frozen=True, slots=True)
class Export:
    """One export: its text, the indicators it is made of, how many stayed at home, and its marking."""

    text: str
    indicators: tuple[Indicator, ...]
    left_out: int
    tlp: str


def indicators(
    desk: Desk, incident: str, *, format_: str, kind: str = "", style: str = "plain", tlp: str = "amber", defang: bool
) -> Export:
    """The incident's indicators in one of `tell.exports.FORMATS`. Raises UsageError."""
    audience = level(tlp)
    facts = story(desk.events(incident))
    campaign = facts["campaign"]
    owner = functools.cache(desk.evidence.owner)
    guards = desk.guards(owner).suspecting(campaign if isinstance(campaign, dict) else {})
    found = shared(facts, _rules(guards, desk.config.settings.org.domains), audience)
    about = envelope(facts, desk.config.settings.org.name, audience)
    text = export(found, about, format_, kind=kind, style=style, defang=defang)
    chosen = (i for i in found.indicators if kind in {"", i.kind} and (i.block or format_ != "blocklist"))
    return Export(text, tuple(chosen), found.left_out, audience)


def record(desk: Desk, incident: str, path: Path, format_: str, export: Export) -> None:
    """Put on the timeline that indicators left the house, and which file it was."""
    data: dict[str, Json] = {
        "path": str(path),
        "format": format_,
        "tlp": marking(export.tlp),
        "count": len(export.indicators),
        "sha256": hashlib.sha256(export.text.encode()).hexdigest(),
    }
    desk.journal.append(incident, Entry("indicators.exported", data))


def _rules(guards: Guards, own: Sequence[str]) -> Rules:
    def refused(verb: str, target: str) -> str:
        return guards.check(CATALOGUE[verb], target)

    def private(domain: str) -> bool:
        """A customer's; not one of the accounts that were made for the campaign."""
        name = normalise_domain(domain) or domain
        owner = guards.customer_of(name)
        ours = any(name == d or name.endswith(f".{d}") for d in own)
        return owner is not None and not ours and owner not in guards.suspects

    return Rules(refused, private, tuple(own))

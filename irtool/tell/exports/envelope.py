"""What every export says about itself, and how its parts are named: the same incident always gives the same names."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

from irtool.tell.story import Facts

_OURS = uuid.uuid5(uuid.NAMESPACE_URL, "urn:irtool:exports")


@dataclass(frozen=True, slots=True)
class Envelope:
    """Whose incident it is, under which marking (`tlp.LEVELS`), from when to when."""

    org: str
    incident: str
    title: str
    tlp: str
    opened_at: datetime
    as_of: datetime
    open: bool = True

    def name_for(self, *parts: str) -> str:
        """The UUID of a part of this incident."""
        return str(uuid.uuid5(_OURS, "\x1f".join((self.org, self.incident, *parts))))

    def name_of_org(self) -> str:
        """The UUID of the organisation, the same in all its incidents."""
        return str(uuid.uuid5(_OURS, f"org\x1f{self.org}"))


def envelope(facts: Facts, org: str, tlp: str) -> Envelope:
    """The envelope of an incident's facts."""
    as_of = datetime.fromisoformat(str(facts["as_of"])).astimezone(UTC)
    opened = facts.get("opened_at")
    return Envelope(
        org=org,
        incident=str(facts["incident"]),
        title=str(facts.get("title") or ""),
        tlp=tlp,
        opened_at=datetime.fromisoformat(opened).astimezone(UTC) if isinstance(opened, str) else as_of,
        as_of=as_of,
        open=facts.get("status") not in {"contained", "closed", "undone"},
    )

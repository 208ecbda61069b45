"""Anchors: the head of an incident's chain, kept where whoever holds the journal cannot change it.

A chain proves that nobody changed an event without recomputing all that follow. Whoever holds the file can recompute
them. An anchor kept elsewhere (printed, mailed, in a ticket) proves that they did not do so for the events up to it; a
time stamp of an authority (RFC 3161) proves it to people who do not trust our own clock or storage either.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from irtool.errors import InputError, Refused, Rejected, UsageError
from irtool.records import Entry, Json, utc
from irtool.wiring.desk import Desk

_MOST = 1_000_000


@dataclass(frozen=True, slots=True)
class Anchor:
    """What is kept elsewhere: the hash of event `seq`, when it was taken, and a token over it if there is one."""

    incident: str
    seq: int
    head: str
    at: str
    token: bytes = b""

    @property
    def message(self) -> bytes:
        """What an authority stamps."""
        return f"irtool {self.incident} {self.seq} {self.head}\n".encode()

    def text(self) -> str:
        """The file."""
        fields: dict[str, Json] = {"anchor": 1, "incident": self.incident, "seq": self.seq, "head": self.head}
        fields["at"] = self.at
        if self.token:
            fields["token"] = base64.b64encode(self.token).decode()
        return json.dumps(fields, indent=1) + "\n"


@dataclass(frozen=True, slots=True)
class Held:
    """What an anchor proved. `at` and `authority` are those of the token, None and "" without one."""

    anchor: Anchor
    later: int
    at: datetime | None = None
    authority: str = ""


def anchor(desk: Desk, incident: str, *, stamped: bool) -> Anchor:
    """The head of the chain; `stamped` by the authority of irtool.yaml. Raises Refused if the chain is not whole."""
    chain = desk.journal.verify(incident)
    if not chain.whole:
        raise Refused(f"the journal of {incident} is not whole: {chain.fault}", hint=f"irtool verify {incident}")
    found = Anchor(incident, chain.events, chain.head, utc(desk.clock.now()))
    if not stamped:
        return found
    from irtool.adapters.timestamps import stamp

    settings = desk.config.settings.timestamps
    if settings is None:
        raise UsageError("irtool.yaml names no time stamp authority", hint="timestamps: {url: …, roots: …}")
    token = stamp(settings.url, desk.config.place(settings.roots), found.message)
    return Anchor(incident, found.seq, found.head, utc(token.at), token.token)


def anchored(desk: Desk, made: Anchor, path: Path | None) -> None:
    """Put on the timeline that the head is kept elsewhere, and where."""
    settings = desk.config.settings.timestamps
    data: dict[str, Json] = {
        "seq": made.seq,
        "head": made.head,
        "kind": "rfc3161" if made.token else "file",
        "sha256": hashlib.sha256(made.text().encode()).hexdigest(),
        "path": str(path or ""),
        "tsa": settings.url if made.token and settings else "",
    }
    desk.journal.append(made.incident, Entry("journal.anchored", data))


def load(path: Path) -> Anchor:
    """The anchor in a file. Raises InputError."""
    try:
        with path.open("rb") as stream:
            data = json.loads(stream.read(_MOST))
        token = base64.b64decode(str(data.get("token") or ""), validate=True)
        found = Anchor(str(data["incident"]), int(data["seq"]), str(data["head"]), str(data["at"]), token)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}", hint="name a file that `irtool anchor` wrote") from error
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, binascii.Error) as error:
        raise InputError(f"{path}: is no anchor", hint="name a file that `irtool anchor` wrote") from error
    return found


def hold(desk: Desk, kept: Anchor) -> Held:
    """Hold an anchor against the journal, which is known to be whole. Raises Rejected if it does not fit."""
    event = next(iter(desk.journal.events(kept.incident, kept.seq - 1)), None) if kept.seq > 0 else None
    if event is None or event.seq != kept.seq:
        raise Rejected(f"{kept.incident} has no event {kept.seq} any more: it was cut off after the anchor was taken")
    if event.hash != kept.head:
        raise Rejected(f"event {kept.seq} of {kept.incident} is not the one that was anchored: history was rewritten")
    later = desk.journal.verify(kept.incident).events - kept.seq
    if not kept.token:
        return Held(kept, later)
    from irtool.adapters.timestamps import check

    settings = desk.config.settings.timestamps
    if settings is None:
        raise UsageError("the anchor has a time stamp, and irtool.yaml names no roots to check it by",
                         hint="timestamps: {url: …, roots: …}")  # fmt: skip
    proof = check(kept.token, desk.config.place(settings.roots), kept.message)
    return Held(kept, later, proof.at, proof.authority)

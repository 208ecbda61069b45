"""What came in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Indicator:
    """Something that can be looked for or blocked, refanged and normalised, with the place it was found.

    `type` is one of: domain, ip, network, address, url, message_id, sha256. `source` is for people
    ("header From", "body line 12", "feedback-report Source-IP"). `confidence` is 0..1.
    """

    type: str
    value: str
    source: str
    confidence: float = 0.5


@dataclass(frozen=True, slots=True)
class Hop:
    """One Received header (RFC 5321 §4.4). `n` counts from the top (the newest) and starts with 1.

    `auth` is true for ESMTPA and its kin (RFC 3848). `time` is UTC, `time_raw` the text as written. `trusted` is
    true while the hop was written by a relay named in `trusted_relays`; below that it is the sender's word.
    """

    n: int
    helo: str | None = None
    rdns: str | None = None
    ip: str | None = None
    by: str | None = None
    with_: str | None = None
    auth: bool = False
    tls: bool = False
    id: str | None = None
    time: datetime | None = None
    time_raw: str | None = None
    trusted: bool = False


@dataclass(frozen=True, slots=True)
class Complaint:
    """What came in, taken apart. All text in it is hostile.

    `format` is one of: eml, arf, xarf, dmarc-aggregate, dmarc-failure, headers, text. `source` is the file name, or
    "-" for stdin, and names where in a container it stood ("box.mbox message 3"). `envelope_from` is None
    if nothing tells it and "" for the null sender; `envelope_null` is None in the first case. `from_`, `sender` and
    `reply_to` are all candidate addresses in lower case, in order; `ambiguous_from` is true if From does not
    name exactly one. `recipients` are the envelope or header recipients of the abusive message. `received_at` is
    when the complaint itself was written (its Date, the ARF arrival date), None if it does not say.
    `signatures` is filled by triage.
    """

    source: str
    sha256: str
    size: int
    format: str
    message_id: str | None = None
    subject: str | None = None
    date: datetime | None = None
    received_at: datetime | None = None
    reporter: str | None = None
    envelope_from: str | None = None
    envelope_null: bool | None = None
    from_: tuple[str, ...] = ()
    ambiguous_from: bool = False
    sender: tuple[str, ...] = ()
    reply_to: tuple[str, ...] = ()
    recipients: tuple[str, ...] = ()
    x_mailer: str | None = None
    x_mimeole: str | None = None
    hops: tuple[Hop, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    indicators: tuple[Indicator, ...] = ()
    signatures: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()

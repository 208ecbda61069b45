"""What the headers of the abusive message say, as the fields of a Complaint."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence

from irtool.intake import addresses, dates, headers, hops, indicators
from irtool.intake.headers import Header
from irtool.records import Complaint, Indicator

_ENVELOPE_RECIPIENTS = ("X-Original-To", "Delivered-To", "Envelope-To", "X-Envelope-To")
_MAX_IDS = 50
_ID = re.compile(r"<\s{0,5}([^<>\s]{1,998})\s{0,5}>")
_FROM_SURE, _OWN_SURE, _REPLY_SURE, _HOP_SURE, _ID_SURE, _NAME_SURE = 0.4, 0.7, 0.5, 0.5, 0.9, 0.2
"""From is what attackers forge; Sender and the envelope are what a relay made them own."""


def apply(complaint: Complaint, fields: Sequence[Header]) -> Complaint:
    """The complaint with everything these headers tell. Authentication-Results are not believed: anyone writes them."""
    froms = [addresses.find(value) for value in headers.values(fields, "From")]
    from_ = tuple(dict.fromkeys(one for found in froms for one in found.best_first))[: addresses.MAX_ADDRESSES]
    received = headers.values(fields, "Received")
    chain, hop_faults = hops.read(received)
    return_path = headers.first(fields, "Return-Path")
    envelope = addresses.envelope(return_path) if return_path else hops.envelope_from(received)
    moment, date_fault = dates.read(date) if (date := headers.first(fields, "Date")) else (None, "")
    ambiguous = bool(froms) and (len(from_) != 1 or any(found.doubtful for found in froms))
    faults = [*hop_faults, date_fault]
    if ambiguous:
        faults.append(f"From names {len(from_)} candidate addresses" if len(from_) != 1 else "From is malformed")
    told = dataclasses.replace(
        complaint,
        message_id=_bare_id(headers.first(fields, "Message-ID") or ""),
        subject=headers.decoded(fields, "Subject"),
        date=moment,
        envelope_from=envelope,
        envelope_null=None if envelope is None else envelope == "",
        from_=from_,
        ambiguous_from=ambiguous,
        sender=addresses.find_all(headers.values(fields, "Sender")),
        reply_to=addresses.find_all(headers.values(fields, "Reply-To")),
        recipients=_recipients(fields, received),
        x_mailer=headers.decoded(fields, "X-Mailer"),
        x_mimeole=headers.decoded(fields, "X-MimeOLE"),
        hops=chain,
        headers=tuple((name, value[: headers.MAX_VALUE]) for name, value in fields),
        faults=(*complaint.faults, *(what for what in faults if what)),
    )
    return dataclasses.replace(told, indicators=indicators.merge(_indicators(told, fields), complaint.indicators))


def _bare_id(value: str) -> str | None:
    found = _ID.search(value[:2000])
    return found[1] if found else value[:998].strip("<> ") or None


def _recipients(fields: Sequence[Header], received: Sequence[str]) -> tuple[str, ...]:
    """Envelope recipients where a server noted them, else those of To and Cc."""
    noted = [value for name in _ENVELOPE_RECIPIENTS for value in headers.values(fields, name)]
    shown = [value for name in ("To", "Cc") for value in headers.values(fields, name)]
    return addresses.find_all(noted) or hops.recipients(received) or addresses.find_all(shown)


def _indicators(told: Complaint, fields: Sequence[Header]) -> list[Indicator]:
    # Pasted fragments of several messages carry several ids.
    ids = [one for value in headers.values(fields, "Message-ID")[:_MAX_IDS] if (one := _bare_id(value))]
    found = [Indicator("message_id", one, "header Message-ID", _ID_SURE) for one in ids]
    for values, source, sure in (
        ((told.envelope_from or "",), "header Return-Path", _OWN_SURE),
        (told.sender, "header Sender", _OWN_SURE),
        (told.reply_to, "header Reply-To", _REPLY_SURE),
        (told.from_, "header From", _FROM_SURE),
    ):
        found += [Indicator("address", value, source, sure) for value in values if "@" in value]
    ips = [(hop.ip or "", f"header Received {hop.n}") for hop in told.hops]
    ips += [(value, "header X-Originating-IP") for value in headers.values(fields, "X-Originating-IP")[:5]]
    found += [ip for value, source in ips if (ip := indicators.ip_indicator(value, source, _HOP_SURE))]
    found += indicators.scan((told.subject or "").replace("\n", " "), "header Subject")
    shown_names = " ".join(headers.values(fields, "From"))[: headers.MAX_VALUE].replace("\n", " ")
    quoted = [one for one in indicators.scan(shown_names, "header From, in the name") if one.type == "address"]
    return found + [dataclasses.replace(one, confidence=_NAME_SURE) for one in quoted]

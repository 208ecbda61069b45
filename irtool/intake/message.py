"""What the headers of the abusive message say, as the fields of a Complaint."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence

from irtool.intake import addresses, dates, headers, hops, indicators
from irtool.intake.headers import Header
from irtool.records import Complaint, Hop, Indicator

_ENVELOPE_RECIPIENTS = ("x-original-to", "delivered-to", "envelope-to", "x-envelope-to")
_MAX_IDS = 50
_ID = re.compile(r"<\s{0,5}([^<>\s]{1,998})\s{0,5}>")
_FROM_SURE, _OWN_SURE, _REPLY_SURE, _HOP_SURE, _ID_SURE, _NAME_SURE = 0.4, 0.7, 0.5, 0.5, 0.9, 0.2
"""From is what attackers forge; Sender and the envelope are what a relay made them own."""


def apply(complaint: Complaint, fields: Sequence[Header]) -> Complaint:
    """The complaint with everything these headers tell. Authentication-Results are not believed: anyone writes them."""
    named = headers.by_name(fields)
    every = named.get

    def first(name: str) -> str | None:
        return next((value for value in every(name, ()) if value), None)

    def decoded(name: str) -> str | None:
        return None if (value := first(name)) is None else headers.decoded_value(value)

    froms = [addresses.find(value) for value in every("from", ())]
    from_ = tuple(dict.fromkeys(one for found in froms for one in found.best_first))[: addresses.MAX_ADDRESSES]
    received = every("received", [])
    chain, hop_faults = hops.read(received)
    return_path = first("return-path")
    envelope = addresses.envelope(return_path) if return_path else hops.envelope_from(received)
    moment, date_fault = dates.read(date) if (date := first("date")) else (None, "")
    ambiguous = bool(froms) and (len(from_) != 1 or any(found.doubtful for found in froms))
    faults = [*complaint.faults, *hop_faults, *([date_fault] if date_fault else ())]
    if ambiguous:
        faults.append(f"From names {len(from_)} candidate addresses" if len(from_) != 1 else "From is malformed")
    sender = addresses.find_all(every("sender", ()))
    reply_to = addresses.find_all(every("reply-to", ()))
    ids = [one for value in every("message-id", ())[:_MAX_IDS] if (one := _bare_id(value))]
    subject = decoded("subject")
    found = [Indicator("message_id", one, "header Message-ID", _ID_SURE) for one in ids]
    found += _named((envelope,) if envelope else (), sender, reply_to, from_)
    found += _ips(chain, every("x-originating-ip", ()))
    found += _in_text(subject or "", every("from", ()), from_)
    long = max((len(value) for _, value in fields), default=0) > headers.MAX_VALUE
    return Complaint(
        source=complaint.source,
        sha256=complaint.sha256,
        size=complaint.size,
        format=complaint.format,
        message_id=_bare_id(first("message-id") or ""),
        subject=subject,
        date=moment,
        received_at=complaint.received_at,
        reporter=complaint.reporter,
        envelope_from=envelope,
        envelope_null=None if envelope is None else envelope == "",
        from_=from_,
        ambiguous_from=ambiguous,
        sender=sender,
        reply_to=reply_to,
        recipients=_recipients(named, received),
        x_mailer=decoded("x-mailer"),
        x_mimeole=decoded("x-mimeole"),
        hops=chain,
        headers=tuple((name, value[: headers.MAX_VALUE]) for name, value in fields) if long else tuple(fields),
        indicators=indicators.merge(found, complaint.indicators),
        signatures=complaint.signatures,
        faults=tuple(faults),
    )


def _bare_id(value: str) -> str | None:
    found = _ID.search(value[:2000])
    return found[1] if found else value[:998].strip("<> ") or None


def _recipients(named: Mapping[str, Sequence[str]], received: Sequence[str]) -> tuple[str, ...]:
    """Envelope recipients where a server noted them, else those of To and Cc."""
    noted = [value for name in _ENVELOPE_RECIPIENTS for value in named.get(name, ())]
    if noted and (found := addresses.find_all(noted)):
        return found
    return hops.recipients(received) or addresses.find_all([*named.get("to", ()), *named.get("cc", ())])


def _named(
    envelope: Sequence[str], sender: Sequence[str], reply_to: Sequence[str], from_: Sequence[str]
) -> list[Indicator]:
    return [
        Indicator("address", value, source, sure)
        for values, source, sure in (
            (envelope, "header Return-Path", _OWN_SURE),
            (sender, "header Sender", _OWN_SURE),
            (reply_to, "header Reply-To", _REPLY_SURE),
            (from_, "header From", _FROM_SURE),
        )
        for value in values
        if "@" in value
    ]


def _ips(chain: Sequence[Hop], originating: Sequence[str]) -> list[Indicator]:
    seen = [(hop.ip, f"header Received {hop.n}") for hop in chain if hop.ip]
    seen += [(value, "header X-Originating-IP") for value in originating[:5]]
    return [ip for value, source in seen if (ip := indicators.ip_indicator(value, source, _HOP_SURE))]


def _in_text(subject: str, froms: Sequence[str], from_: Sequence[str]) -> list[Indicator]:
    """What the subject names, and the addresses that stand in the name of a From."""
    found = []
    if indicators.is_worth_a_scan(subject):
        found = indicators.scan(subject.replace("\n", " "), "header Subject")
    if len(from_) != 1 or any(value.count("@") != 1 or "=?" in value for value in froms):
        names = " ".join(froms)[: headers.MAX_VALUE].replace("\n", " ")
        quoted = indicators.scan(names, "header From, in the name")
        found += [dataclasses.replace(one, confidence=_NAME_SURE) for one in quoted if one.type == "address"]
    return found

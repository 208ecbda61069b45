"""The machine-readable part of a feedback report (RFC 5965 §3, message/feedback-report)."""

from __future__ import annotations

import dataclasses
import re

from irtool.intake import addresses, dates, domains, headers, indicators
from irtool.records import Complaint, Indicator

MAX_REPORTED = 200
_SOURCE = "feedback-report Source-IP"
_WORD = re.compile(r"[0-9A-Fa-f.:\[\]]{3,64}")
_SURE = 0.9
_LIKELY = 0.8
_IMPERSONATED, _SIGNED = 0.2, 0.4


def apply(complaint: Complaint, report: bytes) -> Complaint:
    """The complaint with what the report says about the abusive message; a receiver's word beats a copied header.

    An authentication failure report (RFC 6591) has the format "dmarc-failure": there the reported domain is the one
    that was impersonated.
    """
    block = headers.split(report.strip() + b"\r\n\r\n")
    fields = block.headers
    envelope = next((addresses.envelope(value) for value in headers.values(fields, "Original-Mail-From")), None)
    arrival = headers.first(fields, "Arrival-Date") or headers.first(fields, "Received-Date")
    moment, wrong = dates.read(arrival) if arrival else (None, "")
    faults = [*complaint.faults, *(f"feedback-report: {what}" for what in (*block.faults, wrong) if what)]
    if not headers.first(fields, "Feedback-Type"):
        faults.append("feedback-report: it has no Feedback-Type, which RFC 5965 requires")
    failure = (headers.first(fields, "Feedback-Type") or "").lower() == "auth-failure"
    if envelope is not None:
        complaint = dataclasses.replace(complaint, envelope_from=envelope, envelope_null=envelope == "")
    reported = _reported(fields, failure=failure)
    if not complaint.headers and not any(one.type == "ip" for one in reported):
        faults.append("feedback-report: it has neither the message nor the IP it came from; ask for the message")
    return dataclasses.replace(
        complaint,
        format="dmarc-failure" if failure else complaint.format,
        received_at=complaint.received_at or moment,  # the report's own Date; Arrival-Date is when the spam came
        recipients=addresses.find_all(headers.values(fields, "Original-Rcpt-To")) or complaint.recipients,
        indicators=indicators.merge(reported, complaint.indicators),
        faults=tuple(faults),
    )


def _ip(value: str) -> Indicator | None:
    """The address, also with a host name or a port behind it."""
    tries = (value, *_WORD.findall(value)[:1])
    return next((one for text in tries if (one := indicators.ip_indicator(text, _SOURCE, _SURE))), None)


def _reported(fields: tuple[headers.Header, ...], *, failure: bool) -> list[Indicator]:
    named = {"Reported-Domain": _IMPERSONATED if failure else _LIKELY, "DKIM-Domain": _SIGNED if failure else 0.0}

    def reported(name: str) -> list[str]:
        return headers.values(fields, name)[:MAX_REPORTED]

    found = [one for value in reported("Source-IP") if (one := _ip(value))]
    found += [
        Indicator("address", envelope, "feedback-report Original-Mail-From", _LIKELY)
        for value in reported("Original-Mail-From")
        if (envelope := addresses.envelope(value))
    ]
    found += [
        Indicator("domain", name, f"feedback-report {header}", sure)
        for header, sure in named.items()
        for value in reported(header)
        if sure and (name := domains.normalise_domain(value)) and domains.registrable(name)
    ]
    for value in reported("Reported-URI"):
        if value.lower().startswith("mailto:"):
            found += indicators.scan(value[7:1000], "feedback-report Reported-URI")
        else:
            found += indicators.url_indicators(value[:2048], "feedback-report Reported-URI", _LIKELY)
    return found

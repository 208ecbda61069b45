"""The machine-readable part of a feedback report (RFC 5965 §3, message/feedback-report)."""

from __future__ import annotations

import dataclasses

from irtool.intake import addresses, dates, domains, headers, indicators
from irtool.records import Complaint, Indicator

MAX_REPORTED = 200
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
    return dataclasses.replace(
        complaint,
        format="dmarc-failure" if failure else complaint.format,
        received_at=complaint.received_at or moment,  # the report's own Date; Arrival-Date is when the spam came
        recipients=addresses.find_all(headers.values(fields, "Original-Rcpt-To")) or complaint.recipients,
        indicators=indicators.merge(_reported(fields, failure=failure), complaint.indicators),
        faults=tuple(faults),
    )


def _reported(fields: tuple[headers.Header, ...], *, failure: bool) -> list[Indicator]:
    named = {"Reported-Domain": _IMPERSONATED if failure else _LIKELY, "DKIM-Domain": _SIGNED if failure else 0.0}

    def reported(name: str) -> list[str]:
        return headers.values(fields, name)[:MAX_REPORTED]

    ips = (indicators.ip_indicator(value, "feedback-report Source-IP", _SURE) for value in reported("Source-IP"))
    found = [one for one in ips if one]
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

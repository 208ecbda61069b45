"""The evidence for each impersonated customer: its forged addresses, who sent them, where to, and sample messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from irtool.ports import LogSource
from irtool.records import Complaint, Counted, Findings, Json, Sample
from irtool.triage import redact
from irtool.triage.pattern import FORWARD, HOLE
from irtool.triage.questions import ask, integer, sql
from irtool.triage.seeds import Ownership, texts

CUSTOMERS = 500
"""For how many customers there is evidence beyond the figures, those with most messages first."""
EACH, SAMPLES = 10, 3


def from_log(found: Findings, log: LogSource, how: str, span: Mapping[str, Json]) -> Findings:
    """The findings with the evidence of the log. Needs the log's table `campaign`."""
    first = found.affected_customers[:CUSTOMERS]
    if not first:
        return found
    lists: dict[tuple[str, str], list[Counted]] = {}
    values = {**span, "owners": texts(c.id for c in first), "each": EACH, "any_envelope": how not in {HOLE, FORWARD}}
    values["any_envelope"] = bool(values["any_envelope"]) or "envelope_from" in log.missing()
    for row in ask(log, sql("customers"), values):
        one = Counted(
            str(row["value"]), integer(row["messages"]), _moment(row["first_seen"]), _moment(row["last_seen"])
        )
        lists.setdefault((str(row["from_owner"]), str(row["kind"])), []).append(one)
    told = [
        replace(
            c,
            addresses=tuple(lists.get((c.id, "addresses"), ())),
            sent_by=tuple(lists.get((c.id, "sent_by"), ())),
            destinations=tuple(lists.get((c.id, "destinations"), ())),
        )
        for c in first
    ]
    addresses = texts(address.value for customer in told for address in customer.addresses)
    samples = _samples(ask(log, sql("samples"), {**values, "addresses": addresses}))
    told = [replace(c, samples=tuple(s for a in c.addresses for s in samples.get(a.value, ()))[:SAMPLES]) for c in told]
    return replace(found, affected_customers=(*told, *found.affected_customers[CUSTOMERS:]))


def from_complaints(found: Findings, complaints: Sequence[Complaint], ownership: Ownership) -> Findings:
    """The findings with the reported messages as further samples, each for the customer in whose name it was sent."""
    by_owner: dict[str, list[Sample]] = {}
    for complaint in complaints:
        for owner in dict.fromkeys(ownership.owner_of_address(address) for address in complaint.from_):
            if owner and complaint.headers:
                sample = Sample(complaint.source, complaint.date, headers=redact.headers(complaint))
                by_owner.setdefault(owner, []).append(sample)
    told = [
        replace(c, samples=(*c.samples, *by_owner.get(c.id, ())[:SAMPLES])) if c.id in by_owner else c
        for c in found.affected_customers
    ]
    return replace(found, affected_customers=tuple(told))


def _samples(rows: Sequence[Mapping[str, object]]) -> dict[str, list[Sample]]:
    """From address -> its messages in order of time."""
    found: dict[str, list[Sample]] = {}
    for row in sorted(rows, key=lambda r: (str(r["time"]), str(r["id"]))):
        some = found.setdefault(str(row["header_from"]), [])
        if len(some) < SAMPLES:
            some.append(_sample(row))
    return found


def _sample(row: Mapping[str, object]) -> Sample:
    def told(key: str) -> str | None:
        return None if row[key] is None else str(row[key])

    envelope, from_, sender = told("envelope_from"), told("header_from"), told("header_sender")
    recipient = told("recipient") or ""
    hide = redact.redactor([a for a in (envelope, from_, sender) if a], [recipient])
    shown = [
        ("Return-Path", None if envelope is None else f"<{hide(envelope)}>"),
        ("From", hide(from_) if from_ else None),
        ("Sender", hide(sender) if sender else None),
        ("To", f"{redact.GONE}@{recipient.rpartition('@')[2]}" if recipient else None),
        ("Subject", hide(told("subject") or "") or None),
        ("Message-ID", told("id")),
    ]
    headers = tuple((name, value) for name, value in shown if value is not None)
    return Sample("log", _moment(row["time"]), told("account"), told("source_ip"), headers)


def _moment(value: object) -> datetime | None:
    return value if isinstance(value, datetime) else None

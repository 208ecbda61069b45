"""One message, report or text -> Complaints: which part of it is the evidence, and who merely forwarded it."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence

from irtool.errors import InputError
from irtool.intake import (
    addresses,
    arf,
    bodies,
    charsets,
    containers,
    dates,
    dmarc,
    headers,
    indicators,
    message,
    outlook,
    pasted,
    xarf,
)
from irtool.records import Complaint, Indicator

_QUOTED_TRACE = re.compile(r"^[ \t>]{0,20}Received:[ \t]{1,5}(?:from|by)\s", re.MULTILINE | re.IGNORECASE)
_ATTACHED_TOTAL, _ATTACHED_MEMBERS = 32 * 1024 * 1024, 200


def from_mail_or_text(base: Complaint, content: bytes, hint: str) -> list[Complaint]:
    """The complaints in a message, whatever it carries, or the one in a text. Raises InputError for anything else."""
    block = headers.split(content)
    if _is_message(block):
        return from_message(base, content, block)
    return [_from_text(base, content, hint)]


def _is_message(block: headers.Block) -> bool:
    """A header section that ends with an empty line and has names only mail has; pasted pieces lack one of them."""
    names = {name.lower() for name, _ in block.headers if headers.is_known(name)}
    return block.body is not None and len(names) >= (2 if "from" in names else 3)


def from_message(base: Complaint, content: bytes, block: headers.Block) -> list[Complaint]:
    """The complaints in a message: of the reports or messages attached to it, else of itself."""
    parts = bodies.read(content, block)
    evidence = [*parts.messages, *parts.header_sections]
    if parts.feedback is not None:
        report = _outer(base, block, parts, "arf")
        return [arf.apply(one, parts.feedback) for one in _attached(report, evidence[:1] or [b""])]
    if parts.files:
        reports, found = _from_files(_outer(base, block, parts, "eml"), parts, evidence)
        if reports:
            return reports
        evidence += found
    if evidence:
        return _attached(_outer(base, block, parts, "eml"), evidence)
    faults = (*base.faults, *block.faults, *parts.faults)
    told = message.apply(dataclasses.replace(base, format="eml", faults=faults), block.headers)
    return [_with_body(dataclasses.replace(told, received_at=told.date), parts)]


def _outer(base: Complaint, block: headers.Block, parts: bodies.Parts, form: str) -> Complaint:
    """What the wrapping message tells: who complains, and when."""
    reporter = addresses.find(headers.first(block.headers, "From") or "").best
    date = headers.first(block.headers, "Date")
    faults = (*base.faults, *block.faults, *parts.faults)
    moment = dates.read(date)[0] if date else None
    return dataclasses.replace(base, format=form, reporter=reporter, received_at=moment, faults=faults)


def _from_files(
    outer: Complaint, parts: bodies.Parts, evidence: Sequence[bytes]
) -> tuple[list[Complaint], list[bytes]]:
    """The reports among the attachments, packed or not, and the messages among them that no content type announces."""
    budget = containers.Budget(_ATTACHED_TOTAL, members=_ATTACHED_MEMBERS, depth=2)
    reports: list[Complaint] = []
    found: list[bytes] = []
    for name, data in parts.files:
        label = f"{outer.source}: {name or 'attachment'}"
        for source, piece in containers.pieces(label, data, budget):
            try:
                if xarf.is_report(piece):
                    reports += from_xarf(outer, piece, evidence)
                elif dmarc.is_report(piece):
                    reports.append(dmarc.apply(dataclasses.replace(outer, source=source), piece))
                elif outlook.is_message(piece):
                    found.append(outlook.as_mime(source, piece)[0])
                elif _is_delivered(piece):
                    found.append(piece)
            except InputError as error:
                budget.refuse(f"not read: {error.message}")
    if reports:
        reports[0] = dataclasses.replace(reports[0], faults=(*reports[0].faults, *budget.said()))
    elif told := [fault for fault in budget.said() if fault.startswith("not read:")]:
        parts.faults += told
    return reports, found


def _is_delivered(content: bytes) -> bool:
    block = headers.split(content)
    return _is_message(block) and any(name.lower() == "received" for name, _ in block.headers)


def from_xarf(base: Complaint, content: bytes, attached: Sequence[bytes] = ()) -> list[Complaint]:
    """One complaint per XARF report, or per message it has as evidence; broken JSON is read as text.

    `attached` are the messages that came with the report, for one that holds none itself.
    """
    reports, faults = xarf.read(content)
    base = dataclasses.replace(base, format="xarf", faults=(*base.faults, *(f"XARF: {fault}" for fault in faults)))
    if not reports:
        text = charsets.decode(content[: bodies.MAX_TEXT])
        return [dataclasses.replace(base, indicators=indicators.merge(indicators.scan(text, "XARF, read as text")))]
    complaints: list[Complaint] = []
    for report in reports:
        mails = [one.content for one in report.evidence if _is_mail(one)]
        told = _attached(base, mails or list(attached) or [b""])
        others = _other_evidence(report)
        for one in told:
            merged = indicators.merge(one.indicators, others, without={report.reporter or "", *report.recipients})
            complaints.append(xarf.apply(dataclasses.replace(one, indicators=merged), report))
    return complaints


def _is_mail(evidence: xarf.Evidence) -> bool:
    if evidence.kind.startswith("message/") or evidence.kind in {"text/email", "text/rfc822-headers"}:
        return True
    return evidence.kind in {"", "text/plain", "application/octet-stream"} and _is_message(
        headers.split(evidence.content)
    )


def _other_evidence(report: xarf.Report) -> list[Indicator]:
    found = indicators.scan(report.description, "XARF description")
    for evidence in (one for one in report.evidence if not _is_mail(one)):
        if evidence.kind.startswith("text/"):
            text = charsets.decode(evidence.content[: bodies.MAX_TEXT])
            found += indicators.scan(bodies.readable(evidence.kind, text), "XARF evidence")
    return found


def _attached(report: Complaint, evidence: Sequence[bytes]) -> list[Complaint]:
    """One complaint per attached message; what the reporter wrote around it is not evidence."""
    complaints = []
    for content in (one.lstrip(b"\r\n") for one in evidence):
        block = headers.split(content)
        told = message.apply(report, block.headers)
        told = dataclasses.replace(told, faults=(*told.faults, *block.faults))
        if block.body is None:
            complaints.append(told)
            continue
        parts = bodies.read(content, block)
        told = dataclasses.replace(told, faults=(*told.faults, *parts.faults))
        complaints.append(_with_body(told, parts))
    return complaints


def _with_body(told: Complaint, parts: bodies.Parts) -> Complaint:
    found = []
    faults = list(told.faults)
    for kind, text in parts.texts:
        label = "body" if kind != "text/html" else "HTML body"
        found.append(indicators.scan(bodies.readable(kind, text).replace("\r\n", "\n"), label))
        if _QUOTED_TRACE.search(text):
            faults.append("the body quotes headers; if they are the evidence, give them alone")
    found.append(
        [Indicator("sha256", digest, f"attachment {name or 'without a name'}", 0.4) for name, digest in parts.digests]
    )
    victims = {*told.recipients, told.reporter or ""} - {*told.from_, *told.sender}
    merged = indicators.merge(told.indicators, *found, without=victims)
    faults += _too_many(merged)
    return dataclasses.replace(told, indicators=merged, faults=tuple(faults))


def _from_text(base: Complaint, content: bytes, hint: str) -> Complaint:
    if b"\0" in content[:8192]:
        raise InputError(f"{base.source} is binary data, not a message", hint=hint)
    faults = list(base.faults)
    if len(content) > bodies.MAX_TEXT:
        faults.append(f"only the first {bodies.MAX_TEXT} bytes of the text were read")
    text = charsets.decode(content[: bodies.MAX_TEXT])
    found = pasted.read(text)
    form = "headers" if found.leads else "text"
    told = message.apply(dataclasses.replace(base, format=form, faults=tuple(faults)), found.headers)
    written = indicators.scan(found.rest + "\n", "text")
    if not found.headers and not written:
        raise InputError(f"{base.source} holds no message, no headers and nothing to look for", hint=hint)
    merged = indicators.merge(told.indicators, written, without=set(told.recipients) - {*told.from_, *told.sender})
    return dataclasses.replace(told, indicators=merged, faults=(*told.faults, *_too_many(merged)))


def _too_many(found: Sequence[Indicator]) -> list[str]:
    most = indicators.MAX_INDICATORS
    return [f"it names more than {most} indicators; the rest was left out"] if len(found) >= most else []

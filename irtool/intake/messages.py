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
    domains,
    forwards,
    headers,
    indicators,
    message,
    outlook,
    pasted,
    xarf,
)
from irtool.records import Complaint, Indicator

_QUOTED_TRACE = re.compile(r"^[ \t>]{0,20}Received:[ \t]{1,5}(?:from|by)\s", re.MULTILINE | re.IGNORECASE)
_PASTED = "the headers are taken from the text of the mail of {reporter}, who passes them on"
_SHOWN = (
    "forwarded in the text by {reporter}: only what their program shows of it is known; ask for it as an attachment, "
    "which has the Received headers"
)
_WRITTEN = (
    "written by {reporter} to an abuse desk: what it names is looked for; if it is itself the abuse, give its headers"
)
_MEANT = frozenset({"url", "domain", "ip", "network"})
"""What a complaint in words names, if nobody said that it is to a desk of ours; addresses alone are a signature."""
_MAX_TEXTS = 10
_ATTACHED_TOTAL, _ATTACHED_MEMBERS = 32 * 1024 * 1024, 200


def from_mail_or_text(base: Complaint, content: bytes, hint: str, own: Sequence[str] = ()) -> list[Complaint]:
    """The complaints in a message, whatever it carries, or the one in a text; `own` are our domains.

    Raises InputError for anything else.
    """
    block = headers.split(content)
    if _is_message(block) and not forwards.passes_on(block.headers, own):
        content, block = _without_summary(content, block)
    if _is_message(block):
        return from_message(base, content, block, own)
    return [_from_text(base, content, hint)]


def _is_message(block: headers.Block) -> bool:
    """A header section that ends with an empty line and has names only mail has; pasted pieces lack one of them."""
    names = {name.lower() for name, _ in block.headers if headers.is_known(name)}
    return block.body is not None and len(names) >= (2 if "from" in names else 3)


def _without_summary(content: bytes, block: headers.Block) -> tuple[bytes, headers.Block]:
    """Without the few lines that a web mailer shows above the headers as received ("Show original")."""
    if headers.first(block.headers, "Received") or block.body is None:
        return content, block
    below = content[block.body :].lstrip()
    return (below, headers.split(below)) if _is_delivered(below[: headers.MAX_BYTES]) else (content, block)


def from_message(base: Complaint, content: bytes, block: headers.Block, own: Sequence[str] = ()) -> list[Complaint]:
    """The complaints in a message: of the reports or messages attached to it, of what its text passes on or, to our own
    abuse desk, names; else of itself."""
    parts = bodies.read(content, block)
    evidence = [*parts.messages, *parts.header_sections]
    if parts.feedback is not None:
        report = _outer(base, block, parts, "arf")
        return [arf.apply(one, parts.feedback) for one in _attached(report, evidence[:1] or [b""])]
    if parts.files:
        handed_on = forwards.passes_on(block.headers, own)
        reports, found = _from_files(_outer(base, block, parts, "eml"), parts, evidence, handed_on=handed_on)
        if reports:
            return reports
        evidence += found
    outer = _outer(base, block, parts, "eml")
    if plain := next(
        (text for _, text in (*parts.notes, *parts.texts) if xarf.is_plain_report(block.headers, text)), ""
    ):
        return from_xarf(outer, xarf.from_plain(plain), evidence)
    if evidence:
        return _attached(outer, evidence)
    if forwards.passes_on(block.headers, own) and (quoted := _in_the_text(outer, block, parts)):
        return [quoted]
    if forwards.is_to_our_desk(block.headers, own) and (written := _written(outer, block, parts, own)):
        return [written]
    faults = (*base.faults, *block.faults, *parts.faults)
    told = message.apply(dataclasses.replace(base, format="eml", faults=faults), block.headers)
    return [_with_body(dataclasses.replace(told, received_at=told.date), parts)]


def _in_the_text(outer: Complaint, block: headers.Block, parts: bodies.Parts) -> Complaint | None:
    """The message that a complaint quotes: with all its headers, or as mail programs forward it. None if there is none.

    What stands above it is the reporter's, and no evidence.
    """
    ours = addresses.find_all([*headers.values(block.headers, "To"), *headers.values(block.headers, "Cc")])
    told = None
    found: list[list[Indicator]] = []
    for kind, text in (one for one in parts.texts[:_MAX_TEXTS] if ":" in one[1]):
        plain, linked = bodies.in_lines(kind, text)
        fields, below = _quoted_headers(plain, linked, ours)
        if not fields:
            continue
        if told is None:
            told = message.apply(outer, fields)
            whole = any(name.lower() == "received" for name, _ in fields)
            fault = _PASTED if whole else _SHOWN
            told = dataclasses.replace(told, faults=(*told.faults, fault.format(reporter=outer.reporter or "a mail")))
        found.append(indicators.scan(below, "forwarded text"))
    if told is None:
        return None
    found.append(_digests(parts))
    victims = {*told.recipients, told.reporter or "", *ours} - {*told.from_, *told.sender}
    merged = indicators.merge(told.indicators, *found, without=victims)
    return dataclasses.replace(told, indicators=merged, faults=(*told.faults, *_too_many(merged)))


def _written(outer: Complaint, block: headers.Block, parts: bodies.Parts, own: Sequence[str]) -> Complaint | None:
    """A complaint in somebody's own words: what it names, without whoever writes it. None if it names nothing."""
    reporter = outer.reporter or ""
    home = domains.registrable(domains.domain_of(reporter) or "")
    texts = [("body", bodies.readable(kind, text).replace("\r\n", "\n")) for kind, text in parts.texts[:_MAX_TEXTS]]
    texts += [(f"attachment {name}", text.replace("\r\n", "\n")) for name, text in parts.notes]
    subject = headers.decoded(block.headers, "Subject") or ""
    found = [indicators.scan(text, label) for label, text in (*texts, ("header Subject", subject.replace("\n", " ")))]
    theirs = {one.value for group in found for one in group if home and _home(one) == home}
    desk = addresses.find_all([*headers.values(block.headers, "To"), *headers.values(block.headers, "Cc")])
    told = indicators.merge(*found, without={*theirs, reporter, *desk})
    if not any(one.type in _MEANT for one in told) and not (own and told):
        return None
    every = indicators.merge(told, _digests(parts))
    faults = (*outer.faults, _WRITTEN.format(reporter=reporter or "somebody"), *_too_many(every))
    return dataclasses.replace(outer, format="text", indicators=every, faults=faults)


def _home(one: Indicator) -> str | None:
    """The registered domain of an indicator, None if it has none."""
    host = one.value.partition("://")[2].partition("/")[0] if one.type == "url" else one.value
    return domains.registrable(host.rpartition("@")[2]) if one.type in {"url", "domain", "address"} else None


def _quoted_headers(plain: str, linked: str, ours: Sequence[str]) -> tuple[Sequence[headers.Header], str]:
    """The quoted headers, and the text from there on with the lines of before left empty."""
    if _QUOTED_TRACE.search(plain) and (found := pasted.read(plain)).headers:
        lines = zip(plain.splitlines(), found.rest.split("\n"), linked.splitlines(), strict=False)
        below = ["" if line.strip() and not rest.strip() else shown for line, rest, shown in lines]
        first = next((n for n, line in enumerate(plain.splitlines()) if line.strip() and not below[n]), 0)
        return found.headers, _below(below, first)
    shown = forwards.find(plain, ours)
    return (shown.headers, _below(linked.splitlines(), shown.begin)) if shown else ((), "")


def _below(lines: Sequence[str], first: int) -> str:
    return "\n" * first + "\n".join(lines[first:]) + "\n"


def _outer(base: Complaint, block: headers.Block, parts: bodies.Parts, form: str) -> Complaint:
    """What the wrapping message tells: who complains, and when."""
    reporter = addresses.find(headers.first(block.headers, "From") or "").best
    date = headers.first(block.headers, "Date")
    faults = (*base.faults, *block.faults, *parts.faults)
    moment = dates.read(date)[0] if date else None
    return dataclasses.replace(base, format=form, reporter=reporter, received_at=moment, faults=faults)


def _from_files(
    outer: Complaint, parts: bodies.Parts, evidence: Sequence[bytes], *, handed_on: bool
) -> tuple[list[Complaint], list[bytes]]:
    """The reports among the attachments, packed or not, and the messages among them that no content type announces.

    Of a mail that hands something on, an .eml without a single Received header is a message too.
    """
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
                elif _is_delivered(piece) or (handed_on and _is_message(headers.split(piece))):
                    found.append(piece)
            except InputError as error:
                budget.refuse(f"not read: {error.message}")
    if reports:
        reports[0] = dataclasses.replace(reports[0], faults=(*reports[0].faults, *budget.said()))
    else:
        parts.faults += budget.said()
    return reports, found


def _is_delivered(content: bytes) -> bool:
    block = headers.split(content)
    names = {name.lower() for name, _ in block.headers if headers.is_known(name)}
    return "received" in names and (_is_message(block) or (block.body is None and len(names) >= 3))


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
    found.append(_digests(parts))
    victims = {*told.recipients, told.reporter or ""} - {*told.from_, *told.sender}
    merged = indicators.merge(told.indicators, *found, without=victims)
    faults += _too_many(merged)
    return dataclasses.replace(told, indicators=merged, faults=tuple(faults))


def _digests(parts: bodies.Parts) -> list[Indicator]:
    return [
        Indicator("sha256", digest, f"attachment {name or 'without a name'}", 0.4) for name, digest in parts.digests
    ]


def _from_text(base: Complaint, content: bytes, hint: str) -> Complaint:
    if b"\0" in content[:8192]:
        raise InputError(f"{base.source} is binary data, not a message", hint=hint)
    faults = list(base.faults)
    if len(content) > bodies.MAX_TEXT:
        faults.append(f"only the first {bodies.MAX_TEXT} bytes of the text were read")
    text = charsets.decode(content[: bodies.MAX_TEXT])
    found = pasted.read(text)
    form = "headers" if found.leads else "text"
    shown = None if found.headers else forwards.find(text)
    fields = shown.headers if shown else found.headers
    told = message.apply(dataclasses.replace(base, format=form, faults=tuple(faults)), fields)
    written = indicators.scan(found.rest + "\n", "text")
    if not found.headers and not written:
        cut = headers.split(content).faults if len(content) > headers.MAX_BYTES else ()
        what = f"{base.source} holds no message, no headers and nothing to look for"
        raise InputError("; ".join([what, *cut[:1]]), hint=hint)
    merged = indicators.merge(told.indicators, written, without=set(told.recipients) - {*told.from_, *told.sender})
    return dataclasses.replace(told, indicators=merged, faults=(*told.faults, *_too_many(merged)))


def _too_many(found: Sequence[Indicator]) -> list[str]:
    most = indicators.MAX_INDICATORS
    return [f"it names more than {most} indicators; the rest was left out"] if len(found) >= most else []

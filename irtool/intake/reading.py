"""The door of the room: one source of bytes -> one or more Complaints. The content decides the format, not the name."""

from __future__ import annotations

import dataclasses
import hashlib
import re
from collections.abc import Sequence

from irtool.errors import InputError
from irtool.intake import addresses, arf, bodies, charsets, dates, headers, indicators, message, pasted
from irtool.records import Complaint, Indicator

MAX_SIZE = 25 * 1024 * 1024
MAX_MESSAGES = 1_000
_ACCEPTED = "Accepted are .eml files, ARF reports, forwarded messages, pasted headers, and text with indicators."
_MBOX = re.compile(rb"^From \S{1,320} [^\r\n]{0,100}\d{4}[^\r\n]{0,20}\r?\n", re.MULTILINE)
_QUOTED_TRACE = re.compile(r"^[ \t>]{0,20}Received:[ \t]{1,5}(?:from|by)\s", re.MULTILINE | re.IGNORECASE)
_MAGIC = {
    b"\xd0\xcf\x11\xe0": "an Outlook .msg file; save the message as .eml",
    b"PK\x03\x04": "a zip archive; unpack it first",
    b"\x1f\x8b": "a gzip archive; unpack it first",
    b"%PDF": "a PDF; give the message itself, or its text",
}


def read_complaints(sources: Sequence[tuple[str, bytes]]) -> tuple[Complaint, ...]:
    """The complaints in several sources, each (name, content), in order.

    An mbox file, or a forward with several messages attached, gives one complaint per message, named
    `NAME (message 2)` and so on. Raises InputError like `read_complaint`.
    """
    return tuple(one for name, content in sources for one in _read(name, content))


def read_complaint(name: str, content: bytes) -> Complaint:
    """The complaint in one source; of several messages in it the first, with a fault that tells of the others.

    Nothing is fetched. Raises InputError if the content is empty, larger than MAX_SIZE, or neither mail nor a text
    that names anything to look for.
    """
    first, *others = _read(name, content)
    if not others:
        return first
    return dataclasses.replace(first, faults=(*first.faults, f"{len(others)} more messages in it were not read"))


def _read(name: str, content: bytes) -> list[Complaint]:
    _check_size(name, content)
    plain = charsets.as_utf8(content).lstrip(b"\r\n")
    if b"\n" not in plain and b"\r" in plain:
        plain = plain.replace(b"\r", b"\n")
    messages = _mbox(plain)
    many = len(messages) > 1
    complaints: list[Complaint] = []
    for one in messages:
        digest = hashlib.sha256(one if many else content).hexdigest()
        base = Complaint(name, digest, len(one) if many else len(content), "text")
        complaints += _read_one(base, one)
    return [
        dataclasses.replace(one, source=f"{name} (message {n})" if n > 1 else name)
        for n, one in enumerate(complaints, start=1)
    ]


def _check_size(name: str, content: bytes) -> None:
    label = "standard input" if name == "-" else name
    if len(content) > MAX_SIZE:
        raise InputError(
            f"{label} has {len(content) / 2**20:.1f} MB; a complaint may have at most {MAX_SIZE // 2**20} MB",
            hint="Take the attachments out, or give only the headers: they are enough for triage.",
        )
    if not content.strip():
        raise InputError(f"{label} is empty", hint=_ACCEPTED)
    for magic, what in _MAGIC.items():
        if content.startswith(magic):
            raise InputError(f"{label} is not a message: it is {what}", hint=_ACCEPTED)


def _mbox(content: bytes) -> list[bytes]:
    """The messages of an mbox file (RFC 4155); anything else as it is."""
    if not _MBOX.match(content):
        return [content]
    return [one for one in _MBOX.split(content, maxsplit=MAX_MESSAGES)[1:] if one.strip()] or [content]


def _read_one(base: Complaint, content: bytes) -> list[Complaint]:
    block = headers.split(content)
    if _is_message(block):
        return _from_message(base, content, block)
    return [_from_text(base, content)]


def _is_message(block: headers.Block) -> bool:
    """A header section that ends with an empty line and has names only mail has; pasted pieces lack one of them."""
    names = {name.lower() for name, _ in block.headers if headers.is_known(name)}
    return block.body is not None and len(names) >= (2 if "from" in names else 3)


def _from_message(base: Complaint, content: bytes, block: headers.Block) -> list[Complaint]:
    parts = bodies.read(content, block)
    evidence = [*parts.messages, *parts.header_sections]
    if parts.feedback is not None:
        report = _outer(base, block, parts, "arf")
        return [arf.apply(one, parts.feedback) for one in _attached(report, evidence[:1] or [b""])]
    if evidence:
        return _attached(_outer(base, block, parts, "eml"), evidence)
    told = message.apply(dataclasses.replace(base, format="eml", faults=(*block.faults, *parts.faults)), block.headers)
    return [_with_body(dataclasses.replace(told, received_at=told.date), parts)]


def _outer(base: Complaint, block: headers.Block, parts: bodies.Parts, form: str) -> Complaint:
    """What the wrapping message tells: who complains, and when."""
    reporter = addresses.find(headers.first(block.headers, "From") or "").best
    date = headers.first(block.headers, "Date")
    faults = (*block.faults, *parts.faults)
    moment = dates.read(date)[0] if date else None
    return dataclasses.replace(base, format=form, reporter=reporter, received_at=moment, faults=faults)


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


def _from_text(base: Complaint, content: bytes) -> Complaint:
    if b"\0" in content[:8192]:
        raise InputError(f"{base.source} is binary data, not a message", hint=_ACCEPTED)
    faults = []
    if len(content) > bodies.MAX_TEXT:
        faults.append(f"only the first {bodies.MAX_TEXT} bytes of the text were read")
    text = charsets.decode(content[: bodies.MAX_TEXT])
    found = pasted.read(text)
    form = "headers" if found.leads else "text"
    told = message.apply(dataclasses.replace(base, format=form, faults=tuple(faults)), found.headers)
    written = indicators.scan(found.rest + "\n", "text")
    if not found.headers and not written:
        raise InputError(f"{base.source} holds no message, no headers and nothing to look for", hint=_ACCEPTED)
    merged = indicators.merge(told.indicators, written, without=set(told.recipients) - {*told.from_, *told.sender})
    return dataclasses.replace(told, indicators=merged, faults=(*told.faults, *_too_many(merged)))


def _too_many(found: Sequence[Indicator]) -> list[str]:
    most = indicators.MAX_INDICATORS
    return [f"it names more than {most} indicators; the rest was left out"] if len(found) >= most else []

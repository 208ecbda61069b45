"""The door of the room: sources of bytes -> Complaints. The content decides the format, not the name."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence

from irtool.errors import InputError
from irtool.intake import charsets, containers, dmarc, domains, headers, homographs, message, messages, outlook, xarf
from irtool.records import Complaint

ACCEPTED = (
    "Accepted are .eml and Outlook .msg files, mbox, ARF, XARF and DMARC reports, forwarded messages, pasted headers, "
    "text with indicators, and zip or gzip files of these."
)
_MAGIC = {
    b"%PDF": "a PDF; give the message itself, or its text",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive; unpack it first, or pack it as zip",
    b"Rar!\x1a\x07": "a RAR archive; unpack it first, or pack it as zip",
    b"\xfd7zXZ\0": "an xz archive; unpack it first",
    b"BZh9": "a bzip2 archive; unpack it first",
    b"\x28\xb5\x2f\xfd": "a zstd archive; unpack it first",
    outlook.MAGIC: "an Office file, and no Outlook message",
}
_MAX_TOLD = 10


def read_complaints(sources: Sequence[tuple[str, bytes]], own_domains: Sequence[str] = ()) -> tuple[Complaint, ...]:
    """The complaints in several sources, each (name, content), in order.

    A source that holds several gives one complaint each, named after where it came from: `samples.zip: a/b.eml`,
    `box.mbox message 3`, `fwd.eml attached message 2`. One source that cannot be read does not keep the others from
    being read: it is a fault of the first complaint. With `own_domains`, domains that look like one of them are told,
    and what people write to an abuse desk of theirs is a complaint in words.
    Raises InputError if nothing can be read in any source.
    """
    ours = [name for one in own_domains if (name := domains.normalise_domain(one))]
    read: list[Complaint] = []
    wrong: list[InputError] = []
    for name, content in sources:
        try:
            read += _read(name, content, ours)
        except InputError as error:
            wrong.append(error)
    if not read and wrong:
        raise wrong[0] if len(wrong) == 1 else _nothing(f"{len(wrong)} files", [e.message for e in wrong])
    if wrong:
        read[0] = _with_faults(read[0], _shortened([f"not read: {error.message}" for error in wrong]), first=True)
    return tuple(_compared(one, own_domains) for one in read) if own_domains else tuple(read)


def read_complaint(name: str, content: bytes) -> Complaint:
    """The complaint in one source; of several messages in it the first, with a fault that tells of the others.

    Nothing is fetched. Raises InputError if the content is empty, too large, or neither mail nor a report nor a text
    that names anything to look for.
    """
    first, *others = _read(name, content)
    if not others:
        return first
    return _with_faults(first, [f"{len(others)} more messages in it were not read"])


def read_headers(name: str, content: bytes) -> Complaint:
    """The fast door: what the header section of one message says, without its body.

    `sha256` and `size` are those of the section. Never raises: what is no header section gives a Complaint that says
    nothing. For sorting large collections; `read_complaint` is for evidence.
    """
    block = headers.split(content)
    section = content[: block.body]
    base = Complaint(name, hashlib.sha256(section).hexdigest(), len(section), "headers", faults=block.faults)
    return _without_disguise(message.apply(base, block.headers))


def _read(name: str, content: bytes, own: Sequence[str] = ()) -> list[Complaint]:
    _check_size(name, content)
    budget = containers.Budget()
    complaints: list[Complaint] = []
    errors: list[InputError] = []
    count = 0
    for label, piece in containers.pieces(name, _plain(content), budget):
        count += 1
        whole = content if label == name else piece  # the digest of a file is that of the file, packed or not
        base = Complaint(label, hashlib.sha256(whole).hexdigest(), len(whole), "text")
        try:
            complaints += [_without_disguise(one) for one in _read_piece(base, _plain(piece), own)]
        except InputError as error:
            errors.append(error)
            budget.refuse(f"not read: {error.message}")
    if not complaints:
        if count == 1 and errors and not containers.is_archive(content):
            raise errors[0]
        raise _nothing(_label(name), budget.said() or ["it holds no file"])
    if said := budget.said():
        complaints[0] = _with_faults(complaints[0], said, first=True)
    return complaints


def _read_piece(base: Complaint, content: bytes, own: Sequence[str]) -> list[Complaint]:
    """The complaints of one message, report or text, in UTF-8."""
    if not content.strip():
        raise InputError(f"{_label(base.source)} is empty", hint=ACCEPTED)
    if outlook.is_message(content):
        content, faults = outlook.as_mime(_label(base.source), content)
        base = _with_faults(base, faults)
    for magic, what in _MAGIC.items():
        if content.startswith(magic):
            raise InputError(f"{_label(base.source)} is not a message: it is {what}", hint=ACCEPTED)
    if xarf.is_report(content):
        found = messages.from_xarf(base, content)
    elif dmarc.is_report(content):
        found = [dmarc.apply(base, content)]
    else:
        found = messages.from_mail_or_text(base, content, ACCEPTED, own)
    if len(found) == 1:
        return found
    return [
        dataclasses.replace(one, source=f"{base.source} attached message {n}") for n, one in enumerate(found, start=1)
    ]


def _plain(content: bytes) -> bytes:
    """In UTF-8, without empty lines in front, with line ends that header sections have."""
    if containers.is_archive(content) or content.startswith(outlook.MAGIC):
        return content
    plain = charsets.as_utf8(content).lstrip(b"\r\n")
    return plain.replace(b"\r", b"\n") if b"\n" not in plain and b"\r" in plain else plain


def _check_size(name: str, content: bytes) -> None:
    most = containers.size_limit(content[:1000])
    if len(content) > most:
        raise InputError(
            f"{_label(name)} has {len(content) / 2**20:.1f} MB; a complaint may have at most {most // 2**20} MB",
            hint="Take the attachments out, or give only the headers: they are enough for triage.",
        )


def _label(name: str) -> str:
    return "standard input" if name == "-" else name


def _nothing(what: str, reasons: Sequence[str]) -> InputError:
    return InputError(f"{what} could not be read: {'; '.join(_shortened(reasons))}", hint=ACCEPTED)


def _shortened(reasons: Sequence[str]) -> list[str]:
    rest = len(reasons) - _MAX_TOLD
    return [*reasons[:_MAX_TOLD], *([f"and {rest} more"] if rest > 0 else [])]


def _with_faults(complaint: Complaint, faults: Sequence[str], *, first: bool = False) -> Complaint:
    every = (*faults, *complaint.faults) if first else (*complaint.faults, *faults)
    return dataclasses.replace(complaint, faults=every)


def _domains(complaint: Complaint) -> list[str]:
    found = [*complaint.from_, *complaint.sender, *complaint.reply_to]
    found += [one.value for one in complaint.indicators if one.type in {"domain", "address"}]
    return list(dict.fromkeys(value.rpartition("@")[2] for value in found))


def _without_disguise(complaint: Complaint) -> Complaint:
    """With a fault for each domain that deceives the eye."""
    if not any("xn--" in one.value for one in complaint.indicators):
        return complaint
    told = [why for name in _domains(complaint) if (why := homographs.told(name))]
    return _with_faults(complaint, _shortened(told)) if told else complaint


def _compared(complaint: Complaint, own: Sequence[str]) -> Complaint:
    told = homographs.imitations(_domains(complaint), own)
    return _with_faults(complaint, _shortened(told)) if told else complaint

"""What holds several complaints: zip and gzip files, mbox files, and any of these in each other.

Found by content, never by name. Every piece is named after where it came from (`samples.zip: a/b.eml`, `box.mbox
message 3`). Sizes, counts, ratio and depth are capped; what a cap or a fault keeps out is said, never dropped silently.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import zipfile

MAX_MEMBER = 25 * 1024 * 1024
MAX_MAILBOX = 256 * 1024 * 1024
"""Bytes an mbox may have, packed or not; each message in it stays under MAX_MEMBER."""
MAX_TOTAL = 512 * 1024 * 1024
MAX_MEMBERS = 10_000
MAX_DEPTH = 3
MAX_RATIO = 200
"""Text packs 3 to 20 times, deflate at most 1,032 times: beyond this and a megabyte it is a bomb."""
MAX_FAULTS = 20
_FREE_SIZE = 1_000_000
_STEP = 16_384

ZIP, GZIP = b"PK\x03\x04", b"\x1f\x8b\x08"
_EMPTY_ZIP = b"PK\x05\x06"
_POSTMARK = rb"From \S{1,320} [^\r\n]{0,100}?\d\d?:\d\d[^\r\n]{0,30}?\d{4}[^\r\n]{0,20}\r?\n"
_MBOX, _NEXT = re.compile(_POSTMARK), re.compile(rb"\n" + _POSTMARK)
_HIDDEN = re.compile(r"(?:^|/)(?:\.[^/]|__MACOSX/)")


@dataclass(slots=True)
class Budget:
    """What one source may still unpack, and what was left out so far, as sentences."""

    total: int = MAX_TOTAL
    member: int = MAX_MEMBER
    mailbox: int = MAX_MAILBOX
    members: int = MAX_MEMBERS
    depth: int = MAX_DEPTH
    faults: list[str] = field(default_factory=list)
    left_out: int = 0

    def refuse(self, fault: str) -> None:
        """Note what is not read; only the first MAX_FAULTS in words."""
        if len(self.faults) < MAX_FAULTS:
            self.faults.append(fault)
        else:
            self.left_out += 1

    def said(self) -> list[str]:
        """All faults, the ones that were only counted in a last sentence."""
        return [*self.faults, *([f"{self.left_out} more pieces were not read"] if self.left_out else [])]


def is_archive(content: bytes) -> bool:
    """True for zip and gzip."""
    return content.startswith((ZIP, _EMPTY_ZIP, GZIP))


def size_limit(head: bytes) -> int:
    """How many bytes a file that begins like this may have: mailboxes and archives more than one message."""
    return MAX_MAILBOX if is_archive(head) or _MBOX.match(head) else MAX_MEMBER


def pieces(label: str, content: bytes, budget: Budget, depth: int = 0) -> Iterator[tuple[str, bytes]]:
    """The single messages, reports and texts in `content`, each with its name, one at a time."""
    if content.startswith((ZIP, _EMPTY_ZIP)):
        inside = _unzip(label, content, budget)
    elif content.startswith(GZIP):
        inside = _gunzip(label, content, budget)
    elif _MBOX.match(content):
        yield from _mbox(label, content, budget)
        return
    elif len(content) > budget.member:
        budget.refuse(f"{label} has more than {budget.member // 2**20} MB; it was not read")
        return
    else:
        yield label, content
        return
    if depth >= budget.depth:
        budget.refuse(f"{label} is packed more than {budget.depth} times; it was not unpacked")
        return
    for name, data in inside:
        yield from pieces(name, data, budget, depth + 1)


def _unzip(label: str, content: bytes, budget: Budget) -> Iterator[tuple[str, bytes]]:
    import zipfile

    if content.count(b"PK\x01\x02") > 2 * MAX_MEMBERS:  # reading the list of a million members takes seconds
        budget.refuse(f"{label} is a zip archive of more than {MAX_MEMBERS} members; it was not unpacked")
        return
    try:
        archive = zipfile.ZipFile(BytesIO(content))
        members = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OverflowError, EOFError) as error:
        budget.refuse(f"{label} is a broken zip archive: {error}")
        return
    for member in members:
        if member.filename.endswith("/") or _HIDDEN.search(member.filename):
            continue
        name = f"{label}: {_shown(member.filename)}"
        if budget.members <= 0:
            budget.refuse(f"{label} has more than {MAX_MEMBERS} members; the rest was not read")
            return
        budget.members -= 1
        wrong = _refusal(member, budget)
        data = None if wrong else _member(archive, member)
        if data is None:
            budget.refuse(f"{name} {wrong or 'is damaged'}; it was not read")
            continue
        budget.total -= len(data)
        yield name, data


def _refusal(member: zipfile.ZipInfo, budget: Budget) -> str:
    """Why this member is not unpacked, "" if nothing speaks against it. The sizes are enforced while unpacking."""
    if member.flag_bits & 0x1:
        return "is encrypted"
    if member.file_size > min(budget.mailbox, budget.total):
        return f"would have {member.file_size / 2**20:.0f} MB unpacked, more than is allowed"
    if member.file_size > _FREE_SIZE and member.file_size > MAX_RATIO * max(1, member.compress_size):
        return f"is packed more than {MAX_RATIO} times, like a zip bomb"
    return ""


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes | None:
    import zipfile

    try:
        with archive.open(member) as file:
            data = file.read(member.file_size + 1)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, EOFError, OSError, zlib.error):
        return None
    return data


def _shown(name: str) -> str:
    return name if len(name) <= 200 else name[:100] + "…" + name[-99:]


def _gunzip(label: str, content: bytes, budget: Budget) -> Iterator[tuple[str, bytes]]:
    """The one stream of a gzip file (RFC 1952); several members are one stream."""
    most = min(budget.mailbox, budget.total)
    pieces: list[bytes] = []
    size = 0
    try:
        for piece, used in _inflate(content):
            size += len(piece)
            if size > _FREE_SIZE and size > MAX_RATIO * used:
                budget.refuse(f"{label} is packed more than {MAX_RATIO} times, like a bomb; it was not read")
                return
            if size > most:
                budget.refuse(f"{label} has more than {most // 2**20} MB unpacked; it was not read")
                return
            pieces.append(piece)
    except EOFError:
        budget.refuse(f"{label} is a gzip file that breaks off; what came before was read")
    except zlib.error as error:
        budget.refuse(f"{label} is a broken gzip file: {error}")
    if not pieces:
        return
    budget.total -= size
    yield label, b"".join(pieces)


def _inflate(content: bytes) -> Iterator[tuple[bytes, int]]:
    """Pieces of at most a megabyte, each with the bytes of `content` used so far."""
    at = 0
    while content.startswith(b"\x1f\x8b", at):
        unpacker = zlib.decompressobj(wbits=31)
        while not unpacker.eof:
            if at >= len(content):
                raise EOFError
            rest = content[at : at + _STEP]
            at += len(rest)
            while rest and not unpacker.eof:
                yield unpacker.decompress(rest, _FREE_SIZE), at
                rest = unpacker.unconsumed_tail
        at -= len(unpacker.unused_data)


def _mbox(label: str, content: bytes, budget: Budget) -> Iterator[tuple[str, bytes]]:
    """The messages of an mbox file (RFC 4155). A "From " counts after an empty line; others are somebody's text."""
    first = _MBOX.match(content)
    begin = first.end() if first else 0
    starts = (found.span() for found in _NEXT.finditer(content, begin - 1) if _after_empty_line(content, found.start()))
    for n in range(1, MAX_MEMBERS + 1):
        following = next(starts, None)
        message = content[begin : following[0] if following else len(content)]
        name = label if n == 1 and following is None else f"{label} message {n}"
        if len(message) > budget.member:
            budget.refuse(f"{name} has more than {budget.member // 2**20} MB; it was not read")
        elif message.strip():
            yield name, message
        if following is None:
            return
        begin = following[1]
    budget.refuse(f"{label} has more than {MAX_MEMBERS} messages; the rest was not read")


def _after_empty_line(content: bytes, at: int) -> bool:
    return content[at - 1 : at] == b"\n" or content[at - 2 : at] == b"\n\r"

"""Outlook .msg files (MS-OXMSG) as the message they were: headers as received, texts, attachments, attached messages.

olefile (extra `irtool[msg]`) opens the container; the dozen MAPI properties that matter are read here. What comes out
is a plain MIME message, which is then read like every other one, with the same caps.
"""

from __future__ import annotations

import base64
import hashlib
import re
import struct
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import TYPE_CHECKING

from irtool.errors import InputError

if TYPE_CHECKING:
    from olefile import OleFileIO

MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
MAX_ATTACHMENTS = 100
MAX_DEPTH = 5
_MAX_STREAM = 25 * 1024 * 1024
_HEADERS, _SUBJECT, _BODY, _HTML, _MESSAGE_ID, _DISPLAY_TO = "007D", "0037", "1000", "1013", "1035", "0E04"
_SENDER_ADDRESSES = ("5D01", "5D02", "0C1F", "0065")
"""SMTP address of the sender, of whom it represents; then the same as any kind of address, which may be X.500."""
_SENDER_NAME, _FILE_NAMES, _MIME_TYPE = "0C1A", ("3707", "3704"), "370E"
_SUBMITTED, _DELIVERED = 0x0039, 0x0E06
_OUTER_FIELDS = re.compile(
    r"^(?:content-[\w-]{1,40}|mime-version)[ \t]*:.*\n(?:[ \t].*\n)*", re.IGNORECASE | re.MULTILINE
)
_BROKEN = (OSError, ValueError, LookupError, RecursionError, struct.error, AttributeError, TypeError, OverflowError)

_Folder = Sequence[str]


def is_message(content: bytes) -> bool:
    """True for an OLE2 file with the property streams of a message; Word and Excel files have none."""
    return content.startswith(MAGIC) and "__substg1.0_".encode("utf-16-le") in content


def as_mime(label: str, content: bytes) -> tuple[bytes, list[str]]:
    """The message as MIME, and what was not in the file. Raises InputError if it is broken or olefile is missing."""
    try:
        import olefile
    except ImportError as error:
        raise InputError(
            f"{label} is an Outlook .msg file, which needs an extra",
            hint="Type: pip install 'irtool[msg]' - or save the message as .eml.",
        ) from error
    try:
        with olefile.OleFileIO(BytesIO(content)) as ole:
            faults: list[str] = []
            return _message(ole, (), faults, 0), faults
    except _BROKEN as error:
        raise InputError(f"{label} is a broken Outlook file: {str(error)[:100]}", hint="Save it as .eml.") from error


def _message(ole: OleFileIO, folder: _Folder, faults: list[str], depth: int) -> bytes:
    written = _text(ole, folder, _HEADERS).replace("\r\n", "\n").replace("\r", "\n").strip("\n")
    if written:
        head = _OUTER_FIELDS.sub("", written + "\n")
    else:
        head = _made_headers(ole, folder)
        faults.append("the Outlook file has no headers as received; From, Subject and Date are what Outlook shows")
    boundary = "=_" + hashlib.sha256(head.encode("utf-8", "replace") + repr(folder).encode()).hexdigest()
    parts = []
    if body := _text(ole, folder, _BODY):
        parts.append(_part("text/plain; charset=utf-8", "", body.encode("utf-8", "replace")))
    if html := _text(ole, folder, _HTML):
        parts.append(_part("text/html; charset=utf-8", "", html.encode("utf-8", "replace")))
    parts += _attachments(ole, folder, faults, depth)
    lines = "".join(f"--{boundary}\n" + part for part in parts) + f"--{boundary}--\n"
    top = f'{head}MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="{boundary}"\n\n'
    return (top + lines).encode("utf-8", "surrogateescape")


def _attachments(ole: OleFileIO, folder: _Folder, faults: list[str], depth: int) -> list[str]:
    depth_of = len(folder) + 1
    names = {
        entry[len(folder)]
        for entry in ole.listdir(streams=True, storages=True)
        if len(entry) >= depth_of and tuple(entry[: len(folder)]) == tuple(folder)
    }
    every = sorted(name for name in names if name.lower().startswith("__attach_version1.0_"))
    if len(every) > MAX_ATTACHMENTS:
        faults.append(f"{len(every)} attachments; only the first {MAX_ATTACHMENTS} were read")
    parts = []
    for name in every[:MAX_ATTACHMENTS]:
        here = (*folder, name)
        if ole.exists([*here, "__substg1.0_3701000D"]):
            if depth >= MAX_DEPTH:
                faults.append(f"messages are attached more than {MAX_DEPTH} deep; the rest was not read")
                continue
            inner = _message(ole, (*here, "__substg1.0_3701000D"), faults, depth + 1)
            parts.append("Content-Type: message/rfc822\n\n" + inner.decode("utf-8", "surrogateescape") + "\n")
            continue
        data = _stream(ole, here, "37010102")
        if data is not None:
            title = next((text for key in _FILE_NAMES if (text := _text(ole, here, key))), "")
            kind = _text(ole, here, _MIME_TYPE)
            fits = re.fullmatch(r"[\w.+-]{1,60}/[\w.+-]{1,60}", kind) and not kind.lower().startswith(
                ("message/", "multipart/")
            )
            parts.append(_part(kind if fits else "application/octet-stream", title, data))
    return parts


def _part(kind: str, name: str, data: bytes) -> str:
    shown = re.sub(r"[^\w.@+ -]", "_", name)[:200]
    disposition = f'Content-Disposition: attachment; filename="{shown}"\n' if name else ""
    encoded = base64.encodebytes(data).decode("ascii")
    return f"Content-Type: {kind}\n{disposition}Content-Transfer-Encoding: base64\n\n{encoded}\n"


def _made_headers(ole: OleFileIO, folder: _Folder) -> str:
    """What Outlook knows of a message that never had headers (never sent, or sent inside one Exchange)."""
    from email.utils import format_datetime

    address = next((text for key in _SENDER_ADDRESSES if "@" in (text := _text(ole, folder, key))), "")
    name = _text(ole, folder, _SENDER_NAME).replace('"', "'")
    moment = _time(ole, folder)
    fields = (
        ("From", f'"{name}" <{address}>' if address else ""),
        ("Subject", _text(ole, folder, _SUBJECT)),
        ("To", _text(ole, folder, _DISPLAY_TO)),
        ("Message-ID", _text(ole, folder, _MESSAGE_ID)),
        ("Date", format_datetime(moment) if moment else ""),
    )
    return "".join(f"{key}: {' '.join(value.split())[:2_000]}\n" for key, value in fields if value)


def _text(ole: OleFileIO, folder: _Folder, tag: str) -> str:
    """A property as text: UTF-16 if the file is a Unicode one, else bytes of an unknown code page."""
    wide = _stream(ole, folder, f"{tag}001F")
    if wide is not None:
        return wide.decode("utf-16-le", "replace").rstrip("\0")
    narrow = next((data for kind in ("001E", "0102") if (data := _stream(ole, folder, tag + kind)) is not None), b"")
    try:
        return narrow.decode("utf-8").rstrip("\0")
    except UnicodeDecodeError:
        return narrow.decode("cp1252", "replace").rstrip("\0")


def _stream(ole: OleFileIO, folder: _Folder, tag: str) -> bytes | None:
    path = [*folder, f"__substg1.0_{tag}"]
    if not ole.exists(path) or ole.get_type(path) != 2 or ole.get_size(path) > _MAX_STREAM:
        return None
    data = ole.openstream(path).read()
    return bytes(data)


def _time(ole: OleFileIO, folder: _Folder) -> datetime | None:
    """When it was sent, else delivered (MS-OXMSG §2.4: 16 bytes a property, FILETIME in the last eight)."""
    path = [*folder, "__properties_version1.0"]
    if not ole.exists(path) or ole.get_size(path) > 100_000:
        return None
    data = bytes(ole.openstream(path).read())
    found: dict[int, int] = {}
    for at in range(24 if folder else 32, len(data) - 15, 16):
        kind, tag, _, value = struct.unpack_from("<HHIQ", data, at)
        if kind == 0x0040:
            found[tag] = value
    ticks = found.get(_SUBMITTED) or found.get(_DELIVERED)
    return datetime(1601, 1, 1, tzinfo=UTC) + timedelta(microseconds=ticks // 10) if ticks else None

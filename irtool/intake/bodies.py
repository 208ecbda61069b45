"""The MIME parts of a message: texts, attached messages, reports, digests. Every count and size is capped.

fast-mail-parser (Rust) does the work. When it refuses a message (one bad base64 part is enough) the standard library's
compat32 parser tries, and when that is no use either, the body is read as plain text.
"""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote

from irtool.intake import charsets, headers

if TYPE_CHECKING:
    from email.message import Message

    from fast_mail_parser import PyLazyMimePart

MAX_PARTS = 1_000
MAX_TEXT = 1_000_000
"""Decoded bytes of text that are looked at, over all parts."""
MAX_MESSAGES = 50
MAX_FILES = 20
MAX_NOTE = 50_000
_MAX_FALLBACK_PARTS = 3_000
_MAX_ENCODED_WORDS = 10_000

_REPORTS = frozenset({"text/json", "text/xml"})
_MAGIC = (b"PK\x03\x04", b"\x1f\x8b\x08", b"\xd0\xcf\x11\xe0")
_DELIVERED = re.compile(rb"(?:[!-9;-~]{1,100}:.{0,998}\n(?:[ \t].{0,998}\n){0,50}){0,50}?Received:", re.IGNORECASE)
_SEALED = "message/x-sealed"
_ATTACHED = re.compile(rb"(\ncontent-type:[ \t\r\n]{0,10})message/(?:rfc822|global|x-sealed)(?![\w-])", re.IGNORECASE)
_NEEDED = ("Content-Type", "Content-Transfer-Encoding", "Content-Disposition")
_BOUNDARY = re.compile(r";\s{0,10}boundary\s{0,5}=\s{0,5}(?:\"([^\"]{1,200})\"|([^\s;\"]{1,200}))", re.IGNORECASE)
_DELIMITER = re.compile(rb"\n--([^\r\n\"]{1,200}?)[ \t]{0,20}\r?\n(?=content-[a-z-]{1,40}[ \t]{0,5}:)", re.IGNORECASE)
_FEEDBACK = re.compile(
    rb"\s{0,100}(?:[!-9;-~]{1,60}:[^\n]{0,998}\n(?:[ \t][^\n]{0,998}\n){0,20}){0,30}?"
    rb"Feedback-Type[ \t]{0,5}:[^\n]{1,100}\n",
    re.IGNORECASE,
)
_REPORTED = re.compile(rb"^(?:Source-IP|Original-Mail-From|User-Agent)[ \t]{0,5}:", re.IGNORECASE | re.MULTILINE)
_NOTES = frozenset({"text/plain", "text/csv", "text/tab-separated-values", "text/comma-separated-values"})
_NOTES |= {"application/csv", "text/x-csv", "text/x-log"}
_CHARSET = re.compile(r"charset(\*?)\s{0,5}=\s{0,5}\"?(?:[\w-]{0,40}'[\w-]{0,20}')?([\w.:+%-]{1,60})", re.IGNORECASE)
_HIDDEN = re.compile(r"<(script|style|head)\b[^<>]{0,500}>", re.IGNORECASE)
_LINK = re.compile(r"\b(?:href|src|action)\s{0,5}=\s{0,5}[\"']?([^\"'<>\s]{1,2048})", re.IGNORECASE)
_BREAK = re.compile(r"<(?:br|/?p|/?div|/?tr|/?li|/?h\d|hr|/?blockquote|/?pre)\b[^<>]{0,1000}>", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]{0,10000}>")

_Leaf = tuple[str, str, str, bytes]
"""Content type in lower case, charset, file name, decoded content."""


@dataclass(slots=True)
class Parts:
    """What a message carries. `texts` are (content type, text), `messages` whole attached messages as bytes,
    `header_sections` are text/rfc822-headers, `digests` are (file name, SHA-256) of attachments. `files` are those
    attachments (file name, content) that may themselves be reports or messages, packed or not; `notes` those that are
    short texts (file name, text)."""

    texts: list[tuple[str, str]] = field(default_factory=list)
    messages: list[bytes] = field(default_factory=list)
    header_sections: list[bytes] = field(default_factory=list)
    feedback: bytes | None = None
    digests: list[tuple[str, str]] = field(default_factory=list)
    files: list[tuple[str, bytes]] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def read(content: bytes, block: headers.Block) -> Parts:
    """The parts of the message `content`, whose header section is `block`. Never raises."""
    parts = Parts()
    plain = content[block.body :] if block.body is not None else b""
    sealed = _sealed(plain, block, parts.faults)
    leaves = _by_rust(sealed, parts.faults)
    if leaves is None:
        parts.faults.append("the MIME structure is broken; its parts were read as well as possible")
        leaves = _by_stdlib(sealed)
    if leaves is None:
        leaves = [("text/plain", "utf-8", "", plain[:MAX_TEXT])]
    room = MAX_TEXT
    for count, (kind, charset, name, data) in enumerate(leaves):
        if count >= MAX_PARTS:
            parts.faults.append(f"more than {MAX_PARTS} MIME parts; the rest was not read")
            break
        room = _sort(parts, kind, charset, name, data, room)
    return parts


def _sort(parts: Parts, kind: str, charset: str, name: str, data: bytes, room: int) -> int:
    """Put one leaf where it belongs; returns how many bytes of text may still be read."""
    if kind == _SEALED:
        if len(parts.messages) < MAX_MESSAGES:
            parts.messages.append(_ATTACHED.sub(rb"\g<1>message/rfc822", b"\n" + data)[1:])
    elif kind in {"text/rfc822-headers", "message/global-headers"}:
        parts.header_sections.append(data)
    elif kind.endswith("/feedback-report") or (kind == "text/plain" and _is_feedback(data)):
        parts.feedback = parts.feedback or data
    elif name or not kind.startswith(("text/", "message/")) or kind in _REPORTS:
        if data:
            parts.digests.append((name, hashlib.sha256(data).hexdigest()))
        if kind == "application/ms-tnef":
            parts.faults.append(
                f"{name or 'a part'} is in Outlook's own format (TNEF), which is not read; ask for .eml"
            )
        if (
            kind != "text/html"
            and len(parts.files) < MAX_FILES
            and (name.lower().endswith(".eml") or _may_be_a_report(data))
        ):
            parts.files.append((name, data))
        elif kind in _NOTES and len(parts.notes) < MAX_FILES and len(data) <= MAX_NOTE:
            parts.notes.append((name, charsets.decode(data, charset)))
    else:
        if len(data) > room:
            parts.faults.append(f"more than {MAX_TEXT} bytes of text; the rest was not read")
        parts.texts.append((kind, charsets.decode(data[:room], charset)))
        return max(0, room - len(data))
    return room


def _is_feedback(data: bytes) -> bool:
    """Whether it is the report of a feedback loop, whose sender did not say so in the content type."""
    head = data[:8192]
    return bool(_FEEDBACK.match(head) and _REPORTED.search(head))


def _may_be_a_report(data: bytes) -> bool:
    """Archives, Outlook files, XML, JSON, and what begins with headers only a delivered message has."""
    head = data[:4096].lstrip()
    return head[:1] in (b"{", b"[", b"<") or data.startswith(_MAGIC) or bool(_DELIVERED.match(head))


def _sealed(plain: bytes, block: headers.Block, faults: list[str]) -> bytes:
    """The message as the MIME parsers get it: with the headers they need and no others, attached messages closed.

    Closed means that a parser sees a leaf: each attached message is read on its own, with its own caps. The Rust
    parser decodes every header and takes time quadratic in the number of encoded words of one.
    """
    if plain.count(b"=?") > _MAX_ENCODED_WORDS:
        faults.append(f"more than {_MAX_ENCODED_WORDS} encoded words in the body; they were not decoded")
        plain = plain.replace(b"=?", b"= ?")
    needed = {name: value[:2000] for name in _NEEDED if (value := headers.first(block.headers, name))}
    needed["Content-Type"] = _bounded(needed.get("Content-Type", ""), plain, faults)
    top = "".join(f"{name}: {value}\r\n" for name, value in needed.items() if value)
    return _ATTACHED.sub(rb"\g<1>" + _SEALED.encode(), b"\n" + top.encode() + b"\r\n" + plain)[1:]


def _bounded(kind: str, plain: bytes, faults: list[str]) -> str:
    """The content type with the boundary that the body really has: a report whose parts are lost would read as abuse
    by its reporter."""
    if kind and not kind.lower().lstrip().startswith("multipart/"):
        return kind
    named = _BOUNDARY.search(kind)
    if named and b"--" + (named[1] or named[2]).encode() in plain:
        return kind
    found = _DELIMITER.search(b"\n" + plain[:MAX_TEXT])
    if not found or (not kind and not plain.lstrip().startswith(b"--" + found[1])):  # prose may quote a message
        return kind
    faults.append("the boundary of its parts is not the one that its headers name")
    bare = _BOUNDARY.sub("", kind) or "multipart/mixed"
    return f'{bare}; boundary="{found[1].decode("utf-8", "replace")}"'


def _by_rust(content: bytes, faults: list[str]) -> list[_Leaf] | None:
    from fast_mail_parser import ParseError, parse_email_tree

    try:
        todo = [parse_email_tree(content, mode="lazy")]
    except (ParseError, ValueError):
        return None
    leaves: list[_Leaf] = []
    while todo and len(leaves) <= MAX_PARTS:
        part = todo.pop()
        if part.children and part.content_type.lower() == "message/rfc822":
            leaves.append((_SEALED, "utf-8", "", _rebuilt(part.children[0])))
            continue
        if part.children:
            todo += reversed(part.children[: MAX_PARTS + 1])
            continue
        kind = part.content_type.lower()
        try:
            data = part.content or b""
        except ParseError:
            faults.append(f"a part of type {kind[:60]} cannot be decoded".replace(_SEALED, "message/rfc822"))
            if kind != _SEALED:
                continue
            data = b""  # a report whose evidence is lost must not read as evidence itself
        leaves.append((kind, _charset(part.headers), part.filename, data))
    return leaves


def _rebuilt(part: PyLazyMimePart) -> bytes:
    """A message that nothing announced, as in a multipart/digest (RFC 2046 §5.1.5): its headers and its first text."""
    from fast_mail_parser import ParseError

    fields = "".join(f"{name}: {value}\r\n" for name, values in part.headers.items() for value in values)
    while part.children:
        part = part.children[0]
    try:
        body = part.content or b""
    except ParseError:
        body = b""
    return fields.encode("utf-8", "replace") + b"\r\n" + body


def _charset(headers: dict[str, list[str]]) -> str:
    types = (values[0] for name, values in headers.items() if name.lower() == "content-type" and values)
    found = _CHARSET.search(next(types, "")[:2000])
    return (unquote(found[2]) if found[1] else found[2]) if found else "utf-8"


def _by_stdlib(content: bytes) -> list[_Leaf] | None:
    import email
    from email import policy

    if content.count(b"\n--") > _MAX_FALLBACK_PARTS:  # it takes seconds for what the other parser does in a tenth
        return None
    try:
        return list(_walk(email.message_from_bytes(content, policy=policy.compat32)))[: MAX_PARTS + 1]
    except (RecursionError, ValueError, LookupError, TypeError, AttributeError, AssertionError):
        return None


def _walk(message: Message) -> Iterator[_Leaf]:
    todo: list[Message] = [message]
    while todo:
        part = todo.pop()
        inner = part.get_payload()
        if isinstance(inner, list):
            todo += reversed([one for one in inner if not isinstance(one, str)])
            continue
        data = part.get_payload(decode=True)
        charset = str(part.get_param("charset") or "utf-8")
        name = str(part.get_filename() or "")
        yield part.get_content_type(), charset, name, data if isinstance(data, bytes) else b""


def readable(kind: str, text: str) -> str:
    """A text part as indicators are looked for in it: of HTML, the text and where its links lead, on the same lines."""
    if kind != "text/html":
        return text
    return html.unescape(_TAG.sub(_tag, _drop_hidden(text)))


def in_lines(kind: str, text: str) -> tuple[str, str]:
    """A text part on the lines that people see, twice, line by line the same: as they read it, and with the links."""
    text = text.replace("\r\n", "\n")
    if kind != "text/html":
        return text, text
    broken = _BREAK.sub("\n", _drop_hidden(" ".join(text.split())))
    return html.unescape(_TAG.sub("", broken)), html.unescape(_TAG.sub(_tag, broken))


def _tag(found: re.Match[str]) -> str:
    link = _LINK.search(found[0])
    return f" {link[1] if link else ''} " + "\n" * found[0].count("\n")


def _drop_hidden(text: str) -> str:
    """Without scripts, styles and the head: names in them (schemas, fonts) are nobody's indicators."""
    pieces, last = [], 0
    lowered = text.lower()
    if len(lowered) != len(text):
        return text
    for found in _HIDDEN.finditer(text):
        if found.start() < last:
            continue
        end = lowered.find(f"</{found[1].lower()}", found.end())
        if end < 0:
            break
        pieces += [text[last : found.start()], "\n" * text.count("\n", found.start(), end)]
        last = end
    return "".join([*pieces, text[last:]])

"""One message's lines of a Postfix log, cut into values: PLAIN for those of the usual shape, functions for the others.

What stands in a line in which order (Postfix 3.x, cleanup_act_log(), smtpd, qmgr, log_adhoc()):

    client=NAME[IP]:PORT, sasl_method=…, sasl_username=USER, sasl_sender=…, orig_queue_id=…, orig_client=NAME[IP]
    info: header NAME: TEXT from NAME[IP]; from=<ENV> to=<RCPT> proto=ESMTP helo=<HELO>: TEXT OF THE RULE
    message-id=<…>
    from=<ENV>, size=N, nrcpt=N (queue active)
    to=<RCPT>, orig_to=<RCPT>, relay=…, conn_use=…, delay=…, delays=…, dsn=…, status=WORD (REPLY)
"""

from __future__ import annotations

import re

from irtool.adapters.logs.files import NOTHING

_MARK = b"; from=<"
CUT = 200
"""Bytes of a header that Postfix logs."""
_AFTER_USER = re.compile(rb", (?:sasl_sender|orig_queue_id|orig_client)=")
_ORIGIN = re.compile(rb", orig_client=[^\[\n]*\[([^\]\n]*)\]")
_HEADER = re.compile(rb"(?:info|warning): header ([^:\n]{1,200}):.* from [^ ;]*;")
_ADDRESS = re.compile(rb'(?:"(?:[^"\\]|\\.)*"|[^">])*')

# PLAIN: what nearly all lines look like, cut by one pass over many lines, because a step in Python costs as much as
# fifty bytes here. Every repetition is possessive or ends with its line, so that no line takes longer than its length,
# and no value reaches over a line end. What is not exactly of these shapes is left to the careful functions. Of a
# message's lines, those that stand together are taken together: what cleanup says of it and the queue manager after
# that, its delivery and its end.
_PROGRAM = rb".{15}[!-~]*+ [!-~]++ [^ ]++(?<=\]:) "
_HEAD = rb"(.{15}[!-~]*+ [!-~]++ [^ ]++)(?<=\]:) (?!warning: |NOQUEUE: reject)([0-9A-Za-z]++): "
_NEXT = rb"\n.{15}[!-~]*+ [!-~]++ [^/ ]++/[^ ]++(?<=\]:) \2: "
_NEXT_HEAD = rb"\n(.{15}[!-~]*+ [!-~]++ [^/ ]++/[^ ]++)(?<=\]:) \2: "
_CLIENT = rb"client=[^\[\n]*+\[([^\]\n]++)\](?:, sasl_method=[^,\n]*+, sasl_username=([^,\n]++)|)$"
_DELIVERY = rb'(?=[tr])(?:to=<([^>"\n]*+)>, r(.*)|)(?:(?(5)' + _NEXT + rb"|)removed()$|)"
_TOLD = rb"(info: header (?:From: (?![ ?])|Sender: (?![ ?])|Subject: )|message-id=)(.*)"
_TOLD += (rb"(?:\n\1 \2: " + _TOLD) * 3 + rb"|)" * 3
_QUEUED = rb"(?:(?(8)" + _NEXT_HEAD + rb"|)from=<([^>\n]*+)>, size=([0-9]++), nrcpt=[0-9]++ \(queue active\)$|)"
_PLAIN = _CLIENT, _DELIVERY, rb"(?:" + _TOLD + rb"|)" + _QUEUED
PLAIN = re.compile(rb"\n(?:" + _HEAD + rb"(?:" + b"|".join(_PLAIN) + rb")|(?!" + _PROGRAM + rb"))", re.MULTILINE)
"""Matches the beginning of every line that may mean something, behind the line end before it. Its groups are the
line's head and queue id (none if it has not the shape of a syslog line), and what a plain line says: IP and account;
recipient, relay and reply, and whether the message is removed; up to four headers or message-ids, as name and text;
the head of the queue manager's line if others stand before it, envelope sender and size. If there is only head and
queue id, the rest takes more care."""


def client(rest: bytes) -> tuple[bytes, bytes]:
    """IP and SASL user of a `client=` line; of a message that a content filter gave back, the first client's IP."""
    start = rest.find(b"[") + 1
    end = rest.find(b"]", start)
    address = rest[start:end] if 0 < start < end else NOTHING
    user = rest.find(b", sasl_username=", end)
    name = _AFTER_USER.split(rest[user + 16 :])[0] if user > 0 else NOTHING
    first = _ORIGIN.search(rest, end)
    return first[1] if first else address, name or NOTHING


def content(line: bytes, envelope: bytes, recipient: bytes) -> bytes:
    """The header in a `… header NAME: TEXT …` line, found from the right end; empty if there is none.

    Behind it stand the client, the envelope and the HELO name, which has no `;`, `<`, `>`, `@` or space. Where a second
    `; from=<` makes the place doubtful, it is the last one that is followed by the message's own envelope.
    """
    start = line.find(b" header ") + 8
    mark = line.rfind(_MARK)
    if mark < 0:
        mark = line.rfind(b";")
    elif line.find(_MARK) != mark:
        own = _MARK + envelope + b"> to=<"
        mark = max(line.rfind(own + recipient + b"> "), 0) or max(line.rfind(own), 0) or mark
    origin = line.rfind(b" from ", start, mark) if mark > start > 8 else -1
    return line[start:origin] if origin > 0 else b""


def name(line: bytes) -> bytes:
    """The name, in small letters, of the header in such a line; empty if it is none. It stands at the left end, where
    nothing can be forged."""
    found = _HEADER.match(line)
    return found[1].rstrip().lower() if found else b""


def text(header: bytes) -> bytes:
    """The text of a header. A folded line's end is logged as `?`: at the edges it is no text."""
    text = header.partition(b":")[2].strip()
    return text.lstrip(b"? ") if text[:1] == b"?" else text


def address(text: bytes, start: int) -> int:
    """Where the address ends that begins at `start` inside `<…>`, with quotes respected."""
    if text.find(b'"', start, start + 1) < 0:
        return text.find(b">", start)
    quoted = _ADDRESS.match(text, start)
    return quoted.end() if quoted else -1

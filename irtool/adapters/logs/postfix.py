"""Postfix's syslog as messages: lines belong together by queue id. Standard library only, no database.

What an attacker can write into this log is kept from meaning anything. The text of a header stands *before* the facts
of its line (`info: header Sender: TEXT from CLIENT; from=<ENV> to=<RCPT> proto=... helo=<...>`), so such a line is read
from its right end, and the envelope is never taken from it but from the queue manager's own line. Postfix cuts header
text at 200 bytes: the address in a cut From or Sender is not known, whatever its beginning looks like.

One row is one message that entered the queue: its first recipient, and how the delivery to that one ended.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import tzinfo
from functools import reduce
from itertools import islice

from irtool.adapters.logs import postfixlines as parts_of
from irtool.adapters.logs.files import NOTHING, UNIT, cleaned, lines
from irtool.adapters.logs.rejects import Rejects
from irtool.adapters.logs.syslog import Piece, Stamps, is_stamped

NAMES = (
    "time", "id", "account", "source_ip", "envelope_from", "header_from", "header_sender", "recipient", "subject",
    "size", "status",
)  # fmt: skip
OPEN = 100_000
"""Messages that may be in the queue at once; beyond that the oldest are taken as they are: memory stays small."""
_BATCH = 100_000
_QUEUE_ID = re.compile(rb"[0-9A-F]{5,20}|[0-9B-DF-HJ-NP-TV-Zb-df-hj-np-tv-z]{10,25}")
_BEGINNINGS = (b"uid=", b"message-id=", b"info: header ", b"warning: header ", b"from=<")
_KEPT = 64
_CLIENTS = 2_000
_COMPLETE = (b")", b">", b": removed")
_CLIENT, _LOCAL, _QUEUED, _INFO, _IDENT, _TO, _WARNING = b"cufimtw"
_joined = UNIT.join
Lines = list[bytes]
"""What is known of a message: its time, then the rest of each of its lines. An empty time: it is another row's."""


class PostfixReader:
    """Reads the files of one Postfix in the order of time. What could not be read is told to `rejects`."""

    def __init__(self, rejects: Rejects, zone: tzinfo, most: int = OPEN) -> None:
        self._rejects = rejects
        self._zone = zone
        self._most = most
        self._stamps = Stamps(zone, 1970)
        self._times = self._stamps.known
        self._open: dict[bytes, Lines] = {}
        self._clients: dict[bytes, tuple[bytes, bytes]] = {}
        self._rows: list[bytes] = []
        self._evicted = False
        self._bad = self._headless = self._hidden = 0

    def rows(self, pieces: Sequence[Piece], limit: int | None = None) -> Iterator[list[bytes]]:
        """Lists of rows: the values of NAMES joined by UNIT, times in microseconds since 1970. `limit` lines of each
        file are read at most."""
        for piece in pieces:
            self._stamps = Stamps(self._zone, piece.year)
            self._times = self._stamps.known
            text, clean = lines(piece.path)
            with clean:
                yield from self._read(iter(text) if limit is None else islice(text, limit))
                if limit is None:
                    yield from self._last(clean.tail, torn=clean.cut)
                self._tell(piece.path, torn=clean.cut)
        for known in self._open.values():
            self._finish(known)
        self._open.clear()
        yield self._rows

    def _read(self, text: Iterator[bytes]) -> Iterator[list[bytes]]:
        """The messages that end in this text. This loop is what a large log costs: nothing is called that need not."""
        waiting = self._open
        find, finish = waiting.get, self._finish
        some = True
        while some:
            some = False
            for line in islice(text, _BATCH):
                some = True
                parts = line.split(b": ", 2)
                if len(parts) != 3:
                    if parts[0][-1:] != b"]":
                        self._strange(line)
                    continue
                head, queue_id, rest = parts
                known = find(queue_id)
                if known is None:
                    self._begin(head, queue_id, rest)
                elif rest == b"removed\n":
                    del waiting[queue_id]
                    finish(known)
                elif rest[0] == _CLIENT or rest[0] == _LOCAL:  # the id is used again, and nobody saw the end before
                    finish(waiting.pop(queue_id))
                    self._begin(head, queue_id, rest)
                else:
                    known.append(rest)
            self._trim()
            yield self._rows
            self._rows = []

    def _begin(self, head: bytes, queue_id: bytes, rest: bytes) -> None:
        """A line with an unknown queue id: a message's first one, if it is that."""
        plain = rest[:7] == b"client=" and b"/" in head and queue_id.isalnum()
        if not plain and not self._may_begin(head, queue_id, rest):
            return
        time = self._times.get(head[:15]) or self._stamps.micros(head)
        if time is None:
            self._bad += 1
            return
        self._open[queue_id] = self._inherited(time, rest) if b", orig_queue_id=" in rest else [time, rest]

    def _may_begin(self, head: bytes, queue_id: bytes, rest: bytes) -> bool:
        """Whether it can be the first line of a message that did not come by SMTP, or whose first line is missing."""
        if b"/" not in head or not _QUEUE_ID.fullmatch(queue_id):
            if head[-1:] != b"]":
                self._strange(head)
            return False
        if rest == b"removed\n":
            self._headless += not self._evicted
        return rest.startswith(_BEGINNINGS) and not (rest[0] == _QUEUED and self._evicted)

    def _inherited(self, time: bytes, rest: bytes) -> Lines:
        """A content filter gave a message back: the same message under a new id, with what was known of it."""
        first = self._open.get(rest.partition(b", orig_queue_id=")[2].partition(b",")[0].strip())
        if first is None or not first[0]:
            return [time, rest]
        own = [first[0], *(line for line in first[1:] if line[0] not in (_QUEUED, _TO))]
        first[0] = b""
        return own

    def _evict(self) -> None:
        """Too many are open. Those that never came into the queue go first; else the oldest, as far as it is known."""
        never = [queue_id for queue_id, known in self._open.items() if not any(x[0] == _QUEUED for x in known[1:])]
        for queue_id in never[: self._most // 2] or list(islice(self._open, self._most // 10 + 1)):
            self._evicted = self._evicted or not never
            self._finish(self._open.pop(queue_id))

    def _trim(self) -> None:
        """Not too many messages, and not too much of one: it may have many recipients, or be tried again for days."""
        while len(self._open) > self._most:
            self._evict()
        for known in self._open.values():
            if len(known) > _KEPT:
                seen = [line for line in known[1:] if line[0] != _TO]
                sent = [line for line in known[1:] if line[0] == _TO]
                known[1:] = [*seen[:_KEPT], *sent[:1], *(reduce(_again, sent[1:], first) for first in sent[:1])]

    def _finish(self, known: Lines) -> None:  # noqa: C901, PLR0912 - once a message: calls would double its cost
        """Make the row of a message that entered the queue. Only lines without doubt are cut here."""
        envelope: bytes | None = None
        ident = account = source_ip = from_ = sender = recipient = subject = size = status = NOTHING
        tail = delivery = b""
        doubtful = False
        for rest in known[1:]:
            kind = rest[0]
            if kind == _INFO or kind == _WARNING:  # noqa: PLR1714, SIM109 - a tuple is slower
                if tail and rest.endswith(tail):  # headers of one message end alike
                    header = rest[13 if kind == _INFO else 16 : -len(tail)]
                else:
                    mark = rest.rfind(b"; from=<")
                    if rest.find(b";") != mark or mark < 0:
                        doubtful = True
                        continue
                    origin = rest.rfind(b" from ", 0, mark)
                    header, tail = rest[13 if kind == _INFO else 16 : origin], rest[origin:]
                if len(header) >= parts_of.CUT:
                    doubtful = True
                elif header[:6] == b"From: ":
                    from_ = header[6:] if from_ is NOTHING else from_
                elif header[:8] == b"Sender: ":
                    sender = header[8:] if sender is NOTHING else sender
                elif header[:9] == b"Subject: ":
                    subject = header[9:] if subject is NOTHING else subject
                else:
                    doubtful = True
            elif kind == _TO:
                delivery = _again(delivery, rest) if delivery else rest
            elif kind == _CLIENT:
                source_ip, account = self._clients.get(rest) or self._client(rest)
            elif kind == _QUEUED and envelope is None:
                end = rest.rfind(b">, size=")
                if end > 0:
                    envelope = rest[6:end]
                    size = rest[end + 8 : rest.find(b",", end + 8)]
            elif kind == _IDENT and ident is NOTHING and rest[:11] == b"message-id=":
                ident = rest[11:-1]
        time = known[0]
        if envelope is None or not time:
            return
        if delivery:
            end = delivery.find(b">") if delivery[4:5] != b'"' else parts_of.address(delivery, 4)
            recipient = delivery[4:end]
            start = delivery.find(b", status=", end) + 9
            status = delivery[start : delivery.find(b" ", start)] if start > 8 else NOTHING
        if doubtful:
            from_, sender, subject = self._headers(known, envelope, recipient)
        values = (time, ident, account, source_ip, envelope, from_, sender, recipient, subject, size, status)
        self._rows.append(_joined(values))

    def _client(self, rest: bytes) -> tuple[bytes, bytes]:
        """A client line's values, remembered: most clients send more than one message."""
        if len(self._clients) >= _CLIENTS:
            self._clients.clear()
        found = self._clients[rest] = parts_of.client(rest)
        return found

    def _headers(self, known: Lines, envelope: bytes, recipient: bytes) -> Iterator[bytes]:
        """From, Sender and Subject, with all care. The first of each counts: later ones may be an attachment's."""
        texts = [line for line in known[1:] if line[0] in (_INFO, _WARNING)]
        found = [parts_of.content(line, envelope, recipient) for line in texts]
        for name in (b"from", b"sender", b"subject"):
            header = next((h for h in found if parts_of.value(h, name) is not None), None)
            if header is not None and len(header) >= parts_of.CUT and name != b"subject":
                self._hidden += 1
                header = None
            yield NOTHING if header is None else parts_of.value(header, name) or b""

    def _last(self, tail: bytes, *, torn: bool) -> Iterator[list[bytes]]:
        """What stands behind the last line end: a line only if it looks whole."""
        if tail and not torn and tail.endswith(_COMPLETE):
            yield from self._read(iter([cleaned(tail) + b"\n"]))
        elif tail:
            self._bad += 1

    def _strange(self, line: bytes) -> None:
        """A line in no known shape: another program's, or none at all."""
        self._bad += not is_stamped(line)

    def _tell(self, path: str, *, torn: bool) -> None:
        self._rejects.add(path, self._bad, "torn, or no syslog line")
        self._rejects.add(path, self._headless, "message whose beginning is not in the files")
        self._rejects.add(path, int(torn), "the packed file ends too early")
        self._rejects.note(path, self._hidden, "From or Sender cut at 200 bytes: its address is not known")
        self._bad = self._headless = self._hidden = 0


def _again(first: bytes, rest: bytes) -> bytes:
    """One more delivery line: the outcome counts if it is about the first recipient."""
    return rest if rest.startswith(first[: parts_of.address(first, 4) + 1]) else first

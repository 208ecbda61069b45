"""Postfix's syslog as messages: lines belong together by queue id. Standard library only, no database.

What an attacker can write into this log is kept from meaning anything. The text of a header stands *before* the facts
of its line (`info: header Sender: TEXT from CLIENT; from=<ENV> to=<RCPT> proto=... helo=<...>`), so such a line is read
from its right end, and the envelope is never taken from it but from the queue manager's own line. Postfix cuts header
text at 200 bytes: the address in a cut From or Sender is not known, whatever its beginning looks like.

One row is one message that entered the queue: its first recipient, and how the delivery to that one ended.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import tzinfo
from itertools import islice

from irtool.adapters.logs import postfixlines as parts_of
from irtool.adapters.logs.files import NOTHING, UNIT, Clean, cleaned
from irtool.adapters.logs.rejects import Rejects
from irtool.adapters.logs.syslog import Piece, Stamps, is_stamped

NAMES = (
    "time", "id", "account", "source_ip", "envelope_from", "header_from", "header_sender", "recipient", "subject",
    "size", "status",
)  # fmt: skip
OPEN = 100_000
"""Messages that may be in the queue at once; beyond that the oldest are taken as they are: memory stays small."""
_QUEUE_ID = re.compile(rb"[0-9A-F]{5,20}|[0-9B-DF-HJ-NP-TV-Zb-df-hj-np-tv-z]{10,25}")
_BEGINNINGS = (b"uid=", b"message-id=", b"info: header ", b"warning: header ", b"from=<")
_COMPLETE = (b")", b">", b": removed")
_CLIENT, _LOCAL, _QUEUED, _INFO, _IDENT, _REMOVED, _TO, _WARNING = b"cufimrtw"
_QUOTE, _SLASH, _COMMA = b'"/,'
_TIME, _ID, _ACCOUNT, _IP, _ENVELOPE, _FROM, _SENDER, _RECIPIENT, _SUBJECT, _SIZE, _STATUS = range(len(NAMES))
_TAIL = len(NAMES)
_SLOTS = {b"header From": _FROM, b"header Sender": _SENDER, b"header Subject": _SUBJECT}
_CAREFUL = {b"from": _FROM, b"sender": _SENDER, b"subject": _SUBJECT}
_EDGES = frozenset((b"", b" ", b"?"))
_CUT = len(b"header ") + parts_of.CUT
_joined = UNIT.join
Row = list[bytes]
"""A message as far as it is known: the values of NAMES, NOTHING for those not met, and how all its header lines end.
Without a time it is no row."""


class PostfixReader:
    """Reads the files of one Postfix in the order of time. What could not be read is told to `rejects`."""

    def __init__(self, rejects: Rejects, zone: tzinfo, most: int = OPEN) -> None:
        self._rejects = rejects
        self._zone = zone
        self._most = most
        self._stamps = Stamps(zone, 1970)
        self._times = self._stamps.known
        self._open: dict[bytes, Row] = {}
        self._doubts: dict[bytes, dict[int, bytes]] = {}
        self._rows: list[bytes] = []
        self._evicted = False
        self._bad = self._headless = self._hidden = 0

    def rows(self, pieces: Sequence[Piece], limit: int | None = None) -> Iterator[list[bytes]]:
        """Lists of rows: the values of NAMES joined by UNIT, times in microseconds since 1970. `limit` lines of each
        file are read at most."""
        for piece in pieces:
            self._stamps = Stamps(self._zone, piece.year)
            self._times = self._stamps.known
            with Clean(piece.path) as clean:
                left = limit
                for some in clean.blocks():
                    yield from self._read(some if left is None else some[:left])
                    left = None if left is None else left - len(some)
                    if left is not None and left <= 0:
                        break
                else:
                    yield from self._last(clean.tail, torn=clean.cut)
                self._tell(piece.path, torn=clean.cut)
        for queue_id in list(self._open):
            self._finish(queue_id)
        yield self._rows

    def _read(self, some: list[bytes]) -> Iterator[list[bytes]]:
        """The messages that end in these lines."""
        self._batch(some)
        while len(self._open) > self._most:
            self._evict()
        if self._rows:
            yield self._rows
            self._rows = []

    def _batch(self, some: Iterable[bytes]) -> None:  # noqa: C901, PLR0912, PLR0915
        """Take some lines. This loop is what a large log costs: what is plain is cut right here, and a line that takes
        more care costs a call."""
        waiting, doubts, add = self._open, self._doubts, self._rows.append
        find, slot_of = waiting.get, _SLOTS.get
        for line in some:
            parts = line.split(b": ", 2)
            if len(parts) != 3:
                if parts[0][-1:] != b"]":
                    self._strange(line)
                continue
            head, queue_id, rest = parts
            row = find(queue_id)
            if row is None:
                self._begin(head, queue_id, rest)
                continue
            kind = rest[0]
            if kind == _INFO:
                tail = row[_TAIL]
                if tail and rest.endswith(tail):  # headers of one message end alike
                    header = rest[6 : -len(tail)]
                else:
                    mark = rest.rfind(b"; from=<")
                    end = rest.rfind(b" from ", 0, mark)
                    if mark < 0 or end < 0 or rest.find(b";") != mark:
                        self._header(queue_id, row, rest)
                        continue
                    header = rest[6:end]
                    row[_TAIL] = rest[end:]
                name, _, text = header.partition(b": ")
                slot = slot_of(name)
                if slot and len(header) < _CUT and (slot == _SUBJECT or text[:1] not in _EDGES):
                    if row[slot] is NOTHING:
                        row[slot] = text
                else:
                    self._header(queue_id, row, rest)
            elif kind == _TO:
                end = rest.find(b">", 4)
                if (
                    row[_RECIPIENT] is not NOTHING
                    or rest[end : end + 4] != b">, r"
                    or rest[:4] != b"to=<"
                    or rest[4] == _QUOTE
                ):
                    self._delivery(row, rest)
                    continue
                row[_RECIPIENT] = rest[4:end]
                start = rest.find(b", status=", end) + 9
                row[_STATUS] = rest[start : rest.find(b" ", start)] if start > 8 else NOTHING
            elif kind == _QUEUED:
                end = rest.rfind(b">, size=")
                if end > 0 and row[_ENVELOPE] is NOTHING:
                    row[_ENVELOPE] = rest[6:end]
                    row[_SIZE] = rest[end + 8 : rest.find(b",", end + 8)]
            elif kind == _IDENT:
                if rest[:11] == b"message-id=" and row[_ID] is NOTHING:
                    row[_ID] = rest[11:-1]
            elif kind == _REMOVED:
                if rest == b"removed\n":
                    if queue_id in doubts:
                        self._settle(queue_id, row)
                    del waiting[queue_id]
                    if row[_ENVELOPE] is not NOTHING and row[_TIME]:
                        del row[_TAIL]
                        add(_joined(row))
            elif kind == _WARNING:
                self._header(queue_id, row, rest)
            elif kind in (_CLIENT, _LOCAL):  # the id is used again, and nobody saw the end before
                self._finish(queue_id)
                self._begin(head, queue_id, rest)

    def _begin(self, head: bytes, queue_id: bytes, rest: bytes) -> None:
        """A line with an unknown queue id: a message's first one, if it is that."""
        by_smtp = rest[:7] == b"client=" and _SLASH in head and queue_id.isalnum()
        if not by_smtp and not self._may_begin(head, queue_id, rest):
            return
        time = self._times.get(head[:15]) or self._stamps.micros(head)
        if time is None:
            self._bad += 1
            return
        row = [NOTHING] * _TAIL
        row.append(b"")
        row[_TIME] = time
        self._open[queue_id] = row
        if by_smtp:
            cut = rest.find(b", sasl_username=")
            account = rest[cut + 16 : -1]
            if cut < 0 or _COMMA in account or not account:
                row[_IP], row[_ACCOUNT] = parts_of.client(rest)
                self._inherit(row, rest)
            else:
                start = rest.find(b"[", 0, cut) + 1
                end = rest.find(b"]", start, cut)
                row[_IP] = rest[start:end] if 0 < start < end else NOTHING
                row[_ACCOUNT] = account
        elif rest[0] != _LOCAL:  # once more, now that its queue id is known
            self._batch((b": ".join((head, queue_id, rest)),))

    def _may_begin(self, head: bytes, queue_id: bytes, rest: bytes) -> bool:
        """Whether it can be the first line of a message that did not come by SMTP, or whose first line is missing."""
        if b"/" not in head or not _QUEUE_ID.fullmatch(queue_id):
            if head[-1:] != b"]":
                self._strange(head)
            return False
        if rest == b"removed\n":
            self._headless += not self._evicted
        return rest.startswith(_BEGINNINGS) and not (rest[0] == _QUEUED and self._evicted)

    def _inherit(self, row: Row, rest: bytes) -> None:
        """A content filter gave a message back: the same message under a new id, with what was known of it."""
        before = rest.partition(b", orig_queue_id=")[2].partition(b",")[0].strip()
        first = self._open.get(before)
        if first is None or not first[_TIME] or first is row:
            return
        if before in self._doubts:  # the envelope may have changed since these lines
            self._settle(before, first)
        for at in (_TIME, _ID, _ACCOUNT, _IP, _FROM, _SENDER, _SUBJECT):
            row[at] = first[at]
        first[_TIME] = b""

    def _evict(self) -> None:
        """Too many are open. Of the older half those that never came into the queue go first; else the oldest, as far
        as they are known."""
        older = list(islice(self._open, self._most // 2))
        never = [queue_id for queue_id in older if self._open[queue_id][_ENVELOPE] is NOTHING]
        self._evicted = self._evicted or not never
        for queue_id in never or older[: self._most // 10 + 1]:
            self._finish(queue_id)

    def _finish(self, queue_id: bytes) -> None:
        """No more will be heard of this message: it is a row if it entered the queue."""
        row = self._open.pop(queue_id)
        if queue_id in self._doubts:
            self._settle(queue_id, row)
        if row[_ENVELOPE] is not NOTHING and row[_TIME]:
            del row[_TAIL]
            self._rows.append(_joined(row))

    def _delivery(self, row: Row, rest: bytes) -> None:
        """A delivery that takes care: a quoted recipient, or one more line. The first recipient counts."""
        end = parts_of.address(rest, 4)
        if rest[:4] != b"to=<" or (row[_RECIPIENT] is not NOTHING and row[_RECIPIENT] != rest[4:end]):
            return
        row[_RECIPIENT] = rest[4:end]
        if rest[end + 1 : end + 12] == b", orig_to=<":
            end = parts_of.address(rest, end + 12)
        start = rest.find(b", status=", end) + 9
        row[_STATUS] = rest[start : rest.find(b" ", start)] if start > 8 else NOTHING

    def _header(self, queue_id: bytes, row: Row, rest: bytes) -> None:
        """A header line that only the whole message can make clear. The first of each name counts, as later ones may
        be an attachment's, so its place is taken now."""
        slot = _CAREFUL.get(parts_of.name(rest))
        if slot is not None and row[slot] is NOTHING:
            self._doubts.setdefault(queue_id, {})[slot] = rest
            row[slot] = b""

    def _settle(self, queue_id: bytes, row: Row) -> None:
        """Read the doubtful headers, now that the envelope is known; if it is not, this will be no row."""
        counts = row[_ENVELOPE] is not NOTHING and row[_TIME] != b""
        for slot, line in self._doubts.pop(queue_id).items():
            header = parts_of.content(line, row[_ENVELOPE], row[_RECIPIENT])
            if len(header) >= parts_of.CUT and slot != _SUBJECT:
                row[slot] = NOTHING
                self._hidden += counts
            else:
                row[slot] = parts_of.text(header)

    def _last(self, tail: bytes, *, torn: bool) -> Iterator[list[bytes]]:
        """What stands behind the last line end: a line only if it looks whole."""
        if tail and not torn and tail.endswith(_COMPLETE):
            yield from self._read([cleaned(tail) + b"\n"])
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

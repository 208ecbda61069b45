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
from itertools import islice

from irtool.adapters.logs import postfixlines as parts_of
from irtool.adapters.logs.files import NOTHING, UNIT, Clean, cleaned
from irtool.adapters.logs.rejects import SEVERAL, Rejects
from irtool.adapters.logs.syslog import Piece, Stamps, is_stamped

NAMES = (
    "time", "id", "account", "source_ip", "envelope_from", "header_from", "header_sender", "recipient", "subject",
    "size", "status",
)  # fmt: skip
OPEN = 100_000
"""Messages that may be in the queue at once; beyond that the oldest are taken as they are: memory stays small."""
_QUEUE_ID = re.compile(rb"[0-9A-F]{5,20}|[0-9B-DF-HJ-NP-TV-Zb-df-hj-np-tv-z]{10,25}")
_FIRST, _REMOVED = (b"client=", b"uid="), b"removed"
_BEGINNINGS = (b"uid=", b"message-id=", b"info: header ", b"warning: header ", b"from=<")
_COMPLETE = (b")", b">", b": removed")
_SLASH = ord("/")
_TIME, _ID, _ACCOUNT, _IP, _ENVELOPE, _FROM, _SENDER, _RECIPIENT, _SUBJECT, _SIZE, _STATUS = range(len(NAMES))
_TAIL = len(NAMES)
_SLOTS = {
    b"info: header From: ": _FROM, b"info: header Sender: ": _SENDER, b"info: header Subject: ": _SUBJECT,
    b"message-id=": _ID,
}  # fmt: skip
_CAREFUL = {b"from": _FROM, b"sender": _SENDER, b"subject": _SUBJECT}
_EDGES = frozenset((b"", b" ", b"?"))
_CUT = len(b"info: header ") + parts_of.CUT
_LONG = _CUT - max(map(len, _SLOTS))
_split, _WIDTH = parts_of.PLAIN.split, parts_of.PLAIN.groups + 1
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
        self._rows: list[Row] = []
        self._more: set[bytes] = set()
        self._evicted = False
        self._bad = self._headless = self._hidden = self._several = 0

    def rows(self, pieces: Sequence[Piece], limit: int | None = None) -> Iterator[list[bytes]]:
        """Lists of rows: the values of NAMES joined by UNIT, times in microseconds since 1970. `limit` lines of each
        file are read at most."""
        for piece in pieces:
            self._stamps = Stamps(self._zone, piece.year)
            self._times = self._stamps.known
            with Clean(piece.path) as clean:
                left = limit
                for some in clean.blocks():
                    if left is None:
                        yield from self._read(some)
                        continue
                    lines = some.split(b"\n", left + 1)[: left + 1]
                    yield from self._read(b"\n".join(lines))
                    left -= len(lines) - 1
                    if left <= 0:
                        break
                else:
                    yield from self._last(clean.tail, torn=clean.cut)
                self._tell(piece.path, torn=clean.cut)
        for queue_id in list(self._open):
            self._finish(queue_id)
        if pieces:
            self._tell(pieces[-1].path, torn=False)
        yield self._taken()

    def _read(self, some: bytes) -> Iterator[list[bytes]]:
        """The messages that end in these lines, each of which has its line end before it."""
        self._batch(some)
        while len(self._open) > self._most:
            self._evict()
        if self._rows:
            yield self._taken()

    def _taken(self) -> list[bytes]:
        """The rows that are ready; they are no longer kept."""
        rows, self._rows = self._rows, []
        return list(map(UNIT.join, rows))

    def _batch(self, some: bytes) -> None:  # noqa: C901, PLR0912, PLR0915
        """Take some lines. This loop is what a large log costs: the pattern has cut what is plain, and what takes more
        care costs a call."""
        waiting, doubts, more, add = self._open, self._doubts, self._more, self._rows.append
        find, time_of, slot_of = waiting.get, self._times.get, _SLOTS.__getitem__
        parts = iter(_split(some))
        next(parts)  # what stands before the first line that may mean something
        for (
            head, queue_id, ip, account, recipient, reply, removed,
            name, text, name2, text2, name3, text3, name4, text4, queued, envelope, size, rest,
        ) in zip(*[parts] * _WIDTH, strict=True):  # fmt: skip
            row = find(queue_id)
            if ip is not None:
                if row is not None:  # the id is used again, and nobody saw the end before
                    self._finish(queue_id)
                if _SLASH in head:
                    time = time_of(head[:15]) or self._stamps.micros(head)
                    if time is None:
                        self._bad += 1
                        continue
                    waiting[queue_id] = [
                        time, NOTHING, account or NOTHING, ip, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING,
                        NOTHING, b"",
                    ]  # fmt: skip
                continue
            if row is None:
                if queue_id is None:
                    self._odd(rest.partition(b"\n")[0])
                    continue
                if name is None and size is None:
                    if removed is not None:
                        self._may_begin(head[:-1] if reply is None else b"/", queue_id, _REMOVED)
                    elif reply is None:
                        self._careful(head[:-1], queue_id, rest.partition(b"\n")[0])
                    continue
                may_begin = self._may_begin(head[:-1], queue_id, name or b"from=<")
                row = self._begin(head, queue_id) if may_begin else None
                if row is None:
                    if may_begin:
                        self._bad += (name2 is not None) + (name3 is not None) + (name4 is not None)
                    if queued is not None:
                        self._careful(queued[:-1], queue_id, b"from=<%b>, size=%b" % (envelope, size))
                    continue
            if name is None and size is None and reply is None and removed is None:
                self._careful(head[:-1], queue_id, rest.partition(b"\n")[0])
                continue
            if name is not None:
                tail = row[_TAIL]
                while name is not None:
                    slot = slot_of(name)
                    if slot == _ID:
                        if row[_ID] is NOTHING:
                            row[_ID] = text
                    else:
                        value = text.removesuffix(tail)  # headers of one message end alike
                        if value is text:
                            mark = text.rfind(b"; from=<")
                            end = text.rfind(b" from ", 0, mark)
                            if 0 <= end < mark == text.find(b";"):
                                value = text[:end]
                                tail = row[_TAIL] = text[end:]
                        if value is text or (len(value) >= _LONG and len(name) + len(value) >= _CUT):
                            self._header(queue_id, row, name + text)
                        elif row[slot] is NOTHING:
                            row[slot] = value
                    name, text, name2, text2, name3, text3, name4 = name2, text2, name3, text3, name4, text4, None  # noqa: PLW2901
            if size is not None:
                if row[_ENVELOPE] is NOTHING:
                    row[_ENVELOPE] = envelope
                    row[_SIZE] = size
                continue
            if reply is not None:
                known = row[_RECIPIENT]
                if known is NOTHING or known == recipient:  # the first recipient counts, and how it ended for that one
                    row[_RECIPIENT] = recipient
                    _, found, status = reply.partition(b", status=")
                    row[_STATUS] = status.partition(b" ")[0] if found else NOTHING
                else:
                    more.add(queue_id)
            if removed is not None:
                if queue_id in doubts or queue_id in more:
                    self._settle(queue_id, row)
                del waiting[queue_id]
                if row[_ENVELOPE] is not NOTHING and row[_TIME]:
                    row.pop()
                    add(row)

    def _odd(self, line: bytes) -> None:
        """A line whose beginning is not that of a plain one."""
        parts = line.split(b": ", 2)
        if len(parts) == 3:
            self._careful(*parts)
        elif len(parts) == 1 or parts[0][-1:] != b"]":
            self._strange(line)

    def _careful(self, head: bytes, queue_id: bytes, rest: bytes) -> None:
        """One line, whatever it looks like."""
        row = self._open.get(queue_id)
        if row is not None and rest.startswith(_FIRST):  # the id is used again, and nobody saw the end before
            self._finish(queue_id)
            row = None
        if row is None:
            self._first(head, queue_id, rest)
        elif rest.startswith(b"info: header "):
            self._told(queue_id, row, rest)
        elif rest.startswith(b"warning: header "):
            self._header(queue_id, row, rest)
        elif rest.startswith(b"to=<"):
            self._delivery(queue_id, row, rest)
        elif rest.startswith(b"from=<"):
            end = rest.rfind(b">, size=")
            if end > 0 and row[_ENVELOPE] is NOTHING:
                row[_ENVELOPE] = rest[6:end]
                row[_SIZE] = rest[end + 8 :].partition(b",")[0]
        elif rest.startswith(b"message-id="):
            if row[_ID] is NOTHING:
                row[_ID] = rest[11:]
        elif rest == _REMOVED:
            self._finish(queue_id)

    def _told(self, queue_id: bytes, row: Row, rest: bytes) -> None:
        """A header line whose header may still be cut off where the first one of the message was."""
        tail = row[_TAIL]
        if tail and rest.endswith(tail):
            header = rest[6 : -len(tail)]
        else:
            mark = rest.rfind(b"; from=<")
            end = rest.rfind(b" from ", 0, mark)
            if not 0 <= end < mark == rest.find(b";"):
                self._header(queue_id, row, rest)
                return
            header = rest[6:end]
            row[_TAIL] = rest[end:]
        name, _, text = header.partition(b": ")
        slot = _SLOTS.get(b"info: " + name + b": ")
        if slot is None or len(header) + 6 >= _CUT or (slot != _SUBJECT and text[:1] in _EDGES):
            self._header(queue_id, row, rest)
        elif row[slot] is NOTHING:
            row[slot] = text

    def _first(self, head: bytes, queue_id: bytes, rest: bytes) -> None:
        """A line with an unknown queue id: a message's first one, if it is that."""
        if rest.startswith(b"client=") and b"/" in head and queue_id.isalnum():
            row = self._begin(head, queue_id)
            if row is not None:
                row[_IP], row[_ACCOUNT] = parts_of.client(rest)
                self._inherit(row, rest)
        elif self._may_begin(head, queue_id, rest):
            row = self._begin(head, queue_id)
            if row is not None and not rest.startswith(_FIRST):  # once more, now that its queue id is known
                self._careful(head, queue_id, rest)

    def _begin(self, head: bytes, queue_id: bytes) -> Row | None:
        """A new message, unless its line has no time."""
        time = self._times.get(head[:15]) or self._stamps.micros(head)
        if time is None:
            self._bad += 1
            return None
        row = self._open[queue_id] = [time, *[NOTHING] * (_TAIL - 1), b""]
        return row

    def _may_begin(self, head: bytes, queue_id: bytes, rest: bytes) -> bool:
        """Whether it can be the first line of a message that did not come by SMTP, or whose first line is missing."""
        if b"/" not in head or not _QUEUE_ID.fullmatch(queue_id):
            if head[-1:] != b"]":
                self._strange(head)
            return False
        if rest == _REMOVED:
            self._headless += not self._evicted
        return rest.startswith(_BEGINNINGS) and not (self._evicted and rest.startswith(b"from=<"))

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
        if queue_id in self._doubts or queue_id in self._more:
            self._settle(queue_id, row)
        if row[_ENVELOPE] is not NOTHING and row[_TIME]:
            row.pop()
            self._rows.append(row)

    def _delivery(self, queue_id: bytes, row: Row, rest: bytes) -> None:
        """A delivery that takes care: a quoted recipient, or one more line. The first recipient counts."""
        end = parts_of.address(rest, 4)
        if row[_RECIPIENT] is not NOTHING and row[_RECIPIENT] != rest[4:end]:
            self._more.add(queue_id)
            return
        row[_RECIPIENT] = rest[4:end]
        if rest[end + 1 : end + 12] == b", orig_to=<":
            end = parts_of.address(rest, end + 12)
        start = rest.find(b", status=", end) + 9
        row[_STATUS] = rest[start:].partition(b" ")[0] if start > 8 else NOTHING

    def _header(self, queue_id: bytes, row: Row, rest: bytes) -> None:
        """A header line that only the whole message can make clear. The first of each name counts, as later ones may
        be an attachment's, so its place is taken now."""
        slot = _CAREFUL.get(parts_of.name(rest))
        if slot is not None and row[slot] is NOTHING:
            self._doubts.setdefault(queue_id, {})[slot] = rest
            row[slot] = b""

    def _settle(self, queue_id: bytes, row: Row) -> None:
        """Read the doubtful headers, now that the envelope is known; if it is not, this will be no row. Count the
        message if it has more recipients."""
        counts = row[_ENVELOPE] is not NOTHING and row[_TIME] != b""
        if queue_id in self._more:
            self._more.discard(queue_id)
            self._several += counts
        for slot, line in self._doubts.pop(queue_id, {}).items():
            header = parts_of.content(line, row[_ENVELOPE], row[_RECIPIENT])
            if len(header) >= parts_of.CUT and slot != _SUBJECT:
                row[slot] = NOTHING
                self._hidden += counts
            else:
                row[slot] = parts_of.text(header)

    def _last(self, tail: bytes, *, torn: bool) -> Iterator[list[bytes]]:
        """What stands behind the last line end: a line only if it looks whole."""
        if tail and not torn and tail.endswith(_COMPLETE):
            yield from self._read(b"\n" + cleaned(tail))
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
        self._rejects.note(path, self._several, SEVERAL)
        self._bad = self._headless = self._hidden = self._several = 0

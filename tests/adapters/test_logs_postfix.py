"""Postfix's syslog: whatever is interleaved, forged, cut, rotated or torn, every message comes back as it was."""

from __future__ import annotations

import gzip
import os
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from backports import zstd
from hypothesis import given, settings
from hypothesis import strategies as st

from irtool.adapters.logs import LogFile, open_log
from irtool.adapters.logs.postfix import NAMES, PostfixReader
from irtool.adapters.logs.rejects import SEVERAL, Rejects
from irtool.adapters.logs.syslog import in_order
from irtool.errors import InputError

START = datetime(2025, 4, 14, 15, 54, tzinfo=UTC)
B52 = "0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz"
EVIL = 'Sender: "a; from=<evil@forged.example> to=<y@z.example> proto=ESMTP" <me@trial.example>'


@dataclass(frozen=True)
class Sent:
    """One message as it was; `headers` are whole header lines."""

    queue_id: str = "4ZbQk21xWzz3h"
    ip: str = "198.51.100.7"
    user: str | None = "acct1"
    sender: str = ""
    recipient: str = "victim@quickpost.example"
    headers: tuple[str, ...] = ("From: Info <info@gateway.example>", "Sender: me@trial.example", "Subject: Hi")
    ident: str = "<1.2@trial.example>"
    size: int = 2345
    status: str = "sent"
    helo: str = "client.trial.example"


def stamp(moment: datetime, *, iso: bool = False) -> str:
    return moment.isoformat() if iso else f"{moment:%b} {moment.day:2d} {moment:%H:%M:%S}"


def text_of(sent: Sent, moment: datetime = START, *, iso: bool = False, host: str = "mx1") -> list[str]:
    """The lines that Postfix writes for it."""

    def line(program: str, rest: str) -> str:
        return f"{stamp(moment, iso=iso)} {host} postfix/{program}[77]: {sent.queue_id}: {rest}\n"

    login = f", sasl_method=PLAIN, sasl_username={sent.user}" if sent.user else ""
    tail = f"from unknown[{sent.ip}]; from=<{sent.sender}> to=<{sent.recipient}> proto=ESMTP helo=<{sent.helo}>"
    logged = [line("cleanup", f"info: header {header[:200]} {tail}") for header in sent.headers]
    delivery = f"to=<{sent.recipient}>, relay=mx.example[203.0.113.5]:25, delay=0.5, delays=0.1/0/0.2/0.2, dsn=2.0.0"
    return [
        line("smtpd", f"client=unknown[{sent.ip}]{login}"),
        *logged,
        line("cleanup", f"message-id={sent.ident}"),
        line("qmgr", f"from=<{sent.sender}>, size={sent.size}, nrcpt=1 (queue active)"),
        line("smtp", f"{delivery}, status={sent.status} (250 2.0.0 Ok, status=forged (x))"),
        line("qmgr", "removed"),
    ]


def written(path: Path, lines: Sequence[str], changed: datetime = START) -> Path:
    path.write_text("".join(lines))
    os.utime(path, (changed.timestamp(), changed.timestamp()))
    return path


def rows(*paths: Path, zone: str = "UTC", year: int | None = None, most: int = 1000) -> list[dict[str, str | None]]:
    return list(read([str(p) for p in paths], Rejects(), zone, year, most))


def read(
    paths: Sequence[str], rejects: Rejects, zone: str = "UTC", year: int | None = None, most: int = 1000
) -> Iterator[dict[str, str | None]]:
    where = ZoneInfo(zone)
    for some in PostfixReader(rejects, where, most).rows(in_order(paths, where, year)):
        for row in some:
            values = row.decode().split("\x1f")
            yield {n: None if v == "\x1e" else v for n, v in zip(NAMES, values, strict=True)}


def moment_of(row: dict[str, str | None]) -> datetime:
    return datetime.fromtimestamp(int(row["time"] or "") / 1e6, UTC)


@pytest.mark.parametrize("iso", [False, True])
@pytest.mark.parametrize("queue_id", ["4ZbQk21xWzz3h", "9F1C07A0E2"])
def test_one_message(tmp_path: Path, queue_id: str, iso: bool) -> None:
    (row,) = rows(written(tmp_path / "mail.log", text_of(Sent(queue_id), iso=iso)))
    assert moment_of(row) == START
    assert row | {"time": ""} == {
        "time": "", "id": "<1.2@trial.example>", "account": "acct1", "source_ip": "198.51.100.7", "envelope_from": "",
        "header_from": "Info <info@gateway.example>", "header_sender": "me@trial.example",
        "recipient": "victim@quickpost.example", "subject": "Hi", "size": "2345", "status": "sent",
    }  # fmt: skip


def test_through_the_whole_reader(tmp_path: Path) -> None:
    path = written(tmp_path / "mail.log", text_of(Sent(headers=("From: Us <Info@Gateway.Example>",))))
    with open_log([LogFile("postfix", str(path))]) as log:
        (row,) = log.query("SELECT * FROM log")
        assert log.missing() == {"header_sender", "subject"}
    assert (row["time"], row["header_from"], row["from_domain"]) == (START, "info@gateway.example", "gateway.example")
    assert (row["recipient_domain"], row["envelope_from"], row["size"]) == ("quickpost.example", "", 2345)


@pytest.mark.parametrize(
    "sent",
    [
        Sent(headers=("From: a@b.example", EVIL)),
        Sent(headers=(EVIL, "From: a@b.example")),
        Sent(headers=("From: a@b.example", EVIL), sender='"; from=<x> to=<"@trial.example'),
        Sent(headers=("From: a@b.example", EVIL), recipient='"; from=<> to=<x> proto=E helo=<"@quickpost.example'),
        Sent(headers=("From: a@b.example", EVIL, "Subject: x from x[1.2.3.4]; from=<z@z> to=<q@q> proto=E helo=<h>")),
    ],
)  # fmt: skip
def test_a_forged_envelope_in_a_header_never_wins(tmp_path: Path, sent: Sent) -> None:
    (row,) = rows(written(tmp_path / "mail.log", text_of(sent)))
    assert row["envelope_from"] == sent.sender
    assert row["recipient"] == sent.recipient
    assert (row["header_from"], row["header_sender"]) == ("a@b.example", EVIL.removeprefix("Sender: "))
    assert (row["source_ip"], row["account"], row["status"]) == (sent.ip, sent.user, "sent")


def test_a_cut_header_is_not_known_and_counted(tmp_path: Path) -> None:
    long = f"From: <ceo@customer.example> {'x' * 300} <me@trial.example>"
    path = written(
        tmp_path / "mail.log", text_of(Sent(headers=(long, "Sender: me@trial.example", "Subject: " + "y" * 300)))
    )
    rejects = Rejects()
    (row,) = read([str(path)], rejects)
    assert (row["header_from"], row["header_sender"]) == (None, "me@trial.example")
    assert row["subject"] == "y" * 191
    assert [(r.file, r.rows) for r in rejects.notes] == [(str(path), 1)]
    assert rejects.rows == 0


def test_folded_and_oddly_written_headers(tmp_path: Path) -> None:
    headers = ("FROM:? Us <info@gateway.example>", "sender:me@trial.example", "From: second@attachment.example")
    (row,) = rows(written(tmp_path / "mail.log", text_of(Sent(headers=headers))))
    assert (row["header_from"], row["header_sender"]) == ("Us <info@gateway.example>", "me@trial.example")


def test_an_address_behind_a_fold_is_the_address(tmp_path: Path) -> None:
    headers = ("From: ? boss@customer.example", "Sender: ?? me@trial.example", "Subject: ?? won")
    (row,) = rows(written(tmp_path / "mail.log", text_of(Sent(headers=headers))))
    assert (row["header_from"], row["header_sender"]) == ("boss@customer.example", "me@trial.example")
    assert row["subject"] == "?? won"


def test_many_odd_headers_do_not_hide_the_one_that_counts(tmp_path: Path) -> None:
    headers = tuple(f"X-{n}: a; from=<b> to=<c>" for n in range(60))
    sent = Sent(headers=(*headers, "From: ceo@customer.example", "Sender: x; from=<> to=<", "Subject: s"))
    (row,) = rows(written(tmp_path / "mail.log", text_of(sent)))
    assert (row["header_from"], row["header_sender"]) == ("ceo@customer.example", "x; from=<> to=<")


def test_a_line_of_the_body_is_no_header(tmp_path: Path) -> None:
    lines = text_of(Sent(headers=("Subject: Hi",)))
    body = "From: a@b.example", "..From: ceo@customer.example", "see header From: ceo@customer.example; yes"
    shown = [lines[1].replace("info: header Subject: Hi", f"info: body {text}") for text in body]
    (row,) = rows(written(tmp_path / "mail.log", [lines[0], *shown, *lines[1:]]))
    assert (row["header_from"], row["subject"]) == (None, "Hi")


def test_an_original_recipient_that_looks_like_an_outcome(tmp_path: Path) -> None:
    lines = text_of(Sent(status="bounced"))
    lines[-2] = lines[-2].replace(", relay=", ', orig_to=<"x, status=sent (y"@gateway.example>, relay=')
    (row,) = rows(written(tmp_path / "mail.log", lines))
    assert (row["recipient"], row["status"]) == ("victim@quickpost.example", "bounced")


@pytest.mark.parametrize("whole", [True, False])
def test_messages_to_several_recipients_are_noted_once_each(tmp_path: Path, whole: bool) -> None:
    lines = text_of(Sent())
    quoted = lines[-2].replace("victim@", '"o>ther"@')
    plain = lines[-2].replace("victim@", "other@")
    path = written(
        tmp_path / "mail.log", [*lines[:-1], plain, quoted, plain, *lines[-1:][:whole], *text_of(Sent("4ZbQk31yXaa5k"))]
    )
    rejects = Rejects()
    assert len(list(read([str(path)], rejects))) == 2
    assert [(note.rows, note.why) for note in rejects.notes] == [(1, SEVERAL)]


def test_warnings_count_like_infos_and_text_of_the_rule_does_not_disturb(tmp_path: Path) -> None:
    lines = [x.replace("info: header", "warning: header").replace("helo=<client.trial.example>", "helo=<client>: seen")
             for x in text_of(Sent())]  # fmt: skip
    (row,) = rows(written(tmp_path / "mail.log", lines))
    assert (row["header_from"], row["subject"]) == ("Info <info@gateway.example>", "Hi")


def test_a_queue_id_that_is_used_again(tmp_path: Path) -> None:
    first, second = Sent("9F1C07A0E2"), Sent("9F1C07A0E2", user="acct2", sender="b@c.example")
    lines = [*text_of(first)[:-1], *text_of(second, START + timedelta(hours=1))]
    found = rows(written(tmp_path / "mail.log", lines))
    assert [(row["account"], row["envelope_from"]) for row in found] == [("acct1", ""), ("acct2", "b@c.example")]
    assert moment_of(found[1]) - moment_of(found[0]) == timedelta(hours=1)


def test_a_message_given_back_by_a_content_filter_is_one_message(tmp_path: Path) -> None:
    first, again = Sent(), Sent("4ZbQk3AAzz99k", ip="127.0.0.1", user=None)
    one, two = text_of(first), text_of(again)
    two[0] = two[0].replace("\n", f", orig_queue_id={first.queue_id}, orig_client=unknown[198.51.100.7]\n")
    lines = [*one[:-2], *two[:-2], *one[-2:], *two[-2:]]
    (row,) = rows(written(tmp_path / "mail.log", lines))
    assert (row["account"], row["source_ip"]) == ("acct1", "198.51.100.7")
    alone = rows(written(tmp_path / "other.log", two))
    assert [row["source_ip"] for row in alone] == ["198.51.100.7"]


def test_the_first_recipient_and_how_it_ended(tmp_path: Path) -> None:
    lines = text_of(Sent(status="deferred"))
    later = lines[-2].replace("status=deferred", "status=bounced")
    other = later.replace("victim@", "other@").replace("bounced", "sent")
    (row,) = rows(written(tmp_path / "mail.log", [*lines[:-1], other, later, other, lines[-1]]))
    assert (row["recipient"], row["status"]) == ("victim@quickpost.example", "bounced")


def test_rotated_and_packed_files_in_the_order_of_time(tmp_path: Path) -> None:
    lines = [
        line for n in range(6) for line in text_of(Sent(f"4ZbQk21xWz{B52[n]}", user=f"u{n}"), START + timedelta(days=n))
    ]
    cut = [lines[:10], lines[10:23], lines[23:]]
    last = START + timedelta(days=6)
    (tmp_path / "mail.log.2.gz").write_bytes(gzip.compress("".join(cut[0]).encode()))
    (tmp_path / "mail.log.1").write_bytes(zstd.compress("".join(cut[1]).encode()))
    for name in ("mail.log.2.gz", "mail.log.1"):
        os.utime(tmp_path / name, (last.timestamp(), last.timestamp()))
    written(tmp_path / "mail.log", cut[2], last)
    found = rows(*tmp_path.iterdir())
    assert [row["account"] for row in found] == [f"u{n}" for n in range(6)]
    assert [moment_of(row) for row in found] == [START + timedelta(days=n) for n in range(6)]


def test_the_turn_of_the_year(tmp_path: Path) -> None:
    moments = [datetime(2024, 12, 31, 23, 59, 58, tzinfo=UTC) + timedelta(seconds=n) for n in range(4)]
    lines = [line for n, at in enumerate(moments) for line in text_of(Sent(f"4ZbQk21xWz{B52[n]}"), at)]
    path = written(tmp_path / "mail.log", lines, datetime(2025, 1, 3, tzinfo=UTC))
    assert [moment_of(row) for row in rows(path)] == moments
    os.utime(path)
    assert [moment_of(row).year for row in rows(path, year=2019)] == [2019, 2019, 2020, 2020]


def test_times_of_another_zone(tmp_path: Path) -> None:
    path = written(tmp_path / "mail.log", text_of(Sent(), datetime(2025, 4, 14, 17, 54, tzinfo=UTC)), START)
    assert moment_of(rows(path, zone="Europe/Rome")[0]) == START
    with pytest.raises(InputError, match="unknown time zone 'Mars'"):
        open_log([LogFile("postfix", str(path), zone="Mars")])


def test_torn_and_foreign_lines_are_counted(tmp_path: Path) -> None:
    whole = text_of(Sent())
    other = "Apr 14 15:54:00 mx1 dovecot: imap-login: Login: user=<x>: removed\n"
    path = written(
        tmp_path / "mail.log", ["garbage\n", other, *whole, *text_of(Sent("4ZbQk21xWzz4k"))[:6], whole[-2][:90]]
    )
    rejects = Rejects()
    found = list(read([str(path)], rejects))
    assert [row["status"] for row in found] == ["sent", None]
    assert [(r.file, r.rows) for r in rejects.found] == [(str(path), 2)]


def test_a_message_from_before_the_files_and_one_that_never_came_in(tmp_path: Path) -> None:
    rejects = Rejects()
    path = written(tmp_path / "mail.log", [*text_of(Sent())[-2:], text_of(Sent("4ZbQk21xWzz5m"))[0]])
    assert list(read([str(path)], rejects)) == []
    assert [(r.rows, r.why) for r in rejects.found] == [(1, "message whose beginning is not in the files")]


def test_a_torn_packed_file(tmp_path: Path) -> None:
    ids = ["".join(random.Random(n).choices(B52, k=13)) for n in range(3000)]
    lines = [line for one in ids for line in text_of(Sent(one))]
    path = tmp_path / "mail.log.gz"
    path.write_bytes(gzip.compress("".join(lines).encode())[:-3000])
    rejects = Rejects()
    assert 1000 < len(list(read([str(path)], rejects))) < 3000
    assert "the packed file ends too early" in {r.why for r in rejects.found}


def test_memory_does_not_grow_with_the_queue(tmp_path: Path) -> None:
    """More messages in the queue than may be kept: those that stay are taken as they are, once."""
    ids = [f"4ZbQk{B52[n // 50]}{B52[n % 50]}zz3hkk" for n in range(400)]
    lines = [line for one in ids for line in text_of(Sent(one))[:6]] + [
        line for one in ids for line in text_of(Sent(one))[6:]
    ]
    path = written(tmp_path / "mail.log", lines)
    found = rows(path, most=50)
    assert len(found) == 400
    assert {row["envelope_from"] for row in found} == {""}


PRINTABLE = st.text(st.characters(codec="ascii", min_codepoint=32, max_codepoint=126), max_size=60)
HOSTILE = st.one_of(
    PRINTABLE,
    st.lists(
        st.sampled_from([
            "; from=<", "> to=<", "> proto=ESMTP helo=<", ">", " from unknown[1.2.3.4]",
            "from=<evil@x.example>, size=1, ",
            ": removed", "4ZbQk21xWzz3h: ", '"', "<a@b.example>", " header From: ", "client=x[9.9.9.9]",
            ", status=sent (",
        ]),
        max_size=5,
    ).map("".join),
)  # fmt: skip
LOCAL = st.text(st.sampled_from("abcxyz019._+-"), min_size=1, max_size=12)
QUOTED = HOSTILE.map(lambda text: '"' + text.replace("\\", "").replace('"', "") + '"')
ADDRESS = st.builds(
    "{}@{}.example".format, st.one_of(LOCAL, QUOTED), st.text(st.sampled_from("abc09"), min_size=1, max_size=8)
)
SENT = st.builds(
    Sent,
    queue_id=st.one_of(
        st.text(st.sampled_from(B52), min_size=11, max_size=16), st.integers(0x10000, 2**44).map("{:X}".format)
    ),
    ip=st.one_of(st.ip_addresses(v=4).map(str), st.ip_addresses(v=6).map(str)),
    user=st.one_of(st.none(), LOCAL, LOCAL.map("{}@customer.example".format)),
    sender=st.one_of(st.just(""), ADDRESS),
    recipient=ADDRESS,
    headers=st.tuples(HOSTILE, HOSTILE, HOSTILE).map(
        lambda texts: tuple(f"{n}: x{t}x" for n, t in zip(("From", "Sender", "Subject"), texts, strict=True))
    ),
    ident=LOCAL.map("<{}@x.example>".format),
    size=st.integers(0, 10**9),
    status=st.sampled_from(["sent", "bounced", "deferred", "expired"]),
)


def expected(sent: Sent) -> dict[str, str | None]:
    headers = {header.partition(":")[0].lower(): header[:200].partition(": ")[2] for header in sent.headers}
    return {
        "id": sent.ident, "account": sent.user, "source_ip": sent.ip, "envelope_from": sent.sender,
        "header_from": headers["from"], "header_sender": headers["sender"], "recipient": sent.recipient,
        "subject": headers["subject"], "size": str(sent.size), "status": sent.status,
    }  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(messages=st.lists(SENT, max_size=6, unique_by=lambda m: m.queue_id), seed=st.randoms(), iso=st.booleans())
def test_interleaved_messages_come_back_exactly(
    tmp_path_factory: pytest.TempPathFactory, messages: list[Sent], seed: random.Random, iso: bool
) -> None:
    """Whatever stands in headers and addresses, and however the lines of messages mix."""
    waiting = [text_of(message, START, iso=iso) for message in messages]
    lines = []
    while waiting:
        some = seed.choice(waiting)
        lines.append(some.pop(0))
        waiting = [one for one in waiting if one]
    path = written(tmp_path_factory.mktemp("log") / "mail.log", lines)
    found = sorted(rows(path), key=str)
    assert [{k: v for k, v in row.items() if k != "time"} for row in found] == sorted(
        (expected(m) for m in messages), key=lambda row: str({"time": found[0]["time"], **row})
    )
    assert all(moment_of(row) == START for row in found)


@settings(max_examples=150, deadline=None)
@given(text=HOSTILE, other=HOSTILE)
def test_hostile_headers_change_neither_envelope_nor_queue_id(
    tmp_path_factory: pytest.TempPathFactory, text: str, other: str
) -> None:
    honest = Sent(headers=())
    forged = replace(honest, headers=(f"From: {text}", f"Sender: {other}", f"Subject: {text}{other}"))
    folder = tmp_path_factory.mktemp("log")
    (one,) = rows(written(folder / "a", text_of(honest)))
    (two,) = rows(written(folder / "b", text_of(forged)))
    headers = ("header_from", "header_sender", "subject")
    assert {k: v for k, v in one.items() if k not in headers} == {k: v for k, v in two.items() if k not in headers}


@settings(max_examples=100, deadline=None)
@given(
    noise=st.lists(
        st.one_of(st.binary(max_size=80), st.sampled_from([line.encode() for line in text_of(Sent())])), max_size=12
    )
)
def test_any_bytes_are_read(tmp_path_factory: pytest.TempPathFactory, noise: list[bytes]) -> None:
    path = tmp_path_factory.mktemp("log") / "mail.log"
    path.write_bytes(b"".join(noise))
    for row in rows(path):
        assert row["time"] is not None
        assert row["envelope_from"] is not None


class Careful(PostfixReader):
    """The same reader, for which no line is plain."""

    def _batch(self, some: bytes) -> None:
        for line in some[1:].split(b"\n"):
            self._odd(line)


def outcome(reader: type[PostfixReader], path: Path, most: int = 1000) -> tuple[list[bytes], object, object]:
    """The rows, the rejects and the notes of a file."""
    rejects = Rejects()
    where = ZoneInfo("UTC")
    found = [row for some in reader(rejects, where, most).rows(in_order([str(path)], where)) for row in some]
    return sorted(found), rejects.found, rejects.notes


NOISE = [
    "connect from unknown[198.51.100.7]", "disconnect from unknown[198.51.100.7] ehlo=1 quit=1 commands=2",
    "NOQUEUE: reject: RCPT from unknown[1.2.3.4]: 554 5.7.1 <a@b>: Relay access denied; from=<a@b> to=<c@d>",
    "warning: hostname x.example does not resolve to address 1.2.3.4: Name or service not known",
    "Anonymous TLS connection established from unknown[1.2.3.4]: TLSv1.3 with cipher X (256/256 bits)",
    "statistics: max connection rate 3/60s for (smtp:1.2.3.4) at Apr 14 15:54:00", "", ":", "x]: y: z",
]  # fmt: skip
ABOUT = [
    "client=unknown[192.0.2.1]", "client=unknown[192.0.2.1]:4711, sasl_method=LOGIN, sasl_username=u, sasl_sender=x@y",
    "uid=33 from=<www-data>", "from=<other@x.example>, size=99, nrcpt=2 (queue active)",
    "from=<x@y.example>, status=expired, returned to sender", "to=<>, relay=none, delay=1, status=bounced (x)",
    'to=<"a>b"@x.example>, relay=none, delay=1, status=deferred (y)',
    "to=<v@x.example>, orig_to=<w@x.example>, relay=local, status=sent (delivered)",
    "to=<v@x.example>, relay=none, delay=1, delays=1/0/0/0, dsn=4.4.1, status=deferred", "removed", "removed ",
    "info: header From: ", "info: header From:  from unknown[1.2.3.4]; from=<> to=<a> proto=E helo=<h>",
    "info: header Subject: ?? a; from=<b> from x; from=<> to=<c> proto=E helo=<h>", "message-id=<>", "message-id=",
    "info: header From: late@x.example from unknown[1.2.3.4]; from=<> to=<a> proto=E helo=<h>; from=<z>",
    "warning: header Sender: w@x.example from unknown[1.2.3.4]; from=<> to=<a> proto=E helo=<h>: told",
    "info: header X-Mailer: m from unknown[1.2.3.4]; from=<> to=<a> proto=E helo=<h>", "milter-reject: END-OF-MESSAGE",
    "conversation with mx.example[192.0.2.9] timed out while sending end of data", "reject: header Subject: x",
]  # fmt: skip
PROGRAMS = ["postfix/smtpd[7]", "postfix-out/qmgr[1]", "postfix/cleanup[9]", "opendkim[3]", "dovecot", "postfix/smtp"]
STAMPS = [stamp(START), stamp(START, iso=True), "2025-04-14T15:54:00.123456Z", "<22>" + stamp(START), "Xyz 99 99:99:99"]
STRANGE = st.builds(
    "{} mx1 {}: {}\n".format, st.sampled_from(STAMPS), st.sampled_from(PROGRAMS), st.sampled_from(NOISE)
)


@settings(max_examples=400, deadline=None)
@given(
    messages=st.lists(SENT, max_size=4), strange=st.lists(STRANGE, max_size=6), seed=st.randoms(), iso=st.booleans(),
    about=st.lists(st.tuples(st.sampled_from(STAMPS), st.sampled_from(PROGRAMS), st.sampled_from(ABOUT)), max_size=12),
    torn=st.integers(0, 60), together=st.booleans(), most=st.sampled_from([4, 1000]),
)  # fmt: skip
def test_plain_lines_mean_what_careful_reading_says(
    tmp_path_factory: pytest.TempPathFactory, messages: list[Sent], strange: list[str], seed: random.Random,
    iso: bool, about: list[tuple[str, str, str]], torn: int, together: bool, most: int,
) -> None:  # fmt: skip
    """Whatever stands beside what, the fast way gives the same rows and the same counts as line by line."""
    told = [text_of(message, START, iso=iso) for message in messages]
    ids = [message.queue_id for message in messages] or ["4ZbQk21xWzz3h"]
    other = strange + [f"{when} mx1 {who}: {seed.choice(ids)}: {what}\n" for when, who, what in about]
    if together:
        lines = [line for lines in told for line in lines]
        for line in other:
            lines.insert(seed.randint(0, len(lines)), line)
    else:
        lines = [*other, *(line for lines in told for line in lines)]
        seed.shuffle(lines)
    text = "".join(lines)
    path = written(tmp_path_factory.mktemp("log") / "mail.log", [text[: len(text) - torn]])
    assert outcome(PostfixReader, path, most) == outcome(Careful, path, most)


def test_a_dialogue_that_ends_is_no_new_message(tmp_path: Path) -> None:
    lines = text_of(Sent())
    told = lines[-2].partition("to=<")[0].replace("smtp[77]", "smtp[78]")
    lines.insert(-2, told + "conversation with mx.example[203.0.113.5] timed out while sending end of data\n")
    (row,) = rows(written(tmp_path / "mail.log", lines))
    assert (row["account"], row["status"]) == ("acct1", "sent")


@pytest.mark.parametrize(
    "written_as", ["2025-04-14T15:54:00.5Z", "2025-04-14T17:54:00.500+02:00", "2025-04-14T15:54:00.500000+00:00"]
)
def test_times_with_fractions_and_offsets(tmp_path: Path, written_as: str) -> None:
    lines = [line.replace(stamp(START), written_as) for line in text_of(Sent())]
    (row,) = rows(written(tmp_path / "mail.log", lines))
    assert moment_of(row) == START + timedelta(milliseconds=500)

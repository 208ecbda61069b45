"""Every log's own shape: CSV of mail services, JSON events, history; the user's mapping goes before what is known."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from backports import zstd
from hypothesis import given, settings
from hypothesis import strategies as st

from irtool.adapters.logs import LogFile, open_log
from irtool.adapters.logs.rejects import SEVERAL
from irtool.errors import InputError

NOON = datetime(2025, 4, 14, 12, 0, tzinfo=UTC)
EPOCH = int(NOON.timestamp())


def rows(source: LogFile, rejected: int = 0) -> list[dict[str, object]]:
    with open_log([source]) as log:
        assert log.rejected_rows() == rejected, log.rejects()
        return log.query("SELECT * FROM log ORDER BY time, recipient")


def jsonl(path: Path, events: Sequence[object]) -> str:
    path.write_text("".join(json.dumps(event) + "\n" for event in events))
    return str(path)


def some(row: Mapping[str, object], *names: str) -> tuple[object, ...]:
    return tuple(row[name] for name in names)


# --- CSV ---

ENHANCED = (
    "origin_timestamp_utc,sender_address,recipient_status,message_subject,total_bytes,message_id,"
    "original_client_ip,directionality\r\n"
    '2025-04-14T12:00:00.1234567Z,Info@Customer.example,"a@quick.example##Receive, Send;b@x.example##Receive, Fail",'
    '"=cmd|\'/c calc\'!A1, ""hi""\r\nsecond line",2300,<1@customer.example>,198.51.100.7,2\r\n'
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
def test_exchange_summary_in_every_encoding(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "trace.csv"
    path.write_bytes(ENHANCED.encode(encoding))
    (row,) = rows(LogFile("exchange", str(path)))
    assert some(row, "header_from", "recipient", "recipient_domain", "source_ip", "size") == (
        "info@customer.example", "a@quick.example", "quick.example", "198.51.100.7", 2300,
    )  # fmt: skip
    assert row["subject"] == "=cmd|'/c calc'!A1, \"hi\"  second line"
    assert str(row["time"]).startswith("2025-04-14 12:00:00.123456")


def test_exchange_cmdlet_with_american_times_and_a_zone(tmp_path: Path) -> None:
    path = tmp_path / "trace.csv"
    path.write_text(
        '"PSComputerName","MessageId","Received","SenderAddress","RecipientAddress","Subject","Status","FromIP","Size"\n'
        '"x","<1@a>","4/14/2025 2:00:00 PM","a@b.example","c@d.example","s","Delivered","2001:DB8::1","7"\n'
    )
    (row,) = rows(LogFile("exchange", str(path), zone="Europe/Rome"))
    assert some(row, "time", "status", "source_ip") == (NOON, "Delivered", "2001:db8::1")


def test_exchange_tracking_log_counts_messages_not_events(tmp_path: Path) -> None:
    path = tmp_path / "MSGTRK.LOG"
    path.write_text(
        "#Software: Microsoft Exchange Server\n#Version: 15.0\n"
        "#Fields: date-time,client-ip,event-id,message-id,recipient-address,sender-address,return-path,"
        "message-subject\n"
        "2025-04-14T12:00:00.000Z,198.51.100.7,RECEIVE,<1@a>,c@d.example;e@f.example,a@b.example,r@b.example,s\n"
        "2025-04-14T12:00:01.000Z,,SEND,<1@a>,c@d.example,a@b.example,r@b.example,s\n"
    )
    (row,) = rows(LogFile("exchange", str(path)))
    assert some(row, "time", "envelope_from", "recipient", "status") == (NOON, "r@b.example", "c@d.example", "RECEIVE")


def test_google_email_log_search(tmp_path: Path) -> None:
    path = tmp_path / "els.csv"
    path.write_text(
        "Message ID,Start date,End date,Sender,Message size,Subject,Direction,Attachments,Recipient address,"
        "Event target,Event date,Event status,Event target IP address\n"
        "<1@a>,2025/04/14 12:00:00 UTC,2025/04/14 12:00:02 UTC,A@b.example,99,"
        '"Hi, you",Sent,0,c@d.example,SMTP_OUT,,Sent,\n'
    )
    (row,) = rows(LogFile("google", str(path)))
    assert some(row, "time", "header_from", "recipient", "subject", "size") == (
        NOON, "a@b.example", "c@d.example", "Hi, you", 99,
    )  # fmt: skip


def test_any_csv_with_a_mapping_and_a_spelling_of_times(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.zst"
    path.write_bytes(zstd.compress(b"when;who;to\n14.04.2025 14:00;T1;A@B.example\n"))
    mapping = {"time": "when", "account": "who", "recipient": "to"}
    (row,) = rows(LogFile("csv", str(path), mapping, zone="Europe/Rome", times="%d.%m.%Y %H:%M"))
    assert some(row, "time", "account", "recipient") == (NOON, "T1", "a@b.example")
    with pytest.raises(InputError, match=r"no column 'whom', which the mapping wants as account.*Did you mean 'who'"):
        open_log([LogFile("csv", str(path), {"account": "whom"})])


def test_bad_lines_of_a_csv_are_counted_with_the_files_name(tmp_path: Path) -> None:
    good = "2025-04-14T12:00:00Z,T1\n"
    (tmp_path / "a.csv").write_text(f"time,account\n{good}1,2,3\n\nyesterday,T2\n{good}2025-04-14T12:0")
    (tmp_path / "b.csv").write_text("account,time\nT3,2025-04-14T13:00:00Z\n")
    with open_log([LogFile("csv", str(tmp_path / "*.csv"))]) as log:
        assert [row["account"] for row in log.query("SELECT account FROM log ORDER BY time")] == ["T1", "T1", "T3"]
        assert log.rejected_rows() == 3
        assert {Path(reject.file).name for reject in log.rejects()} == {"a.csv"}


def test_a_csv_that_nothing_is_known_of(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("x,y\n1,2\n")
    with pytest.raises(InputError, match="none of its columns is known") as caught:
        open_log([LogFile("csv", str(path))])
    assert "x, y" in caught.value.hint


@settings(max_examples=60, deadline=None)
@given(cells=st.lists(st.tuples(st.text(max_size=20), st.text(max_size=20)), max_size=5))
def test_csv_round_trip(tmp_path_factory: pytest.TempPathFactory, cells: list[tuple[str, str]]) -> None:
    """Whatever a cell holds, it stays one cell and one text."""
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(["time", "account", "subject"])
    table.writerows([str(EPOCH + n), a, b] for n, (a, b) in enumerate(cells))
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    path.write_bytes(text.getvalue().encode("utf-8", "replace"))
    found = rows(LogFile("csv", str(path)))
    assert len(found) == len(cells)
    for row, (account, _) in zip(found, cells, strict=True):
        if account.isascii() and account.isprintable():
            assert (row["account"] or "") == account


@settings(max_examples=60, deadline=None)
@given(junk=st.binary(max_size=300))
def test_any_bytes_as_csv(tmp_path_factory: pytest.TempPathFactory, junk: bytes) -> None:
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    path.write_bytes(b"time,account\n" + junk)
    with open_log([LogFile("csv", str(path))]) as log:
        assert all(row["time"] for row in log.query("SELECT time FROM log"))


# --- JSON ---


def kumo(kind: str = "Reception", **more: object) -> dict[str, object]:
    return {
        "type": kind, "id": "1d98076abbbc11ed940250ebf67f93bd", "sender": "", "recipient": "A@quick.example",
        "queue": "q", "size": 1047, "peer_address": {"name": "x", "addr": "198.51.100.7"}, "timestamp": EPOCH,
        "created": EPOCH, "meta": {"authn_id": "T1"}, "headers": {"From": "Us <I@g.example>", "Subject": "s"}, **more,
    }  # fmt: skip


def test_kumomta(tmp_path: Path) -> None:
    late = kumo(recipient=["B@quick.example", "c@x.example"], created=EPOCH + 1, headers={"Sender": "m@t.example"})
    path = jsonl(tmp_path / "seg", [kumo(), late])
    Path(path + ".zst").write_bytes(zstd.compress(Path(path).read_bytes()))
    one, two = rows(LogFile("kumomta", path + ".zst"))
    assert some(one, "time", "account", "source_ip", "envelope_from", "header_from", "header_sender", "recipient") == (
        NOON, "T1", "198.51.100.7", "", "i@g.example", None, "a@quick.example",
    )  # fmt: skip
    assert some(two, "recipient", "header_sender", "header_from") == ("b@quick.example", "m@t.example", None)


@pytest.mark.parametrize("name", ["From", "FROM", "from", "fRoM"])
def test_kumomta_writes_header_names_as_the_sender_did(tmp_path: Path, name: str) -> None:
    """The sender of a message chooses the case of its header names: that must not hide what they hold."""
    usual = kumo(headers={"From": "Info <info@gateway.example>", "Subject": 'is "sender": here'})
    headers = {"SENDER": "me@trial.example", name: ["CEO <Ceo@Customer.example>", "x@y.example"], "sUBJECT": "s"}
    odd = kumo(headers=headers | {"Fromx": "z"}, recipient="z@quick.example")
    found = rows(LogFile("kumomta", jsonl(tmp_path / "k.jsonl", [usual] * 300 + [odd])))
    assert some(found[0], "header_from", "header_sender", "subject") == (
        "info@gateway.example", None, 'is "sender": here',
    )  # fmt: skip
    assert some(found[-1], "header_from", "header_sender", "subject") == (
        "ceo@customer.example", "me@trial.example", "s",
    )  # fmt: skip


def test_messages_to_several_recipients_are_noted(tmp_path: Path) -> None:
    """A row is a message, so it has the first: that the log knew more is said."""
    to = ("a@b.example", ["a@b.example"], ["a@b.example", "c@d.example"], ["a@b.example", "c@d.example", "e@f.example"])
    path = jsonl(tmp_path / "k.jsonl", [kumo(recipient=one) for one in to])
    with open_log([LogFile("kumomta", path)]) as log:
        assert log.query("SELECT DISTINCT recipient FROM log") == [{"recipient": "a@b.example"}]
        assert [(note.file, note.rows, note.why) for note in log.notes()] == [(path, 2, SEVERAL)]


def test_an_empty_header_does_not_hide_the_one_of_another_spelling(tmp_path: Path) -> None:
    both = kumo(headers={"From": "", "FROM": "CEO <ceo@customer.example>", "Sender": None, "Subject": "s"})
    (found,) = rows(LogFile("kumomta", jsonl(tmp_path / "k.jsonl", [both])))
    assert some(found, "header_from", "header_sender", "subject") == ("ceo@customer.example", None, "s")


def test_a_place_that_no_first_line_has_is_read_all_the_same(tmp_path: Path) -> None:
    late = kumo(meta={"authz_id": "T9", "authn_id": "other", "from": "Late <late@x.example>"}, headers={})
    found = rows(LogFile("kumomta", jsonl(tmp_path / "k.jsonl", [*[kumo()] * 300, late, *[kumo()] * 300])))
    assert {some(row, "account", "header_from") for row in found} == {("T9", "late@x.example"), ("T1", "i@g.example")}


def test_keys_that_differ_in_case_only(tmp_path: Path) -> None:
    event = kumo(Sender="T1", meta={"Tenant": "T2", "tenant": "T3"})
    path = jsonl(tmp_path / "k.jsonl", [event])
    with pytest.raises(InputError, match="differ in case only"):
        rows(LogFile("kumomta", path, {"account": "Sender"}))
    (row,) = rows(LogFile("kumomta", path, {"account": "meta.Tenant", "status": "meta.tenant"}))
    assert some(row, "account", "status") == ("T2", "T3")


def test_kumomta_counts_receptions_and_never_takes_the_recipients_server_for_the_sender(tmp_path: Path) -> None:
    both = [kumo(), kumo("Delivery"), kumo("TransientFailure"), kumo("Feedback")]
    assert [row["status"] for row in rows(LogFile("kumomta", jsonl(tmp_path / "a", both)))] == ["Reception"]
    meta = {"authn_id": "T1", "received_from": "192.0.2.9:5555"}
    sent = [kumo("Delivery", meta=meta), kumo("Bounce"), kumo("TransientFailure")]
    found = rows(LogFile("kumomta", jsonl(tmp_path / "b", sent)))
    assert sorted(some(row, "status", "source_ip") for row in found if row["source_ip"]) == [("Delivery", "192.0.2.9")]
    assert len(found) == 2


def test_the_users_mapping_goes_first(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "a", [kumo(meta={"authn_id": "login", "customer": "T9"})])
    (row,) = rows(LogFile("kumomta", path, {"account": "meta.customer"}))
    assert some(row, "account", "source_ip") == ("T9", "198.51.100.7")


HISTORY = {
    "unix_time": EPOCH + 0.5, "ip": "198.51.100.7", "user": "T1", "sender_smtp": "", "sender_mime": "i@g.example",
    "rcpt_smtp": ["A@quick.example"], "subject": "s", "size": 99, "action": "no action", "message-id": "1@a",
}  # fmt: skip


@pytest.mark.parametrize("shape", ["lines", "rows", "array"])
def test_rspamd_history(tmp_path: Path, shape: str) -> None:
    events = [HISTORY, {**HISTORY, "user": "unknown", "rcpt_smtp": [], "unix_time": EPOCH + 9}]
    path = tmp_path / "history.json"
    documents = {"rows": {"version": 2, "rows": events}, "array": events}
    path.write_text(
        json.dumps(documents[shape], indent=1) if shape in documents else "\n".join(map(json.dumps, events))
    )
    one, two = rows(LogFile("rspamd", str(path)))
    assert some(one, "account", "envelope_from", "header_from", "recipient", "status", "id") == (
        "T1", "", "i@g.example", "a@quick.example", "no action", "1@a",
    )  # fmt: skip
    assert some(two, "account", "recipient") == (None, None)


def test_rspamd_exporter(tmp_path: Path) -> None:
    event = {
        "ip": "198.51.100.7", "user": "T1", "from": "", "rcpt": ["a@quick.example"], "subject": "s", "size": 9,
        "header_from": ["Us <I@g.example>"], "message_id": "1@a", "action": "reject", "timestamp": EPOCH,
    }  # fmt: skip
    (row,) = rows(LogFile("rspamd", jsonl(tmp_path / "a", [event])))
    assert some(row, "envelope_from", "header_from", "recipient") == ("", "i@g.example", "a@quick.example")


def ses(kind: str) -> dict[str, object]:
    headers = [{"name": "From", "value": "A <a@b.example>"}, {"name": "SENDER", "value": "m@t.example"}]
    return {
        "eventType": kind,
        "mail": {
            "timestamp": "2025-04-14T12:00:00.000Z", "source": "Bounce <r@b.example>", "messageId": "x",
            "sendingAccountId": "123", "destination": ["A@quick.example"], "headers": headers,
            "commonHeaders": {"from": ["A <A@b.example>"], "messageId": "<1@a>", "subject": "s"},
            "tags": {"ses:source-ip": ["198.51.100.7"], "ses:caller-identity": ["T1"]},
        },
    }  # fmt: skip


def test_ses(tmp_path: Path) -> None:
    (row,) = rows(LogFile("ses", jsonl(tmp_path / "a", [ses("Send"), ses("Delivery"), ses("Open")])))
    assert some(
        row, "time", "id", "account", "source_ip", "envelope_from", "header_from", "header_sender", "recipient",
        "status",
    ) == (
        NOON, "<1@a>", "T1", "198.51.100.7", "r@b.example", "a@b.example", "m@t.example", "a@quick.example", "Send",
    )  # fmt: skip


def test_sendgrid(tmp_path: Path) -> None:
    event = {"email": "A@quick.example", "timestamp": EPOCH, "event": "processed", "smtp-id": "<1@a>", "account": "T1",
             "from": "a@b.example", "ip": "203.0.113.1"}  # fmt: skip
    path = tmp_path / "a.json.gz"
    path.write_bytes(gzip.compress(json.dumps([event, {**event, "event": "delivered"}]).encode()))
    (row,) = rows(LogFile("sendgrid", str(path)))
    assert some(row, "time", "recipient", "account", "header_from", "source_ip", "status") == (
        NOON, "a@quick.example", "T1", "a@b.example", None, "processed",
    )  # fmt: skip


@pytest.mark.parametrize("wrapped", [False, True])
def test_mailgun(tmp_path: Path, wrapped: bool) -> None:
    event = {
        "event": "accepted", "timestamp": EPOCH + 0.25, "recipient": "A@quick.example",
        "recipient-domain": "Quick.example",
        "envelope": {"sender": "r@b.example", "targets": "a@quick.example"}, "account": {"id": "T1"},
        "message": {"headers": {"from": "A <A@b.example>", "message-id": "1@a", "subject": "s"}, "size": 341},
    }  # fmt: skip
    if wrapped:
        path = jsonl(tmp_path / "a", [{"signature": {}, "event-data": event}])
    else:
        (tmp_path / "a").write_text(json.dumps({"items": [event], "paging": {}}))
        path = str(tmp_path / "a")
    (row,) = rows(LogFile("mailgun", path))
    assert some(row, "account", "envelope_from", "header_from", "recipient_domain", "id", "size") == (
        "T1", "r@b.example", "a@b.example", "quick.example", "1@a", 341,
    )  # fmt: skip


def test_gmail_export(tmp_path: Path) -> None:
    event = {
        "event_info": {"timestamp_usec": str(EPOCH * 1_000_000)},
        "message_info": {
            "source": {"address": "a@b.example", "from_header_address": "I@g.example"}, "subject": "s",
            "rfc2822_message_id": "<1@a>", "connection_info": {"client_ip": "198.51.100.7"},
            "destination": [{"address": "C@d.example"}, {"address": "e@f.example"}],
        },
    }  # fmt: skip
    (row,) = rows(LogFile("gmail", jsonl(tmp_path / "a", [event])))
    assert some(row, "time", "header_from", "recipient", "source_ip") == (
        NOON, "i@g.example", "c@d.example", "198.51.100.7",
    )  # fmt: skip


def test_torn_json_is_counted_with_the_files_name(tmp_path: Path) -> None:
    whole, torn = jsonl(tmp_path / "a.jsonl", [kumo()]), Path(jsonl(tmp_path / "b.jsonl", [kumo()] * 3))
    torn.write_bytes(torn.read_bytes()[:-30])
    with open_log([LogFile("kumomta", (whole, str(torn)))]) as log:
        assert log.query("SELECT count(*) AS n, count(account) AS a FROM log") == [{"n": 3, "a": 3}]
        assert [(reject.file, reject.rows) for reject in log.rejects()] == [(str(torn), 1)]


def test_times_of_json_that_have_no_offset_are_of_the_zone(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "a", [{"time": "2025-04-14 14:00:00"}, {"time": "soon"}])
    (row,) = rows(LogFile("jsonl", path, zone="Europe/Rome"), rejected=1)
    assert row["time"] == NOON


def test_a_preset_that_finds_nothing_names_what_is_missing(tmp_path: Path) -> None:
    with open_log([LogFile("kumomta", jsonl(tmp_path / "a", [kumo(headers={}, meta={})]))]) as log:
        assert log.missing() == {"account", "header_from", "header_sender", "subject"}

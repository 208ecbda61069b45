"""Exports as the vendors write them, where one row too many or a column less would make a figure wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from irtool.adapters.logs import LogFile, open_log
from irtool.adapters.logs.cures import advice, cure
from irtool.adapters.logs.presets import PRESETS
from irtool.adapters.logs.survey import survey

Rows = list[dict[str, object]]


def rows(tmp_path: Path, format_: str, text: str) -> Rows:
    path = tmp_path / "log"
    path.write_text(text)
    with open_log([LogFile(format_, str(path))]) as log:
        assert log.rejected_rows() == 0, log.rejects()
        return log.query("SELECT * FROM log ORDER BY time, id")


def lines(*records: object) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


def test_exchange_extended_report_has_its_recipient_in_another_column(tmp_path: Path) -> None:
    """There `recipient_status` is the answer of the server, not `address##status` as in the summary."""
    (row,) = rows(
        tmp_path,
        "exchange",
        "date_time_utc,client_ip,source,event_id,message_id,recipient_address,recipient_status,total_bytes,"
        "message_subject,sender_address,return_path,original_client_ip\n"
        "2025-04-14T15:54:01.123Z,203.0.113.9,SMTP,RECEIVE,<1@x>,a@victim.example;b@other.example,,9,Hi,"
        "info@bank.example,<>,198.51.100.1\n"
        "2025-04-14T15:54:09.123Z,,SMTP,SENDEXTERNAL,<1@x>,a@victim.example,250 2.1.5 OK,9,Hi,"
        "info@bank.example,<>,198.51.100.1\n",
    )
    assert (row["recipient"], row["recipient_domain"]) == ("a@victim.example", "victim.example")
    assert (row["source_ip"], row["envelope_from"]) == ("198.51.100.1", "")


def test_exchange_list_of_the_admin_centre(tmp_path: Path) -> None:
    (row,) = rows(
        tmp_path,
        "exchange",
        "Received,Sender address,Recipient address,Subject,Status,To IP,From IP,Size,Message ID\n"
        "4/14/2025 3:54 PM,info@bank.example,x@victim.example,Hello,Delivered,192.0.2.1,203.0.113.9,10,<1@x>\n",
    )
    assert (row["source_ip"], row["size"]) == ("203.0.113.9", 10)


def test_google_log_events_count_messages_and_not_what_people_did_with_them(tmp_path: Path) -> None:
    header = "Date,Event,Actor,Subject,Message ID,From (Header address),From (Envelope),To (Envelope),IP address\n"
    row = "2025-04-14T15:54:01+00:00,{},u1@ours.example,Hello,<1@x>,info@bank.example,u1@ours.example,x@v.example,{}\n"
    text = (
        header + row.format("Send", "203.0.113.9") + row.format("Open", "198.51.100.1") + row.format("Link click", "")
    )
    (found,) = rows(tmp_path, "google", text)
    assert (found["source_ip"], found["status"]) == ("203.0.113.9", "Send")


def test_google_search_says_na_where_it_knows_nothing(tmp_path: Path) -> None:
    header = "Message ID,Start date,End date,Sender,Message size,Subject,Recipient address,Event status\n"
    text = header + "SMTPIN_ADDED_REJECT_SESSION,2023/06/07 09:03:05 UTC,,N/A,N/A,N/A,y@victim.example,REJECTED\n"
    (found,) = rows(tmp_path, "google", text)
    assert (found["header_from"], found["size"], found["subject"]) == (None, None, None)


def test_gmail_logs_count_messages_and_not_the_stages_of_their_delivery(tmp_path: Path) -> None:
    def event(kind: int, micros: int) -> dict[str, object]:
        message = {"rfc2822_message_id": "<1@x>", "source": {"address": "u1@ours.example"}, "destination": []}
        return {"event_info": {"timestamp_usec": str(micros), "mail_event_type": kind}, "message_info": message}

    stages = [event(0, 1744646041000000), event(0, 1744646042000000)]
    opened = event(7, 1744649041000000)
    (found,) = rows(tmp_path, "gmail", lines(*stages, event(1, 1744646043000000), opened))
    assert found["status"] == "1"
    assert len(rows(tmp_path, "gmail", lines(*stages))) == 2  # nothing else is there


def test_sendgrid_activity_as_csv(tmp_path: Path) -> None:
    text = (
        "processed,message_id,event,subject,from,email,originating_ip,outbound_ip,username\n"
        '2025-04-14 15:54:01,abc,processed,"Hello, you",info@bank.example,x@v.example,203.0.113.9,192.0.2.1,t7\n'
        '2025-04-14 15:54:01,abc,delivered,"Hello, you",info@bank.example,x@v.example,203.0.113.9,192.0.2.1,t7\n'
    )
    (found,) = rows(tmp_path, "sendgrid-csv", text)
    assert (found["account"], found["source_ip"], found["header_from"]) == ("t7", "203.0.113.9", "info@bank.example")


@pytest.mark.parametrize("wrapped", [True, False])
def test_mailgun_variables_of_a_message_go_before_the_account_of_them_all(tmp_path: Path, wrapped: bool) -> None:
    event = {"event": "accepted", "@timestamp": "2025-04-14T15:54:01.123Z", "account": {"id": "everybody"},
             "recipient": "x@v.example", "user-variables": {"account": "t9"}}  # fmt: skip
    if wrapped:
        event = {"event-data": {**event, "timestamp": 1744646041.123}}
    (found,) = rows(tmp_path, "mailgun", lines(event) if wrapped else json.dumps({"items": [event]}))
    assert (found["account"], str(found["time"])) == ("t9", "2025-04-14 15:54:01.123000+00:00")


def test_rspamds_own_history_names_the_message_by_id(tmp_path: Path) -> None:
    (found,) = rows(tmp_path, "rspamd", json.dumps([{"unix_time": 1744646041.2, "id": "1@x", "ip": "203.0.113.9"}]))
    assert found["id"] == "1@x"


def test_what_a_vendor_cannot_tell_is_said_before_the_incident(tmp_path: Path) -> None:
    """Every column that a format may lack has advice; of Exchange, that Sender hides From."""
    path = tmp_path / "trace.csv"
    path.write_text("Received,SenderAddress,RecipientAddress\n2025-04-14T15:54:01Z,a@b.example,x@v.example\n")
    assert not survey(LogFile("exchange", str(path))).has("account")
    assert "Sender" in advice("exchange")
    assert "a row for each recipient" in advice("google")
    for format_ in ("kumomta", "rspamd", "ses", "sendgrid", "sendgrid-csv", "mailgun", "exchange", "google", "gmail"):
        assert format_ in PRESETS
        assert cure(format_, "header_sender"), format_


def test_kumomta_is_told_to_keep_headers_the_way_that_costs_least() -> None:
    for column in ("header_from", "header_sender", "subject", "id"):
        assert "import_x_headers" in cure("kumomta", column)

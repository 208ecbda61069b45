"""What each known log calls the normalised columns. Data: the readers are the same for all of them.

Sources: KumoMTA "Log Record" and "Predefined Metadata"; Amazon SES "event publishing" records; Twilio SendGrid "Event
Webhook" and "Email Activity"; Mailgun "Webhook Payloads"; rspamd history_redis.lua and metadata_exporter.lua; Microsoft
"Enhanced summary report", Get-MessageTraceV2 and the message tracking log; Google "Email log search export fields" and
the BigQuery schema of Gmail logs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Preset:
    """A log's shape.

    `reader` is jsonl or csv. `columns` gives for each normalised column the names it may have; the first that holds
    something in a row counts. In JSON `a.b` is a key in an object, `a.*.b` stands in every element of a list, and
    `a.~b` may be written `a.B`: KumoMTA names headers as the message does, so as its sender likes.
    `unknown` is what the log writes where it knows nothing. Some logs have several records for one message: `kind` is
    the column that says which, `kinds` the records that stand for messages, the best group first; only the first
    group that the files have becomes rows. Columns of `entry` hold only in records of the first group. `lists` are
    keys under which a whole document keeps its rows, `inside` keys under which a record is as text. `spelling` is how
    times are written that are not ISO 8601.
    """

    reader: str
    columns: Mapping[str, tuple[str, ...]]
    unknown: str | None = None
    kind: tuple[str, ...] = ()
    kinds: tuple[frozenset[str], ...] = ()
    entry: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    lists: tuple[str, ...] = ()
    inside: tuple[str, ...] = ()
    spelling: str = ""


KUMOMTA = Preset(
    "jsonl",
    {
        "time": ("created", "timestamp"),
        "id": ("headers.Message-ID", "headers.Message-Id", "headers.message-id", "meta.message_id", "id"),
        "account": ("meta.account", "meta.authz_id", "meta.authn_id", "meta.tenant"),
        "source_ip": ("meta.received_from",),
        "envelope_from": ("sender",),
        "header_from": ("headers.~From", "meta.from", "meta.header_from"),
        "header_sender": ("headers.~Sender", "meta.sender", "meta.header_sender"),
        "recipient": ("recipient",),
        "subject": ("headers.~Subject", "meta.subject"),
        "size": ("size",),
        "status": ("type",),
    },
    kind=("type",),
    kinds=(frozenset({"Reception"}), frozenset({"Delivery", "Bounce", "Expiration", "AdminBounce"})),
    entry={"source_ip": ("peer_address.addr",)},  # of a delivery the peer is the recipient's server
)

RSPAMD = Preset(
    "jsonl",
    {
        "time": ("unix_time", "timestamp", "time"),
        "id": ("message-id", "message_id", "id"),
        "account": ("user",),
        "source_ip": ("ip",),
        "envelope_from": ("sender_smtp", "from"),
        "header_from": ("sender_mime", "header_from"),
        "header_sender": ("header_sender",),
        "recipient": ("rcpt_smtp", "rcpt"),
        "subject": ("subject",),
        "size": ("size",),
        "status": ("action",),
    },
    unknown="unknown",
    lists=("rows",),
)

SES = Preset(
    "jsonl",
    {
        "time": ("mail.timestamp",),
        "id": ("mail.commonHeaders.messageId", "mail.messageId"),
        "account": ("mail.tags.ses:caller-identity", "mail.callerIdentity", "mail.sendingAccountId"),
        "source_ip": ("mail.tags.ses:source-ip", "mail.sourceIp"),
        "envelope_from": ("mail.source",),
        "header_from": ("mail.commonHeaders.from", "mail.headers.*.From"),
        "header_sender": ("mail.commonHeaders.sender", "mail.headers.*.Sender"),
        "recipient": ("mail.destination",),
        "subject": ("mail.commonHeaders.subject",),
        "status": ("eventType", "notificationType"),
    },
    kind=("eventType", "notificationType"),
    kinds=(frozenset({"Send"}), frozenset({"Delivery", "Bounce", "Reject", "Rendering Failure"})),
    inside=("Message",),  # what SNS puts around it
)

SENDGRID = Preset(
    "jsonl",
    {
        "time": ("timestamp", "last_event_time"),
        "id": ("smtp-id", "sg_message_id", "msg_id"),
        "account": ("account", "subuser", "userid"),
        "source_ip": ("originating_ip",),
        "envelope_from": ("return_path",),
        "header_from": ("from_email", "from"),
        "header_sender": ("sender",),
        "recipient": ("email", "to_email"),
        "subject": ("subject",),
        "status": ("event", "status"),
    },
    kind=("event",),
    kinds=(frozenset({"processed"}), frozenset({"delivered", "bounce", "dropped"})),
    lists=("messages",),
)

SENDGRID_CSV = Preset(
    "csv",
    {
        "time": ("processed", "last_event_time"),
        "id": ("message_id", "msg_id"),
        "account": ("username",),
        "source_ip": ("originating_ip",),
        "header_from": ("from", "from_email"),
        "recipient": ("email", "to_email"),
        "subject": ("subject",),
        "status": ("event", "status"),
    },
    kind=("event",),
    kinds=(frozenset({"processed"}), frozenset({"delivered", "bounce", "bounced", "drop", "dropped"})),
)

MAILGUN = Preset(
    "jsonl",
    {
        "time": ("event-data.timestamp", "timestamp", "@timestamp"),
        "id": ("event-data.message.headers.message-id", "message.headers.message-id"),
        "account": (
            "event-data.user-variables.account",
            "user-variables.account",
            "event-data.account.id",
            "account.id",
        ),
        "source_ip": ("event-data.originating-ip", "originating-ip"),
        "envelope_from": ("event-data.envelope.sender", "envelope.sender"),
        "header_from": ("event-data.message.headers.from", "message.headers.from"),
        "header_sender": ("event-data.message.headers.sender", "message.headers.sender"),
        "recipient": ("event-data.recipient", "recipient"),
        "recipient_domain": ("event-data.recipient-domain", "recipient-domain"),
        "subject": ("event-data.message.headers.subject", "message.headers.subject"),
        "size": ("event-data.message.size", "message.size"),
        "status": ("event-data.event", "event"),
    },
    kind=("event-data.event", "event"),
    kinds=(frozenset({"accepted"}), frozenset({"delivered", "failed", "rejected"})),
    lists=("items",),
)

GMAIL = Preset(
    "jsonl",
    {
        "time": ("event_info.timestamp_usec", "gmail.event_info.timestamp_usec"),
        "id": ("message_info.rfc2822_message_id", "gmail.message_info.rfc2822_message_id"),
        "account": ("message_info.source.address", "gmail.message_info.source.address"),
        "source_ip": ("message_info.connection_info.client_ip", "gmail.message_info.connection_info.client_ip"),
        "envelope_from": ("message_info.source.address", "gmail.message_info.source.address"),
        "header_from": ("message_info.source.from_header_address", "gmail.message_info.source.from_header_address"),
        "recipient": ("message_info.destination.0.address", "gmail.message_info.destination.0.address"),
        "subject": ("message_info.subject", "gmail.message_info.subject"),
        "size": ("message_info.payload_size", "gmail.message_info.payload_size"),
        "status": ("event_info.mail_event_type", "gmail.event_info.mail_event_type"),
    },
    kind=("event_info.mail_event_type", "gmail.event_info.mail_event_type"),
    kinds=(frozenset({"1", "2"}), frozenset({"0"})),  # sent, received; else stages of delivery
)

EXCHANGE = Preset(
    "csv",
    {
        "time": ("origin_timestamp_utc", "origin_timestamp", "Received", "date_time_utc", "date-time", "Date"),
        "id": ("message_id", "MessageId", "Message ID", "message-id"),
        "source_ip": ("original_client_ip", "FromIP", "From IP", "original-client-ip", "client_ip", "client-ip"),
        "envelope_from": ("return_path", "return-path"),
        "header_from": ("sender_address", "SenderAddress", "Sender address", "sender-address", "Sender"),
        "recipient": (
            "recipient_address",
            "RecipientAddress",
            "Recipient address",
            "recipient-address",
            "recipient_status",
            "Recipient",
        ),
        "subject": ("message_subject", "Subject", "message-subject"),
        "size": ("total_bytes", "Size", "total-bytes"),
        "status": ("Status", "event_id", "event-id"),
    },
    kind=("event-id", "event_id"),
    kinds=(frozenset({"RECEIVE"}), frozenset({"SUBMIT", "SEND", "SENDEXTERNAL", "DELIVER", "FAIL"})),
    spelling="%m/%d/%Y %I:%M:%S %p|%m/%d/%Y %H:%M:%S|%m/%d/%Y %I:%M %p|%m/%d/%Y %H:%M",
)

GOOGLE = Preset(
    "csv",
    {
        "time": ("Start date", "Date", "Time", "Event date"),
        "id": ("Message ID",),
        "account": ("Actor", "Actor email"),
        "source_ip": ("IP address", "Sender IP", "Client IP"),
        "envelope_from": ("From (Envelope)", "Envelope sender"),
        "header_from": ("From (Header address)", "Sender", "From"),
        "recipient": ("Recipient address", "Recipient", "To (Envelope)", "Recipients"),
        "subject": ("Subject",),
        "size": ("Message size",),
        "status": ("Event status", "Status", "Event"),
    },
    unknown="N/A",
    kind=("Event",),
    kinds=(frozenset({"Send", "Receive"}),),
    spelling="%b %d, %Y, %I:%M:%S %p|%Y/%m/%d %H:%M:%S %Z|%Y/%m/%d %H:%M:%S|%m/%d/%Y %H:%M:%S",
)

PRESETS: Mapping[str, Preset] = {
    "jsonl": Preset("jsonl", {}),
    "csv": Preset("csv", {}),
    "kumomta": KUMOMTA,
    "rspamd": RSPAMD,
    "ses": SES,
    "sendgrid": SENDGRID,
    "sendgrid-csv": SENDGRID_CSV,
    "mailgun": MAILGUN,
    "gmail": GMAIL,
    "exchange": EXCHANGE,
    "google": GOOGLE,
}

"""Which setting of which mail server writes a column into its log. Data, in the words of the servers' own manuals."""

from __future__ import annotations

from collections.abc import Mapping

_HEADER_CHECKS = (
    "main.cf: header_checks = regexp:/etc/postfix/header_checks, with empty nested_header_checks and "
    "mime_header_checks; in that file: /^(From|Sender|Subject):/ INFO"
)
_KUMO_HEADERS = (
    "in smtp_server_message_received and http_message_generated: msg:import_x_headers { 'From', 'Sender', 'Subject', "
    "'Message-ID' }; then kumo.configure_local_logs { meta = { 'from', 'sender', 'subject', 'message_id' } }, or, at a "
    "higher cost and without the hooks, headers = { 'From', 'Sender', 'Subject', 'Message-ID' }"
)
_KUMO_META = "kumo.configure_local_logs { meta = { 'authn_id', 'received_from', 'tenant' } }, and log Reception records"
_RSPAMD_HISTORY = (
    "history_redis.conf: nrows = 200 is the default and holds minutes; raise it, or send every message's metadata on "
    'with metadata_exporter (formatter = "json"). With compress = true, the default, the lists in Redis are zstd: take '
    "the history from the controller (GET /history), or switch that off"
)
_SES_HEADERS = "switch on original headers for the identity, or publish Send events to a configuration set"
_SES_TAGS = "publish Send events through a configuration set: their tags have ses:source-ip and ses:caller-identity"
_NOT_SENDGRID = "SendGrid does not tell it"
_SENDGRID_EVENTS = "Email Activity does not have it: collect the Event Webhook (format: sendgrid)"
_NONE_EXCHANGE = "message trace does not have it; journal the mail, or keep the headers at your own edge"

CURES: Mapping[str, Mapping[str, str]] = {
    "postfix": {
        "header_from": _HEADER_CHECKS,
        "header_sender": _HEADER_CHECKS,
        "subject": _HEADER_CHECKS,
        "account": "smtpd_sasl_auth_enable = yes on the submission service: smtpd then logs sasl_username",
        "source_ip": "send the log of the smtpd that clients talk to, not only of the one behind the content filter",
    },
    "kumomta": {
        "header_from": _KUMO_HEADERS,
        "header_sender": _KUMO_HEADERS,
        "subject": _KUMO_HEADERS,
        "id": _KUMO_HEADERS,
        "account": _KUMO_META,
        "source_ip": _KUMO_META,
    },
    "rspamd": {
        "time": "metadata_exporter writes no time: have the receiver add one under the key timestamp",
        "header_from": "use metadata_exporter (it has header_from), not only the history",
        "header_sender": "neither the history nor the exporter has it: add a custom formatter with "
        "task:get_header_full('Sender') under the key header_sender",
        "account": "pass the login name to the milter: milter_mail_macros must hold {auth_authen}",
        "*": _RSPAMD_HISTORY,
    },
    "ses": {
        "header_from": _SES_HEADERS,
        "header_sender": _SES_HEADERS,
        "subject": _SES_HEADERS,
        "source_ip": _SES_TAGS,
        "account": _SES_TAGS,
        "size": "SES does not tell it",
    },
    "sendgrid": {
        "header_from": "not in the Event Webhook: add it to unique_args (custom_args) as from",
        "header_sender": "add it to unique_args (custom_args) as sender",
        "envelope_from": "add it to unique_args (custom_args) as return_path",
        "account": "add it to unique_args (custom_args) as account",
        "source_ip": "add the submitting IP to unique_args (custom_args) as originating_ip; `ip` is SendGrid's own",
        "subject": "add it to unique_args (custom_args) as subject",
        "size": _NOT_SENDGRID,
    },
    "sendgrid-csv": {
        "envelope_from": _SENDGRID_EVENTS,
        "header_sender": _SENDGRID_EVENTS,
        "account": "the CSV of the Email Activity API (POST /v3/messages/download) has username",
        "source_ip": "the CSV of the Email Activity API (POST /v3/messages/download) has originating_ip",
        "size": _NOT_SENDGRID,
    },
    "mailgun": {
        "account": "one subaccount for each customer, or the variable v:account on each message",
        "source_ip": "Mailgun tells it only for messages that were submitted by SMTP",
        "header_sender": "Mailgun's events do not have it: keep it as a variable, v:sender",
    },
    "exchange": {
        "account": _NONE_EXCHANGE,
        "envelope_from": "the summary shows one sender only; the extended report has return_path",
        "header_sender": _NONE_EXCHANGE,
        "source_ip": "run the enhanced summary or extended report: it has original_client_ip",
        "*": "the sender address is that of Sender where a message has one: then the From it shows people, perhaps a "
        "forged one, is not in this log",
    },
    "google": {
        "account": "export Gmail log events (they have the actor), or Gmail logs in BigQuery (format: gmail)",
        "header_from": "export Gmail logs from BigQuery (format: gmail): they have from_header_address",
        "header_sender": "Gmail's logs do not have it",
        "source_ip": "export Gmail log events, or Gmail logs in BigQuery (format: gmail)",
        "*": "Email log search has a row for each recipient and each event: figures count rows, not messages. Gmail "
        "log events have one for each message",
    },
    "gmail": {"header_sender": "Gmail's logs do not have it"},
}
GENERAL = "map it under columns:, if the file has it under another name"


def cure(format_: str, column: str) -> str:
    """What to change so that this column is in the next log."""
    return CURES.get(format_, {}).get(column, GENERAL if format_ in {"jsonl", "csv", "parquet"} else "")


def advice(format_: str) -> str:
    """What is worth knowing about such a log whatever is in it; "" mostly."""
    return CURES.get(format_, {}).get("*", "")

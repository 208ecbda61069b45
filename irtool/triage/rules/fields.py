"""The fixed list of fields that a signature may ask about, and what each is in a message and in a log row.

Nothing else can be named, so that a rule can be checked before it is needed and means the same in both places. A field
that is not there (no such header, a NULL in the log) has no value: no test on it holds but `null` and `exists: false`.
A message may have several values of one field (two From addresses); a test holds if it holds for one of them.
`hop.*` describes one Received header: all `hop.*` tests of one selection have to hold for the same hop.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """How values compare. TEXT ignores case, KEY (accounts) does not; IP is text that `cidr` understands."""

    TEXT = "text"
    KEY = "key"
    IP = "ip"
    NUMBER = "number"
    FLAG = "flag"


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `sql` is its value in a log row (aliases: l log, a accounts, f/s/e the owners of From, Sender and
    envelope domain), None if log rows do not have it; `columns` are the log columns behind it. `lower` says that the
    log already holds it in lower case. `constant` is its value in every log row."""

    name: str
    kind: Kind
    about: str
    message: bool = True
    sql: str | None = None
    columns: tuple[str, ...] = ()
    lower: bool = False
    constant: bool | None = None

    @property
    def in_log(self) -> bool:
        """Whether a log row has it."""
        return self.sql is not None or self.constant is not None


def _text(name: str, about: str) -> Field:
    return Field(name, Kind.TEXT, about)


def _logged(name: str, about: str, sql: str, *columns: str, kind: Kind = Kind.TEXT, lower: bool = False) -> Field:
    return Field(name, kind, about, sql=sql, columns=columns, lower=lower)


def _address(name: str, what: str, column: str, derived: str) -> list[Field]:
    value = f"l.{column}"
    local = (
        f"CASE WHEN position('@' IN {value}) > 0 "
        f"THEN substr({value}, 1, length({value}) - length(split_part({value}, '@', -1)) - 1) END"
    )
    return [
        _logged(name, f"{what}, in lower case", value, column, lower=True),
        _logged(f"{name}_domain", f"the domain of {what}", f"NULLIF(l.{derived}, '')", column, lower=True),
        _logged(f"{name}_local", f"what {what} has in front of its @", local, column, lower=True),
    ]


_ENVELOPE = [
    _logged("env_from", "the envelope sender; '' is the null sender", "l.envelope_from", "envelope_from", lower=True),
    _logged("env_null", "the envelope sender is null", "l.envelope_from = ''", "envelope_from", kind=Kind.FLAG),
    _logged("env_domain", "the envelope sender's domain", "NULLIF(l.envelope_domain, '')", "envelope_from", lower=True),
    _logged("env_owner", "the account that owns the envelope domain", "e.account", "envelope_from", kind=Kind.KEY),
    _text("env_registered", "the registered part of env_domain: shop.co.uk of mail.shop.co.uk"),
]
_AUTHOR = [
    *_address("from", "the From address (of a message: every candidate)", "header_from", "from_domain"),
    _logged("from_owner", "the account that owns the From domain", "f.account", "header_from", kind=Kind.KEY),
    _text("from_registered", "the registered part of from_domain, or the domain itself"),
    _logged(
        "from_count", "how many addresses From names",
        "CASE WHEN l.header_from IS NULL THEN 0 ELSE 1 END", "header_from", kind=Kind.NUMBER,
    ),
    Field("from_ambiguous", Kind.FLAG, "From does not name exactly one well-formed address"),
    _text("from_name", "the display name of From, as people read it"),
    _text("from_name_domain", "the registered domain of an address in the display name of From"),
    *_address("sender", "the Sender address", "header_sender", "sender_domain"),
    _logged("sender_owner", "the account that owns the Sender domain", "s.account", "header_sender", kind=Kind.KEY),
    _text("sender_registered", "the registered part of sender_domain, or the domain itself"),
    _text("reply_to", "the Reply-To address"),
    _text("reply_to_domain", "the domain of the Reply-To address"),
    _text("reply_to_registered", "the registered part of reply_to_domain, or the domain itself"),
]  # fmt: skip
_ACCOUNT = [
    _logged("account", "the account that submitted it; nothing in a message says which", "l.account", "account",
            kind=Kind.KEY),
    Field("account_plan", Kind.TEXT, "the plan of that account", message=False, sql="a.plan", columns=("account",)),
    Field("account_status", Kind.TEXT, "its status", message=False, sql="a.status", columns=("account",)),
    Field("account_partner", Kind.TEXT, "the partner who manages it", message=False, sql="a.partner",
          columns=("account",)),
    Field("directory", Kind.FLAG, "whether domains can be looked up: without a directory no *_owner has a value",
          constant=True),
]  # fmt: skip
_ID_DOMAIN = "CASE WHEN position('@' IN l.id) > 0 THEN split_part(trim(l.id, '<> '), '@', -1) END"
_MESSAGE = [
    _logged("subject", "the Subject, encoded words decoded", "l.subject", "subject"),
    _logged("message_id", "the Message-ID without < >", "trim(l.id, '<> ')", "id"),
    _logged("message_id_domain", "what follows the last @ of the Message-ID", _ID_DOMAIN, "id"),
    _text("message_id_registered", "the registered part of message_id_domain"),
    _logged("recipient", "an envelope recipient, else one of To and Cc", "l.recipient", "recipient", lower=True),
    _logged("recipient_domain", "the domain of recipient", "NULLIF(l.recipient_domain, '')", "recipient_domain",
            lower=True),
    Field("recipient_count", Kind.NUMBER, "how many recipients the message names (at most 50 are read)"),
    _logged("src_ip", "what connected: of a message the first external hop", "l.source_ip", "source_ip", kind=Kind.IP,
            lower=True),
    _logged("size", "bytes; of a complaint, of what came in", "l.size", "size", kind=Kind.NUMBER),
    _logged("day", "the UTC day, YYYY-MM-DD", "CAST(CAST(l.time AS DATE) AS VARCHAR)", "time"),
    Field("status", Kind.TEXT, "what became of it, as the log says", message=False, sql="l.status",
          columns=("status",)),
]  # fmt: skip
_HEADERS = [
    _text("x_mailer", "X-Mailer"),
    _text("x_mimeole", "X-MimeOLE"),
    _text("user_agent", "User-Agent"),
    _text("content_type", "Content-Type, parameters included"),
    _text("auto_submitted", "Auto-Submitted (RFC 3834)"),
    _text("precedence", "Precedence"),
    _text("list_id", "List-Id (RFC 2919)"),
    _text("list_unsubscribe", "List-Unsubscribe (RFC 2369)"),
    _text("in_reply_to", "In-Reply-To or References"),
    _text("x_php_script", "X-PHP-Originating-Script or X-PHP-Script: the script that called mail()"),
    _text("dkim_domain", "d= of a DKIM-Signature; nobody has verified it"),
    _text("header_name", "the name of a header that is there"),
    _text("url_domain", "the registered domain of a URL in the message"),
    _text("attachment_sha256", "the SHA-256 of an attachment"),
    Field("x_originating_ip", Kind.IP, "X-Originating-IP"),
    Field("hop_count", Kind.NUMBER, "how many Received headers there are"),
]
_HOPS = [
    Field("hop.n", Kind.NUMBER, "the hop's number; 1 is the newest"),
    _text("hop.helo", "what the client called itself"),
    _text("hop.helo_registered", "the registered domain of hop.helo"),
    _text("hop.rdns", "what the client's address resolved to"),
    _text("hop.rdns_registered", "the registered domain of hop.rdns"),
    Field("hop.ip", Kind.IP, "the client's address"),
    _text("hop.by", "the server that wrote the header"),
    _text("hop.by_registered", "the registered domain of hop.by"),
    _text("hop.with", "the protocol, such as ESMTPA"),
    Field("hop.auth", Kind.FLAG, "the client logged in"),
    Field("hop.tls", Kind.FLAG, "the connection was encrypted"),
    Field("hop.trusted", Kind.FLAG, "written by one of trusted_relays; the rest is the sender's word"),
    _text("hop.day", "the UTC day of the hop, YYYY-MM-DD"),
]

FIELDS: Mapping[str, Field] = {
    field.name: field for field in (*_ENVELOPE, *_AUTHOR, *_ACCOUNT, *_MESSAGE, *_HEADERS, *_HOPS)
}
HOP = "hop."


def is_exact(name: str, *, raw: bool) -> bool:
    """Whether the field's values are compared as they are rather than in lower case."""
    return raw or FIELDS[name].kind not in {Kind.TEXT, Kind.IP}

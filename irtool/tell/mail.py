"""Plain-text mail, RFC 5322: 7-bit, CRLF, the same bytes for the same words. And how a person sees it."""

from __future__ import annotations

import contextlib
import hashlib
import re
import textwrap
from datetime import datetime
from email import message_from_string
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, default
from email.utils import format_datetime, getaddresses

from irtool.errors import StepFailed
from irtool.tell import clean

POLICY = SMTP.clone(cte_type="7bit")
WIDTH = 72
"""Lines of a mail text are folded at this column."""

_EMPTY_FIRST_LINE = re.compile(r"^([A-Za-z-]+):\r\n (?=\S)", re.MULTILINE)
"""How the standard library folds a value that would just fit: it is valid, but read back with a blank before it."""

_SHOWN = ("From", "To", "Subject", "Date", "Message-ID", "In-Reply-To", "Auto-Submitted")


def address(text: str, name: str = "", *, what: str) -> Address:
    """An address as a header takes it, `Name <user@host>` accepted. Raises StepFailed, naming `what`, if it is none."""
    pairs = getaddresses([text])
    shown, spec = pairs[0] if len(pairs) == 1 else ("", "")
    if spec.isascii() and "@" in spec and clean.header(spec) == spec:
        with contextlib.suppress(ValueError, IndexError, HeaderParseError):
            return Address(clean.header(name or shown), addr_spec=spec)
    raise StepFailed(
        f'{what}: "{clean.terminal(text)}" is not one address that mail can be sent to',
        hint="correct it, then: irtool resume",
    )


def message_id(domain: str, *parts: str) -> str:
    """The same Message-ID for the same parts: a message sent twice can be seen to be one."""
    digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:24]
    return f"<irtool.{clean.filename(parts[0])}.{digest}@{domain}>"


def compose(*, sender: Address, to: Address, subject: str, text: str, date: datetime, identity: str) -> EmailMessage:
    """A message of plain text. The text is folded at `WIDTH` columns, list items hanging."""
    message = EmailMessage(policy=POLICY)
    message["From"] = sender
    message["To"] = to
    message["Subject"] = clean.header(subject)
    message["Date"] = format_datetime(date)
    message["Message-ID"] = identity
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(folded(text), charset="utf-8", cte="quoted-printable")
    return message


def as_text(message: EmailMessage) -> str:
    """The whole message: 7-bit, CRLF line ends."""
    head, empty, body = message.as_bytes(policy=POLICY).decode("ascii").partition("\r\n\r\n")
    return _EMPTY_FIRST_LINE.sub(r"\1: ", head) + empty + body


def folded(text: str) -> str:
    """Each line of the text folded at `WIDTH`, lists hanging below their `- `; at most one empty line in a row."""
    lines: list[str] = []
    for line in text.strip().splitlines():
        rest = line.rstrip()
        indent = "  " if rest.startswith("- ") else ""
        lines += textwrap.wrap(rest, WIDTH, subsequent_indent=indent, break_on_hyphens=False) or [""]
    kept = [line for n, line in enumerate(lines) if line or (n and lines[n - 1])]
    return "\n".join(kept) + "\n"


def preview(message: str) -> str:
    """The message for a terminal: the headers that matter and the text, decoded, with nothing hidden in them."""
    parsed = message_from_string(message, policy=default)
    lines = [f"{name}: {clean.terminal(str(parsed[name]))}" for name in _SHOWN if parsed[name] is not None]
    body = parsed.get_body(("plain",))
    content = body.get_content() if body else ""
    lines += ["", *(clean.terminal(line) for line in str(content).splitlines())]
    return "\n".join(lines) + "\n"

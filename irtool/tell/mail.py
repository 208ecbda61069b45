"""Mail, RFC 5322: 7-bit, CRLF, the same bytes for the same words, as text and as a page. And how a person sees it."""

from __future__ import annotations

import binascii
import contextlib
import functools
import hashlib
import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email import message_from_string
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.policy import SMTP, EmailPolicy, default
from email.utils import format_datetime, getaddresses

from irtool.errors import StepFailed
from irtool.intake.domains import normalise_domain
from irtool.tell import clean

POLICY = SMTP.clone(cte_type="7bit")
WIDTH = 72
"""Lines of a mail text are folded at this column."""
MAX_ADDRESS = 254
"""RFC 5321 §4.5.3.1.3, without the angle brackets."""

_EMPTY_FIRST_LINE = re.compile(r"^([A-Za-z-]+):\r\n (?=\S)", re.MULTILINE)
"""How the standard library folds a value that would just fit: it is valid, but read back with a blank before it."""

_SHOWN = ("From", "To", "Subject", "Date", "Message-ID", "In-Reply-To", "Auto-Submitted")
_SPECIAL = frozenset("<>()[],;:\\\"' ")
_MAX_THREAD = 20


@functools.lru_cache(maxsize=1024)
def address(text: str, name: str = "", *, what: str) -> Address:
    """An address as a header takes it, `Name <user@host>` accepted. Raises StepFailed, naming `what`, if it is none.

    A domain in letters beyond ASCII is written as the DNS has it (RFC 5891); a user part in such letters stays, and
    the message then needs a server that takes it (RFC 6531).
    """
    pairs = getaddresses([text])
    shown, spec = pairs[0] if len(pairs) == 1 else ("", "")
    user, at, domain = spec.rpartition("@")
    fits = len(spec.encode()) <= MAX_ADDRESS and not _SPECIAL & set(spec)
    if at and user and fits and clean.header(spec) == spec:
        with contextlib.suppress(ValueError, IndexError, HeaderParseError):
            known = domain if domain.isascii() else normalise_domain(domain)
            if known and not known.startswith(".") and ".." not in known:
                return Address(clean.header(name or shown), username=user, domain=known)
    raise StepFailed(
        f'{what}: "{clean.terminal(text)}" is not one address that mail can be sent to',
        hint="correct it, then: irtool resume",
    )


def message_id(domain: str, *parts: str) -> str:
    """The same Message-ID for the same parts: a message sent twice can be seen to be one."""
    digest = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:24]
    return f"<irtool.{clean.filename(parts[0])}.{digest}@{domain}>"


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a message. Text is sent as quoted-printable; what is `raw` is ASCII and goes as it is."""

    kind: str
    text: str
    raw: bool = False


def compose(  # noqa: PLR0913 (a letter, by name)
    *,
    sender: Address,
    to: Address,
    subject: str,
    date: datetime,
    identity: str,
    parts: Sequence[Part],
    kind: str = "multipart/alternative",
    thread: Sequence[str] = (),
    answered: str = "",
) -> str:
    """The whole message: CRLF line ends, 7-bit unless its recipient's address is not.

    It follows those of `thread`, the oldest first, and answers `answered`, or the last of them. The boundary follows
    from the Message-ID. (Written by hand: building it with the standard library takes five times as long.)
    """
    policy = POLICY if to.addr_spec.isascii() else POLICY.clone(utf8=True)
    lines = [
        _field(policy, "From", str(sender)),
        _field(policy, "To", str(to)),
        _field(policy, "Subject", clean.header(subject)),
        f"Date: {format_datetime(date)}\r\n",
        f"Message-ID: {identity}\r\n",
        "Auto-Submitted: auto-generated\r\n",
    ]
    if thread:
        kept = [*thread] if len(thread) <= _MAX_THREAD else [thread[0], *thread[1 - _MAX_THREAD :]]
        folded_ids = "\r\n ".join(kept)
        lines += [f"In-Reply-To: {answered or thread[-1]}\r\n", f"References: {folded_ids}\r\n"]
    boundary = f"=_{clean.filename(identity.partition('@')[0])}"
    lines += ["MIME-Version: 1.0\r\n", f'Content-Type: {kind};\r\n boundary="{boundary}"\r\n', "\r\n"]
    for one in parts:
        lines.append(f"--{boundary}\r\n{_encoded(one)}\r\n")
    lines.append(f"--{boundary}--\r\n")
    return "".join(lines)


@functools.lru_cache(maxsize=256)
def _field(policy: EmailPolicy, name: str, value: str) -> str:
    """One header, encoded and folded."""
    return _EMPTY_FIRST_LINE.sub(r"\1: ", policy.fold(name, policy.header_factory(name, value)))


def _encoded(part: Part) -> str:
    text = "\r\n".join(part.text.splitlines()) + "\r\n"
    if part.raw:
        return f"Content-Type: {part.kind}\r\n\r\n{text}"
    body = binascii.b2a_qp(text.encode("utf-8", "replace"), istext=True).decode("ascii")
    head = f'Content-Type: {part.kind}; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n'
    return f"{head}\r\n{body}"


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
    lines += ["", *(clean.terminal(line) for line in part(message, "plain").splitlines())]
    return "\n".join(lines) + "\n"


def headers(message: str) -> list[tuple[str, str]]:
    """The headers that people look at, decoded, on one line each; still raw for the exit."""
    parsed = message_from_string(message, policy=default)
    return [(name, str(parsed[name])) for name in _SHOWN if parsed[name] is not None]


def part(message: str, kind: str) -> str:
    """The decoded text of one kind in the message (plain or html), "" if there is none."""
    body = message_from_string(message, policy=default).get_body((kind,))
    return str(body.get_content()) if body else ""

"""Mail that came back: delivery status notifications (RFC 3464) and what other servers send instead.

Anybody can write such a message. It is only read for which of our notices it is about and what it says of it; the worst
that a forged one can do is to put a customer on the list of those to telephone.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from irtool.intake import bodies, containers, dates, headers
from irtool.tell import clean

MAX_BYTES = 2_000_000
"""Of a longer message only the beginning is read."""
MAX_SAID = 300

_TOKEN = re.compile(r"irtool\.INC-[0-9A-Za-z-]{1,40}\.[0-9a-f]{24}(?![0-9a-f])")
_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_SMTP = re.compile(r"(?<![\d.])([45]\d\d)(?=[ -])")
_SENDER = re.compile(r"\b(?:mailer-daemon|postmaster|mail delivery (?:sub)?system)\b", re.IGNORECASE)
_SUBJECT = re.compile(
    r"undeliver|delivery (?:status|fail|has failed|delay)|returned mail|failure notice|mail delivery failed"
    r"|delivery incomplete|warning: could not send|mancat[oa] (?:recapito|consegna)|unzustellbar",
    re.IGNORECASE,
)
_DELAY = re.compile(
    r"\bdelay|could not be delivered (?:yet|for)|will (?:be retried|keep trying)|still trying", re.IGNORECASE
)
_NEAR = ("to", "delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "in-reply-to", "references")


@dataclass(frozen=True, slots=True)
class Returned:
    """One message that came back. `tokens` are the left sides of our Message-IDs that it names, the surest first.

    `action` is failed, delayed, delivered, or "" if it is no report: an answer, or somebody's holiday. `status` is
    RFC 3463's (5.1.1) or an SMTP code; `said` is one clean line of the server's words.
    """

    source: str
    sha256: str
    tokens: tuple[str, ...]
    action: str = ""
    status: str = ""
    said: str = ""
    recipient: str = ""
    date: datetime | None = None


def returned(sources: Sequence[tuple[str, bytes]]) -> Iterator[Returned]:
    """Every message in the sources (name, content): single ones, mbox files, archives."""
    for name, content in sources:
        for label, piece in containers.pieces(name, content, containers.Budget()):
            yield read(label, piece)


def read(source: str, content: bytes) -> Returned:
    """What one message says. Never raises."""
    digest = hashlib.sha256(content).hexdigest()
    content = content[:MAX_BYTES].lstrip(b"\r\n")
    block = headers.split(content)
    parts = bodies.read(content, block)
    named = headers.by_name(block.headers)
    report = next((text for kind, text in parts.texts if kind in _STATUS_PARTS), "")
    groups = _groups(report)
    words = "\n".join(bodies.readable(kind, text) for kind, text in parts.texts if kind not in _STATUS_PARTS)
    date, _ = dates.read(named["date"][0]) if named.get("date") else (None, "")
    tokens = _tokens(groups, parts, named, words)
    if groups:
        return Returned(source, digest, tokens, *_reported(groups), date=date)
    if not _is_bounce(named):
        return Returned(source, digest, tokens, date=date)
    status = _first(_STATUS, words) or _first(_SMTP, words)
    shown = words + str(named.get("subject", [""])[0])
    action = "delayed" if status.startswith("4") or (not status and _DELAY.search(shown)) else "failed"
    to = (named.get("x-failed-recipients") or [""])[0]
    return Returned(source, digest, tokens, action, status, _line_with(status, words), _said(to), date)


_STATUS_PARTS = frozenset({"message/delivery-status", "message/global-delivery-status"})


def _groups(report: str) -> list[Mapping[str, str]]:
    """The fields of the report, one group for the message and one for each recipient (RFC 3464 §2.1)."""
    found: list[Mapping[str, str]] = []
    for piece in re.split(r"\n[ \t]*\n", report.replace("\r\n", "\n").strip())[:200]:
        fields = headers.split(piece.strip().encode("utf-8", "replace") + b"\n\n").headers
        if fields:
            found.append({name.lower(): value for name, value in reversed(fields)})
    return found


def _reported(groups: Sequence[Mapping[str, str]]) -> tuple[str, str, str, str]:
    """Action, status, words and recipient of the worst group."""
    order = ("failed", "delayed", "delivered", "relayed", "expanded")
    about = [g for g in groups if "action" in g or "status" in g or "final-recipient" in g]
    if not about:
        return "", "", "", ""

    def action(group: Mapping[str, str]) -> str:
        word = re.split(r"[^a-z]", group.get("action", "").strip().lower(), maxsplit=1)[0]
        if word in order:
            return word
        return {"5": "failed", "4": "delayed", "2": "delivered"}.get(group.get("status", "").strip()[:1], "failed")

    worst = min(about, key=lambda g: order.index(action(g)))
    told = "delivered" if action(worst) in {"relayed", "expanded"} else action(worst)
    said = worst.get("diagnostic-code", "").partition(";")[2] or worst.get("diagnostic-code", "")
    to = worst.get("final-recipient", "") or worst.get("original-recipient", "")
    return told, _first(_STATUS, worst.get("status", "")), _said(said), _said(to.partition(";")[2] or to)


def _tokens(
    groups: Sequence[Mapping[str, str]], parts: bodies.Parts, named: Mapping[str, Sequence[str]], words: str
) -> tuple[str, ...]:
    """Where it can stand, the surest first: envelope id, returned headers, whom it was sent to, anywhere at all."""
    places = [value for group in groups for value in group.values()]
    for section in [*parts.messages, *parts.header_sections]:
        places += headers.values(headers.split(section).headers, "Message-ID")
    places += [value for name in _NEAR for value in named.get(name, ())]
    places += [section[:100_000].decode("utf-8", "replace") for section in [*parts.messages, *parts.header_sections]]
    places.append(words)
    return tuple(dict.fromkeys(found for place in places for found in _TOKEN.findall(place)[:50]))[:50]


def _is_bounce(named: Mapping[str, Sequence[str]]) -> bool:
    """A server wrote it, by its own account: null return path, its usual names, the usual subjects."""

    def has(name: str) -> str:
        return " ".join(named.get(name, ()))

    if (
        named.get("x-failed-recipients")
        or "report-type=delivery-status" in has("content-type").replace('"', "").lower()
    ):
        return True
    automatic = has("return-path").strip() == "<>" or bool(_SENDER.search(has("from")))
    return automatic and (bool(_SUBJECT.search(has("subject"))) or bool(_SENDER.search(has("from"))))


def _line_with(status: str, words: str) -> str:
    lines = [line for line in words.splitlines() if line.strip()]
    return _said(next((line for line in lines if status and status in line), lines[0] if lines else ""))


def _first(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text[:100_000])
    return found[1] if found else ""


def _said(text: str) -> str:
    return clean.header(text[: 4 * MAX_SAID])[:MAX_SAID]

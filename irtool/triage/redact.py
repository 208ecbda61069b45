"""Headers as evidence for somebody else: who received the message cannot be told from them any more."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from irtool.records import Complaint

KEPT = frozenset(
    {
        "received", "return-path", "date", "from", "sender", "reply-to", "subject", "message-id", "x-mailer",
        "x-mimeole",
    }
)  # fmt: skip
"""Headers that tell where a message came from and in whose name."""
GONE = "[redacted]"
_ADDRESS = re.compile(r"(?:\"[^\"]{1,64}\"|[^\s<>()\[\],;:\"'@]{1,64})@([^\s<>()\[\],;:\"'@]{1,253})")
_MAX_HEADERS = 40
_MAX_VALUE = 2_000


def redactor(keep: Iterable[str], recipients: Iterable[str]) -> Callable[[str], str]:
    """A function that leaves only the domain of every address but those to keep (the sender's side), and nothing of a
    recipient's name wherever else it stands (a subject that greets, a bounce address that encodes it)."""
    hidden = {address.lower() for address in recipients if "@" in address}
    kept = {address.lower() for address in keep} - hidden
    encoded = {address.replace("@", "=") for address in hidden}
    names = {local for address in hidden if len(local := address.rpartition("@")[0]) > 2}
    names |= {part for name in names for part in re.split(r"[._+-]", name) if len(part) > 3}
    words = sorted((*encoded, *names), key=len, reverse=True)
    name = re.compile("|".join(rf"(?<!\w){re.escape(word)}(?!\w)" for word in words), re.IGNORECASE) if words else None

    def told(match: re.Match[str]) -> str:
        address = match[0].lower()
        safe = address in kept and not any(one in address for one in encoded)
        return match[0] if safe else f"{GONE}@{match[1]}"

    def redact(text: str) -> str:
        text = text[:_MAX_VALUE]
        found = list(_ADDRESS.finditer(text))
        gaps = zip([0, *(m.end() for m in found)], [*(m.start() for m in found), len(text)], strict=True)
        between = [name.sub(GONE, text[start:end]) if name else text[start:end] for start, end in gaps]
        return "".join(part + (told(found[n]) if n < len(found) else "") for n, part in enumerate(between))

    return redact


def headers(complaint: Complaint) -> tuple[tuple[str, str], ...]:
    """The telling headers of the reported message, redacted."""
    keep = {*complaint.from_, *complaint.sender, *complaint.reply_to, complaint.envelope_from or ""}
    reporter = (complaint.reporter,) if complaint.reporter else ()
    redact = redactor(keep, (*complaint.recipients, *reporter))
    telling = [(name, value) for name, value in complaint.headers if name.lower() in KEPT][:_MAX_HEADERS]
    return tuple((name, redact(value)) for name, value in telling)

"""Messages forwarded or pasted into the text of a mail: the few headers that mail programs show of them.

Outlook, Gmail, Apple Mail and Thunderbird write them in the language of whoever forwards (English, Italian, German,
French, Spanish, Portuguese). Then the one in the text is the evidence, and the forwarder is who complains, never the
abuser. Whether a mail is such a complaint is told by its own headers, not by its text, which a spammer writes too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from irtool.intake import addresses, dates, domains, headers
from irtool.intake.headers import Header

MAX_LINES = 20_000
_MAX_BLOCK = 40
_MAX_LABEL = 25
_LABELS = {
    "From": "from|da|de|von|expéditeur|mittente|absender|remitente|remetente",
    "Date": "date|sent|sent on|data|inviato|inviato il|data invio|gesendet|gesendet am|datum|envoyé|envoyé le|fecha"
    "|enviado|enviado el|enviado em|enviada|enviada em|data de envio",
    "To": "to|a|à|an|para|destinatario|destinatari|empfänger|destinataire|destinatário",
    "Cc": "cc|kopie|copie|copie à|copia|cópia",
    "Subject": "subject|oggetto|betreff|objet|asunto|assunto",
    "Reply-To": "reply-to|reply to|rispondi a|antwort an|répondre à|responder a",
}
_NAMES = {label: name for name, labels in _LABELS.items() for label in labels.split("|")}
_MARKS = " \t\u00a0\u202f>|*_"
_FORWARDED = re.compile(
    r"\s*(?:(?:re|r|rif|aw|antw|res)\s{0,2}:\s*)*"
    r"(?:\[?(?:fwd?|wg|i|tr|rv|enc|inoltr[ao]|inoltrato|weitergeleitet|reenv|reenviado)\b\s{0,2}:|\[fwd)",
    re.IGNORECASE,
)
_DESK = re.compile(
    r"(?:(?:mail|e-?mail|network|it)[._-]?)?"
    r"(?:abuse|(?:anti|no|not|report)?-?spam|fraud|postmaster|hostmaster|security|sicurezza|segnalazion[ei]|report"
    r"|c?soc|noc|cert|csirt|infosec|mail-?sec)(?![a-z])",
    re.IGNORECASE,
)
_REPORTS = re.compile(
    r"\b(?:abus[eo]|missbrauch|spam\w*|phish\w*|fraud|scam|malware|botnet|complain\w*|report(?:ed|s)?|notice|takedown|incident"
    r"|compromised|attacks?|brute|black-?list\w*|block-?list\w*|beschwerde|meldung|segnalazione|reclamo|signalement|plainte"
    r"|denuncia|queixa|notificaci[oó]n)\b",
    re.IGNORECASE,
)
_BOUNCES = frozenset({"mailer-daemon", "postmaster"})


@dataclass(frozen=True, slots=True)
class Quoted:
    """What is shown of a message in a text: its headers under their English names, and the line where it begins."""

    headers: tuple[Header, ...]
    begin: int


def passes_on(fields: Sequence[Header], own: Sequence[str]) -> bool:
    """Whether these headers are of somebody who passes a message on: to an abuse desk, as a forward to one of ours
    (`own` are our domains), or as a bounce. A spammer writes "Fwd:" too, but that mail goes to others."""
    named = _recipients(fields)
    if any(_DESK.match(address) for address in named):
        return True
    if _FORWARDED.match(headers.decoded(fields, "Subject") or "") and any(_is_of(address, own) for address in named):
        return True
    best = addresses.find(headers.first(fields, "From") or "").best or ""
    return best.rpartition("@")[0] in _BOUNCES


def is_to_our_desk(fields: Sequence[Header], own: Sequence[str]) -> bool:
    """Whether this mail is to an abuse desk of our own; if nobody said what is ours, to any, if it says so."""
    desks = [address for address in _recipients(fields) if _DESK.match(address)]
    if not own:
        return bool(desks) and bool(_REPORTS.search(headers.decoded(fields, "Subject") or ""))
    return any(_is_of(address, own) for address in desks)


def _recipients(fields: Sequence[Header]) -> tuple[str, ...]:
    names = ("To", "Cc", "Delivered-To", "X-Original-To")
    return addresses.find_all(value for name in names for value in headers.values(fields, name))


def _is_of(address: str, own: Sequence[str]) -> bool:
    domain = domains.domain_of(address) or ""
    return any(domain == one or domain.endswith(f".{one}") for one in own)


def find(text: str, ours: Sequence[str] = ()) -> Quoted | None:
    """The message that the text shows; of a forward in a forward the innermost.

    What came from `ours` (the addresses this mail is to) is the thread that it answers, and no evidence.
    """
    chosen = None
    for block in _blocks(text.splitlines()[:MAX_LINES]):
        froms = addresses.find(headers.first(block.headers, "From") or "").addresses
        if set(froms) & set(ours):
            continue
        chosen = block
        if not _FORWARDED.match(headers.first(block.headers, "Subject") or ""):
            break
    return chosen


def _blocks(lines: Sequence[str]) -> list[Quoted]:
    """Every run of lines with such labels that has a From, a Subject, and a Date or a To."""
    found: list[Quoted] = []
    fields: list[list[str]] = []
    seen = 0
    for n, line in enumerate([*lines, "-", "-"]):
        bare = line.strip(_MARKS)
        name, value = _field(bare)
        if name and len(fields) < _MAX_BLOCK and name not in {key for key, _ in fields}:
            fields.append([name, value])
            seen = n
        elif fields and bare and not name and n == seen + 1 and fields[-1][0] in {"To", "Cc"} and "@" in bare:
            fields[-1][1] += f" {bare}"
            seen = n
        elif fields and not bare and n - seen <= 2:  # HTML turned into text has empty lines between
            continue
        elif fields:
            found += _block(fields, seen + 1)
            fields = [[name, value]] if name else []
            seen = n
    return found


def _field(bare: str) -> tuple[str, str]:
    """(English name, value) of a line such as `Envoyé : lundi`; ("", "") of any other."""
    label, colon, value = bare[: _MAX_LABEL + 3_000].partition(":")
    if not colon or len(label) > _MAX_LABEL:
        return "", ""
    return _NAMES.get(label.strip(_MARKS).lower(), ""), value.strip(_MARKS)


def _block(fields: Sequence[Sequence[str]], begin: int) -> list[Quoted]:
    names = {name for name, value in fields if value}
    sender = next((value for name, value in fields if name == "From"), "")
    if not {"From", "Subject"} <= names or not names & {"Date", "To"} or not addresses.find(sender).best:
        return []
    # "lunedì 14 aprile 2025 15:31" has no zone: a moment that is guessed is worse than none
    kept = tuple((name, value) for name, value in fields if value and (name != "Date" or dates.read(value)[0]))
    return [Quoted(kept, begin)]

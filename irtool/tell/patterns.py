"""Which known techniques the complaints prove, so that the analysis can explain them."""

from __future__ import annotations

from collections.abc import Iterable

from irtool.records import Json
from irtool.tell.story import Facts, rows


def patterns(facts: Facts) -> dict[str, Json]:
    """`null_envelope`: null envelope sender, own Sender, another's From. `local_part_subject`: the Subject is the
    local part of the From. `mailers`: what X-Mailer and X-MimeOLE claim. `spoofed`: the mail came in through relays
    elsewhere, and none of our accounts sent any. Read from the headers of the complaints themselves.
    """
    complaints = rows(facts["complaints"])
    campaign = facts["campaign"]
    found = campaign if isinstance(campaign, dict) else {}
    hops = [h for c in complaints for h in rows(c.get("hops"))]
    return {
        "null_envelope": any(_null_envelope(c) for c in complaints),
        "local_part_subject": any(_local_part(c) for c in complaints),
        "x_mailers": _texts(c.get("x_mailer") for c in complaints),
        "x_mimeoles": _texts(c.get("x_mimeole") for c in complaints),
        "spoofed": bool(hops) and not found.get("accounts"),
    }


def _null_envelope(complaint: Facts) -> bool:
    senders = {_domain(a) for a in _list(complaint.get("sender"))}
    authors = {_domain(a) for a in _list(complaint.get("from"))}
    return complaint.get("envelope_null") is True and bool(senders and authors) and not senders & authors


def _local_part(complaint: Facts) -> bool:
    subject = str(complaint.get("subject") or "").strip().lower()
    return bool(subject) and subject in {a.rpartition("@")[0] for a in _list(complaint.get("from"))}


def _domain(address: str) -> str:
    return address.rpartition("@")[2].lower()


def _list(value: Json) -> list[str]:
    return [str(v) for v in value] if isinstance(value, list) else []


def _texts(values: Iterable[Json]) -> list[Json]:
    return list(dict.fromkeys(str(v) for v in values if v))

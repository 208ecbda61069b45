"""Which known techniques the complaints prove, so that the analysis can explain them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from irtool.records import Json
from irtool.tell.story import Facts, rows


def patterns(facts: Facts, own_domains: Json = None) -> dict[str, Json]:
    """`null_envelope`: null envelope sender, own Sender, another's From. `local_part_subject`: the Subject is the
    local part of the From. `mailers`: what X-Mailer and X-MimeOLE claim. `spoofed`: the mail came in through relays
    elsewhere, no host in `own_domains` sent it on, and no account of ours is known to have sent any; `log_asked`: the
    mail log was searched for it. All else is read from the headers of the complaints themselves.
    """
    complaints = rows(facts["complaints"])
    campaign = facts["campaign"]
    found = campaign if isinstance(campaign, dict) else {}
    hops = [h for c in complaints for h in rows(c.get("hops"))]
    own, null_envelope = _list(own_domains), any(_null_envelope(c) for c in complaints)
    elsewhere = bool(hops) and not null_envelope and not any(_outward(h, own) for h in hops)
    return {
        "null_envelope": null_envelope,
        "local_part_subject": any(_local_part(c) for c in complaints),
        "x_mailers": _texts(c.get("x_mailer") for c in complaints),
        "x_mimeoles": _texts(c.get("x_mimeole") for c in complaints),
        "spoofed": elsewhere and not found.get("accounts"),
        "log_asked": bool(found.get("log_rows")),
    }


def _null_envelope(complaint: Facts) -> bool:
    senders = {_domain(a) for a in _list(complaint.get("sender"))}
    authors = {_domain(a) for a in _list(complaint.get("from"))}
    return complaint.get("envelope_null") is True and bool(senders and authors) and not senders & authors


def _outward(hop: Facts, own: Sequence[str]) -> bool:
    """Whether a host of ours took the mail from a user, or handed it on to somebody else."""
    by_us = _within(hop.get("by"), own)
    return (by_us and bool(hop.get("auth"))) or (
        not by_us and any(_within(hop.get(key), own) for key in ("helo", "rdns"))
    )


def _within(host: Json, domains: Sequence[str]) -> bool:
    name = str(host or "").lower().rstrip(".")
    return any(name == d.lower() or name.endswith(f".{d.lower()}") for d in domains if d)


def _local_part(complaint: Facts) -> bool:
    subject = str(complaint.get("subject") or "").strip().lower()
    return bool(subject) and subject in {a.rpartition("@")[0] for a in _list(complaint.get("from"))}


def _domain(address: str) -> str:
    return address.rpartition("@")[2].lower()


def _list(value: Json) -> list[str]:
    return [str(v) for v in value] if isinstance(value, list) else []


def _texts(values: Iterable[Json]) -> list[Json]:
    return list(dict.fromkeys(str(v) for v in values if v))

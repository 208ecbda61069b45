"""The messages that may belong to the campaign, rolled up in the log's own tables, and who sent them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from irtool.ports import LogSource
from irtool.records import Json
from irtool.triage.bonds import HALF, Sender
from irtool.triage.questions import ask, integer, keep, sql
from irtool.triage.seeds import texts

HOLE, WIDE, FORWARD, TRAITS = "hole", "wide", "forward", "traits"
"""Null envelope, own Sender, another customer's From; another's From under any other envelope; null envelope, own
Sender and a From that is hosted nowhere here; messages with traits of the complaint."""

_YOUNG = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Candidates:
    """Who shows the pattern, and all mail of the span from each source IP of it."""

    senders: Mapping[str, Sender]
    ip_totals: Mapping[str, int]


def find(log: LogSource, way: str, values: Mapping[str, Json], since: datetime, missing: frozenset[str]) -> Candidates:
    """Make the table `pattern` that way, and say who is in it. Needs the table `sent`; `missing` are the columns in
    which nothing stands."""
    choice = {
        **values,
        "wide": way == WIDE,
        "hosted": way in {HOLE, WIDE},
        "no_sender": "header_sender" in missing,
        "no_envelope": "envelope_from" in missing,
        "no_account": "account" in missing,
    }
    traits = way == TRAITS
    keep(log, "submissions", "trait_rows" if traits else "submissions", choice)
    keep(log, "names", "trait_names" if traits else "submission_names", choice)
    keep(log, "owned", "owned", choice)
    keep(log, "pattern", "traits" if traits else "hole", choice)
    totals = {str(row["source_ip"]): integer(row["messages"]) for row in ask(log, sql("ip_totals"), choice)}
    senders: dict[str, Sender] = {}
    pairs = ask(log, sql("pairs"), choice)
    others = None if "account" not in missing else _others(pairs, totals)
    for row in pairs:
        _pair(senders, row, others)
    for row in ask(log, sql("standing"), choice):
        sender = senders[str(row["account"])]
        sender.sent = integer(row["messages"])
        sender.established, sender.opened = _standing(row, since)
    if not traits:
        _marks(senders, ask(log, sql("marks"), choice))
    return Candidates(senders, totals)


def _standing(row: Mapping[str, object], since: datetime) -> tuple[bool, bool]:
    """Whether the account is established, and whether anybody could have opened it for this; it may be neither."""
    plan = str(row["plan"] or "").lower()
    created = row["created"] if isinstance(row["created"], datetime) else None
    opened = "trial" in plan or plan.startswith("free") or (created is not None and since - created <= _YOUNG)
    return bool(plan or created) and not opened, opened


def _others(pairs: Iterable[Mapping[str, object]], totals: Mapping[str, int]) -> dict[str, int]:
    """What each source IP sent that is not of the pattern."""
    found = dict(totals)
    for row in pairs:
        ip = str(row["source_ip"] or "")
        found[ip] = found.get(ip, 0) - integer(row["messages"])
    return found


def _pair(senders: dict[str, Sender], row: Mapping[str, object], others: Mapping[str, int] | None) -> None:
    """Without accounts in the log the `others` of a source IP stand for the account's other mail from there."""
    account, ip = str(row["account"] or ""), str(row["source_ip"] or "")
    sender = senders.setdefault(account, Sender(account))
    messages = integer(row["messages"])
    sent = integer(row["sent"]) if others is None else messages + max(others[ip], 0)
    sender.ips[ip] = (messages, sent)
    sender.sent += 0 if others is None else sent
    sender.direct += integer(row["direct"])
    sender.alike += integer(row["alike"])


def _marks(senders: Mapping[str, Sender], rows: Iterable[Mapping[str, object]]) -> None:
    for row in rows:
        sender = senders[str(row["account"])]
        ip = str(row["source_ip"] or "")
        for key, marks in (
            ("header_from", sender.froms),
            ("from_domain", sender.domains),
            ("recipient_domain", sender.destinations),
        ):
            if row[f"g_{key}"] == 0 and row[key]:
                marks.setdefault(ip, {})[str(row[key])] = integer(row["messages"])


class Crowds:
    """Which source IPs and destinations mostly carry other people's mail. Asks the table `everywhere`."""

    def __init__(self, log: LogSource, values: Mapping[str, Json], candidates: Candidates) -> None:
        self._log = log
        self._values = values
        self._senders = candidates.senders.values()
        self._crowded: dict[str, bool] = {}
        found: dict[str, int] = {}
        for sender in candidates.senders.values():
            for ip, (messages, _) in sender.ips.items():
                found[ip] = found.get(ip, 0) + messages
        self._own_ips = {ip for ip, total in candidates.ip_totals.items() if found.get(ip, 0) >= HALF * total}

    def ip(self, ip: str) -> bool:
        """Whether less than half of the IP's mail is of the pattern, or the log has none of it."""
        return ip not in self._own_ips

    def destinations(self, domains: set[str]) -> set[str]:
        """Those of which less than half of the mail is of the pattern, from accounts that are given over to it."""
        new = domains - self._crowded.keys()
        if new:
            rows = ask(self._log, sql("destination"), {**self._values, "destinations": texts(sorted(new))})
            sent = {str(row["recipient_domain"]): integer(row["messages"]) for row in rows}
            self._crowded |= {domain: self._found(domain) < HALF * sent.get(domain, 0) for domain in new}
        return {domain for domain in domains if self._crowded[domain]}

    def _found(self, domain: str) -> int:
        return sum(s.destinations.get(ip, {}).get(domain, 0) for s in self._senders for ip in s.given_over())

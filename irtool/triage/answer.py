"""Triage: complaints, log and directory in; the complaints with their signatures, and the findings, out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from irtool.intake.domains import normalise_domain
from irtool.ports import Directory, LogSource, Progress
from irtool.records import Complaint, Findings, Hop, utc
from irtool.triage import alone, build, scope
from irtool.triage import signatures as marks
from irtool.triage.questions import ask, sql
from irtool.triage.rules import Book
from irtool.triage.scope import Scope
from irtool.triage.seeds import Ownership, Seeds, seeds

_LOST = {
    "time": "The log has no time: the whole log was searched, and first and last messages are unknown.",
    "account": "The log has no account: which accounts sent the campaign is unknown, and relaying in other names "
    "could not be looked for.",
    "source_ip": "The log has no source IP: which IPs to block is unknown.",
    "envelope_from": "The log has no envelope sender: relaying with a null sender could not be looked for.",
    "header_from": "The log has no From header: who was impersonated is unknown.",
    "header_sender": "The log has no Sender header: relaying in somebody else's name could not be looked for.",
    "recipient": "The log has no recipient: who received the campaign is unknown.",
    "recipient_domain": "The log has no recipient domain: which destination to block is unknown.",
    "subject": "The log has no subject: messages could not be recognised by it.",
    "id": "The log has no message-id: the message of the complaint could not be looked up.",
}
_NO_LOG = (
    "There is no gateway log: how many messages were sent, since when, and by which other accounts is unknown; "
    "figures count complaints."
)
_NO_DIRECTORY = "There is no directory: which accounts and customers the domains belong to is unknown."
_NO_DOMAINS = "The directory lists no domains: forged senders cannot be told from rightful ones."


def triage(  # noqa: PLR0913 - one door, every parameter named
    complaints: Sequence[Complaint],
    log: LogSource | None,
    directory: Directory | None,
    *,
    own_domains: Sequence[str],
    since: timedelta,
    now: datetime,
    trusted_relays: Sequence[str] = (),
    signatures: Book | None = None,
    progress: Progress | None = None,
) -> tuple[tuple[Complaint, ...], Findings]:
    """Find the campaign behind the complaints.

    `own_domains` are the organisation's, `trusted_relays` host names (or domains of hosts) whose Received headers are
    believed, `signatures` the book to mark complaints with (the shipped one if None). The searched span begins `since`
    before the oldest complaint, or before `now` if none is dated, and its end is open. Without a log the findings come
    from the complaints alone. Raises InputError if the log cannot be read.
    """
    ownership = Ownership(directory, tuple(normalise_domain(domain) or domain.lower() for domain in own_domains))
    owner = ownership.owner if directory else None
    seen = tuple(_marked(complaint, trusted_relays) for complaint in complaints)
    seen = tuple(replace(c, signatures=marks.hits(c, owner, signatures)) for c in seen)
    together = [cluster.name for cluster in marks.clusters(seen, owner, signatures)]
    searched = seeds(seen, ownership, since, now)
    found = alone.findings(seen, ownership)
    if log:
        found = _from_log(log, searched, ownership, found, progress)
    lost = [] if log else [_NO_LOG]
    return seen, replace(
        found,
        relays=alone.relays(seen),
        signatures=tuple(dict.fromkeys([*(name for c in seen for name in c.signatures), *together])),
        unanswered=(*found.unanswered, *lost, *(() if directory else (_NO_DIRECTORY,))),
    )


def _from_log(
    log: LogSource, searched: Seeds, ownership: Ownership, told: Findings, progress: Progress | None
) -> Findings:
    """The findings of the log; those of the complaints (`told`) if it has no message of the campaign."""
    values = scope.parameters(searched, ownership, timeless="time" in log.missing())
    rows = int(str(ask(log, sql("window"), values)[0]["messages"]))
    domains = int(str(log.query("SELECT count(*) AS domains FROM domains")[0]["domains"]))
    campaign = scope.find(log, searched, ownership, progress) if rows else None
    found = build.findings(campaign, ownership) if campaign else told
    lost = [sentence for column, sentence in _LOST.items() if column in log.missing()]
    if not domains and ownership.directory:
        lost.append(_NO_DOMAINS)
    lost += _outcome(campaign, rows, searched)
    return replace(
        found,
        log_rows=rows,
        from_log=campaign is not None,
        rejected_rows=log.rejected_rows(),
        unanswered=(*found.unanswered, *lost),
    )


def _outcome(campaign: Scope | None, rows: int, searched: Seeds) -> list[str]:
    if campaign is None:
        have = f"{rows} messages" if rows else "no messages at all"
        return [f"The log has {have} since {utc(searched.since)}, none of this campaign: figures count complaints."]
    accounts, messages = campaign.left_out
    if not accounts:
        return []
    others = f"{messages} messages of {accounts} other accounts"
    return [f"Left out: {others} show the same pattern, but too little connects them with the complaint."]


def _marked(complaint: Complaint, trusted_relays: Sequence[str]) -> Complaint:
    """The complaint with `trusted` set on its hops: from the top as long as trusted relays wrote them."""
    hops: list[Hop] = []
    trusted = True
    for hop in complaint.hops:
        trusted = trusted and _is_trusted(hop.by, trusted_relays)
        hops.append(replace(hop, trusted=trusted))
    return replace(complaint, hops=tuple(hops))


def _is_trusted(host: str | None, trusted_relays: Sequence[str]) -> bool:
    name = (host or "").lower()
    return any(name == relay.lower() or name.endswith(f".{relay.lower()}") for relay in trusted_relays)

"""Triage: complaints, log and directory in; the complaints with their signatures, and the findings, out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from irtool.intake.domains import normalise_domain
from irtool.ports import Directory, LogSource, Progress
from irtool.records import Complaint, Findings, Group, Hop
from irtool.triage import alone, build, packs, signatures
from irtool.triage.groups import Correlated, Together, merged, together
from irtool.triage.scope import MOST, Scope, Search
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
_CASES = 20
"""How many campaigns are looked for in the log, those with most complaints first."""
_NO_LOG = (
    "There is no gateway log: how many messages were sent, since when, and by which other accounts is unknown; "
    "figures count complaints."
)
_NO_ACCOUNT = (
    "The log has no account: the accounts are those that own the domains in Sender, and what else they sent is unknown."
)
_NO_DIRECTORY = "There is no directory: which accounts and customers the domains belong to is unknown."
_NO_DOMAINS = "The directory lists no domains: forged senders cannot be told from rightful ones."


def triage(  # noqa: PLR0913 - what was found, and by name how to look at it
    complaints: Sequence[Complaint],
    log: LogSource | None,
    directory: Directory | None,
    *,
    own_domains: Sequence[str],
    since: timedelta,
    now: datetime,
    trusted_relays: Sequence[str] = (),
    book: signatures.Book | None = None,
    progress: Progress | None = None,
) -> tuple[tuple[Complaint, ...], Findings]:
    """Find the campaign behind the complaints.

    `own_domains` are the organisation's, `trusted_relays` host names (or domains of hosts) whose Received headers are
    believed. The searched span begins `since` before the oldest complaint, or before `now` if none is dated, and its
    end is open. Without a log the findings come from the complaints alone. Complaints of several campaigns are told
    apart: the findings are of the campaign with most complaints. Raises InputError if the log cannot be read.
    """
    ownership = Ownership(directory, tuple(normalise_domain(domain) or domain.lower() for domain in own_domains))
    owner = ownership.owner if directory else None
    seen = tuple(_marked(complaint, trusted_relays) for complaint in complaints)
    seen = tuple(replace(c, signatures=signatures.hits(c, owner, book)) for c in seen)
    cases = _cases(seen, ownership, book)
    begin = seeds(seen, ownership, since, now).since
    search = Search(log, ownership, begin, progress) if log else None
    cases, scopes = _searched(search, cases, ownership, begin)
    found = _findings(cases[0], scopes[0], search, ownership, begin) if cases else Findings()
    campaigns = tuple(_group(case, scope) for case, scope in zip(cases, scopes, strict=True))
    lost = [] if log else [_NO_LOG]
    missing = (*found.unanswered, *lost, *(() if directory else (_NO_DIRECTORY,)))
    return seen, replace(found, campaigns=campaigns, unanswered=missing)


def _cases(seen: Sequence[Complaint], ownership: Ownership, book: signatures.Book | None) -> list[Together]:
    """The complaints by campaign, as they tell themselves. One alone may show several days, as a bulletin does."""
    rules = (book or signatures.book()).rules
    critical = frozenset(rule.name for rule in rules if rule.level == "critical")
    clusters = signatures.clusters(seen, ownership.owner if ownership.directory else None, book)
    told = [_correlated(cluster) for cluster in clusters]
    if len(seen) == 1:
        return [Together(tuple(seen), tuple(one.reason for one in told))]
    return together(seen, ownership, critical, told)


def _correlated(cluster: signatures.Cluster) -> Correlated:
    """What comes again, and when: "The same relay on different days: r3.kawaz.jp (3 times, 2014-05-17 to ...)"."""
    days = dict.fromkeys(f"{moment:%Y-%m-%d}" for moment in (cluster.first_seen, cluster.last_seen))
    value = ", ".join(cluster.by.values())
    reason = f"{cluster.title}: {value} ({cluster.events} times, {' to '.join(days)})"
    kind = ", ".join(cluster.by).replace("_", " ")
    return Correlated(reason, cluster.complaints, cluster.level not in {"low", "informational"}, (kind, value))


def _searched(
    search: Search | None, cases: Sequence[Together], ownership: Ownership, begin: datetime
) -> tuple[list[Together], list[Scope | None]]:
    """What the log has of each case. Cases that the same accounts are behind are one."""
    known: list[Together] = []
    scopes: list[Scope | None] = []
    for case in cases[:_CASES]:
        scope = search.find(replace(_seeds(case, ownership), since=begin)) if search else None
        accounts = set(scope.reasons) if scope else set()
        same = next((n for n, one in enumerate(scopes) if one and accounts & set(one.reasons)), None)
        if same is None:
            known.append(case)
            scopes.append(scope)
        else:
            account = min(accounts & set((scopes[same] or scope).reasons))  # type: ignore[union-attr]  # it has some
            known[same] = merged(known[same], case, f"same account in the log: {account}")
    rest = cases[_CASES:]
    if search and len(cases) > 1:  # the tables of the log are those of the last search
        scopes[0] = search.find(replace(_seeds(known[0], ownership), since=begin))
    return [*known, *rest], [*scopes, *([None] * len(rest))]


def _seeds(case: Together, ownership: Ownership) -> Seeds:
    return seeds(case.complaints, ownership, timedelta(), datetime.max.replace(tzinfo=UTC))


def _findings(
    case: Together, scope: Scope | None, search: Search | None, ownership: Ownership, begin: datetime
) -> Findings:
    """The findings of the log; those of the complaints alone if it has no message of the campaign."""
    found = build.findings(scope, ownership) if scope else alone.findings(case.complaints, ownership)
    if search:
        found = search.told(found, scope)
        lost = [sentence for column, sentence in _LOST.items() if column in search.missing]
        if scope and found.accounts and "account" in search.missing:
            lost[lost.index(_LOST["account"])] = _NO_ACCOUNT
        unnamed = sum(row.messages for row in scope.by["account"] if not row.value) if scope else 0
        if unnamed and "account" not in search.missing:
            lost.append(
                f"No account: {unnamed} messages of the campaign bear none in the log; who sent them is unknown."
            )
        if not search.domains and ownership.directory:
            lost.append(_NO_DOMAINS)
        lost += _outcome(scope, search.rows, Seeds(begin))
        found = replace(found, unanswered=(*found.unanswered, *lost))
    found = packs.from_complaints(found, case.complaints, ownership)
    return replace(
        found,
        relays=alone.relays(case.complaints),
        signatures=tuple(dict.fromkeys(name for c in case.complaints for name in c.signatures)),
    )


def _group(case: Together, scope: Scope | None) -> Group:
    accounts = tuple(sorted(scope.reasons)[:MOST]) if scope else ()
    messages = scope.whole.messages if scope else len(case.complaints)
    return Group(tuple(c.source for c in case.complaints), case.reasons, messages, accounts)


def _outcome(campaign: Scope | None, rows: int, searched: Seeds) -> list[str]:
    if campaign is None:
        have = f"{rows} messages" if rows else "no messages at all"
        since = f"{searched.since:%Y-%m-%d %H:%M} UTC"
        return [f"The log has {have} since {since}, none of this campaign: figures count complaints."]
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

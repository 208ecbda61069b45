"""What the log counted -> Findings: whose each address is, who was impersonated, how sure each account is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from irtool.ports import Directory
from irtool.records import AccountFinding, Counted, CustomerFinding, Findings, Json
from irtool.triage.pattern import HOLE, WIDE
from irtool.triage.scope import MOST, Row, Scope
from irtool.triage.seeds import Ownership

_YOUNG = timedelta(days=30)
_HALF = 0.5
_HOW = {HOLE: "go through the hole in the relay rule", WIDE: "carry another customer's From"}
_LISTS = {
    "accounts": ("account",),
    "source_ips": ("source_ip",),
    "sender_addresses": ("header_sender", "envelope_from"),
    "spoofed_addresses": ("header_from",),
    "destination_domains": ("recipient_domain",),
}


def findings(scope: Scope, ownership: Ownership) -> Findings:
    """The campaign of the log as findings; the caller adds what only complaints tell (relays, signatures)."""
    accounts = [_account(row, scope, ownership.directory) for row in scope.by["account"] if row.value]
    found = Findings(
        messages=scope.whole.messages,
        first_seen=scope.whole.first_seen,
        last_seen=scope.whole.last_seen,
        accounts=tuple(accounts),
        source_ips=_counted(scope, "source_ip"),
        sender_addresses=_own_addresses(scope, ownership),
        spoofed_addresses=_spoofed(scope),
        destination_domains=_counted(scope, "recipient_domain"),
        affected_customers=_customers(scope, ownership),
    )
    return shortened(found, scope.sizes)


def shortened(found: Findings, sizes: Mapping[str, int] | None = None) -> Findings:
    """The same with every list at most MOST long, and a sentence for each that was longer (in the log: `sizes`)."""
    said = []
    for name, kinds in _LISTS.items():
        rows = getattr(found, name)
        size = max([len(rows), *((sizes or {}).get(kind, 0) for kind in kinds)])
        if size > MOST:
            said.append(f"There are {size} {name.replace('_', ' ')}: only the {MOST} with most messages are listed.")
            found = replace(found, **{name: rows[:MOST]})
    return replace(found, unanswered=(*found.unanswered, *said))


def customer(account: str, row: Mapping[str, Json] | None, domains: Iterable[str], counted: Row) -> CustomerFinding:
    """An impersonated customer with what the directory knows of it."""
    row = row or {}
    contact = row.get("contact")
    return CustomerFinding(
        id=account,
        name=str(row.get("name") or ""),
        domain=", ".join(domains),
        locale=str(row.get("locale") or "en"),
        contact=str(contact) if contact else None,
        messages=counted.messages,
        first_seen=counted.first_seen,
        last_seen=counted.last_seen,
    )


def _counted(scope: Scope, kind: str) -> tuple[Counted, ...]:
    return tuple(_count(row, scope.totals.get((kind, row.value))) for row in scope.by[kind] if row.value)


def _count(row: Row, total: int | None) -> Counted:
    """The figure with how much of all such mail is campaign: a value that the campaign has to itself is surely its."""
    if total is None:
        return Counted(row.value, row.messages, row.first_seen, row.last_seen)
    total = max(total, row.messages)
    by = f", sent by {row.accounts} accounts" if row.accounts > 1 else ""
    return Counted(
        value=row.value,
        messages=row.messages,
        first_seen=row.first_seen,
        last_seen=row.last_seen,
        innocent=total - row.messages,
        confidence=round(0.3 + 0.69 * row.messages / total, 2),
        evidence=f"{row.messages} of all {total} messages with it in the searched span are of the campaign{by}.",
    )


def _own_addresses(scope: Scope, ownership: Ownership) -> tuple[Counted, ...]:
    """Sender and envelope addresses, and a From that was not forged, without those of anybody outside the campaign."""
    inside = {row.value for row in scope.by["account"]}
    best: dict[str, Row] = {}
    for kind in ("header_sender", "envelope_from", "header_from"):
        for row in scope.by[kind]:
            if not row.value or (kind == "header_from" and row.forged):
                continue
            owner = ownership.owner_of_address(row.value)
            stranger = owner is not None and (owner not in inside or owner in ownership.provider_accounts())
            if not stranger and (row.value not in best or best[row.value].messages < row.messages):
                best[row.value] = row
    found = [_count(row, scope.totals.get(("address", address))) for address, row in best.items()]
    return tuple(sorted(found, key=lambda c: (-c.messages, c.value)))


def _spoofed(scope: Scope) -> tuple[Counted, ...]:
    rows = [row for row in scope.by["header_from"] if row.forged and row.value]
    return tuple(_count(row, scope.totals.get(("address", row.value))) for row in rows)


def _customers(scope: Scope, ownership: Ownership) -> tuple[CustomerFinding, ...]:
    """Owners of forged From domains, without the provider itself. One finding for each, all its domains in it."""
    by_owner: dict[str, list[Row]] = {}
    for row in scope.by["from_owner"]:
        if row.value and row.forged and row.value not in ownership.provider_accounts():
            by_owner.setdefault(row.value, []).append(row)
    found = []
    for owner, rows in by_owner.items():
        on_file = ownership.directory.account(owner) if ownership.directory else None
        found.append(customer(owner, on_file, [row.domain for row in rows], _sum(owner, rows)))
    return tuple(sorted(found, key=lambda c: (-c.messages, c.id)))


def _sum(owner: str, rows: Iterable[Row]) -> Row:
    rows = list(rows)
    first = [row.first_seen for row in rows if row.first_seen]
    last = [row.last_seen for row in rows if row.last_seen]
    return Row(owner, sum(row.messages for row in rows), min(first, default=None), max(last, default=None))


def _account(row: Row, scope: Scope, directory: Directory | None) -> AccountFinding:
    account = row.value
    on_file = (directory.account(account) if directory else None) or {}
    total = scope.totals.get(("account", account), row.messages)
    confidence, evidence = _judged(row, total, on_file, scope)

    def told(key: str) -> str | None:
        value = on_file.get(key)
        return str(value) if value else None

    return AccountFinding(
        id=account,
        name=told("name"),
        plan=told("plan"),
        status=told("status"),
        partner=told("partner"),
        messages=row.messages,
        first_seen=row.first_seen,
        last_seen=row.last_seen,
        confidence=confidence,
        evidence=evidence,
        innocent=max(total - row.messages, 0),
        created=_time(on_file.get("created")),
    )


def _judged(row: Row, total: int, on_file: Mapping[str, Json], scope: Scope) -> tuple[float, str]:
    """How sure it is that the account belongs to the sender of the campaign, and why in one sentence.

    Half of it is the part of the account's mail that is campaign; a trial plan, a young account and an exact pattern
    add to it. An account about which only the mail speaks stays below 0.9, a stolen one below a half.
    """
    total = max(total, row.messages)
    share = row.messages / max(total, 1)
    plan = str(on_file.get("plan") or "")
    trial = "trial" in plan.lower() or plan.lower().startswith("free")
    created = _time(on_file.get("created"))
    young = created is not None and row.first_seen is not None and timedelta(0) <= row.first_seen - created <= _YOUNG
    confidence = 0.25 + 0.1 * (scope.how == HOLE) + 0.5 * share + 0.1 * trial + 0.04 * young
    what = _HOW.get(scope.how, "share the traits of the complaint")
    parts = [f"{row.messages} of its {total} messages in the searched span {what}"]
    if reason := scope.reasons.get(row.value):
        parts.append(reason)
    if share < _HALF and not trial:
        parts.append("the rest looks like its owner's own mail: perhaps a stolen account")
    if plan:
        parts.append(f"plan {plan}")
    if created and row.first_seen:
        days = (row.first_seen - created).days
        parts.append(
            f"created {created:%Y-%m-%d}, {days} days before the first of them"
            if days >= 0
            else f"created {created:%Y-%m-%d}"
        )
    partner = on_file.get("partner")
    if on_file:
        parts.append(f"managed by {partner}" if partner else "no partner on file")
    return round(min(confidence, 0.99), 2), "; ".join(parts) + "."


def _time(value: Json) -> datetime | None:
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None

"""From a complaint to the accounts and messages of its campaign, in the gateway log.

First the hole in the relay rule is looked for (relay_flaw.sql): that pattern is exact. If nothing of it is connected
with the complaint, messages that share traits with it are (same_traits.sql). Either way the accounts decide: an account
joins if the complaint names it, or if a real part of its mail hangs together with the campaign. Nothing spreads over
addresses or destinations that mostly carry other people's mail: on a real day "null sender" alone is 19,656 accounts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from irtool.ports import LogSource, Progress
from irtool.records import Json
from irtool.triage.questions import ask, sql
from irtool.triage.seeds import Ownership, Seeds, texts

FLAW, TRAITS = "relay_flaw", "same_traits"
_FLAW_COLUMNS = frozenset({"account", "envelope_from", "header_from", "header_sender"})
_KEYS = ("account", "source_ip", "header_from", "header_sender", "envelope_from", "recipient_domain", "from_owner")
_ROUNDS = 4
_SHARE = 0.5
"""An account that is only linked joins if at least this part of all its mail shows the pattern …"""
_MANY = 100
"""… or this many of its messages are linked."""
_OWNED = 0.5
"""A source IP or destination belongs to the campaign if at least this part of its messages does."""


@dataclass(frozen=True, slots=True)
class Row:
    """One figure of the scope: campaign messages with these keys."""

    keys: Mapping[str, object]
    messages: int
    first_seen: datetime | None
    last_seen: datetime | None


@dataclass(frozen=True, slots=True)
class Scope:
    """The campaign as the log counts it. `by` holds the rows of each key, the most messages first; `totals` all
    messages of the span for (key, value), campaign or not. `left_out` counts (accounts, messages) that show the
    pattern of the relay flaw without being connected with the complaint."""

    how: str
    whole: Row
    by: Mapping[str, tuple[Row, ...]]
    totals: Mapping[tuple[str, str], int] = field(default_factory=dict)
    left_out: tuple[int, int] = (0, 0)


def find(log: LogSource, seeds: Seeds, ownership: Ownership, progress: Progress | None = None) -> Scope | None:
    """The campaign of these complaints, None if the log has no message of it in the searched span."""
    missing = log.missing()
    values = parameters(seeds, ownership, timeless="time" in missing)
    hosted = any(ownership.owner_of_address(address) is not None for address in seeds.froms)
    ways = [FLAW] if hosted and not missing & _FLAW_COLUMNS else []
    for way in (*ways, TRAITS):
        if progress:
            progress.step("searching the gateway log")
        scope = _search(log, way, values, progress)
        if scope:
            return scope
    return None


def parameters(seeds: Seeds, ownership: Ownership, *, timeless: bool) -> dict[str, Json]:
    """The parameters of every question. An address of the provider itself is everyday mail as long as nothing says
    who may use it, so it is no trait then."""
    known = [a for a in seeds.addresses if ownership.owner_of_address(a) != "" or a not in seeds.froms]
    named = {o for a in seeds.senders if (o := ownership.owner_of_address(a))} - ownership.provider_accounts()
    from_domains = {a.rpartition("@")[2] for a in seeds.froms if ownership.owner_of_address(a) is not None}
    return {
        "since": seeds.since.strftime("%Y-%m-%d %H:%M:%S") if seeds.since.year >= 1000 else "1000-01-01 00:00:00",
        "timeless": timeless,
        "ids": texts(seeds.ids),
        "subjects": texts(seeds.subjects),
        "addresses": texts(known),
        "senders": texts(seeds.senders),
        "named": texts(sorted(named)),
        "from_domains": texts(sorted(from_domains)),
        "destinations": texts(seeds.recipient_domains),
        "complaint_ips": texts(seeds.ips),
        "source_ips": texts(seeds.ips),
    }


def _search(log: LogSource, way: str, values: Mapping[str, Json], progress: Progress | None) -> Scope | None:
    """Take in accounts until nothing new hangs together with the campaign."""
    chosen: frozenset[str] = frozenset()
    scope: Scope | None = None
    links: list[dict[str, object]] = []
    values = dict(values)
    for _ in range(_ROUNDS):
        links = ask(log, sql("links", way), values)
        found = chosen | _joining(log, links, values)
        if found == chosen:
            break
        chosen = found
        if progress:
            progress.step(f"counting what {len(chosen)} accounts sent")
        scope = _count(log, way, {**values, "chosen": texts(sorted(chosen))})
        values |= _spread(scope, values)
    if scope is None:
        return None
    others = [row for row in links if str(row["account"]) not in chosen] if way == FLAW else []
    return replace(scope, left_out=(len(others), sum(_int(row["messages"]) for row in others)))


def _joining(log: LogSource, links: Iterable[Mapping[str, object]], values: Mapping[str, Json]) -> frozenset[str]:
    """The accounts that belong: named by the complaint, or linked with a real part of their mail."""
    named = {str(row["account"]) for row in links if _int(row["direct"])}
    linked = {str(row["account"]): row for row in links if _int(row["linked"])}
    asked = texts(sorted(linked.keys() - named))
    answer = ask(log, sql("accounts"), {**values, "accounts": asked}) if asked else []
    totals = {str(row["account"]): _int(row["messages"]) for row in answer}
    for account, row in linked.items():
        total = max(totals.get(account, 0), 1)
        if _int(row["linked"]) >= _MANY or _int(row["messages"]) / total >= _SHARE:
            named.add(account)
    return frozenset(named)


def _spread(scope: Scope, values: Mapping[str, Json]) -> dict[str, Json]:
    """The source IPs and destinations that the campaign has (nearly) to itself, added to the ones known."""
    return {
        "source_ips": _listed(values["source_ips"], _owned(scope, "source_ip")),
        "destinations": _listed(values["destinations"], _owned(scope, "recipient_domain")),
    }


def _owned(scope: Scope, key: str) -> list[str]:
    rows = [(str(row.keys[key]), row.messages) for row in scope.by[key] if row.keys[key]]
    return [value for value, messages in rows if messages / scope.totals.get((key, value), messages) >= _OWNED]


def _listed(known: Json, more: Iterable[str]) -> list[Json]:
    return texts(sorted({*map(str, known), *more})) if isinstance(known, list) else texts(more)


def _count(log: LogSource, way: str, values: Mapping[str, Json]) -> Scope:
    rows = ask(log, sql("scope", way), values)
    by: dict[str, list[Row]] = {key: [] for key in _KEYS}
    whole = Row({}, 0, None, None)
    for raw in rows:
        key = next((key for key in _KEYS if raw[f"g_{key}"] == 0), None)
        row = Row(raw, _int(raw["messages"]), _moment(raw["first_seen"]), _moment(raw["last_seen"]))
        if key is None:
            whole = row
        else:
            by[key].append(row)
    ordered = {key: tuple(sorted(some, key=lambda r: (-r.messages, str(r.keys[key])))) for key, some in by.items()}
    return Scope(way, whole, ordered, _all_totals(log, ordered, values))


def _all_totals(
    log: LogSource, by: Mapping[str, tuple[Row, ...]], values: Mapping[str, Json]
) -> dict[tuple[str, str], int]:
    """All messages of the span for everything found."""

    def found(*keys: str) -> list[Json]:
        return texts({str(row.keys[key]) for key in keys for row in by[key] if row.keys[key]})

    addresses = found("header_sender", "envelope_from", "header_from")
    asked = {
        **values,
        "accounts": found("account"),
        "source_ips": found("source_ip"),
        "destinations": found("recipient_domain"),
        "addresses": addresses,
    }
    totals = {("address", str(row["address"])): _int(row["messages"]) for row in ask(log, sql("addresses"), asked)}
    for row in ask(log, sql("totals"), asked):
        key = next(key for key in ("account", "source_ip", "recipient_domain") if row[f"g_{key}"] == 0)
        totals[key, str(row[key])] = _int(row["messages"])
    return totals


def _int(value: object) -> int:
    return int(value) if isinstance(value, int | float) else int(str(value or 0))


def _moment(value: object) -> datetime | None:
    return value if isinstance(value, datetime) else None

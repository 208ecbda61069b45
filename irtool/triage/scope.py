"""From complaints to the accounts and messages of their campaign, in the gateway log.

First the hole in the relay rule is looked for; that pattern is exact. If nothing of it is connected with the complaint,
other ways to use a foreign name are, and last messages that share traits with the complaint. Which accounts belong is
decided in `bonds`; what they sent is counted here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from irtool.ports import LogSource, Progress
from irtool.records import Findings, Json
from irtool.triage import packs, pattern
from irtool.triage.bonds import Bonds
from irtool.triage.pattern import FORWARD, HOLE, TRAITS, WIDE, Candidates, Crowds
from irtool.triage.questions import ask, integer, keep, lacking, sql
from irtool.triage.seeds import Ownership, Seeds, spellings, texts
from irtool.triage.volume import volume

MOST = 10_000
"""How many values of one kind are counted one by one."""
KINDS = ("account", "source_ip", "header_from", "header_sender", "envelope_from", "recipient_domain", "from_owner")


@dataclass(frozen=True, slots=True)
class Row:
    """One figure of the scope: campaign messages with this value. `domain` and `forged` are of its From, if it has
    one; `accounts` counts the accounts that sent them."""

    value: str
    messages: int
    first_seen: datetime | None = None
    last_seen: datetime | None = None
    domain: str = ""
    forged: bool = False
    accounts: int = 0


@dataclass(frozen=True, slots=True)
class Scope:
    """The campaign as the log counts it; its messages stay in the log's table `campaign`, rolled up.

    `by` holds the rows of each kind, the most messages first, at most MOST; `sizes` how many there are. `totals` are
    all messages of the span for (kind, value), campaign or not. `reasons` says why each account belongs. `left_out`
    counts (accounts, messages) that show the pattern without being connected with the complaint.
    """

    how: str
    whole: Row
    by: Mapping[str, Sequence[Row]]
    sizes: Mapping[str, int] = field(default_factory=dict)
    totals: Mapping[tuple[str, str], int] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)
    left_out: tuple[int, int] = (0, 0)


class Search:
    """The searches of one span of a log; what they have in common is read once."""

    def __init__(self, log: LogSource, ownership: Ownership, since: datetime, progress: Progress | None = None) -> None:
        self._log = log
        self._ownership = ownership
        self._progress = progress
        self._span: dict[str, Json] = {
            "since": since.strftime("%Y-%m-%d %H:%M:%S") if since.year >= 1000 else "1000-01-01 00:00:00",
            "timeless": "time" in log.missing(),
        }
        self._tell("searching the gateway log")
        keep(log, "sent", "sent", self._span)
        self.rows = integer(log.query("SELECT sum(messages) AS messages FROM sent")[0]["messages"])
        """How many messages the span holds."""

        self.domains = integer(log.query("SELECT count(*) AS domains FROM domains")[0]["domains"])
        """How many domains the directory lists."""
        self.missing = lacking(log)
        self._asked: Mapping[str, Json] = {}
        self._counted = False

    def told(self, found: Findings, scope: Scope | None) -> Findings:
        """The findings with what only the log can add, after the search that found this scope."""
        if scope:
            found = packs.from_log(found, self._log, scope.how, self._span)
            whole = scope.whole
            by_traits = scope.how == TRAITS
            over_time = volume(self._log, whole.first_seen, whole.last_seen, self._asked, by_traits=by_traits)
            found = replace(found, volume=over_time)
        return replace(found, log_rows=self.rows, from_log=scope is not None, rejected_rows=self._log.rejected_rows())

    def find(self, seeds: Seeds) -> Scope | None:
        """The campaign of these complaints, None if the log has no message of it in the span."""
        if not self.rows:
            return None
        values = self._asked = self._parameters(seeds)
        for way in self._ways(seeds):
            candidates = pattern.find(self._log, way, values, seeds.since, self.missing)
            if candidates.senders and not self._counted:
                keep(self._log, "everywhere", "everywhere", self._span)
                self._counted = True
            bonds = self._bonds(seeds, values, candidates)
            crowds = Crowds(self._log, values, candidates)
            exact = way == HOLE
            bonds.grow(candidates.senders, crowds.ip, crowds.destinations, by_traits=way == TRAITS, exact=exact)
            if bonds.reasons:
                self._tell(f"counting what {len(bonds.reasons)} accounts sent")
                scope = self._count(way, values, candidates, bonds)
                owned = ask(self._log, sql("address_owners"), values)
                self._ownership.learn((str(row["domain"]), str(row["account"])) for row in owned)
                if scope.whole.messages:
                    return scope
        return None

    def _ways(self, seeds: Seeds) -> list[str]:
        """The patterns to look for, in this order. What a complaint says of the envelope may be a forwarder's."""
        if "header_from" in self.missing or self.missing >= {"account", "header_sender"}:
            return [TRAITS]
        ours = self._ownership
        owners = {owner for address in seeds.froms if (owner := ours.owner_of_address(address)) is not None}
        behind = {ours.owner_of_address(address) for address in seeds.senders}
        if owners and owners <= behind:
            return [TRAITS]
        if owners or not seeds.froms:
            return [WIDE, HOLE, TRAITS] if seeds.envelope_null is False else [HOLE, WIDE, TRAITS]
        return [FORWARD, TRAITS] if seeds.envelope_null else [TRAITS]

    def _parameters(self, seeds: Seeds) -> dict[str, Json]:
        """The parameters of every question. An address of the provider itself is everyday mail as long as nothing says
        who may use it, so it is no trait then."""
        ours = self._ownership
        known = [a for a in seeds.addresses if ours.owner_of_address(a) != "" or a not in seeds.froms]
        return {
            **self._span,
            "most": MOST,
            "ids": texts(seeds.ids),
            "subjects": texts(seeds.subjects),
            "addresses": texts(known),
            "senders": texts(seeds.senders),
            "froms": texts(seeds.froms),
            "ips": texts(seeds.ips),
            "own_domains": spellings(ours.own_domains),
        }

    def _bonds(self, seeds: Seeds, values: Mapping[str, Json], candidates: Candidates) -> Bonds:
        """What to begin with: the complaint's traits; if they name no account, the log's row of the very message."""
        ours = self._ownership
        named = {o for a in seeds.senders if (o := ours.owner_of_address(a))} - ours.provider_accounts()
        bonds = Bonds(
            named=named & candidates.senders.keys(),
            ips=set(seeds.ips),
            froms=set(seeds.froms),
            domains={address.rpartition("@")[2] for address in seeds.froms},
            destinations=set(seeds.recipient_domains),
        )
        if not bonds.named and seeds.ids and "id" not in self.missing:
            for row in ask(self._log, sql("message"), values):
                bonds.named |= {str(row["account"] or "")} & candidates.senders.keys()
                bonds.ips |= {str(row["source_ip"])} if row["source_ip"] else set()
        return bonds

    def _count(self, way: str, values: Mapping[str, Json], candidates: Candidates, bonds: Bonds) -> Scope:
        """Keep the campaign's part of the pattern, and count it."""
        inside = [candidates.senders[account] for account in sorted(bonds.reasons)]
        whole = [sender.account for sender in inside if sender.whole or way == TRAITS]
        partly = [sender for sender in inside if sender.account not in set(whole)]
        members: dict[str, Json] = {
            "whole": texts(whole),
            "partly": texts(s.account for s in partly if s.given_over()),
            "pairs": texts(f"{s.account} {ip}" for s in partly for ip in sorted(s.given_over())),
            "by_from": texts(s.account for s in partly if not s.given_over()),
            "froms": texts(sorted(bonds.froms)),
        }
        keep(self._log, "campaign", "campaign", {**values, **members})
        by: dict[str, list[Row]] = {kind: [] for kind in (*KINDS, "whole")}
        sizes: dict[str, int] = {}
        for raw in ask(self._log, sql("scope"), values):
            kind = str(raw["kind"])
            by[kind].append(_row(raw))
            sizes[kind] = integer(raw["size"])
        others = [sender for account, sender in candidates.senders.items() if account not in bonds.reasons]
        return Scope(
            how=way,
            whole=by.pop("whole")[0],
            by={kind: tuple(sorted(rows, key=lambda r: (-r.messages, r.value))) for kind, rows in by.items()},
            sizes=sizes,
            totals=self._totals(values, candidates),
            reasons=dict(bonds.reasons),
            left_out=(len(others), sum(s.messages for s in others)) if way == HOLE else (0, 0),
        )

    def _totals(self, values: Mapping[str, Json], candidates: Candidates) -> dict[tuple[str, str], int]:
        """All messages of the span for everything found. A message that names an address twice counts once."""
        keep(self._log, "destinations", "destinations", values)
        keep(self._log, "addresses", "addresses", values)
        totals = {("source_ip", ip): sent for ip, sent in candidates.ip_totals.items()}
        totals |= {("account", account): sender.sent for account, sender in candidates.senders.items()}
        for row in ask(self._log, sql("reach"), values):
            messages = integer(row["messages"])
            named = {("address", str(row[key])) for key in ("sender", "envelope", "from_address") if row[key]}
            if row["destination"]:
                named.add(("recipient_domain", str(row["destination"])))
            for key in named:
                totals[key] = totals.get(key, 0) + messages
        return totals

    def _tell(self, what: str) -> None:
        if self._progress:
            self._progress.step(what)


def _row(raw: Mapping[str, object]) -> Row:
    return Row(
        value=str(raw["value"] or ""),
        messages=integer(raw["messages"]),
        first_seen=_moment(raw["first_seen"]),
        last_seen=_moment(raw["last_seen"]),
        domain=str(raw["from_domain"] or ""),
        forged=bool(raw["forged"]),
        accounts=integer(raw["accounts"]),
    )


def _moment(value: object) -> datetime | None:
    return value if isinstance(value, datetime) else None

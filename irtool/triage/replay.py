"""A relay rule over a whole log: what it would have accepted and refused, campaign and other mail apart.

The acceptance test of a change of rule, before it goes into production: the rule in force when the campaign went out
has to let all of it through, the new one none, and nothing else may change that nobody wants changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from irtool.errors import InputError
from irtool.ports import LogSource, Progress
from irtool.records import Json
from irtool.triage.questions import ask, integer, keep, lacking, sql
from irtool.triage.relay_policy import RULES, Owners, detector_seed, detector_wide
from irtool.triage.seeds import spellings, texts

EXAMPLES = 3
_NEEDED = {"account": "account", "envelope_from": "envelope sender", "header_from": "From header"}
_NO_SENDER = "The log has no Sender header: every message counts as having none, so the rules since 2019 look stricter."


@dataclass(frozen=True, slots=True)
class Example:
    """Messages of one account with the same domains. `envelope` is "" for the null sender, None if not known."""

    account: str
    envelope: str | None
    sender: str | None
    from_: str | None
    messages: int


@dataclass(frozen=True, slots=True)
class Kind:
    """Messages that all rules see alike: whose their identities are, how many are campaign and how many are not.
    The `examples` are of accounts outside the campaign."""

    envelope: str
    sender: str
    from_: str
    ip: str
    campaign: int
    other: int
    accepted_by: tuple[str, ...]
    detectors: tuple[str, ...]
    examples: tuple[Example, ...]
    campaign_examples: tuple[Example, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """One rule over the log, in messages."""

    rule: str
    campaign_accepted: int
    campaign_refused: int
    other_accepted: int
    other_refused: int


@dataclass(frozen=True, slots=True)
class Replay:
    """The whole answer. `messages` are those of the span; `unanswered` says what the log could not tell."""

    since: datetime | None
    messages: int
    campaign: int
    rules: tuple[Verdict, ...]
    kinds: tuple[Kind, ...]
    unanswered: tuple[str, ...] = ()


def replay(
    log: LogSource,
    *,
    own_domains: Sequence[str],
    since: datetime | None = None,
    campaign: bool = False,
    rules: Sequence[str] = tuple(RULES),
    progress: Progress | None = None,
) -> Replay:
    """Ask the rules about every message of the log since that moment (all of it: None).

    With `campaign` the log's table `campaign`, as triage left it, is told apart. Raises InputError if the log lacks a
    column without which no rule can be asked.
    """
    missing = lacking(log)
    for column, name in _NEEDED.items():
        if column in missing:
            raise InputError(f"the log has no {name}: no relay rule can be replayed over it", hint="irtool doctor logs")
    if progress:
        progress.step("replaying the relay rules over the log")
    values: dict[str, Json] = {
        "timeless": since is None or "time" in missing,
        "since": since.strftime("%Y-%m-%d %H:%M:%S") if since else "1000-01-01 00:00:00",
        "own_domains": spellings(own_domains),
        "each": EXAMPLES,
    }
    spam, spam_examples, senders = _judged(log, "submitted_campaign", values, ()) if campaign else ({}, {}, [])
    everything, examples, _ = _judged(log, "submitted", values, senders)
    kinds = sorted(
        (
            _kind(
                owners, (count, spam.get(owners, 0)), rules, (examples.get(owners, ()), spam_examples.get(owners, ()))
            )
            for owners, count in everything.items()
        ),
        key=lambda kind: (-kind.campaign, -kind.other, kind.envelope, kind.sender, kind.from_, kind.ip),
    )
    return Replay(
        since=since,
        messages=sum(everything.values()),
        campaign=sum(spam.values()),
        rules=tuple(_verdict(rule, kinds) for rule in rules),
        kinds=tuple(kinds),
        unanswered=(_NO_SENDER,) if "header_sender" in missing else (),
    )


def last_moment(log: LogSource) -> datetime | None:
    """When the log's last message was sent, None if it has no times."""
    found = log.query("SELECT max(time) AS last FROM log")[0]["last"]
    return found if isinstance(found, datetime) else None


def _judged(
    log: LogSource, question: str, values: Mapping[str, Json], without: Sequence[str]
) -> tuple[dict[Owners, int], dict[Owners, list[Example]], list[str]]:
    """Messages by what the rules see of them, examples of each, and all accounts."""
    keep(log, "submitted", question, values)
    keep(log, "names", "submitted_names", values)
    keep(log, "owned", "owned", values)
    keep(log, "judged", "relations", values)
    counts = {_owners(row): integer(row["messages"]) for row in ask(log, sql("relay_rules"), values)}
    examples = _examples(ask(log, sql("relay_examples"), {**values, "without": texts(without)}))
    senders = [] if without else [str(row["account"]) for row in log.query("SELECT DISTINCT account FROM judged")]
    return counts, examples, senders


def _owners(row: Mapping[str, object]) -> Owners:
    return Owners(str(row["envelope"]), str(row["sender"]), str(row["from_header"]), str(row["ip"]))


def _kind(
    owners: Owners, counts: tuple[int, int], rules: Sequence[str], examples: tuple[Sequence[Example], Sequence[Example]]
) -> Kind:
    """`counts` are all messages and those of the campaign, `examples` of other mail and of the campaign."""
    detectors = (("seed", detector_seed), ("wide", detector_wide))
    return Kind(
        envelope=owners.envelope,
        sender=owners.sender,
        from_=owners.from_,
        ip=owners.ip,
        campaign=counts[1],
        other=max(counts[0] - counts[1], 0),
        accepted_by=tuple(rule for rule in rules if RULES[rule](owners)),
        detectors=tuple(name for name, detector in detectors if detector(owners)),
        examples=tuple(examples[0]),
        campaign_examples=tuple(examples[1]),
    )


def _verdict(rule: str, kinds: Sequence[Kind]) -> Verdict:
    passed = [kind for kind in kinds if rule in kind.accepted_by]
    stopped = [kind for kind in kinds if rule not in kind.accepted_by]
    return Verdict(
        rule,
        campaign_accepted=sum(kind.campaign for kind in passed),
        campaign_refused=sum(kind.campaign for kind in stopped),
        other_accepted=sum(kind.other for kind in passed),
        other_refused=sum(kind.other for kind in stopped),
    )


def _examples(rows: Sequence[Mapping[str, object]]) -> dict[Owners, list[Example]]:
    found: dict[Owners, list[Example]] = {}
    for row in rows:
        envelope, sender, from_ = (
            None if row[key] is None else str(row[key]) for key in ("envelope_domain", "sender_domain", "from_domain")
        )
        example = Example(str(row["account"] or ""), envelope, sender, from_, integer(row["messages"]))
        found.setdefault(_owners(row), []).append(example)
    return found

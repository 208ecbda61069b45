"""Where two places of the facts disagree: 12 customers were impersonated, 11 notices sent, and nothing says why.

These are about figures that events hold; what people wrote is the linter's business.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from irtool.records import Json
from irtool.tell.actions import OUTCOMES
from irtool.tell.story import Facts, rows

_NAMED = 3


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Two places that say different things. `name` is stable, so that somebody can explain it."""

    name: str
    first: str
    second: str


def disagreements(facts: Facts) -> list[Disagreement]:
    """All that nobody explained."""
    explained = _object(facts.get("explained"))
    return [d for d in _all(facts) if d.name not in explained]


def _all(facts: Facts) -> Iterator[Disagreement]:
    campaign, actions = _object(facts["campaign"]), _object(facts["actions"])
    yield from _customers(campaign, _object(actions.get("notice.send")))
    yield from _accounts(campaign, _object(actions.get("account.disable")))
    yield from _sums(campaign)
    first, last = campaign.get("first_seen"), campaign.get("last_seen")
    if _after(first, last):
        yield Disagreement(
            "window", f"the first message of the campaign is of {first}", f"the last one is of {last}, before it"
        )
    for row in rows(campaign.get("affected_customers")):
        if _after(first, row.get("first_seen")) or _after(row.get("last_seen"), last):
            yield Disagreement(
                f"window:{row.get('id')}",
                f"customer {row.get('id')} was impersonated from {row.get('first_seen')} to {row.get('last_seen')}",
                f"the campaign lasted from {first} to {last}",
            )


def _customers(campaign: Facts, sent: Facts) -> Iterator[Disagreement]:
    """Every impersonated customer has a notice, or an outcome that says why not."""
    if not sent:
        return  # nobody claims that anybody was told
    ids = [str(c.get("id")) for c in rows(campaign.get("affected_customers"))]
    found = {str(t) for outcome in OUTCOMES for t in _list(sent.get(outcome))}
    missing = [i for i in ids if i not in found]
    done = len(_list(sent.get("done")))
    if missing:
        yield Disagreement(
            "customers:without-notice",
            f"findings: {len(ids)} customers were impersonated",
            f"notice.send: {done} notices were sent, and nothing says why {_some(missing)} got none",
        )
    extra = [str(t) for t in _list(sent.get("done")) if str(t) not in ids]
    if extra:
        yield Disagreement(
            "notices:without-customer",
            f"notice.send: {done} notices were sent",
            f"findings: {len(ids)} customers were impersonated, and {_some(extra)} is not among them",
        )


def _accounts(campaign: Facts, disabled: Facts) -> Iterator[Disagreement]:
    ids = {str(a.get("id")) for a in rows(campaign.get("accounts"))}
    extra = [str(t) for t in _list(disabled.get("done")) if str(t) not in ids]
    if ids and extra:
        yield Disagreement(
            "accounts:not-found",
            f"account.disable: {len(_list(disabled.get('done')))} accounts were disabled",
            f"findings: {len(ids)} accounts sent the campaign, and {_some(extra)} is not among them",
        )


def _sums(campaign: Facts) -> Iterator[Disagreement]:
    """No list counts more messages than there were."""
    total = campaign.get("messages")
    for name in ("accounts", "affected_customers"):
        summed = sum(n for row in rows(campaign.get(name)) if isinstance(n := row.get("messages"), int))
        if isinstance(total, int) and total and summed > total:
            yield Disagreement(
                f"sum:{name}", f"findings: {total:,} messages in all", f"findings.{name}: they add up to {summed:,}"
            )


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _after(one: Json, other: Json) -> bool:
    if not isinstance(one, str) or not isinstance(other, str):
        return False
    return datetime.fromisoformat(one) > datetime.fromisoformat(other)


def _object(value: Json) -> Facts:
    return value if isinstance(value, dict) else {}


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []

"""Whose a domain is, for every domain of a log at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from irtool.adapters.logs import DuckLog
from irtool.triage.questions import keep
from irtool.triage.seeds import spellings

MakeLog = Callable[..., DuckLog]
OWNERS = {"holding.example": "1", "sub.holding.example": "2", "bücher.example": "3", "a.b.c.d.e.f.example": "4"}


def owned(log: DuckLog, domains: Sequence[str], own: Sequence[str] = ()) -> dict[str, str]:
    values = {"own_domains": spellings(own)}
    for number, domain in enumerate(domains):
        values[f"name{number}"] = domain  # type: ignore[assignment]
    union = " UNION ".join(f"SELECT $name{number} AS domain" for number in range(len(domains)))
    log.query("DROP TABLE IF EXISTS names")
    named = {key: value for key, value in values.items() if key.startswith("name")}
    log.query(f"CREATE TEMPORARY TABLE names AS {union}", named)
    keep(log, "owned", "owned", values)
    return {str(r["domain"]): str(r["account"]) for r in log.query("SELECT domain, account FROM owned")}


@pytest.mark.parametrize(
    ("domain", "account"),
    [
        ("holding.example", "1"),
        ("x.holding.example", "1"),
        ("sub.holding.example", "2"),
        ("deep.sub.holding.example", "2"),
        ("a." * 20 + "holding.example", "1"),
        ("a." * 20 + "sub.holding.example", "2"),
        ("a." * 118 + "sub.holding.example", "2"),
        ("x.a.b.c.d.e.f.example", "4"),
        ("b.c.d.e.f.example", None),
        ("notholding.example", None),
        ("holding.example.evil.test", None),
        ("example", None),
        ("", None),
        (".holding.example", "1"),
        ("mail.xn--bcher-kva.example", "3"),
        ("mail.bücher.example", "3"),
    ],
)
def test_nearest_owner_of_a_name_of_any_depth(make_log: MakeLog, domain: str, account: str | None) -> None:
    log = make_log([{}], OWNERS)
    assert owned(log, [domain]).get(domain) == account == log.owner(domain)


def test_the_providers_own_domains_in_either_spelling(make_log: MakeLog) -> None:
    names = ["münchen.example", "xn--mnchen-3ya.example", "a.b.c.d.e.f.g.h.i.münchen.example", "other.example"]
    found = owned(make_log([{}], OWNERS), names, own=["München.example"])
    assert found == dict.fromkeys(names[:3], "")

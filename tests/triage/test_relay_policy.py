"""The relay rules, as Python and as SQL, against the complete truth table; and that both always agree."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from irtool.adapters.logs import DuckLog
from irtool.triage import relay_policy as policy
from irtool.triage.questions import keep, sql
from irtool.triage.relay_policy import RULES, Owners, relation

TABLE = list(csv.DictReader((Path(__file__).parent / "relay_policy.csv").read_text("utf-8").splitlines()))
RULE = {
    "launch": ("launch", RULES["launch"]),
    "2019-narrow": ("since_2019", RULES["2019"]),
    "2019-broad": ("since_2019_broad", RULES["2019-broad"]),
    "2025-literal": ("since_2025_literal", RULES["2025-literal"]),
    "2025-hosted-aware": ("since_2025_hosted_aware", RULES["2025-hosted-aware"]),
    "detector_seed": ("detector_seed", policy.detector_seed),
    "detector_wide": ("detector_wide", policy.detector_wide),
}
"""Column of the table -> column of the SQL, function."""
YES = {"accept", "1"}


def facts(row: dict[str, str]) -> Owners:
    return Owners(row["envelope_from"], row["sender_hdr"], row["from_hdr"], row["source_ip"])


@pytest.fixture
def verdicts(make_log: Callable[..., DuckLog]) -> dict[Owners, dict[str, object]]:
    """What the SQL says of each of the 96 combinations."""
    log = make_log([], {})
    values = ", ".join(
        f"('{o.envelope}', '{o.sender}', '{o.from_}', '{o.ip}', {n})" for n, o in enumerate(map(facts, TABLE))
    )
    log.query(
        "CREATE TEMPORARY TABLE judged AS SELECT * FROM (VALUES "
        f"{values}) AS rows(envelope, sender, from_header, ip, messages)"
    )
    rows = log.query(sql("relay_rules"))
    return {
        Owners(str(r["envelope"]), str(r["sender"]), str(r["from_header"]), str(r["ip"])): r for r in rows
    }  # fmt: skip


def test_the_table_is_complete() -> None:
    assert len(TABLE) == len({facts(row) for row in TABLE}) == 96
    combinations = len(policy.ENVELOPE) * len(policy.SENDER) * len(policy.FROM) * len(policy.IP)
    assert combinations == 96


@pytest.mark.parametrize("column", RULE)
def test_every_row_in_python(column: str) -> None:
    for row in TABLE:
        assert RULE[column][1](facts(row)) == (row[column] in YES), row


@pytest.mark.parametrize("column", RULE)
def test_every_row_in_sql(verdicts: dict[Owners, dict[str, object]], column: str) -> None:
    assert len(verdicts) == 96
    for row in TABLE:
        assert verdicts[facts(row)][RULE[column][0]] == (row[column] in YES), row


@pytest.mark.parametrize(
    ("rule", "accepted"),
    [("launch", 16), ("2019", 18), ("2019-broad", 30), ("2025-literal", 14), ("2025-hosted-aware", 15)],
)
def test_how_many_of_96_are_accepted(rule: str, accepted: int) -> None:
    assert sum(RULES[rule](facts(row)) for row in TABLE) == accepted


def test_the_hole_is_what_only_2019_accepts() -> None:
    for row in TABLE:
        seen = facts(row)
        only = RULES["2019"](seen) and not RULES["launch"](seen) and not RULES["2025-hosted-aware"](seen)
        assert only == policy.detector_seed(seen)


@pytest.mark.parametrize(
    ("owners", "word"),
    [([], "absent"), (["A"], "own"), ([None], "foreign"), (["B"], "other"), (["A", "B", None], "other"),
     (["A", None], "foreign"), ([""], "other")],
)  # fmt: skip
def test_of_several_addresses_the_worst_counts(owners: list[str | None], word: str) -> None:
    assert relation(owners, "A", "absent") == word


OWNERS = {"a.example": "A", "b.example": "B"}
address = st.sampled_from(["x@a.example", "x@mail.a.example", "x@b.example", "x@1.2.3.4.5.b.example", "x@else.example"])
mail = st.fixed_dictionaries(
    {
        "account": st.sampled_from(["A", "B"]),
        "envelope_from": st.one_of(st.just(""), address),
        "header_sender": st.one_of(st.none(), address),
        "header_from": address,
    }
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(mail, min_size=1, max_size=12))
def test_sql_over_a_log_agrees_with_python_message_by_message(
    make_log: Callable[..., DuckLog], mails: list[dict[str, str]]
) -> None:
    with make_log(mails, OWNERS, {"A": "x", "B": "x"}) as log:
        values = {"timeless": True, "since": "2000-01-01 00:00:00", "own_domains": []}
        for table, question in (
            ("submitted", "submitted"), ("names", "submitted_names"), ("owned", "owned"), ("judged", "relations"),
        ):  # fmt: skip
            keep(log, table, question, values)  # type: ignore[arg-type]
        told = dict.fromkeys(RULE, 0)
        for row in log.query(sql("relay_rules")):
            for name, (column, _) in RULE.items():
                told[name] += int(str(row[column])) * int(str(row["messages"]))

    def owner(text: str) -> str | None:
        return next((a for d, a in OWNERS.items() if text.endswith(("@" + d, "." + d))), None)

    def seen(row: dict[str, str]) -> Owners:
        def of(key: str, empty: str) -> str:
            return relation([owner(row[key])] if row[key] else [], row["account"], empty)

        return Owners(of("envelope_from", "null"), of("header_sender", "absent"), of("header_from", "foreign"), "own")

    for name, (_, rule) in RULE.items():
        assert told[name] == sum(rule(seen(row)) for row in mails), name

"""Python and SQL give one verdict: random rules over random rows, and every letter there is."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from irtool.triage.rules import Rule, load, row_values
from irtool.triage.rules.fields import FIELDS, Kind
from irtool.triage.rules.networks import _IS_V4, _IS_V6
from irtool.triage.rules.values import fold

START = datetime(2025, 4, 12, 22, tzinfo=UTC).replace(tzinfo=None)
LETTERS = "aAbBzZéÉßẞσςΣİıкКſK%_\\*?.-@'\"$ :09\n\t😀e\u0301\u200d"
DOMAINS = ["a.example", "x.a.example", "v.w.x.y.z.a.example", "b.example", "b..example", ".b.example", "elsewhere.test"]
OWNERS = {"a.example": "A1", "x.a.example": "a1", "b.example": "B", "test": "T"}
ACCOUNTS = {
    "A1": {"plan": "Trial", "status": "active", "partner": None},
    "a1": {"plan": None, "status": "", "partner": "P"},
    "B": {"plan": "free %_", "status": "ACTIVE", "partner": ""},
}
IPS = [
    "192.0.2.1", "192.0.2.255", "192.0.3.0", "10.1.2.3", "010.1.2.3", "256.1.1.1", "192.0.2", "192.0.2.1.5",
    "::ffff:192.0.2.9", "2001:db8::1", "2001:db8:0:0:0:0:0:1", "2001:db9::", "::", "::1", "1::2::3", "1:2:3:4:5:6:7:8",
    "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "fe80::1%eth0", "unknown", "", "0.0.0.0", "255.255.255.255",
]  # fmt: skip
NETWORKS = ["192.0.2.0/24", "192.0.2.1", "10.0.0.0/7", "0.0.0.0/0", "2001:db8::/32", "::/0", "::1", "1:2:2::/47"]
COLUMNS = {
    "n": "INTEGER", "time": "TIMESTAMP", "id": "VARCHAR", "account": "VARCHAR", "source_ip": "VARCHAR",
    "envelope_from": "VARCHAR", "header_from": "VARCHAR", "header_sender": "VARCHAR", "recipient": "VARCHAR",
    "recipient_domain": "VARCHAR", "subject": "VARCHAR", "size": "BIGINT", "status": "VARCHAR",
    "envelope_domain": "VARCHAR", "from_domain": "VARCHAR", "sender_domain": "VARCHAR",
}  # fmt: skip

texts = st.text(LETTERS, max_size=5)
lowered = texts.map(fold)
addresses = (
    st.none() | st.builds(lambda local, domain: f"{local}@{domain}", lowered, st.sampled_from(DOMAINS)) | lowered
)


@st.composite
def rows(draw: st.DrawFn) -> dict[str, Any]:
    row: dict[str, Any] = {
        "time": draw(st.none() | st.datetimes(START, START + timedelta(days=3))),
        "id": draw(st.none() | texts | st.builds("<{}@{}>".format, texts, st.sampled_from(DOMAINS))),
        "account": draw(st.none() | st.sampled_from([*ACCOUNTS, "gone"])),
        "source_ip": draw(st.none() | st.sampled_from(IPS)),
        "recipient": draw(addresses),
        "recipient_domain": draw(st.none() | st.sampled_from(DOMAINS) | st.just("")),
        "subject": draw(st.none() | texts),
        "size": draw(st.none() | st.integers(-3, 3)),
        "status": draw(st.none() | texts),
    }
    for column, derived in (
        ("envelope_from", "envelope_domain"),
        ("header_from", "from_domain"),
        ("header_sender", "sender_domain"),
    ):
        row[column] = draw(addresses)
        row[derived] = None if row[column] is None else row[column].rpartition("@")[2]
    return row


LOG_FIELDS = {name: field for name, field in FIELDS.items() if field.in_log}
TEXTS = sorted(name for name, field in LOG_FIELDS.items() if field.kind in {Kind.TEXT, Kind.KEY, Kind.IP})
PLAIN = ["A1", "a1", "TRIAL", "free %_", "*", "a*", "*?b*", r"\*", "2025-04-13"]
PATTERNS = ["^a", "[a-c]+$", "^.$", "(?i)É", r"\.", "é|ß", "^$", r"\bb", r"\s", "a.b", r"^\W*$"]


@st.composite
def items(draw: st.DrawFn) -> tuple[str, Any]:
    name = draw(st.sampled_from(sorted(LOG_FIELDS)))
    kind = FIELDS[name].kind
    choice = draw(st.integers(0, 9))
    if choice == 0:
        return f"{name}|exists", draw(st.booleans())
    if choice == 1 and kind is not Kind.FLAG:
        others = TEXTS if name in TEXTS else [one for one in LOG_FIELDS if FIELDS[one].kind is kind]
        hows = ["", "|neq", "|cased", "|contains", "|startswith", "|endswith"] if name in TEXTS else ["", "|neq"]
        return f"{name}|fieldref{draw(st.sampled_from(hows))}", draw(st.sampled_from(others))
    if kind is Kind.FLAG:
        return name + draw(st.sampled_from(["", "|neq"])), draw(st.booleans())
    if kind is Kind.NUMBER:
        sign = draw(st.sampled_from(["", "|neq", "|lt", "|lte", "|gt", "|gte"]))
        return f"{name}{sign}", draw(st.integers(-3, 3))
    if kind is Kind.IP and choice < 7:
        return f"{name}|cidr{draw(st.sampled_from(['', '|neq']))}", draw(some(st.sampled_from(NETWORKS)))
    if choice < 4:
        flags = draw(st.sampled_from(["", "|i", "|s", "|i|m", "|neq"]))
        return f"{name}|re{flags}", draw(some(st.sampled_from(PATTERNS)))
    value = texts | st.sampled_from(
        [*DOMAINS, *IPS, "A1", "a1", "TRIAL", "free %_", "*", "a*", "*?b*", r"\*", "2025-04-13"]
    )
    how = draw(st.sampled_from(["", "", "|contains", "|startswith", "|endswith"]))
    extra = draw(st.sampled_from(["", "|cased", "|neq", "|all"]))
    value = value.filter(lambda text: text.strip("*") != "") if how else value | st.none() if not extra else value
    return f"{name}{how}{extra}", draw(some(value))


def some(value: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return value | st.lists(value, min_size=1, max_size=3)


selections = st.lists(items(), min_size=1, max_size=3).map(dict) | st.lists(
    st.lists(items(), min_size=1, max_size=2).map(dict), min_size=1, max_size=2
)
CONDITIONS = [
    "a", "not a", "a and b", "a or not b", "not (a and not b)", "1 of them", "all of them", "not 1 of *", "not not a",
    "not (a or b) or (b and not a)",
]  # fmt: skip


def rule(detection: Mapping[str, Any]) -> Rule:
    head = {"title": "T", "name": "t", "logsource": {"product": "irtool", "service": "mail"}}
    found = load(json.dumps({**head, "detection": detection}, ensure_ascii=False), "rule.yaml")
    assert isinstance(found, Rule)
    return found


def used(condition: str, detection: dict[str, Any]) -> dict[str, Any]:
    names = detection if "them" in condition or "*" in condition else [n for n in detection if n in condition.split()]
    plain = condition.replace("(", " ").replace(")", " ").split()
    kept = {n: v for n, v in detection.items() if n in names or n in plain}
    return {**kept, "condition": condition}


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"CREATE TABLE log ({', '.join(f'{n} {t}' for n, t in COLUMNS.items())})")
        connection.execute("CREATE TABLE domains (domain VARCHAR, account VARCHAR)")
        connection.executemany("INSERT INTO domains VALUES (?, ?)", list(OWNERS.items()))
        connection.execute("CREATE TABLE accounts (account VARCHAR, plan VARCHAR, status VARCHAR, partner VARCHAR)")
        connection.executemany(
            "INSERT INTO accounts VALUES (?, ?, ?, ?)", [(name, *one.values()) for name, one in ACCOUNTS.items()]
        )
        yield connection


def owner(domain: str) -> str | None:
    labels = domain.split(".")
    names = (".".join(labels[start:]) for start in range(len(labels)))
    return next((OWNERS[name] for name in names if name in OWNERS), None)


def by_python(one: Rule, table: Sequence[Mapping[str, Any]]) -> set[int]:
    return {n for n, row in enumerate(table) if one.matches_row(row_values(row, owner, ACCOUNTS.get))}


def by_sql(one: Rule, table: Sequence[Mapping[str, Any]], database: duckdb.DuckDBPyConnection) -> set[int]:
    database.execute("DELETE FROM log")
    for n, row in enumerate(table):
        marks = ", ".join("?" * (len(row) + 1))
        database.execute(f"INSERT INTO log (n, {', '.join(row)}) VALUES ({marks})", [n, *row.values()])
    question = one.question()
    found = database.execute(question.select("l.n"), dict(question.parameters)).fetchall()
    assert len({n for (n,) in found}) == len(found), "a join doubled a row"
    return {n for (n,) in found}


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.lists(rows(), min_size=1, max_size=6), selections, selections, st.sampled_from(CONDITIONS))
def test_random_rules_on_random_rows(
    database: duckdb.DuckDBPyConnection, table: list[dict[str, Any]], a: Any, b: Any, condition: str
) -> None:
    one = rule(used(condition, {"a": a, "b": b}))
    note(one.question().select())
    assert by_sql(one, table, database) == by_python(one, table)


def test_lower_case_is_the_same_for_every_letter(database: duckdb.DuckDBPyConnection) -> None:
    """All letters that were assigned before 2003; databases and Pythons differ in how new their tables are."""
    old = [n for n in range(1, 0x110000) if unicodedata.ucd_3_2_0.category(chr(n)) not in {"Cn", "Cs"}]
    found = database.execute("SELECT n, lower(chr(n)) FROM (SELECT unnest($all::INTEGER[]) AS n)", {"all": old})
    assert [chr(n) for n, lower in found.fetchall() if fold(chr(n)) != lower] == []


def test_lower_case_does_not_look_at_the_neighbours(database: duckdb.DuckDBPyConnection) -> None:
    for text in ("ΟΔΟΣ", "İSTANBUL", "straßE", "ǅ"):
        assert database.execute("SELECT lower(?)", [text]).fetchall() == [(fold(text),)]


@pytest.mark.parametrize("text", [*IPS, "1:2:3:4:5:6:7:8:9", ":1", "1:", ":::", "1:::2", "12345::", "1.2.3.4 "])
def test_what_counts_as_an_address(text: str) -> None:
    import ipaddress

    try:
        version = ipaddress.ip_address(text).version if "%" not in text and not ("." in text and ":" in text) else 0
    except ValueError:
        version = 0
    assert (bool(_IS_V4.fullmatch(text)), bool(_IS_V6.fullmatch(text))) == (version == 4, version == 6)

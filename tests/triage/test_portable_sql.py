"""The questions stay in the SQL that DuckDB, ClickHouse and Spark share: the same files have to run elsewhere."""

from __future__ import annotations

import re

import pytest

from irtool.triage.questions import FOLDER, sql

FILES = sorted(path.stem for path in FOLDER.glob("*.sql"))
FUNCTIONS = {
    "cast", "coalesce", "count", "date_trunc", "grouping", "length", "lower", "max", "min", "position", "reverse",
    "row_number", "substr", "sum",
}  # fmt: skip
"""Everything that may be called."""
BEFORE_BRACKET = {
    "and", "by", "exists", "from", "in", "join", "not", "on", "or", "over", "select", "sets", "then", "union", "values",
    "when", "where", "else", "as", "all",
}  # fmt: skip
NOT_PORTABLE = (
    "::", "//", " ilike ", " exclude", " replace (", "qualify", "unnest", "lateral", "list_", "group by all", " using ",
    "->", "~", "distinct on", "pivot", "asof", "semi join", "anti join", "filter (", "struct", "regexp", "split_part",
    "any_value", "arg_max", "with recursive", "interval",
)  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_only_allowed_functions(name: str) -> None:
    text = re.sub(r"'[^']*'", "''", sql(name).lower())
    called = set(re.findall(r"([a-z_]\w*)\s*\(", text))
    assert called - BEFORE_BRACKET <= FUNCTIONS, called - BEFORE_BRACKET - FUNCTIONS


@pytest.mark.parametrize("name", FILES)
def test_nothing_of_one_dialect(name: str) -> None:
    text = re.sub(r"'[^']*'", "''", " ".join(sql(name).lower().split()))
    assert not [word for word in NOT_PORTABLE if word in text]


@pytest.mark.parametrize("name", FILES)
def test_one_select_with_its_story(name: str) -> None:
    raw = (FOLDER / f"{name}.sql").read_text()
    assert raw.startswith("-- ")
    assert sql(name).upper().startswith(("SELECT", "WITH"))
    assert ";" not in sql(name)


@pytest.mark.parametrize("name", FILES)
def test_values_come_only_as_parameters(name: str) -> None:
    """No text of a complaint, a log or a configuration is ever part of a statement."""
    assert not re.search(r"[{%]", sql(name).replace("LIKE '%trial%'", "").replace("LIKE 'free%'", ""))

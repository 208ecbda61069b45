"""The questions put to the log: SQL files, and asking them with exactly the parameters they name.

The files hold SELECTs in the subset of SQL that DuckDB, ClickHouse and Spark share. A file that "makes" a table is kept
under that name for the questions after it, in a temporary table of the connection.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from irtool.ports import LogSource
from irtool.records import Json

FOLDER = Path(__file__).with_name("sql")
_PARAMETER = re.compile(r"\$(\w+)")
_COMMENT = re.compile(r"--[^\n]*")


@cache
def sql(name: str) -> str:
    """The SQL of a question, without its comments."""
    return _COMMENT.sub("", (FOLDER / f"{name}.sql").read_text("utf-8")).strip()


def ask(log: LogSource, text: str, values: Mapping[str, Json]) -> list[dict[str, object]]:
    """The answer to a question. `values` may hold more than it asks for."""
    return log.query(text, {name: values[name] for name in _PARAMETER.findall(text)})


def keep(log: LogSource, table: str, question: str, values: Mapping[str, Json]) -> None:
    """Keep the answer to the question of that name as a temporary table, in place of an earlier one."""
    log.query(f"DROP TABLE IF EXISTS {table}")
    ask(log, f"CREATE TEMPORARY TABLE {table} AS {sql(question)}", values)


def lacking(log: LogSource) -> frozenset[str]:
    """The columns in which nothing stands; `account` too if the log has it and no message bears one."""
    missing = log.missing()
    if "account" not in missing and not log.query("SELECT 1 AS one FROM log WHERE account <> '' LIMIT 1"):
        return missing | {"account"}
    return missing


def integer(value: object) -> int:
    """A count as the database gave it (a sum may come as a decimal, or as NULL)."""
    return value if isinstance(value, int) else int(str(value or 0).partition(".")[0])

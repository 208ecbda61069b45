"""The provider's directory as the tables `accounts` and `domains`.

A domain with other letters than ASCII has two spellings (`bücher.example`, `xn--bcher-kva.example`). A log may have
either, whatever the directory has, so the table has both.
"""

# ruff: noqa: S608 - names and paths are quoted by columns; SQL has no parameters in their places

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from irtool.adapters.logs import columns, engine, files
from irtool.adapters.logs.paths import matching
from irtool.errors import InputError

if TYPE_CHECKING:
    import duckdb


def load(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    wanted: Sequence[str],
    origin: tuple[str, Mapping[str, str]] | None,
) -> None:
    """Make one table; the first of several rows with one key counts. Raises InputError."""
    key = wanted[0]
    if origin is None:
        connection.execute(f"CREATE TABLE {name} AS SELECT {columns.directory_select(wanted, {})} WHERE false")
        return
    path, mapping = origin
    table = _table(matching(path), path)
    with engine.reading(path):
        there = engine.kinds(connection, table)
        held = columns.resolve(wanted, mapping, list(there), path)
        for needed in ("account", key):
            if needed not in held:
                raise InputError(f"{path}: no column for {needed}", hint=f"the file has: {', '.join(there)}")
        select = columns.directory_select(wanted, {k: (columns.identifier(n), there[n]) for k, n in held.items()})
        connection.execute(
            f"CREATE TABLE {name} AS SELECT DISTINCT ON ({key}) * FROM (SELECT {select} FROM {table}) "
            f"WHERE {key} IS NOT NULL AND account IS NOT NULL ORDER BY {key}, account"
        )
        if key == "domain":
            _spell(connection)


def _spell(connection: duckdb.DuckDBPyConnection) -> None:
    """Add the other spellings of international domains, except where somebody has listed them."""
    international = "strlen(domain) > length(domain) OR contains(domain, 'xn--')"
    rows = connection.execute(f"SELECT domain, account FROM domains WHERE {international}").fetchall()
    if not rows:
        return
    from irtool.intake.domains import normalise_domain, u_label  # brings all of intake with it

    listed = {str(domain) for domain, _ in rows}
    more: dict[str, str] = {}
    for domain, account in rows:
        ascii_only = normalise_domain(domain) or domain
        for spelling in {ascii_only, ".".join(u_label(label) for label in ascii_only.split("."))} - listed:
            more.setdefault(spelling, account)
    connection.execute(
        "INSERT INTO domains SELECT unnest($domains), unnest($accounts)",
        {"domains": list(more), "accounts": list(more.values())},
    )


def _table(paths: Sequence[str], name: str) -> str:
    listed = columns.literals(files.escaped(path) for path in paths)
    kind = name.removesuffix(".gz").removesuffix(".zst").rpartition(".")[2].lower()
    if kind == "parquet":
        return engine.parquet(paths)
    if kind == "csv":
        return f"read_csv({listed}, all_varchar = true, header = true, union_by_name = true)"
    if kind in {"json", "jsonl", "ndjson"}:
        return f"read_json({listed}, union_by_name = true, sample_size = -1)"
    raise InputError(f"{name}: unknown kind of directory file", hint="use a .csv, .json, .jsonl or .parquet file")

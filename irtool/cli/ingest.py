"""irtool ingest: logs, read once into a store, so that every later question takes seconds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from irtool.cli.options import ConfigOption, JsonOption
from irtool.cli.out import answer, clean, data, door, next_is
from irtool.cli.progress import bar
from irtool.errors import UsageError


def ingest(
    sources: Annotated[
        list[str] | None,
        typer.Argument(metavar="[SOURCE]...", help="Logs of irtool.yaml; with --format, files or globs."),
    ] = None,
    output: Annotated[Path, typer.Option("--output", help="The store, a folder.")] = Path("store"),
    format_: Annotated[
        str | None,
        typer.Option("--format", metavar="FORMAT", help="Read these files: parquet, jsonl, csv, postfix, ..."),
    ] = None,
    column: Annotated[
        list[str] | None, typer.Option("--column", metavar="NAME=THEIRS", help="With --format: map a column.")
    ] = None,
    zone: Annotated[str, typer.Option("--zone", help="With --format: zone of times without an offset.")] = "UTC",
    year: Annotated[
        int | None, typer.Option("--year", help="With --format: year of a Postfix log's oldest line.")
    ] = None,
    times: Annotated[
        str,
        typer.Option("--times", metavar="STRPTIME", help="With --format: how times are written, e.g. %d/%m/%Y %H:%M."),
    ] = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Read logs once into a store of normalised Parquet, one folder for each day.

    What the store has already is not read again; what has grown is. It may be interrupted and run again.

    Example: irtool ingest gateway --output ./store
    """
    from irtool.wiring import open_desk

    with door(), open_desk(config) as desk, bar() as progress:
        options = {**_columns(column or []), "zone": zone, "times": times, **({"year": str(year)} if year else {})}
        found = desk.evidence.ingest(sources or [], format_, options, output, progress)
        progress.close()
        if as_json:
            answer({"store": str(output), "sources": found})
            return
        for one in found:
            span = f"{one.first} to {one.last}" if one.first else "no times"
            data(f"{clean(one.source):<16} {one.rows:,} rows, {one.rejected:,} rejected, {span}")
            data(f"{'':<16} {one.read} files read, {one.known} already in the store")
            for reject in (*one.rejects, *one.notes):
                data(f"{'':<16} {clean(reject.file)}: {reject.rows:,} {clean(reject.why)}")
        data("\nIn irtool.yaml, instead of these logs:\n")
        data(f"logs:\n  store: {{format: parquet, path: {clean(output)}}}")
        next_is("irtool doctor logs")


def _columns(given: list[str]) -> dict[str, str]:
    pairs = [one.partition("=") for one in given]
    wrong = [one for one, (name, _, theirs) in zip(given, pairs, strict=True) if not name or not theirs]
    if wrong:
        raise UsageError(f"--column {wrong[0]!r} is not NAME=THEIRS", hint="--column account=account_id")
    return {name: theirs for name, _, theirs in pairs}

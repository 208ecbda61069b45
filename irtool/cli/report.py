"""irtool report: the post-incident report, from the journal alone."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated

import typer

from irtool.cli.options import ConfigOption, IncidentArgument, JsonOption
from irtool.cli.out import data, door, next_is, say
from irtool.errors import UsageError


def report(
    incident: IncidentArgument = None,
    lang: Annotated[str, typer.Option(help="en or it")] = "en",
    format_: Annotated[str, typer.Option("--format", help="md, html or json")] = "md",
    output: Annotated[Path | None, typer.Option("--output", "-o", help="A file; default stdout.")] = None,
    style: Annotated[str, typer.Option(help="report, or bulletin: how to recognise the campaign")] = "report",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the post-incident report.

    Every figure and date in it comes from the journal.

    Example: irtool report --lang it --format html --output report.html
    """
    from irtool.wiring import open_desk

    with door(), open_desk(config) as desk:
        name = desk.pick(incident, any_state=True)
        format_ = "json" if as_json else format_
        text = desk.report(name, lang=lang, format_=format_, style=style)
        if output is None:
            data(text)
            return
        try:
            output.write_text(text)
        except OSError as error:
            raise UsageError(
                f"{output}: {error.strerror}; the report was not written", hint="name a file that can be written"
            ) from error
        desk.report_written(name, output, format_, lang, hashlib.sha256(text.encode()).hexdigest())
        say(f"{output}: {style} of {name}, {lang}, {format_}")
        if "TODO" in text:
            say("Parts that only a person can know are marked TODO.")
        next_is(f"irtool timeline {name}")

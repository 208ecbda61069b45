"""irtool timeline: everything that happened, by whom, when."""

from __future__ import annotations

from typing import Annotated

import typer

from irtool.cli.options import ConfigOption, IncidentArgument, JsonOption
from irtool.cli.out import data, door
from irtool.errors import UsageError


def timeline(
    incident: IncidentArgument = None,
    format_: Annotated[str, typer.Option("--format", help="text, md or json")] = "text",
    lang: Annotated[str, typer.Option(help="Language of text and md.")] = "en",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print the incident's timeline in UTC.

    Example: irtool timeline --format md > handover.md
    """
    from irtool.tell.timeline import timeline as told
    from irtool.wiring import open_desk

    with door(), open_desk(config) as desk:
        wanted = "json" if as_json else format_
        if wanted not in {"text", "md", "json"}:
            raise UsageError(f"--format {wanted}: a timeline is text, md or json", hint="irtool timeline --format md")
        name = desk.pick(incident, any_state=True)
        data(told(desk.journal.events(name), wanted, lang))

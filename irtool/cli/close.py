"""irtool close: an incident that wants no more attention."""

from __future__ import annotations

from typing import Annotated

import typer

from irtool.cli.options import AsOption, ConfigOption, IncidentArgument, JsonOption
from irtool.cli.out import answer, clean, door, next_is, say


def close(
    incident: IncidentArgument = None,
    reason: Annotated[str, typer.Option("--reason", help="Why; goes on the timeline.")] = "",
    person: AsOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Close an incident: nothing more is run in it.

    What was done stays done and can still be undone and reported.

    Example: irtool close INC-2026-0002 --reason "a false alarm"
    """
    from irtool.wiring import open_desk

    with door(), open_desk(config) as desk:
        name = desk.pick(incident)
        event = desk.close_incident(name, desk.who(person), reason)
        if as_json:
            answer(event)
            return
        say(f"{name}: closed by {clean(event.actor or '')}")
        next_is(f"irtool report {name}")

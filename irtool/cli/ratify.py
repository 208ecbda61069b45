"""irtool ratify: after a break-glass, somebody else stands by it, or does not."""

from __future__ import annotations

from typing import Annotated

import typer

from irtool.cli.options import AsOption, ConfigOption, IncidentArgument, JsonOption
from irtool.cli.out import answer, clean, colour, door, next_is, say


def ratify(
    incident: IncidentArgument = None,
    disown: Annotated[str, typer.Option("--disown", metavar="WHY", help="Do not stand by it, and say why.")] = "",
    note: Annotated[str, typer.Option("--reason", help="What to put on the timeline with it.")] = "",
    person: AsOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Stand by a break-glass as a second person, or not.

    Example: irtool ratify INC-2026-0001 --as bianca
    """
    from irtool.run.ratify import unratified
    from irtool.wiring import open_desk

    with door(), open_desk(config) as desk:
        name = desk.pick(incident, any_state=True)
        waiting = unratified(desk.history(name))
        for use in () if as_json else waiting:
            say(f"{use.at:%Y-%m-%d %H:%MZ}  {clean(use.by)} alone, {clean(', '.join(use.steps))}: {clean(use.why)}")
        event = desk.runner(name, armed=False).ratify(
            name, desk.who(person, exactly=True), disown=disown.strip(), note=note
        )
        if as_json:
            answer(event)
            return
        if disown.strip():
            say(colour(f"{name}: {clean(event.actor or '')} does NOT stand by the break-glass", "red"))
            next_is(f"irtool undo {name}", f"irtool timeline {name}")
            return
        say(f"{name}: ratified by {clean(event.actor or '')}")
        next_is(f"irtool status {name}")

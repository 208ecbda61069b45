"""irtool resume: go on after a crash, an interruption, an approval or an unknown outcome."""

from __future__ import annotations

from typing import Annotated

import typer

from irtool.cli.options import AsOption, BreakGlassOption, ConfigOption, IncidentArgument, JsonOption, YesOption
from irtool.cli.out import clean, door, say
from irtool.errors import UsageError


def resume(
    incident: IncidentArgument = None,
    settle: Annotated[
        list[str] | None,
        typer.Option(metavar="STEP/TARGET=done|failed", help="Say what became of a change that nobody can look up."),
    ] = None,
    person: AsOption = None,
    yes: YesOption = False,
    break_glass: BreakGlassOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Go on after a crash, an approval or an unknown outcome.

    Looks at what is unknown, never resends blindly, does what is left.

    Example: irtool resume INC-2026-0001
    """
    from irtool.cli.carry import carry_out, why_alone
    from irtool.wiring import open_desk

    with door(), open_desk(config) as desk:
        name = desk.pick(incident)
        by = desk.who(person, exactly=break_glass is not None)
        alone = why_alone(desk, by, break_glass)
        for given in settle or ():
            change, _, word = given.rpartition("=")
            if word not in {"done", "failed"} or not change:
                raise UsageError(
                    f"--settle {given}: this is not STEP/TARGET=done or =failed", hint=f"irtool status {name}"
                )
            desk.settle(name, change, applied=word == "done", by=by)
            say(f"{clean(change)}: {clean(by)} says it was {'applied' if word == 'done' else 'not applied'}")
        desk.planned(name)
        carry_out(desk, name, by, yes=yes, as_json=as_json, break_glass=alone)

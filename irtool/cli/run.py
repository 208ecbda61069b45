"""irtool run: carry out a playbook, one line per change, everything on the timeline."""

from __future__ import annotations

from typing import Annotated

import typer

from irtool.cli.options import (
    AllOption,
    AsOption,
    BreakGlassOption,
    ConfigOption,
    InputOption,
    JsonOption,
    ShadowOption,
    YesOption,
)
from irtool.cli.out import door


def run(
    playbook: Annotated[str, typer.Argument(help="A playbook's path or shipped name, or INC-… already planned.")],
    complaints: Annotated[list[str] | None, typer.Argument(help="Files, folders, or - for stdin.")] = None,
    inputs: InputOption = None,
    person: AsOption = None,
    yes: YesOption = False,
    break_glass: BreakGlassOption = None,
    shadow: ShadowOption = False,
    show_all: AllOption = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Carry a playbook out, one line per change.

    Plans first, unless the incident is planned already; asks where a step says so.

    Examples: irtool run email-abuse complaint.eml
              irtool run INC-2026-0001
              irtool run INC-2026-0001 --break-glass "alone on call, 40,000 messages an hour"
    """
    from irtool.cli.carry import carry_out, why_alone
    from irtool.cli.cases import given_inputs, is_incident, opened, show_opened
    from irtool.cli.progress import bar
    from irtool.cli.sources import read_all
    from irtool.wiring import open_desk

    with door(), open_desk(config) as desk:
        by = desk.who(person, exactly=break_glass is not None)
        alone = why_alone(desk, by, break_glass)
        if is_incident(playbook):
            incident = playbook
            if not desk.planned(incident).is_shadow and shadow:
                desk.plan(incident, by, shadow=True)
        else:
            with bar() as progress:
                sources = read_all(complaints or [])
                incident = desk.open(playbook, sources, given_inputs(inputs), by, "terminal", progress)
                with opened(incident):
                    made = desk.plan(incident, by, progress, shadow=shadow)
            if not as_json:
                show_opened(desk.history(incident), made, whole=show_all)
        carry_out(desk, incident, by, yes=yes, as_json=as_json, break_glass=alone)

"""irtool plan: what would be done, with the state every target has now. Changes nothing."""

from __future__ import annotations

from typing import Annotated

import typer

from irtool.cli.options import AllOption, AsOption, ConfigOption, InputOption, JsonOption
from irtool.cli.out import answer, door


def plan(
    playbook: Annotated[str, typer.Argument(help="A playbook's path or shipped name, or INC-… to plan again.")],
    complaints: Annotated[list[str] | None, typer.Argument(help="Files, folders, or - for stdin.")] = None,
    inputs: InputOption = None,
    person: AsOption = None,
    show_all: AllOption = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a playbook would do about complaints.

    Opens an incident, finds the campaign, looks every target up. Changes nothing.

    Example: irtool plan email-abuse complaint.eml
    """
    from irtool.cli.cases import after_plan, given_inputs, is_incident, opened, plan_answer, show_opened
    from irtool.cli.progress import bar
    from irtool.cli.sources import read_all
    from irtool.wiring import open_desk

    with door(), open_desk(config) as desk, bar() as progress:
        by = desk.who(person)
        if is_incident(playbook):
            incident = playbook
        else:
            sources = read_all(complaints or [])
            incident = desk.open(playbook, sources, given_inputs(inputs), by, "terminal", progress)
        with opened(incident):
            made = desk.plan(incident, by, progress)
        progress.close()
        history = desk.history(incident)
        if as_json:
            answer(plan_answer(history, made))
            return
        show_opened(history, made, whole=show_all)
        after_plan(incident, made)

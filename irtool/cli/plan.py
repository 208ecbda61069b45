"""irtool plan: what would be done, with the state every target has now. Changes nothing."""

from __future__ import annotations

from typing import Annotated

import typer

from irtool.cli.options import AllOption, AsOption, ConfigOption, InputOption, JsonOption, ShadowOption
from irtool.cli.out import answer, data, door


def plan(
    playbook: Annotated[str, typer.Argument(help="A playbook's path or shipped name, or INC-… to plan again.")],
    complaints: Annotated[list[str] | None, typer.Argument(help="Files, folders, or - for stdin.")] = None,
    inputs: InputOption = None,
    person: AsOption = None,
    show_all: AllOption = False,
    shadow: ShadowOption = False,
    calls: Annotated[bool, typer.Option("--calls", help="Show every call that would be sent.")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a playbook would do about complaints.

    Opens an incident, finds the campaign, looks every target up. Changes nothing.

    Approvals are bound to the very calls that a plan would send; --calls shows them.

    Example: irtool plan email-abuse complaint.eml
    """
    from irtool.cli.calls_view import call_lines, rehearsed
    from irtool.cli.cases import after_plan, given_inputs, is_incident, opened, plan_answer, show_opened
    from irtool.cli.progress import bar
    from irtool.cli.sources import read_all
    from irtool.wiring import open_desk
    from irtool.wiring.approving import planned_calls

    with door(), open_desk(config) as desk, bar() as progress:
        by = desk.who(person)
        if is_incident(playbook):
            incident = playbook
        else:
            sources = read_all(complaints or [])
            incident = desk.open(playbook, sources, given_inputs(inputs), by, "terminal", progress)
        with opened(incident):
            made = desk.plan(incident, by, progress, shadow=shadow)
        progress.close()
        history = desk.history(incident)
        sent = planned_calls(desk.events(incident))
        if as_json:
            answer({**plan_answer(history, made), "calls": rehearsed(made, sent)})
            return
        show_opened(history, made, whole=show_all)
        if calls:
            data("\n".join(call_lines(made, sent)))
        after_plan(incident, made)

"""irtool status: where every incident stands."""

from __future__ import annotations

from typing import Annotated

import typer

from irtool.cli.options import AllOption, ConfigOption, IncidentArgument, JsonOption
from irtool.cli.out import answer, clean, data, door, next_is, say
from irtool.history import History


def status(
    incident: IncidentArgument = None,
    show_all: AllOption = False,
    calls: Annotated[bool, typer.Option("--calls", help="Show every call that its plan sends.")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show where every incident stands, or one of them.

    Example: irtool status INC-2026-0001
    """
    from irtool.cli.calls_view import call_lines
    from irtool.cli.cases import show_unratified
    from irtool.cli.views import show_plan, status_line, step_states, trouble
    from irtool.wiring import open_desk
    from irtool.wiring.approving import planned_calls

    with door(), open_desk(config) as desk:
        names = [incident] if incident else list(desk.journal.incidents())
        histories = [desk.history(name) for name in names]
        if as_json:
            answer([desk.status_data(h) for h in histories] if incident is None else desk.status_data(histories[0]))
            return
        if not histories:
            say("No incidents yet.")
            next_is("irtool plan email-abuse COMPLAINT")
            return
        for history in histories:
            data(status_line(history))
        if len(histories) > 1:
            next_is(f"irtool status {histories[-1].incident}")
            return
        only = histories[0]
        data("\n".join(step_states(only)))
        for bad in trouble(only):
            data(f"  {bad.state.upper():<9} {clean(bad.change.id)}  {clean(bad.error)}")
        if calls and only.plan:
            data("\n".join(call_lines(only.plan, planned_calls(desk.events(only.incident)))))
        if show_all and only.plan:
            show_plan(only.plan, whole=True, fresh=False)
        show_unratified(only)
        _next(only, show_all=show_all)


def _next(history: History, *, show_all: bool) -> None:
    from irtool.cli.cases import after_plan, show_waiting

    incident = history.incident
    match history.status:
        case "planned":
            if history.plan:
                after_plan(incident, history.plan)
        case "opened":
            next_is(f"irtool plan {incident}")
        case "refused" if not show_all:
            next_is(f"irtool status {incident} --all", f"irtool report {incident}")
        case "contained" | "refused" | "undone" | "closed":
            next_is(f"irtool timeline {incident}", f"irtool report {incident}")
        case "waiting" if show_waiting(history):
            pass
        case _:
            next_is(f"irtool resume {incident}")

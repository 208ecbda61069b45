"""irtool undo: restore what was there before, for one target, a step, or all."""

from __future__ import annotations

import shlex
from typing import Annotated

import typer

from irtool.cli.options import AsOption, ConfigOption, IncidentArgument, JsonOption
from irtool.cli.out import clean, confirm, door, interactive, leave, say
from irtool.errors import UsageError


def undo(
    incident: IncidentArgument = None,
    step: Annotated[str | None, typer.Argument(metavar="STEP", help="Only this step.")] = None,
    item: Annotated[str | None, typer.Argument(metavar="TARGET", help="Only this target of the step.")] = None,
    reason: Annotated[str, typer.Option("--reason", help="Why; goes on the timeline.")] = "",
    person: AsOption = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Restore what was there before.

    One target, a step, or all of an incident. What others put there stays.

    Example: irtool undo INC-2026-0001 block-ips 203.0.113.9 --reason "a customer's relay"
    """
    from irtool.cli.carry import EventStream, draining
    from irtool.cli.cases import finish_undo
    from irtool.cli.views import Lines, plural, undo_line
    from irtool.wiring import open_desk

    with door(), open_desk(config) as desk:
        name = desk.pick(incident, any_state=True)
        by = desk.who(person)
        plan = desk.planned(name)
        todo = desk.undoable(name, step, item)
        if not todo:
            say(f"{name}: there is nothing to undo{' in ' + clean(step) if step else ''}")
            leave(0)
        again = "irtool undo " + " ".join(shlex.quote(word) for word in (name, step, item) if word)
        if not yes:
            for change in todo[:12] if not as_json else ():
                say(undo_line(change))
            if len(todo) > 12 and not as_json:
                say(f"  … and {len(todo) - 12} more")
            if not interactive():
                raise UsageError(
                    f"undo of {plural(len(todo), 'change')} needs a yes; nothing was undone",
                    hint=f"{again} --yes",
                )
            if confirm(f"Undo {plural(len(todo), 'change')}?", {"y": "yes", "n": "no"}) != "y":
                leave(0)
        listener = EventStream() if as_json else Lines({c.id: c for c in plan.changes})
        runner = desk.runner(name, None, [listener])
        with draining(runner):
            outcome = runner.undo(name, by, step, item, reason)
        finish_undo(desk.history(name), outcome, again, as_json=as_json)

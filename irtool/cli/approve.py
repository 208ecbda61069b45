"""irtool approve and irtool refuse: a person's yes or no, bound to exactly the changes that were planned."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from irtool.cli.options import AsOption, ConfigOption, JsonOption
from irtool.cli.out import answer, clean, door, next_is, say

IncidentName = Annotated[str, typer.Argument(metavar="INCIDENT", help="INC-…")]
StepName = Annotated[str, typer.Argument(metavar="STEP", help="The step's id.")]
ItemOption = Annotated[
    list[str] | None, typer.Option("--item", metavar="TARGET", help="Only these targets of the step; repeat for more.")
]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why; goes on the timeline.")]


def approve(
    incident: IncidentName,
    step: StepName,
    item: ItemOption = None,
    person: AsOption = None,
    reason: ReasonOption = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Approve a step that waits, or single targets of it.

    Example: irtool approve INC-2026-0001 notify --as bianca
    """
    _decide(True, incident, step, item or [], person, reason, config, as_json)


def refuse(
    incident: IncidentName,
    step: StepName,
    item: ItemOption = None,
    person: AsOption = None,
    reason: ReasonOption = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Refuse a step that waits, or veto single targets of it.

    Example: irtool refuse INC-2026-0001 disable-trials --item t-81 --reason "a real customer"
    """
    _decide(False, incident, step, item or [], person, reason, config, as_json)


def _decide(
    yes: bool,
    incident: str,
    step: str,
    items: list[str],
    person: str | None,
    reason: str,
    config: Path | None,
    as_json: bool,
) -> None:
    from irtool.cli.views import change_lines
    from irtool.wiring import open_desk

    with door(), open_desk(config) as desk:
        who = desk.who(person, exactly=True)
        planned = next((s for s in desk.planned(incident).steps if s.id == step), None)
        shown = [c for c in planned.changes if c.action == "do" and (not items or c.item in items)] if planned else []
        for change in () if as_json else shown:
            say("\n".join(change_lines(change)))
        # What was shown is what the yes is for: a plan made meanwhile is another one.
        seen = planned.hash if planned else ""
        desk.decide(incident, step, approved=yes, by=who, door="terminal", items=items, reason=reason, seen_hash=seen)
        if as_json:
            answer({"incident": incident, "step": step, "approved": yes, "by": who, "items": items})
            return
        what = f"{step} ({', '.join(clean(i) for i in items)})" if items else step
        say(f"{incident}: {clean(what)} {'approved' if yes else 'refused'} by {clean(who)}")
        next_is(f"irtool resume {incident}")

"""irtool approve and irtool refuse: a person's yes or no, bound to exactly the changes that were planned."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from irtool.cli.options import AsOption, BreakGlassOption, ConfigOption, JsonOption
from irtool.cli.out import answer, clean, colour, door, next_is, say
from irtool.errors import UsageError

if TYPE_CHECKING:
    from irtool.wiring import Desk

IncidentName = Annotated[str, typer.Argument(metavar="INCIDENT", help="INC-…")]
StepName = Annotated[str, typer.Argument(metavar="STEP", help="The step's id.")]
ItemOption = Annotated[
    list[str] | None, typer.Option("--item", metavar="TARGET", help="Only these targets of the step; repeat for more.")
]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why; goes on the timeline.")]
RevokeOption = Annotated[bool, typer.Option("--revoke", help="Take your own earlier answer back.")]
CallsOption = Annotated[bool, typer.Option("--calls", help="Show every call that the step would send.")]


@dataclass(frozen=True)
class _Answer:
    """What was typed."""

    yes: bool
    incident: str
    step: str
    items: list[str] = field(default_factory=list)
    reason: str = ""
    revoke: bool = False
    calls: bool = False
    break_glass: str = ""


def approve(
    incident: IncidentName,
    step: StepName,
    item: ItemOption = None,
    person: AsOption = None,
    reason: ReasonOption = "",
    revoke: RevokeOption = False,
    calls: CallsOption = False,
    break_glass: BreakGlassOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Approve a step that waits, or single targets of it.

    --revoke takes your yes back while nothing was begun.

    Example: irtool approve INC-2026-0001 notify --as bianca
    """
    if break_glass is not None and (not break_glass.strip() or revoke):
        with door():
            what = "cannot be taken back with --revoke" if revoke else "needs a reason"
            raise UsageError(f"break-glass {what}; nothing was done", hint='--break-glass "why"')
    why = (break_glass or "").strip()
    _decide(_Answer(True, incident, step, item or [], reason, revoke, calls, why), person, config, as_json)


def refuse(
    incident: IncidentName,
    step: StepName,
    item: ItemOption = None,
    person: AsOption = None,
    reason: ReasonOption = "",
    revoke: RevokeOption = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Refuse a step, or veto single targets of it.

    As long as they are not begun; the rest goes on. A vetoed target stays out of later plans too, until --revoke takes
    the veto back.

    Example: irtool refuse INC-2026-0001 disable-trials --item t-81 --reason "a real customer"
    """
    _decide(_Answer(False, incident, step, item or [], reason, revoke), person, config, as_json)


def _decide(given: _Answer, person: str | None, config: Path | None, as_json: bool) -> None:
    from irtool.wiring import open_desk

    with door(), open_desk(config) as desk:
        who = desk.who(person, exactly=True)
        planned = next((s for s in desk.planned(given.incident).steps if s.id == given.step), None)
        if planned and not as_json:
            _show(desk, given)
        # What was shown is what the yes is for: a plan made meanwhile is another one.
        desk.decide(
            given.incident,
            given.step,
            approved=given.yes,
            by=who,
            door="terminal",
            items=given.items,
            reason=given.reason,
            seen_hash=planned.hash if planned else "",
            break_glass=given.break_glass,
            back=given.revoke,
        )
        missing = _missing(desk, given)
        if as_json:
            more: dict[str, object] = {"revoked": True} if given.revoke else {}
            more |= {"missing": missing} if missing else {}
            told = {"incident": given.incident, "step": given.step, "approved": given.yes, "by": who}
            answer({**told, "items": given.items, **more})
            return
        _tell(given, who, missing)


def _show(desk: Desk, given: _Answer) -> None:
    from irtool.cli.calls_view import call_lines
    from irtool.cli.views import change_lines
    from irtool.wiring.approving import planned_calls

    plan = desk.planned(given.incident)
    for change in (c for s in plan.steps if s.id == given.step for c in s.changes):
        if change.action == "do" and (not given.items or {change.item, change.target} & set(given.items)):
            say("\n".join(change_lines(change)))
    if given.calls:
        say("\n".join(call_lines(plan, planned_calls(desk.events(given.incident)), given.step)))


def _missing(desk: Desk, given: _Answer) -> int:
    from irtool.run.approvals import find_step, missing_yes

    history = desk.history(given.incident)
    return missing_yes(history, find_step(history, given.step), desk.clock.now())


def _tell(given: _Answer, who: str, missing: int) -> None:
    what = f"{given.step} ({', '.join(clean(i) for i in given.items)})" if given.items else given.step
    word = "approved" if given.yes else "refused"
    if given.revoke:
        say(f"{given.incident}: {clean(who)} takes back that {clean(what)} is {word}")
        next_is(f"irtool plan {given.incident}" if not given.yes else f"irtool status {given.incident}")
        return
    say(f"{given.incident}: {clean(what)} {word} by {clean(who)}")
    if given.break_glass:
        say(colour(f"BREAK-GLASS by {clean(who)} alone; somebody else has to ratify it.", "red"))
        next_is(f"irtool resume {given.incident}", f"irtool ratify {given.incident} --as SOMEBODY-ELSE")
        return
    if given.yes and missing:
        say(f"{missing} more {'person has' if missing == 1 else 'persons have'} to say yes.")
        next_is(f"irtool approve {given.incident} {given.step} --as SOMEBODY-ELSE")
        return
    next_is(f"irtool resume {given.incident}")

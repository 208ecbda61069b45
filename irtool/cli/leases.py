"""irtool leases: what is in force, by whom, why, until when."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from irtool.cli.options import AsOption, ConfigOption, JsonOption
from irtool.cli.out import answer, clean, colour, data, door, next_is, say
from irtool.errors import UsageError
from irtool.records import utc

if TYPE_CHECKING:
    from irtool.run.leases import Lease


def leases(
    incident: Annotated[str | None, typer.Argument(metavar="INCIDENT", help="INC-…; default: all of them.")] = None,
    step: Annotated[str | None, typer.Argument(metavar="STEP", help="With --for: what gets another end.")] = None,
    item: Annotated[str | None, typer.Argument(metavar="TARGET", help="Only this target of the step.")] = None,
    for_: Annotated[str, typer.Option("--for", metavar="TIME", help="Last so long from now: 30d, 12h.")] = "",
    for_good: Annotated[bool, typer.Option("--for-good", help="Have no end.")] = False,
    reason: Annotated[str, typer.Option("--reason", help="Why; goes on the timeline.")] = "",
    person: AsOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List every block in force: by whom, why, until when.

    Of all incidents, closed ones too, the first to end first. With --for or --for-good, give a step of an incident (or
    one target of it) another end; `irtool expire` undoes what is due.

    Example: irtool leases INC-2026-0001 block-ips --for 30d --reason "still sending"
    """
    from irtool.wiring import open_desk
    from irtool.wiring.leasing import in_force, set_lease

    with door(), open_desk(config) as desk:
        if for_ or for_good:
            if not incident or not step:
                raise UsageError("what shall get another end?", hint="irtool leases INC-… STEP --for 30d")
            if for_ and for_good:
                raise UsageError("--for and --for-good exclude each other", hint="irtool leases --help")
            by = desk.who(person, exactly=True)
            changed = set_lease(desk, incident, by, step, item, for_, reason)
            say(f"{incident}: {len(changed)} of {step} {_until(changed[0].expires_at)}")
        elif step:
            raise UsageError("a step alone says nothing", hint=f"irtool leases {incident} {step} --for 30d")
        found = in_force(desk, incident)
        if as_json:
            answer([_row(lease) for lease in found])
            return
        now = datetime.now(UTC)
        for lease in found:
            data("\n".join(_lines(lease, now)))
        if not found:
            say("Nothing is in force.")
        elif any(lease.is_due(now) for lease in found):
            next_is("irtool expire")
        else:
            next_is(f"irtool undo {found[0].incident}")


def _lines(lease: Lease, now: datetime) -> list[str]:
    from irtool.cli.views import target

    change = lease.change
    until = f"{lease.until:%Y-%m-%d %H:%MZ}" if lease.until else "no end"
    state = "DUE" if lease.is_due(now) else "" if lease.effect in {"", "effective"} else lease.effect.upper()
    state = lease.state.upper() if lease.state != "done" else state
    head = f"{until:<17}  {change.verb} {target(change)}"
    people = ", ".join(clean(p) for p in lease.people) or "nobody"
    since = f" since {lease.since:%Y-%m-%d %H:%MZ}" if lease.since else ""
    return [
        head + (f"  {colour(state, 'red')}" if state else ""),
        f"{'':<17}  {lease.incident} {clean(change.step)}, {clean(change.connector)}, by {people}{since}",
        f"{'':<17}  {clean(lease.why)}",
    ]


def _until(moment: datetime | None) -> str:
    return f"last until {moment:%Y-%m-%d %H:%MZ}" if moment else "have no end"


def _row(lease: Lease) -> dict[str, object]:
    change = lease.change
    return {
        "incident": lease.incident,
        "change": change.id,
        "verb": change.verb,
        "target": change.target,
        "connector": change.connector,
        "since": utc(lease.since) if lease.since else None,
        "until": utc(lease.until) if lease.until else None,
        "extended": lease.extended,
        "people": list(lease.people),
        "why": lease.why,
        "effect": lease.effect,
        "state": lease.state,
    }

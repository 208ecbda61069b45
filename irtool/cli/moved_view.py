"""How a plan looks that was refused because the world has moved, and the one that takes its place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from irtool.cli.out import clean, colour, say
from irtool.cli.views import show_plan, wrapped
from irtool.records import Event, Json, Plan

_SHOWN = 12


def refusal(events: Iterable[Event]) -> Mapping[str, Json]:
    """What the last `plan.refused` says; {} if there is none."""
    found: Mapping[str, Json] = {}
    for event in events:
        if event.kind == "plan.refused":
            found = event.data
    return found


def show_moved(refused: Mapping[str, Json], plan: Plan) -> None:
    """What is not as it was planned, then the plan as it is now."""
    diff = refused.get("diff")
    rows = [d for d in diff if isinstance(d, dict)] if isinstance(diff, list) else []
    say(colour("The world has moved since the plan; nothing was changed. What is different:", "yellow"))
    for row in rows[:_SHOWN]:
        say("\n".join(wrapped(clean(row.get("sentence")), "  * ", "    ")))
    if len(rows) > _SHOWN:
        say(f"  … and {len(rows) - _SHOWN} more (irtool timeline --json has them all)")
    say("")
    show_plan(plan, marked={str(row.get("change")) for row in rows})
    say("What was approved in steps that are the same still counts.")

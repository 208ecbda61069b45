"""Before the first change of a run: has the world moved since the plan that people said yes to?"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from irtool.history import History
from irtool.plan.moved import Difference, differences
from irtool.records import Json, Plan, to_json
from irtool.run.approvals import pending
from irtool.run.opening import plan_entry
from irtool.run.outcome import EXIT_CODES, Outcome
from irtool.run.session import Session

Replan = Callable[[History], tuple[Plan, Mapping[str, Json]]]
"""Makes the plan of an incident anew, from its snapshot and as everything stands now, with what it would send."""


def refuse_moved(session: Session, plan: Plan, replan: Replan | None) -> Outcome | None:
    """The outcome of a run that does not begin, because what was approved is not what would happen; None if it is.

    The incident then has a new plan. A step of it that is the same has the same hash, so what people said of it counts.
    """
    history = session.history()
    if replan is None or _has_begun(session, history) or not any(pending(history, step) for step in plan.steps):
        return None
    made, calls = replan(history)
    found = differences(plan, made, _open(history, plan))
    if not found:
        return None
    reason = f"the world has moved since the plan: {_some(found)}"
    diff: list[Json] = [to_json(d) for d in found]
    session.say("plan.refused", reason=reason, plan=plan.hash, diff=diff)
    known_as = session.kit.people.known_as(session.by)
    session.write(plan_entry(made, session.by, known_as, calls, replaces=plan.hash))
    return Outcome("refused", EXIT_CODES["refused"], message=f"{reason}. Nothing was changed; this is the plan now")


def _has_begun(session: Session, history: History) -> bool:
    since = session.kit.journal.events(session.incident, history.planned_at)
    return any(event.kind == "change.intended" for event in since)


def _open(history: History, plan: Plan) -> frozenset[str]:
    """The changes that stand as the plan left them: nothing was begun, and nobody has vetoed them."""
    as_planned = {"do": {"planned", "failed"}}
    return frozenset(c.id for c in plan.changes if history.changes[c.id].state in as_planned.get(c.action, {c.action}))


def _some(found: tuple[Difference, ...]) -> str:
    more = f", and {len(found) - 1} more" if len(found) > 1 else ""
    return found[0].sentence + more

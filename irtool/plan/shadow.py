"""Shadow mode: everything but the change. What is in it is looked up, approved and rehearsed; nothing of it is sent.

It is part of the plan, and so of what an approval is bound to: a yes to a shadow is never a yes to the real thing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from irtool.plan.hashes import step_hash
from irtool.records import PlanStep, Verb

ALL = "all"
"""The name that stands for every verb and connector."""


def covers(shadows: Collection[str], verb: str, connector: str) -> bool:
    """Whether this verb through this connector is in shadow mode."""
    return bool({ALL, verb, connector} & set(shadows))


def hush(steps: Sequence[PlanStep], verbs: Mapping[str, Verb]) -> list[PlanStep]:
    """The steps, with all that would be told to people after a shadow in shadow mode as well: it has not happened."""
    hushed, after = [], False
    for step in steps:
        verb = verbs.get(step.uses)
        if after and verb is not None and verb.kind == "tell":
            changes = tuple(replace(c, shadow=True) for c in step.changes)
            step = replace(step, changes=changes, hash=step_hash(step.id, changes))  # noqa: PLW2901 (the step as it is now)
        after = after or any(c.shadow and c.action == "do" for c in step.changes)
        hushed.append(step)
    return hushed

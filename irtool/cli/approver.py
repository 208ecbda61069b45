"""Asking the person at the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from irtool.cli.out import clean, confirm, interactive, say
from irtool.cli.views import plural, target
from irtool.records import Change, Decision, PlanStep
from irtool.run.people import DOOR_YES


class TerminalApprover:
    """ports.Approver. Asks for steps that need the asker's own yes; a second person answers from their own terminal."""

    def __init__(self, person: str, *, yes: bool = False) -> None:
        self._person = person
        self._yes = yes

    def ask(self, incident: str, step: PlanStep, changes: Sequence[Change]) -> Decision | None:
        """The decision for this step, or None if it is not this person's to take, or nobody sits here."""
        if step.approval != "self":
            return None
        if self._yes and not step.approval_reason:
            return Decision(True, self._person, DOOR_YES)
        if not interactive():
            return None
        if step.approval_reason:
            say(clean(step.approval_reason))
        names = ", ".join(target(c) for c in changes[:4]) + (", …" if len(changes) > 4 else "")
        while True:
            question = f"{incident} {clean(step.title)}: {plural(len(changes), 'change')} ({names})?"
            given = confirm(question, {"y": "yes", "s": "show", "n": "no"})
            if given != "s":
                return Decision(given == "y", self._person, "terminal")
            for change in changes:
                say(f"  {target(change):<40} {change.before} -> {change.after}  {clean(change.reason)}")

"""Asking the person at the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from irtool.cli.out import clean, colour, confirm, interactive, say, typed_line
from irtool.cli.views import plural, target
from irtool.records import Change, Decision, PlanStep
from irtool.run.people import DOOR_YES


class TerminalApprover:
    """ports.Approver. Asks for steps that need the asker's own yes; a second person answers from their own terminal.

    With `break_glass` (why) it says yes for everybody, alone and loudly.
    """

    def __init__(self, person: str, *, yes: bool = False, break_glass: str = "") -> None:
        self._person = person
        self._yes = yes
        self._break_glass = break_glass

    def ask(self, incident: str, step: PlanStep, changes: Sequence[Change]) -> Decision | None:
        """The decision for this step, or None if it is not this person's to take, or nobody sits here."""
        if self._break_glass:
            loud = f"BREAK-GLASS  {clean(step.id)}: {plural(len(changes), 'change')} without the approval of others"
            say(colour(loud, "red"))
            return Decision(True, self._person, "terminal", break_glass=self._break_glass)
        if step.approval != "self":
            return None
        if self._yes and not step.approval_reason:
            return Decision(True, self._person, DOOR_YES)
        if not interactive():
            return None
        if step.approval_reason:
            say(clean(step.approval_reason))
        return self._question(incident, step, changes)

    def _question(self, incident: str, step: PlanStep, changes: Sequence[Change]) -> Decision | None:
        names = ", ".join(target(c) for c in changes[:4]) + (", …" if len(changes) > 4 else "")
        choices = {"y": "yes", "s": "show", "v": "veto some", "n": "no"}
        while True:
            question = f"{incident} {clean(step.title)}: {plural(len(changes), 'change')} ({names})?"
            given = confirm(question, choices if len(changes) > 1 else {k: choices[k] for k in "ysn"}, nobody="")
            if not given:
                return None
            if given in {"y", "n"}:
                return Decision(given == "y", self._person, "terminal")
            _show(changes)
            if given == "v" and (veto := self._veto(changes)):
                return veto

    def _veto(self, changes: Sequence[Change]) -> Decision | None:
        """What is to be left out, by number or name; the rest is asked for again."""
        words = typed_line("Leave out which (numbers or names, with commas; nothing: none)? ").split(",")
        wanted = [word.strip() for word in words if word.strip()]
        found = {word: _meant(word, changes) for word in wanted}
        strange = [word for word, items in found.items() if not items]
        if strange:
            say(f"There is no {clean(', '.join(strange))} here; nothing was left out.")
        if strange or not wanted:
            return None
        reason = typed_line("Why? ").strip()
        items = tuple(dict.fromkeys(item for several in found.values() for item in several))
        return Decision(False, self._person, "terminal", reason, items)


def _show(changes: Sequence[Change]) -> None:
    for number, change in enumerate(changes, start=1):
        say(f"{number:>5}  {target(change):<40} {change.before} -> {change.after}  {clean(change.reason)}")


def _meant(word: str, changes: Sequence[Change]) -> list[str]:
    if word.isascii() and word.isdigit() and 1 <= int(word) <= len(changes):
        return [changes[int(word) - 1].item]
    return [c.item for c in changes if word in {c.item, c.target, target(c)}]

"""What people may ask for in Slack, and the answers, which only the asker sees."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from irtool.chat import views
from irtool.chat.blocks import Message, Ref, modal, said, sections
from irtool.chat.board import Board
from irtool.chat.cases import Cases
from irtool.chat.client import Slack
from irtool.chat.grammar import HELP, Words, parse
from irtool.chat.inbox import Asker, Click, Command
from irtool.chat.words import code, foreign, problem, target
from irtool.errors import IrtoolError, Refused, UsageError
from irtool.run.approvals import find_step
from irtool.tell.clean import terminal
from irtool.tell.timeline import timeline
from irtool.wiring import Desk

_INCIDENT = re.compile(r"INC-\d{4}-\d{4,}\Z")
_NAME = re.compile(r"[\w-]+\Z", re.ASCII)
_LATEST = 10
_DONE = {
    "approve": "approved",
    "refuse": "refused",
    "veto": "vetoed in part",
    "revoke": "no longer approved",
    "break-glass": "approved in BREAK-GLASS",
    "ratify": "ratified",
    "disown": "NOT ratified",
}


class Door:
    """Answers commands and clicks. Everybody may look; only people of irtool.yaml may do anything."""

    def __init__(self, desk: Desk, slack: Slack, say: Callable[[str], None]) -> None:
        self._desk = desk
        self._slack = slack
        self._say = say
        self._board = Board(desk, slack)
        self.cases = Cases(desk, self._board, say)

    def answer(self, asked: Command | Click) -> None:
        """Do what is asked for, or say why not."""
        try:
            if isinstance(asked, Click):
                self._click(asked)
            else:
                self._command(asked.asker, parse(asked.text))
        except IrtoolError as error:
            self._slack.whisper(asked.asker, said(*problem(error)))
        except Exception as error:  # noqa: BLE001 (the front door: the asker and the operator both hear of it)
            self._say(f"slack: {type(error).__name__}: {terminal(str(error))}")
            self._slack.whisper(asked.asker, said("That went wrong inside irtool; its own terminal says how."))

    def _person(self, asker: Asker) -> str:
        """The person this Slack user is. Raises Refused for everybody whom irtool.yaml does not map."""
        name = self._desk.people.who_is(asker.user)
        if not name or self._desk.people.persons[name].slack != asker.user:
            raise Refused(
                f"Slack user {asker.user} is not one of `people` in irtool.yaml and has no say",
                hint=f"add it there: people: {{NAME: {{slack: {asker.user}}}}}",
            )
        return name

    # --- typed ---

    def _command(self, asker: Asker, words: Words) -> None:
        match words.verb:
            case "plan" | "run":
                self._plan_or_run(asker, words)
            case "resume":
                self._start(asker, _one(words, "resume INC-…"))
            case "status":
                self._status(asker, words)
            case "timeline":
                self._timeline(asker, words)
            case "approve" | "refuse" | "veto" | "revoke" | "break-glass":
                self._decide(asker, words)
            case "ratify" | "disown":
                self._ratify(asker, words)
            case "help":
                self._slack.whisper(asker, said(*HELP))
            case unknown:
                self._slack.whisper(asker, said(f"There is no `{code(unknown)}` here.", *HELP))

    def _plan_or_run(self, asker: Asker, words: Words) -> None:
        ref = _one(words, f"{words.verb} PLAYBOOK, and the complaint after it")
        if words.verb == "run" and _INCIDENT.match(ref):
            self._start(asker, ref)
            return
        person = self._person(asker)
        path = self._playbook(ref)
        pasted = words.pasted or (self._slack.first_message(asker) if asker.thread else "")
        wants = any(i.type == "file" and i.required for i in self._desk.book(path).inputs)
        if wants and not pasted.strip():
            raise UsageError(
                "there is no complaint", hint=f"/irtool {words.verb} {ref}, and the complaint pasted after it"
            )
        self._slack.whisper(asker, said("Reading it. The plan comes to the incident channel in a moment."))
        sources = [(f"pasted in Slack by {person}", pasted.encode())] if pasted.strip() else []
        incident = self.cases.open(path, sources, words.inputs, person)
        if words.verb == "run":
            self.cases.start(incident, person)

    def _playbook(self, ref: str) -> str:
        """A shipped playbook, or one in the folder of irtool.yaml: from here nobody opens other files."""
        folder = self._desk.config.folder
        if _NAME.match(ref):
            own = [folder / "playbooks" / f"{ref}.yaml", folder / f"{ref}.yaml"]
            return next((str(p) for p in own if p.is_file()), ref)
        path = (folder / Path(ref)).resolve()
        if not path.is_relative_to(folder.resolve()) or path.suffix not in {".yaml", ".yml"} or not path.is_file():
            raise UsageError(f"there is no playbook {ref} beside irtool.yaml", hint="/irtool help")
        return str(path)

    def _start(self, asker: Asker, incident: str) -> None:
        person = self._person(asker)
        self.cases.start(incident, person)
        self._slack.whisper(asker, said(f"*{foreign(incident)}* goes on; its headline says how far it is."))

    def _decide(self, asker: Asker, words: Words) -> None:
        if len(words.args) < 2:
            raise UsageError("which step of which incident?", hint=f"/irtool {words.verb} INC-… STEP")
        incident, step, *rest = words.args
        person = self._person(asker)
        answer: dict[str, Any] = {}
        if words.verb == "veto":
            if not rest:
                raise UsageError("veto which target?", hint="/irtool veto INC-… STEP TARGET why")
            answer["items"] = [rest.pop(0)]
        if words.verb == "break-glass":
            if not rest:
                raise UsageError("break-glass needs a reason", hint="/irtool break-glass INC-… STEP why")
            answer["break_glass"] = " ".join(rest)
        answer |= {"reason": " ".join(rest), "back": words.verb == "revoke"}
        approved = words.verb not in {"refuse", "veto"}
        self.cases.decide(incident, step, approved=approved, person=person, **answer)
        told = f"{foreign(step)} {_DONE[words.verb]} by {foreign(person)}"
        self._slack.whisper(asker, said(f"*{foreign(incident)}*: {told}."))

    def _ratify(self, asker: Asker, words: Words) -> None:
        incident = _one(words, f"{words.verb} INC-…")
        person, note = self._person(asker), " ".join(words.args[1:])
        if words.verb == "disown" and not note:
            raise UsageError("disown needs a reason", hint="/irtool disown INC-… why")
        how = {"disown": note} if words.verb == "disown" else {"note": note}
        self.cases.ratify(incident, person, **how)
        told = f"break-glass {_DONE[words.verb]} by {foreign(person)}"
        self._slack.whisper(asker, said(f"*{foreign(incident)}*: {told}."))

    def _status(self, asker: Asker, words: Words) -> None:
        if words.args:
            history = self._desk.history(words.args[0])
            lines = [views.standing(history), *views.step_lines(history), *views.trouble(history)]
        else:
            names = list(self._desk.journal.incidents())[-_LATEST:]
            lines = [views.standing(self._desk.history(n)) for n in reversed(names)] or ["No incidents yet."]
        self._slack.whisper(asker, said(*lines))

    def _timeline(self, asker: Asker, words: Words) -> None:
        incident = self._desk.pick(words.args[0] if words.args else None, any_state=True)
        lines = [code(line) for line in timeline(self._desk.events(incident)).splitlines()]
        found, left = sections(lines, code=True)
        more = sections([f"… and {left:,} more lines: `irtool timeline {incident}`"])[0] if left else []
        self._slack.whisper(asker, Message(f"The timeline of {incident}", [*found, *more]))

    # --- clicked ---

    def _click(self, click: Click) -> None:
        ref = Ref.of(click.value)
        self._board.adopt(ref, click.message)
        match click.action:
            case "start":
                self.cases.start(ref.incident, self._person(click.asker), ref.hash)
            case "resume":
                self.cases.start(ref.incident, self._person(click.asker))
            case "approve" | "refuse":
                person = self._person(click.asker)
                approved = click.action == "approve"
                self.cases.decide(ref.incident, ref.step, approved=approved, person=person, seen_hash=ref.hash)
            case "veto":
                self._veto(click, ref)
            case "plan":
                self._show(click.asker, ref.incident, list(views.plan_lines(self._desk.planned(ref.incident))))
            case "show":
                self._show(click.asker, ref.incident, self._step(ref))
            case _:
                raise UsageError("this button is not one that irtool understands", hint="/irtool status")

    def _veto(self, click: Click, ref: Ref) -> None:
        """The menu's choice is the change's number in exactly that plan of the step."""
        step = find_step(self._desk.history(ref.incident), ref.step)
        if step.hash != ref.hash or not click.chosen.isascii() or not click.chosen.isdigit():
            raise Refused(f"the plan of step {ref.step} has changed since it was shown", hint="/irtool status")
        change = step.changes[min(int(click.chosen), len(step.changes) - 1)]
        self.cases.decide(
            ref.incident, ref.step, approved=False, person=self._person(click.asker), seen_hash=ref.hash,
            items=[change.item],
        )  # fmt: skip
        told = f"{target(change)} is left out of {foreign(ref.step)}; the rest goes on"
        self._slack.whisper(click.asker, said(f"*{foreign(ref.incident)}*: {told}."))

    def _step(self, ref: Ref) -> list[str]:
        history = self._desk.history(ref.incident)
        step = find_step(history, ref.step)
        return list(views.plan_lines(self._desk.planned(ref.incident), [step]))

    def _show(self, asker: Asker, title: str, lines: list[str]) -> None:
        if not asker.trigger or not self._slack.show(asker, modal(title, lines)):
            self._slack.whisper(asker, said(*lines))


def _one(words: Words, grammar: str) -> str:
    if not words.args:
        raise UsageError(f"{words.verb} what?", hint=f"/irtool {grammar}")
    return words.args[0]

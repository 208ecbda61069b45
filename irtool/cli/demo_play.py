"""The play of `irtool demo`, scene by scene. It types what a responder would type."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from irtool.cli.cases import show_opened
from irtool.cli.out import answer, clean, colour, leave, me, say
from irtool.cli.progress import bar
from irtool.cli.views import Lines, step_states
from irtool.ports import Listener
from irtool.records import Change, Decision, Event, PlanStep, to_json
from irtool.run.outcome import Outcome
from irtool.wiring import Desk, open_desk
from irtool.wiring.demo import Demo, make

REPORTS = (("report.en.html", "en", "html"), ("report.it.html", "it", "html"), ("report.en.md", "en", "md"))


class Cast:
    """ports.Approver: alice says yes to what is hers; bianca, the second person, to what needs one."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet

    def ask(self, incident: str, step: PlanStep, changes: Sequence[Change]) -> Decision:
        """Yes to all of it, by whom it takes."""
        del changes
        person = "bianca" if step.approval == "peer" else "alice"
        if not self._quiet:
            say(colour(f"$ irtool approve {incident} {step.id} --as {person}", "dim"))
        return Decision(True, person, "terminal", reason="played by the demo")


class Record:
    """ports.Listener: keeps the events."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def told(self, event: Event) -> None:
        """Keep it."""
        self.events.append(event)


def play(folder: Path, *, scale: float, fresh: bool, as_json: bool) -> None:
    """All scenes; leaves with the run's exit code."""
    began = time.monotonic()
    if not as_json:
        say("A pretend mail provider runs inside this process. Nothing leaves your machine.")
        say("alice is you; bianca, the second person it takes, is played by the demo.")
    with bar() as progress:
        demo = make(folder, progress, scale=scale, fresh=fresh)
    before = demo.try_relay()
    if not as_json:
        say(f"made {folder}/ in {time.monotonic() - began:.0f} s: provider, directory, gateway log, one complaint")
        say(f"the relay gets a message of the campaign:\n  {before[0]} {clean(before[1])}")
        say("")
    with open_desk(demo.config) as desk:
        incident, outcome = _run(desk, demo, quiet=as_json)
        _write_papers(desk, incident, demo.folder)
        after = demo.try_relay()
        if as_json:
            _answer(desk, incident, outcome, before, after)
        else:
            _curtain(desk, incident, demo, after, time.monotonic() - began)
    demo.provider.close()
    leave(outcome.exit_code)


def _run(desk: Desk, demo: Demo, *, quiet: bool) -> tuple[str, Outcome]:
    if not quiet:
        say(colour("$ irtool run email-abuse complaint.eml --as alice", "dim"))
    source = [("complaint.eml", demo.complaint.read_bytes())]
    with bar() as progress:
        incident = desk.open("email-abuse", source, {}, "alice", "terminal", progress)
        plan = desk.plan(incident, "alice", progress)
    listeners: list[Listener] = []
    if not quiet:
        show_opened(desk.history(incident), plan, whole=False)
        say("")
        listeners.append(Lines({c.id: c for c in plan.changes}))
    outcome = desk.runner(incident, Cast(quiet=quiet), listeners).run(incident, "alice")
    return incident, outcome


def _write_papers(desk: Desk, incident: str, folder: Path) -> None:
    for name, lang, format_ in REPORTS:
        reports = desk.reports(incident)
        order = reports.order(style="report", lang=lang)
        content = reports.render(reports.write(order), format_)
        (folder / name).write_bytes(content)
        reports.record(Path(name), format_, content, order, by="", published=False)


def _answer(desk: Desk, incident: str, outcome: Outcome, before: tuple[int, str], after: tuple[int, str]) -> None:
    relay: dict[str, object] = {
        "before": {"code": before[0], "text": before[1]},
        "after": {"code": after[0], "text": after[1]},
    }
    history = desk.history(incident)
    findings = history.findings
    customers = findings.get("affected_customers")
    rows = [c for c in customers if isinstance(c, dict)] if isinstance(customers, list) else []
    accounts = findings.get("accounts")
    domains = findings.get("destination_domains")
    answer(
        {
            "incident": incident,
            "outcome": outcome.word,
            "exit_code": outcome.exit_code,
            "messages": findings.get("messages"),
            "accounts": len(accounts) if isinstance(accounts, list) else 0,
            "affected_customers": len(rows),
            "impersonating_messages": sum(n for c in rows if isinstance(n := c.get("messages"), int)),
            "destination_domains": domains,
            "steps": {s.id: _states(desk, incident, s.id) for s in (history.plan.steps if history.plan else ())},
            "relay": relay,
            "journal": desk.journal.verify(incident),
            "findings": findings,
            "events": [to_json(e) for e in desk.events(incident)],
        }
    )


def _states(desk: Desk, incident: str, step: str) -> dict[str, int]:
    states: dict[str, int] = {}
    for status in desk.history(incident).changes.values():
        if status.change.step == step:
            states[status.state] = states.get(status.state, 0) + 1
    return states


def _curtain(desk: Desk, incident: str, demo: Demo, after: tuple[int, str], seconds: float) -> None:
    say("")
    for line in step_states(desk.history(incident)):
        say(line)
    say(f"the relay gets the same message again:\n  {after[0]} {clean(after[1])}")
    chain = desk.journal.verify(incident)
    say(f"journal: {chain.events} events, {'whole' if chain.whole else 'NOT WHOLE'}.  All of it took {seconds:.0f} s.")
    folder = demo.folder
    say("\nOpen:")
    for name, what in (
        ("report.en.html", "the post-incident report"),
        ("report.it.html", "the same in Italian"),
        ("outbox/", "the notices, as customers read them"),
        ("irtool.yaml", "the configuration: yours looks like this"),
    ):
        say(f"  {f'{folder}/{name}':<34} {what}")
    say("\nTry, with  cd " + str(folder) + ":")
    for words in (
        "irtool triage complaint.eml",
        "irtool timeline",
        "irtool notices --customer 20001",
        "irtool verify",
        f"irtool undo {incident} disable-trials T7001",
        f"irtool undo {incident}",
        "irtool doctor",
    ):
        say("  " + words.replace("irtool", me(), 1))

"""irtool watch: does what was done still hold?"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Annotated

import typer

from irtool.cli.options import AsOption, ConfigOption, IncidentArgument, JsonOption
from irtool.cli.out import answer, clean, colour, data, door, leave, next_is, say

if TYPE_CHECKING:
    from irtool.run.watch import Report
    from irtool.wiring import Desk

_SHOWN = 8


def watch(
    incident: IncidentArgument = None,
    every: Annotated[str, typer.Option(metavar="SPAN", help="How often to look: 30s, 5m.")] = "60s",
    until: Annotated[str | None, typer.Option(metavar="SPAN", help="For how long; default: until Ctrl-C.")] = None,
    once: Annotated[bool, typer.Option("--once", help="Look once and end: for cron.")] = False,
    person: AsOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Look again whether what was done still holds.

    Makes again what somebody took back, as far as it was approved; counts the campaign's mail that is still accepted.

    Examples: irtool watch INC-2026-0001 --until 2h
              irtool watch INC-2026-0001 --once
    """
    from irtool.cli.carry import EventStream, draining
    from irtool.playbook.durations import duration
    from irtool.wiring import open_desk
    from irtool.wiring.mailwatch import LogWatch

    with door(), open_desk(config) as desk:
        name = desk.pick(incident, any_state=True)
        by = desk.who(person)
        pause = duration(every).total_seconds()
        span = duration(until).total_seconds() if until else None
        runner = desk.runner(name, None, [EventStream()] if as_json and not once else [])
        log = LogWatch(desk)
        watching = runner.watch(name, by, log)
        with draining(runner), closing(log):
            if once:
                report = watching.once()
                _show(report, as_json=as_json)
            else:
                report = watching.run(pause, span, _Teller(as_json=as_json))
        _end(desk, name, report, stopped=runner.stop.is_set(), as_json=as_json)


class _Teller:
    """Says what was seen, when it is another than before."""

    def __init__(self, *, as_json: bool) -> None:
        self._json = as_json
        self._last: Report | None = None

    def __call__(self, report: Report) -> None:
        """One look around."""
        if report != self._last:
            _show(report, as_json=self._json)
        self._last = report


def _show(report: Report, *, as_json: bool) -> None:
    if as_json:
        answer({"report": report, "exit_code": report.exit_code})
        return
    from irtool.cli.views import plural

    if report.over:
        say(clean(report.over))
        return
    data(f"{plural(report.watched, 'change')} looked at: {_counts(report)}")
    _list("made again", report.remade)
    _list("taken back by somebody", report.drifted)
    _list("without effect", report.leaking)
    _list("could not be looked at", report.unseen)
    _list("of unknown outcome", report.unknown)
    mail = report.mail
    if mail is not None:
        if mail.error:
            data(f"  the mail log tells nothing: {clean(mail.error)}")
        else:
            since = f"{mail.since:%Y-%m-%d %H:%M:%S}Z"
            data(f"  {plural(mail.messages, 'message')} of the campaign accepted since it was contained ({since})")
            _list("new in it", mail.values)
    for alarm in report.alarms:
        data(f"  {colour('ALARM', 'red')}  {clean(alarm)}")
    if report.busy:
        say(f"somebody else is at work on it: {clean(report.busy)}")


def _counts(report: Report) -> str:
    bad = len(report.drifted) + len(report.leaking)
    rest = report.watched - report.effective - bad - len(report.unseen)
    parts = [f"{report.effective} in effect"] if report.effective else []
    parts += [f"{rest} in place"] if rest > 0 else []
    parts += [f"{bad} not in effect"] if bad else []
    parts += [f"{len(report.unseen)} unseen"] if report.unseen else []
    return ", ".join(parts) or "nothing"


def _list(what: str, names: tuple[str, ...]) -> None:
    for name in names[:_SHOWN]:
        data(f"  {what}: {clean(name)}")
    if len(names) > _SHOWN:
        data(f"  {what}: {len(names) - _SHOWN} more")


def _end(desk: Desk, name: str, report: Report, *, stopped: bool, as_json: bool) -> None:
    if not as_json:
        if report.proposed:
            say(f"a plan for what is new waits: {clean(', '.join(report.proposed))}")
            next_is(f"irtool status {name} --all", f"irtool run {name}")
        elif report.unknown:
            next_is(f"irtool resume {name}")
        elif report.exit_code:
            next_is(f"irtool timeline {name}", f"irtool plan {name}")
        elif not desk.history(name).closed:
            next_is(f"irtool watch {name} --until 2h" if not stopped else f"irtool status {name}")
    leave(130 if stopped else report.exit_code)

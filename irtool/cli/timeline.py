"""irtool timeline: everything that happened, by whom, when; and whether all of it can be true."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from irtool.cli.options import AsOption, ConfigOption, IncidentArgument, JsonOption
from irtool.cli.out import answer, clean, data, door, leave, next_is, say
from irtool.errors import UsageError

if TYPE_CHECKING:
    from irtool.wiring.reports import Reports


def timeline(
    incident: IncidentArgument = None,
    format_: Annotated[str, typer.Option("--format", help="text, md or json")] = "text",
    lang: Annotated[str, typer.Option(help="Language of text and md.")] = "en",
    check: Annotated[
        bool, typer.Option("--check", help="Look for contradictions and slips of time zone; 1 if there are any.")
    ] = False,
    explain: Annotated[
        tuple[str, str] | None,
        typer.Option(metavar="FINDING REASON", help="Put on record why a finding of --check is no mistake."),
    ] = None,
    person: AsOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print the incident's timeline in UTC, or check it.

    Example: irtool timeline --format md > handover.md
    """
    from irtool.tell.timeline import timeline as told
    from irtool.wiring import open_desk

    with door(), open_desk(config) as desk:
        wanted = "json" if as_json else format_
        if wanted not in {"text", "md", "json"}:
            raise UsageError(f"--format {wanted}: a timeline is text, md or json", hint="irtool timeline --format md")
        name = incident or desk.pick(None, any_state=True)
        if explain:
            event = desk.reports(name).explain(*explain, desk.who(person, exactly=True))
            say(f"{name}: {clean(explain[0])} explained by {clean(event.actor or '')}")
            next_is(f"irtool timeline {name} --check")
            return
        if check:
            _check(desk.reports(name), as_json=as_json)
            return
        data(told(desk.journal.events(desk.pick(name, any_state=True)), wanted, lang))


def _check(reports: Reports, *, as_json: bool) -> None:
    found, name = reports.findings(), reports.told.incident
    if as_json:
        answer([{"finding": f.name, "first": f.first, "second": f.second, "advice": f.advice} for f in found])
    else:
        for finding in found:
            data(f"{clean(finding.name)}\n    {clean(finding.first)}\n    {clean(finding.second)}")
            if finding.advice:
                data(f"    {clean(finding.advice)}")
        say(f"{name}: {len(found) or 'no'} contradiction{'s' if len(found) != 1 else ''} in the timeline")
    if found:
        if not as_json:
            next_is(
                'irtool note "what happened" --at TIME --corrects EVENT',
                f'irtool timeline {name} --explain {clean(found[0].name)} "why it is no mistake"',
            )
        leave(1)

"""irtool policy replay: what each relay rule would have accepted and refused, over the log."""

from __future__ import annotations

from typing import Annotated

import typer

from irtool.cli.options import ConfigOption, JsonOption
from irtool.cli.out import answer, clean, data, door, next_is

commands = typer.Typer(
    help="Relay rules: who may send in whose name.\n\nExample: irtool policy replay --since 72h",
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@commands.callback()
def policy() -> None:
    """Relay rules: who may send in whose name."""


@commands.command()
def replay(
    incident: Annotated[
        str | None, typer.Argument(metavar="INCIDENT", help="Tell its campaign apart.", show_default=False)
    ] = None,
    complaint: Annotated[
        list[str] | None, typer.Option(metavar="FILE", help="Find the campaign from this complaint; repeat for more.")
    ] = None,
    rule: Annotated[list[str] | None, typer.Option(metavar="NAME", help="Only this rule; repeat for more.")] = None,
    since: Annotated[
        str | None, typer.Option(help="How far back: from the complaint (72h), else from the log's end (all of it).")
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Replay the relay rules over the log.

    Says for each rule how much of the campaign and of the other mail it would have accepted and refused, with
    examples. Changes nothing. The rules: launch, 2019, 2019-broad, 2025-literal, 2025-hosted-aware.

    Example: irtool policy replay --complaint complaint.eml
    """
    from irtool.cli.policy_view import lines
    from irtool.cli.progress import bar
    from irtool.cli.replaying import replayed
    from irtool.wiring import open_desk

    with door(), open_desk(config) as desk, bar() as progress:
        found = replayed(desk, incident, complaint or [], rule or [], since, progress)
        progress.close()
        if as_json:
            answer(found)
            return
        data("\n".join(lines(found)))
        next_is(f"irtool plan email-abuse {clean(complaint[0])}" if complaint else "irtool triage COMPLAINT")

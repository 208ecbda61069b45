"""irtool note: what people did or saw, with its own time, on the timeline."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from irtool.cli.options import AsOption, ConfigOption, JsonOption
from irtool.cli.out import answer, clean, door, next_is, say
from irtool.errors import UsageError


def note(
    text: Annotated[str, typer.Argument(help="What happened, in a sentence; - reads stdin.")],
    incident: Annotated[
        str | None, typer.Option("--incident", "-i", metavar="INCIDENT", help="Default: the only open one.")
    ] = None,
    at: Annotated[
        str | None, typer.Option(help="When it happened: 2025-04-14T16:52Z or with an offset; default now.")
    ] = None,
    corrects: Annotated[
        int | None,
        typer.Option(metavar="EVENT", help="The note that this corrects: seq in timeline --json."),
    ] = None,
    person: AsOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put what people did on the timeline.

    The word #aware in it says that this is when the team knew; the report counts from it. #credit names who agreed to
    be thanked in public.

    Example: irtool note "IDR sees the post on Reddit #aware" --at 2025-04-14T16:52Z
    """
    import sys

    from irtool.wiring import open_desk

    with door(), open_desk(config) as desk:
        words = sys.stdin.read(20_000).strip() if text == "-" else text.strip()
        if not words:
            raise UsageError("the note is empty; nothing was written", hint='irtool note "what happened"')
        name = desk.pick(incident, any_state=True)
        event = desk.note(name, words, desk.who(person), _moment(at) if at else None, corrects)
        if as_json:
            answer(event)
            return
        say(f"{name}: noted at {event.occurred_at:%Y-%m-%d %H:%M:%SZ} by {clean(event.actor or '')}")
        next_is(f"irtool timeline {name}")


def _moment(text: str) -> datetime:
    try:
        when = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"--at {text}: this is not a time", hint="irtool note TEXT --at 2025-04-14T16:52Z") from error
    if when.tzinfo is None:
        raise UsageError(
            f"--at {text}: without a zone nobody knows when that was", hint=f"add Z or an offset: --at {text}Z"
        )
    return when

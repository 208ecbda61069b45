"""irtool anchor: the head of the journal, to be kept where nobody here can change it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from irtool.cli.options import ConfigOption, IncidentArgument
from irtool.cli.out import data, door, next_is, say
from irtool.errors import UsageError


def anchor(
    incident: IncidentArgument = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="A file; default stdout.")] = None,
    stamp: Annotated[bool, typer.Option("--stamp", help="With a time stamp of the authority in irtool.yaml.")] = False,
    config: ConfigOption = None,
) -> None:
    """Take an anchor: the hash of the journal's last event, to be kept elsewhere.

    Mail it, print it, put it in a ticket: `irtool verify --anchor FILE` then proves that no event up to it was changed
    since, even by somebody who rewrote the whole file. With --stamp an authority vouches for the time (RFC 3161).

    Example: irtool anchor --stamp --output INC-2026-0001.anchor
    """
    from irtool.wiring import open_desk
    from irtool.wiring.anchoring import anchor as take
    from irtool.wiring.anchoring import anchored

    with door(), open_desk(config) as desk:
        name = desk.pick(incident, any_state=True)
        made = take(desk, name, stamped=stamp)
        if output is None:
            data(made.text())
        else:
            try:
                output.write_text(made.text())
            except OSError as error:
                raise UsageError(f"{output}: {error.strerror}", hint="name a file that can be written") from error
        anchored(desk, made, output)
        say(f"{name}: event {made.seq}, {made.head[:16]}…{', stamped ' + made.at if made.token else ''}")
        say("Keep it where whoever holds the journal cannot change it.")
        next_is(f"irtool verify {name} --anchor {output or 'FILE'}")

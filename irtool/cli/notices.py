"""irtool notices: what customers are told, before it is sent and after."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from irtool.cli.options import ConfigOption, IncidentArgument, JsonOption
from irtool.cli.out import answer, clean, data, door, next_is, say
from irtool.errors import UsageError


def notices(
    incident: IncidentArgument = None,
    customer: Annotated[str | None, typer.Option(help="Show the notice to this customer.")] = None,
    preview: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Write every notice as .eml there; send nothing.")
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the notices to customers. Sends nothing.

    Lists them with what became of each, or shows or saves them as customers will read them.

    Example: irtool notices --customer c-0017
    """
    from irtool.tell.clean import filename
    from irtool.tell.notices import preview as shown
    from irtool.wiring import open_desk

    with door(), open_desk(config) as desk:
        name = desk.pick(incident, any_state=True)
        rows = desk.notices(name)
        if customer:
            data(shown(desk.notice(name, customer)))
            return
        if preview:
            try:
                preview.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise UsageError(f"{preview}: {error.strerror}", hint="name a folder that can be written") from error
            for row in rows:
                path = preview / f"{filename(row.change.target)}.eml"
                path.write_text(desk.notice(name, row.change.target), newline="")
            say(f"{len(rows)} notices written to {preview}; nothing was sent")
            return
        if as_json:
            answer([{"customer": r.change.target, "label": r.change.label, "state": r.state, "at": r.at} for r in rows])
            return
        for row in rows:
            data(f"{clean(row.change.target):<14} {clean(row.change.label):<34} {row.state}")
        if rows:
            next_is(f"irtool notices {name} --customer {clean(rows[0].change.target)}")
        else:
            say(f"{name} has no notices")

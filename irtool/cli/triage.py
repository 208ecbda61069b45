"""irtool triage: what is this complaint about, and how large is the campaign? Changes nothing."""

from __future__ import annotations

from typing import Annotated

import typer

from irtool.cli.options import ConfigOption, JsonOption
from irtool.cli.out import answer, clean, data, door, next_is


def triage(
    complaints: Annotated[list[str], typer.Argument(help="Files, folders, or - for stdin.")],
    since: Annotated[str, typer.Option(help="How far back to search the logs from the complaint.")] = "72h",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Read complaints and find the campaign in the logs.

    Changes nothing, sends nothing.

    Example: irtool triage complaint.eml
    """
    from irtool.cli.progress import bar
    from irtool.cli.sources import read_all
    from irtool.cli.triage_view import lines
    from irtool.wiring import open_desk

    with door(), open_desk(config) as desk, bar() as progress:
        read = desk.read(read_all(complaints))
        seen, findings = desk.triage(read, since, progress)
        progress.close()
        if as_json:
            answer({"complaints": seen, "findings": findings})
            return
        data("\n".join(lines(seen, findings)))
        shown = " ".join(clean(c) for c in complaints)
        elsewhere = any("yarix-2014" in c.signatures for c in seen)
        book = "spoofed-campaign" if elsewhere else "email-abuse"
        next_is(f"irtool plan {book} {shown}" if desk.config.path else "irtool doctor")

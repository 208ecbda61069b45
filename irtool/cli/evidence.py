"""irtool evidence: the complaints of an incident as they came in, byte for byte."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from irtool.cli.options import ConfigOption, IncidentArgument, JsonOption
from irtool.cli.out import answer, clean, colour, data, door, leave, next_is, say
from irtool.cli.views import plural

if TYPE_CHECKING:
    from collections.abc import Sequence

    from irtool.wiring.originals import Original


def evidence(
    incident: IncidentArgument = None,
    output: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Write them there, with a SHA256SUMS file.")
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the complaints of an incident as they came in.

    Reads each kept file again and compares it with the SHA-256 in the journal. Exit code 1 if one is missing or was
    changed. The files are unredacted and hostile: nothing opens them for you.

    Example: irtool evidence --output evidence/
    """
    from irtool.wiring import open_desk
    from irtool.wiring.originals import content, proved

    with door(), open_desk(config) as desk:
        name = desk.pick(incident, any_state=True)
        found = proved(desk.config, desk.history(name).complaints)
        whole = [one for one in found if one.state == "whole"]
        if output:
            from irtool.cli.packs import write_originals

            written = write_originals(output, [(one.source, content(desk.config, one)) for one in whole])
            say(f"{plural(len(written), 'file')} written to {clean(output)}; check: sha256sum -c SHA256SUMS")
        if as_json:
            answer({"incident": name, "files": found})
        else:
            _show(found)
        broken = any(one.state == "missing or changed" for one in found)
        if not output and whole and not as_json:
            next_is(f"irtool evidence {name} --output FOLDER")
        if broken:
            leave(1)


def _show(found: Sequence[Original]) -> None:
    for one in found:
        state = one.state if one.state == "whole" else colour(one.state.upper(), "red")
        count = f" ({plural(len(one.complaints), 'complaint')})" if len(one.complaints) > 1 else ""
        data(f"{one.sha256[:16]}  {one.size:>12,} bytes  {state:<9} {clean(one.source)}{count}")
        if one.why:
            data(f"  {clean(one.why)}")
    if not found:
        say("this incident has no complaint")

"""irtool indicators: what others should look for and block, for their machines."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from irtool.cli.files import save
from irtool.cli.options import ConfigOption, IncidentArgument, JsonOption
from irtool.cli.out import answer, clean, data, door, next_is, say


def indicators(
    incident: IncidentArgument = None,
    format_: Annotated[str, typer.Option("--format", help="csv, stix (2.1), misp or blocklist")] = "csv",
    kind: Annotated[
        str, typer.Option("--type", metavar="TYPE", help="Only these: domain, ip, address, url or message_id.")
    ] = "",
    style: Annotated[str, typer.Option(help="Of a block list: plain, rspamd, postfix or rpz.")] = "plain",
    tlp: Annotated[str, typer.Option(help="clear, green, amber, amber+strict or red: who may be told.")] = "amber",
    defang: Annotated[bool, typer.Option("--defang", help="Nothing can be clicked; csv and blocklist only.")] = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="A file; default stdout.")] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Export the campaign's indicators for other people's machines.

    Customers' domains, addresses and accounts never leave, whatever the marking, nor what a guard refuses or people
    took back. Block lists hold only what was blocked here or is as sure. Written to a file, the export is on the
    timeline.

    Example: irtool indicators --format blocklist --type domain --output domains.txt
    """
    from irtool.wiring import open_desk
    from irtool.wiring.sharing import indicators as exported
    from irtool.wiring.sharing import record

    with door(), open_desk(config) as desk:
        name = desk.pick(incident, any_state=True)
        found = exported(desk, name, format_=format_, kind=kind, style=style, tlp=tlp, defang=defang)
        if found.left_out:
            say(f"{found.left_out} left out: customers', protected, taken back, or not for TLP:{found.tlp.upper()}")
        if as_json:
            answer({"incident": name, "tlp": found.tlp, "indicators": found.indicators, "left_out": found.left_out})
            return
        if output is None:
            data(found.text)
            return
        save(output, found.text.encode())
        record(desk, name, output, format_, found)
        say(f"{clean(output)}: {len(found.indicators)} indicators of {name}, {format_}, TLP:{found.tlp.upper()}")
        next_is(f"irtool timeline {name}")

"""The options that many commands share, declared once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

ConfigOption: TypeAlias = Annotated[
    Path | None, typer.Option("--config", help="The configuration; default: IRTOOL_CONFIG, else ./irtool.yaml.")
]
JsonOption: TypeAlias = Annotated[bool, typer.Option("--json", help="Answer in JSON on stdout.")]
AsOption: TypeAlias = Annotated[
    str | None, typer.Option("--as", metavar="PERSON", help="Who you are, if your OS account is not enough to tell.")
]
IncidentArgument: TypeAlias = Annotated[
    str | None, typer.Argument(metavar="INCIDENT", help="INC-…; default: the only open incident.", show_default=False)
]
InputOption: TypeAlias = Annotated[
    list[str] | None, typer.Option("--input", metavar="NAME=VALUE", help="A playbook input; repeat for more.")
]
YesOption: TypeAlias = Annotated[
    bool, typer.Option("--yes", help="Say yes to steps that need only your own yes. Never covers a second person.")
]
BreakGlassOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--break-glass",
        metavar="WHY",
        help="Go on alone, without the approval of others. Never past a guard; somebody else has to ratify it.",
        show_default=False,
    ),
]
ShadowOption: TypeAlias = Annotated[
    bool, typer.Option("--shadow", help="Everything but the changes: looks, asks and rehearses, sends nothing.")
]
AllOption: TypeAlias = Annotated[bool, typer.Option("--all", help="Show every target, not only the first few.")]

"""irtool demo: the incident of 2025 from complaint to report, on a pretend provider on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from irtool.cli.options import JsonOption
from irtool.cli.out import door

FOLDER = Path("irtool-demo")


def demo(
    folder: Annotated[Path, typer.Option(help="Where everything is put.")] = FOLDER,
    fresh: Annotated[bool, typer.Option("--fresh", help="Throw an earlier demo in that folder away.")] = False,
    scale: Annotated[float, typer.Option(min=0.01, max=1.0, help="A smaller log; 1 is the full 1.9 M messages.")] = 1.0,
    as_json: JsonOption = False,
) -> None:
    """Play a real incident from complaint to report.

    1.9 million spam messages, 24 trial accounts, 12 impersonated customers, as it happened to a provider in 2025.

    A pretend mail provider runs inside this process. Nothing leaves your machine.

    Example: irtool demo
    """
    with door():
        from irtool.cli.demo_play import play

        play(folder, scale=scale, fresh=fresh, as_json=as_json)

"""irtool sandbox: the pretend mail provider on a loopback port."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from irtool.cli.out import door, say


def sandbox(
    state: Annotated[Path, typer.Option(help="The provider's state; made if it is not there.")] = Path("provider.db"),
    port: Annotated[int, typer.Option(min=0, max=65535, help="Loopback port; 0 takes a free one.")] = 0,
) -> None:
    """Serve a pretend mail provider to try things on.

    It has a real admin API, on 127.0.0.1 only.

    Example: irtool sandbox --port 8025
    """
    from irtool.wiring import serve_sandbox

    with door():
        for line in serve_sandbox(state, port):
            say(line)

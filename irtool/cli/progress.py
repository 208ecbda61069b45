"""Progress on stderr for anything over a second: a moving line on a terminal, a plain line per stage elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from irtool.cli.out import say


class Bar:
    """ports.Progress. On a terminal one rich status line that is gone when the work is; else a line per stage."""

    def __init__(self) -> None:
        self._live: Any = None
        self._stage = ""
        self._moving = sys.stderr.isatty()

    def step(self, what: str, done: int = 0, total: int = 0) -> None:
        """Show the stage and how far it is."""
        if not self._moving:
            if what != self._stage:
                say(f"  {what} …")
            self._stage = what
            return
        if self._live is None:
            from rich.console import Console
            from rich.status import Status

            self._live = Status("", console=Console(stderr=True, highlight=False))
            self._live.start()
        from rich.text import Text

        self._live.update(Text(f"{what}  {done / total:4.0%}" if total else what))

    def close(self) -> None:
        """Take the line away."""
        if self._live is not None:
            self._live.stop()
            self._live = None
        self._stage = ""


@contextmanager
def bar() -> Iterator[Bar]:
    """A Bar that is closed whatever happens."""
    shown = Bar()
    try:
        yield shown
    finally:
        shown.close()

"""The front step: the `irtool` command. The one place that knows both doors, so that neither knows the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from irtool.cli import app

if TYPE_CHECKING:
    from irtool.wiring.desk import Desk


def main() -> None:
    """The `irtool` command."""
    app.run(serve_slack=_serve_slack)


def _serve_slack(desk: Desk, say: Callable[[str], None]) -> None:
    from irtool.chat import serve

    serve(desk, say)


if __name__ == "__main__":
    main()

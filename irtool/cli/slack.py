"""irtool slack: the Slack door, over Socket Mode."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from irtool.cli.options import ConfigOption
from irtool.cli.out import door, say

if TYPE_CHECKING:
    from irtool.wiring.desk import Desk

ServeSlack = Callable[["Desk", Callable[[str], None]], None]
"""Serves the Slack door until it is stopped."""


def command(serve: ServeSlack) -> Callable[..., None]:
    """The command that opens that door."""

    def slack(config: ConfigOption = None) -> None:
        """Serve the incident channel in Slack.

        Plan, approve and follow runs over Socket Mode; no public port is needed.

        Example: SLACK_APP_TOKEN=… SLACK_BOT_TOKEN=… irtool slack
        """
        from irtool.wiring import open_desk

        with door(), open_desk(config) as desk:
            serve(desk, say)

    return slack

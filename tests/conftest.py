"""Every test sees the same surroundings, whatever the shell it was started from."""

from __future__ import annotations

import os

import hypothesis

TERMINAL = ("FORCE_COLOR", "NO_COLOR", "CLICOLOR", "GITHUB_ACTIONS")  # rich and typer look at these


def pytest_configure() -> None:
    """No settings of the caller's own irtool, 80 columns, no time limit per hypothesis example: machines are busy."""
    for name in [*filter(lambda each: each.startswith("IRTOOL_"), os.environ), *TERMINAL]:
        os.environ.pop(name, None)
    os.environ["COLUMNS"] = "80"
    hypothesis.settings.register_profile("irtool", deadline=None)
    hypothesis.settings.load_profile("irtool")

"""irtool schema: JSON Schemas for editors."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from irtool.cli.out import data, door
from irtool.errors import UsageError


def schema(what: Annotated[str, typer.Argument(help="playbook, manifest or config")] = "playbook") -> None:
    """Print a JSON Schema for editors.

    Of playbooks, connector manifests or irtool.yaml.

    Example: irtool schema playbook > .vscode/irtool-playbook.json
    """
    with door():
        if what == "playbook":
            from irtool.playbook import schema as playbook_schema
            from irtool.verbs import CATALOGUE

            found = playbook_schema(CATALOGUE)
        elif what == "manifest":
            from irtool.connectors.shape import Manifest

            found = Manifest.model_json_schema(by_alias=True)
        elif what == "config":
            from irtool.config import Settings

            found = Settings.model_json_schema(by_alias=True)
        else:
            raise UsageError(f"there is no schema of {what}", hint="irtool schema playbook")
        data(json.dumps(found, indent=2))

"""Where the shipped playbooks and templates are: in the package (wheel) or at the repository's root (editable)."""

from __future__ import annotations

from pathlib import Path

from irtool.errors import IrtoolError

_PACKAGE = Path(__file__).resolve().parent


def folder(name: str) -> Path:
    """The shipped folder `playbooks` or `templates`. Raises IrtoolError if the installation lacks it."""
    for place in (_PACKAGE / "data" / name, _PACKAGE.parent / name):
        if place.is_dir():
            return place
    raise IrtoolError(f"this installation lacks its {name} folder", hint="pip install --force-reinstall irtool")

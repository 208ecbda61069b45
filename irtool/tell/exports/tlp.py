"""The Traffic Light Protocol, version 2.0 (FIRST): who may be told. Its markings in STIX are those that OASIS fixed."""

from __future__ import annotations

from collections.abc import Mapping

from irtool.errors import UsageError
from irtool.tell.redaction import LEVELS

MARKINGS: Mapping[str, str] = {
    "clear": "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487",
    "green": "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
    "amber": "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421",
    "amber+strict": "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003",
    "red": "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1",
}
EXTENSION = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"
CREATED = "2022-10-01T00:00:00.000Z"


def level(text: str) -> str:
    """The level of `amber`, `TLP:AMBER` or the like. Raises UsageError if there is none of that name."""
    name = text.strip().lower().removeprefix("tlp:")
    name = "clear" if name == "white" else name
    if name not in LEVELS:
        raise UsageError(f"--tlp {text}: there is {', '.join(LEVELS)}", hint="irtool indicators --tlp amber")
    return name


def is_public(name: str) -> bool:
    """Whether it may go beyond the receiving organisation and its clients."""
    return name in {"clear", "green"}

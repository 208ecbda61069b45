"""YAML -> Playbook. All faults at once, each with file:line:column."""

from __future__ import annotations

from irtool.playbook.given import inputs
from irtool.playbook.library import locate
from irtool.playbook.loader import load
from irtool.playbook.program import Program
from irtool.playbook.schemas import schema

__all__ = ["Program", "inputs", "load", "locate", "schema"]

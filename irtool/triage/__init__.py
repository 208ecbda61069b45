"""From complaints to the whole campaign: signatures, scope in the gateway log, who was impersonated."""

from __future__ import annotations

from irtool.triage.answer import triage
from irtool.triage.replay import replay

__all__ = ["replay", "triage"]

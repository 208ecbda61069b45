"""How one product's admin API performs verbs: verb + target -> Calls. Manifests in YAML, Python only where needed."""

from __future__ import annotations

from irtool.connectors.exchange import hold
from irtool.connectors.kinds import connector, kinds, needs
from irtool.connectors.settings import Address, Needs, Proof

__all__ = ["Address", "Needs", "Proof", "connector", "hold", "kinds", "needs"]

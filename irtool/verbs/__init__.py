"""The catalogue: what can be done, in no product's words. One file per noun."""

from __future__ import annotations

from irtool.verbs.catalogue import CATALOGUE

__all__ = ["CATALOGUE"]

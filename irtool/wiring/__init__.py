"""The only room that knows every adapter: it plugs them together for the front doors."""

from __future__ import annotations

from irtool.wiring.desk import Desk, open_desk
from irtool.wiring.sandbox import serve_sandbox

__all__ = ["Desk", "open_desk", "serve_sandbox"]

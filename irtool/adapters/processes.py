"""Who holds a lease: naming a process, and telling whether it still lives."""

from __future__ import annotations

import os
import socket
from datetime import datetime
from pathlib import Path


def process() -> str:
    """This process as host:pid:start, so that no later one with the same number is taken for it."""
    return f"{socket.gethostname()}:{os.getpid()}:{_started(os.getpid())}"


def _started(pid: int) -> str:
    """When that process started, in clock ticks since boot; "" if it is gone. Tells a reused pid apart."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def held(holder: str, until: str, now: datetime) -> bool:
    """Whether the lease of `holder` until `until` is in force: not over, its process not dead."""
    if not holder or not until or datetime.fromisoformat(until) <= now:
        return False
    host, pid, started = holder.rsplit(":", 2)
    return host != socket.gethostname() or _started(int(pid)) == started

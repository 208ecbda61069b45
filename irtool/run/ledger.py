"""One limit for all irtool processes that share a journal: who may call a connector now, in a file beside the journal.

A server does not care which of our processes calls it. Only connectors with a limit (`per_second`) have such a file.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from irtool.run.locks import Locks

_UNDER_WAY = 120.0
"""Seconds that a call counts as under way if nobody says that it has ended."""
_BOOT = Path("/proc/sys/kernel/random/boot_id")


class Ledger:
    """The calls of the last moments by connector. Times are those of the monotonic clock, which all processes of this
    boot of the machine share. On a disk that cannot be written each process keeps the limit for itself."""

    def __init__(self, locks: Locks) -> None:
        self._locks = locks
        self._boot = _BOOT.read_text().strip() if _BOOT.exists() else ""

    def take(self, connector: str, name: str, most: int, period: float, now: float) -> float:
        """Begin the call `name` if fewer than `most` count now: 0; else the seconds until that may be so.

        Names begin with the process's number and a dot: a call of a dead process ends now.
        """
        pause = 0.0
        with self._slots(connector) as slots:
            for key, end in [*slots.items()]:
                if end <= now:
                    del slots[key]
                elif end > now + period and not _lives(key.partition(".")[0]):
                    slots[key] = now + period
            ends = sorted(slots.values())
            if len(ends) >= most:
                pause = max(ends[len(ends) - most] - now, 0.001)
            else:
                slots[name] = now + _UNDER_WAY
        return pause

    def end(self, connector: str, name: str, until: float) -> None:
        """The call has ended and counts until then."""
        with self._slots(connector) as slots:
            slots[name] = until

    @contextmanager
    def _slots(self, connector: str) -> Generator[dict[str, float], None, None]:
        try:
            handle = self._locks.open(f"pace {connector}")
        except OSError:
            yield {}
            return
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            slots = self._read(handle)
            yield slots
            self._write(handle, slots)
        finally:
            os.close(handle)

    def _read(self, handle: int) -> dict[str, float]:
        try:
            found = json.loads(os.pread(handle, 1_000_000, 0) or b"{}")
            if found.get("boot") == self._boot:
                return {str(name): float(end) for name, end in found["slots"].items()}
        except (ValueError, AttributeError, KeyError, TypeError):
            pass
        return {}

    def _write(self, handle: int, slots: dict[str, float]) -> None:
        data = json.dumps({"boot": self._boot, "slots": slots}).encode()
        try:
            os.pwrite(handle, data, 0)
            os.ftruncate(handle, len(data))
        except OSError:
            return


def _lives(pid: str) -> bool:
    """Whether there is a process of that number."""
    try:
        os.kill(int(pid), 0)
    except (ProcessLookupError, ValueError, OverflowError):
        return False
    except PermissionError:
        return True
    return True

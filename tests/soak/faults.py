"""Every fault at every call of a whole run and of its undo, at a real server: the end must be the same as without.

    python tests/soak/faults.py [KIND...]

Prints one line for each kind: in how many attempts (plan, run, resume) it came through, and how long that took.
Exits with 1 if an end state differs, if something was applied twice, or if a run does not come to its end.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.cli.faulty import Stage, stage
from tests.services.faults import KINDS


def main(kinds: list[str]) -> int:
    """All of it; the number of failures."""
    wrong = 0
    with tempfile.TemporaryDirectory(prefix="irtool-faults-") as folder, stage(Path(folder)) as found:
        sys.stdout.write(f"{found.calls} calls a run, {found.undo_calls} an undo, {len(kinds)} kinds of faults\n")
        for kind in kinds:
            for what, calls in (("run", found.calls), ("undo", found.undo_calls)):
                wrong += _all_positions(found, kind, what, calls)
    return wrong


def _all_positions(found: Stage, kind: str, what: str, calls: int) -> int:
    attempts: Counter[int] = Counter()
    wrong, began = 0, time.monotonic()
    for at in range(1, calls + 1):
        try:
            attempts[found.check_run(kind, at) if what == "run" else found.check_undo(kind, at)] += 1
        except AssertionError as error:
            wrong += 1
            sys.stdout.write(f"  WRONG: {kind} at call {at} of a {what}: {str(error)[:2000]}\n")
    tries = ", ".join(f"{count} in {n}" for n, count in sorted(attempts.items()))
    sys.stdout.write(f"{kind:<20} {what:<5} {tries:<24} {time.monotonic() - began:6.1f} s\n")
    sys.stdout.flush()
    return wrong


if __name__ == "__main__":
    sys.exit(1 if main(sys.argv[1:] or list(KINDS)) else 0)

"""Looking at many targets at once, for the planner."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from irtool.plan.looks import Looker, LookJob, Seen, look_at
from irtool.ports import CallSender, Clock, SenderPool
from irtool.run.crew import Crew
from irtool.run.ledger import Ledger
from irtool.run.pace import Pace, Paced


def looker(pool: SenderPool, clock: Clock, workers: int = 8, ledger: Ledger | None = None) -> Looker:
    """A looker with up to `workers` threads per connector, within what each connector takes from all processes."""

    def look(jobs: Sequence[LookJob]) -> Sequence[Seen]:
        found: dict[int, Seen] = {}
        stop = threading.Event()
        pace = Pace(clock, stop, ledger)

        def one(number: int, sender: CallSender) -> None:
            job = jobs[number]
            rate = job.connector.traits(job.verb).per_second
            found[number] = look_at(job, Paced(sender, pace, rate))

        crew = Crew(pool, stop)
        try:
            crew.work(_lanes(jobs, workers), one)
        finally:
            crew.close()
        if len(found) < len(jobs):  # Ctrl-C: nothing was changed, so nothing has to be drained
            raise KeyboardInterrupt
        return [found[number] for number in range(len(jobs))]

    return look


def _lanes(jobs: Sequence[LookJob], workers: int) -> list[tuple[int, list[int]]]:
    groups: dict[tuple[str, str], list[int]] = {}
    for number, job in enumerate(jobs):
        groups.setdefault((job.connector.name, job.verb), []).append(number)
    return [(_width(jobs[g[0]], workers), g) for g in groups.values()]


def _width(job: LookJob, workers: int) -> int:
    most = job.connector.traits(job.verb).concurrency
    return max(1, min(workers, most) if most else workers)

"""A few threads that work through lists of jobs, each with a sender of its own."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import TypeVar

from irtool.ports import CallSender, SenderPool

T = TypeVar("T")
Lane = tuple[int, Sequence[T]]
"""How many threads at the most, and the jobs they share."""


class Crew:
    """Threads for one run. Senders are kept from one list to the next; `close` gives them back."""

    def __init__(self, pool: SenderPool, stop: threading.Event) -> None:
        self._pool = pool
        self._stop = stop
        self._idle: list[CallSender] = []
        self._halt = threading.Event()

    def work(self, lanes: Sequence[Lane[T]], do: Callable[[T, CallSender], None]) -> None:
        """Do every job of every lane; returns when none is in flight any more.

        After a stop, Ctrl-C, or an error in a job no new one is begun, and those in flight are finished. The first
        error is raised here.
        """
        width = sum(min(width, len(jobs)) for width, jobs in lanes)
        if not width:
            return
        with ThreadPoolExecutor(width, thread_name_prefix="irtool") as threads:
            hands: list[Future[None]] = []
            for most, jobs in lanes:
                queue = deque(jobs)
                hands += [threads.submit(self._hand, queue, do) for _ in range(min(most, len(jobs)))]
            try:
                wait(hands)
            except KeyboardInterrupt:
                self._stop.set()
                wait(hands)
        for hand in hands:
            hand.result()

    @contextmanager
    def sender(self) -> Generator[CallSender, None, None]:
        """A sender that nobody else uses meanwhile."""
        try:
            sender = self._idle.pop()
        except IndexError:
            sender = self._pool.sender()
        try:
            yield sender
        finally:
            self._idle.append(sender)

    def close(self) -> None:
        """Close all senders."""
        while self._idle:
            self._idle.pop().close()

    def _hand(self, queue: deque[T], do: Callable[[T, CallSender], None]) -> None:
        fine = False
        try:
            with self.sender() as sender:
                while not (self._stop.is_set() or self._halt.is_set()):
                    try:
                        job = queue.popleft()
                    except IndexError:
                        break
                    do(job, sender)
            fine = True
        finally:
            if not fine:
                self._halt.set()

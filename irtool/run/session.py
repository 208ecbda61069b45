"""One incident while this process holds its lease: what it says goes into the journal, then to the listeners."""

from __future__ import annotations

import os
import socket
import threading
from contextlib import suppress
from types import TracebackType

from irtool.errors import IrtoolError, Refused
from irtool.history import History
from irtool.records import Change, Entry, Event, Json, PlanStep
from irtool.run.folded import Folded
from irtool.run.kit import Kit
from irtool.run.standing import Standing


class Session:
    """A context manager: takes the lease, renews it from a thread of its own, gives it back.

    Entering raises Refused if a living process holds the lease. Once the lease is lost nothing more is said, so no
    change is begun: each begins with its intent.
    """

    def __init__(self, kit: Kit, incident: str, by: str) -> None:
        self.kit = kit
        self.incident = incident
        self.by = kit.people.who_is(by) or by
        self.epoch = 0
        self._folded = Folded(kit.journal, incident)
        self.standing = Standing(kit, incident, self._folded)
        self._lost = threading.Event()
        self._over = threading.Event()
        self._beat = threading.Thread(target=self._renew, name=f"irtool lease {incident}", daemon=True)

    def __enter__(self) -> Session:
        self.epoch = self.kit.journal.lease(self.incident, self._owner())
        self._beat.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._beat.join()
        with suppress(Refused):
            self.kit.journal.release(self.incident, self.epoch)

    def say(self, kind: str, about: Change | PlanStep | None = None, /, **data: Json) -> None:
        """Write one event; when this returns it is on the disk and was told. Raises Refused if the lease is lost."""
        step = about.step if isinstance(about, Change) else about.id if about else None
        item = about.item if isinstance(about, Change) else None
        self.write(Entry(kind, data, step=step, item=item, actor=self.by))

    def write(self, *entries: Entry) -> None:
        """Write several events at once."""
        if self._lost.is_set():
            raise Refused(
                f"another process has taken over {self.incident}",
                done="What this process had begun is in the journal; the other one looks at it.",
                hint="irtool status",
            )
        self.kit.tell(self.kit.journal.append(self.incident, *entries, epoch=self.epoch))

    def events(self, after: int = 0) -> list[Event]:
        """The events so far from the one after `after`, those of other processes (approvals, notes) too."""
        return list(self.kit.journal.events(self.incident, after))

    def history(self) -> History:
        """Where everything stands now."""
        return self._folded.history()

    def _owner(self) -> str:
        return f"{self.by}, process {os.getpid()} on {socket.gethostname()}"

    def _renew(self) -> None:
        while not self._over.wait(self.kit.heartbeat):
            try:
                self.kit.journal.renew(self.incident, self.epoch)
            except Refused:
                self._lost.set()
                return
            except IrtoolError:  # a busy disk: the journal itself refuses a writer whose lease has run out
                continue

"""Looking at the present state of many targets, and rehearsing what would be done to them.

One after the other here; `run` brings threads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from irtool.connectors.exchange import hold
from irtool.errors import CallError, StepFailed
from irtool.plan.rehearsal import Rehearsed, rehearse
from irtool.plan.watched import Watched
from irtool.ports import CallSender, Connector, SenderPool
from irtool.records import Json, Look


@dataclass(frozen=True, slots=True)
class LookJob:
    """One target to look at. `rehearses` says of which states the change is rehearsed too."""

    connector: Connector
    verb: str
    target: str
    params: Mapping[str, Json] = field(default_factory=dict)
    rehearses: Callable[[str], bool] = lambda _state: False


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look gave: the look, or why the connector refused this one target; and the rehearsal, if there was one."""

    look: Look | None = None
    reason: str = ""
    rehearsed: Rehearsed | None = None


Looker = Callable[[Sequence[LookJob]], Sequence[Seen]]
"""Looks at all jobs and answers in their order. Raises StepFailed if a connector itself does not work."""


def look_at(job: LookJob, sender: CallSender) -> Seen:
    """Look at one target. Raises StepFailed if the server is down or rejects the credentials."""
    watched = Watched(sender)
    try:
        look = hold(job.connector.look(job.verb, job.target, job.params), watched)
        if not job.rehearses(look.state):
            return Seen(look)
        return Seen(look, rehearsed=rehearse(job.connector, job.verb, job.target, job.params, look, watched))
    except CallError as error:
        if watched.blames_connector(error):
            name = job.connector.name
            raise StepFailed(
                f"connector {name} did not answer when {job.verb} looked at {job.target!r}: {error.message}",
                done="Nothing was changed.",
                hint=f"`irtool doctor` tries the address and the credentials of {name}.",
            ) from error
        said = error.message.removeprefix(f"{job.connector.name}: ")
        return Seen(reason=f"{job.connector.name}: {said}")


def one_by_one(pool: SenderPool) -> Looker:
    """A looker that uses one sender and no threads."""

    def look(jobs: Sequence[LookJob]) -> Sequence[Seen]:
        sender = pool.sender()
        try:
            return [look_at(job, sender) for job in jobs]
        finally:
            sender.close()

    return look

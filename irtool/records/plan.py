"""The changes with the state each target has now and would have after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from irtool.records.json import Json


@dataclass(frozen=True, slots=True)
class Change:
    """One verb on one target through one connector.

    `item` is unique in its step and names the change everywhere (journal, `irtool approve --item`, `irtool undo`).
    `action`: do, already, skipped or refused; `reason` says why for all but do. `before` and `after` are states.
    `params` are the step's rendered `with`. `label` is for people and hostile. `collateral` is the count of innocent
    messages in the window that the change would have hit. `binding` is what an approval is bound to beyond that: the
    digest of the connector, then one of each changing call as rehearsed, and `*` if what follows depends on the
    server's answers; () if nothing was rehearsed. `shadow`: nothing of it is sent (shadow mode).
    """

    step: str
    item: str
    verb: str
    target: str
    connector: str
    action: str
    before: str = ""
    after: str = ""
    label: str = ""
    reason: str = ""
    params: Mapping[str, Json] = field(default_factory=dict)
    look: Mapping[str, Json] = field(default_factory=dict)
    expires_at: datetime | None = None
    messages: int | None = None
    collateral: int | None = None
    binding: tuple[str, ...] = ()
    shadow: bool = False

    @property
    def id(self) -> str:
        """The name of the change in its run: `step/item`."""
        return f"{self.step}/{self.item}"


@dataclass(frozen=True, slots=True)
class PlanStep:
    """A step as planned: its approval after limits were applied (`approval_reason` says why if that raised it) and
    the hash over exactly its changes, to which an approval is bound. `quorum` persons have to say yes; a yes ends after
    `expires` (a duration, "" for never)."""

    id: str
    title: str
    uses: str
    approval: str
    on_failure: str
    hash: str
    changes: tuple[Change, ...] = ()
    approval_reason: str = ""
    quorum: int = 1
    expires: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """The list of changes with the state each target has now and would have after. `hash` covers all of it."""

    playbook: str
    playbook_sha256: str
    hash: str
    made_at: datetime
    steps: tuple[PlanStep, ...]
    reads: int = 0

    @property
    def changes(self) -> tuple[Change, ...]:
        """All changes of all steps, in order."""
        return tuple(c for s in self.steps for c in s.changes)

    @property
    def is_shadow(self) -> bool:
        """Whether all that it would do is in shadow mode."""
        todo = [c for c in self.changes if c.action == "do"]
        return bool(todo) and all(c.shadow for c in todo)

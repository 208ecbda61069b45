"""The states of one change and what each event does to them: the only place that says so.

    planned ──intended──> in flight ──done─────> done ──undo.intended──> undoing ──undo.done────> undone
       │                      ├──────failed───> failed  ▲  ▲             ├────────undo.failed──> done
       │                      └──────unknown──> unknown │  │             └────────undo.unknown─> undo unknown
       ├── already    (was so before; never undone)     │  │
       ├── skipped    (`when` was false, or a veto)     │  └──failed── in flight again <──intended── done
       ├── refused    (a guard)                         └──────done────────┘
       └── shadowed   (everything but the change: nothing was sent)

An intent without an outcome is `in flight` while its process lives and *unknown* for everybody else. A change that is
done and drifted may be made again: if that fails, what was done before is still ours to undo, so it is `done` again.
A look settles what is unknown. `TABLE` has every legal step, drawn in README.md; what it lacks is illegal (`follow`).
"""

from __future__ import annotations

from collections.abc import Mapping

PLANNED, IN_FLIGHT, UNKNOWN, DONE, FAILED = "planned", "in flight", "unknown", "done", "failed"
ALREADY, SKIPPED, REFUSED, SHADOWED = "already", "skipped", "refused", "shadowed"
UNDOING, UNDO_UNKNOWN, UNDONE = "undoing", "undo unknown", "undone"
AGAIN = " again"
"""Of a change that was done before: `in flight again`, `unknown again`. For people it is `in flight`, `unknown`."""

IN_DOUBT = frozenset({IN_FLIGHT, UNKNOWN})
UNDO_IN_DOUBT = frozenset({UNDOING, UNDO_UNKNOWN})
SETTLED = frozenset({DONE, ALREADY, SKIPPED, REFUSED, UNDONE, SHADOWED})
STATES = (
    PLANNED, IN_FLIGHT, UNKNOWN, DONE, FAILED, ALREADY, SKIPPED, REFUSED, SHADOWED, IN_FLIGHT + AGAIN, UNKNOWN + AGAIN,
    UNDOING, UNDO_UNKNOWN, UNDONE,
)  # fmt: skip
"""All states, in the order in which a change may come to them."""

_NOT_BEGUN = (PLANNED, FAILED, SHADOWED)
_BEGINS: Mapping[str, str] = {
    "change.intended": IN_FLIGHT,
    "change.already": ALREADY,
    "change.skipped": SKIPPED,
    "change.refused": REFUSED,
    "change.shadowed": SHADOWED,
    "change.failed": FAILED,
}
_TRIED: Mapping[str, str] = {
    "change.intended": IN_FLIGHT,
    "change.done": DONE,
    "change.failed": FAILED,
    "change.unknown": UNKNOWN,
}
_TRIED_AGAIN: Mapping[str, str] = {
    "change.intended": IN_FLIGHT + AGAIN,
    "change.done": DONE,
    "change.failed": DONE,
    "change.unknown": UNKNOWN + AGAIN,
}
_STANDS: Mapping[str, str] = {
    "change.intended": IN_FLIGHT + AGAIN,
    "change.done": DONE,
    "undo.intended": UNDOING,
    "undo.done": UNDONE,
    "undo.failed": DONE,
}
_UNDOING: Mapping[str, str] = {
    "undo.intended": UNDOING,
    "undo.done": UNDONE,
    "undo.failed": DONE,
    "undo.unknown": UNDO_UNKNOWN,
}

TABLE: Mapping[str, Mapping[str, str]] = {
    **dict.fromkeys(_NOT_BEGUN, _BEGINS),
    IN_FLIGHT: _TRIED,
    UNKNOWN: _TRIED,
    DONE: _STANDS,
    IN_FLIGHT + AGAIN: _TRIED_AGAIN,
    UNKNOWN + AGAIN: _TRIED_AGAIN,
    UNDOING: _UNDOING,
    UNDO_UNKNOWN: _UNDOING,
    ALREADY: {},
    SKIPPED: {},
    REFUSED: {},
    UNDONE: {},
}
"""State -> event -> state. Complete: an event that a state does not list is illegal there."""

REMARKS: Mapping[str, frozenset[str]] = {
    "change.verified": frozenset({DONE, ALREADY}),
    "lease.set": frozenset(STATES) - {ALREADY, SKIPPED, REFUSED, UNDONE},
}
"""Events that leave the state as it is, and the states in which they are legal."""

REPLANNED = frozenset({PLANNED, SKIPPED, REFUSED, ALREADY, SHADOWED})
"""States that a new plan replaces by its own; all others stay, except that what others took back is to be done anew."""

ACTIONS: Mapping[str, str] = {"do": PLANNED, "already": ALREADY, "skipped": SKIPPED, "refused": REFUSED}
"""What the plan says of a change -> the state it begins in."""

CHANGE_KINDS = frozenset(kind for row in TABLE.values() for kind in row)
"""The events that may move a change from one state to another."""


def follow(state: str, kind: str) -> tuple[str, bool]:
    """The state after the event, and whether the event is legal.

    After one that is not, the journal cannot tell any more what there is at the server: the change is unknown, or its
    undo is, and a look has to tell.
    """
    found = TABLE.get(state, {}).get(kind)
    if found is not None:
        return found, True
    undo = kind.startswith("undo.") or state in UNDO_IN_DOUBT or state == UNDONE
    return (UNDO_UNKNOWN if undo else UNKNOWN), False


def drawing() -> str:
    """The table as a Mermaid state diagram, for the documentation."""
    lines = ["stateDiagram-v2"]
    lines += [f"    [*] --> {_name(state)}: plan says {action}" for action, state in ACTIONS.items()]
    for state in STATES:
        arrows: dict[str, list[str]] = {}
        for kind, after in TABLE[state].items():
            arrows.setdefault(after, []).append(kind.removeprefix("change."))
        lines += [f"    {_name(state)} --> {_name(after)}: {', '.join(kinds)}" for after, kinds in arrows.items()]
    return "\n".join(lines) + "\n"


def _name(state: str) -> str:
    return state.replace(" ", "_")

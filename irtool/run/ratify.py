"""After a break-glass: somebody else stands by it, or does not."""

from __future__ import annotations

from collections.abc import Sequence

from irtool.errors import Refused, UsageError
from irtool.history import BreakGlass, History
from irtool.records import Entry, Event, Json
from irtool.run.kit import Kit
from irtool.run.people import overlap


def unratified(history: History) -> tuple[BreakGlass, ...]:
    """The uses of break-glass that nobody else has looked at yet."""
    return tuple(use for use in history.break_glass if use.is_open)


def judge(
    kit: Kit, history: History, events: Sequence[Event], person: str, *, disown: str, note: str, door: str = ""
) -> Entry:
    """The entry for a second person's word on all open break-glass. `disown` says why they do not stand by it.

    Raises UsageError if there is none, Refused if the person is nobody of `people`, used it themselves, or is not in
    the playbook's approvers group.
    """
    waiting = unratified(history)
    if not waiting:
        raise UsageError(
            f"{history.incident}: there is no break-glass to ratify", hint=f"irtool status {history.incident}"
        )
    name = kit.people.who_is(person) or (person if person in kit.people.persons else "")
    if not name:
        raise Refused(f"{person} is not one of `people` in irtool.yaml and has no say")
    if kit.approvers is not None and not kit.people.in_group(name, kit.approvers):
        raise Refused(f"{name} is not in the group {kit.approvers}")
    mine = [name, *kit.people.known_as(name, door)]
    if all(overlap(mine, _names(use, events)) for use in waiting):
        raise Refused(
            f"{name} used break-glass, or shares an account with who did: it takes somebody else to ratify it",
            hint=f"irtool ratify {history.incident} --as SOMEBODY-ELSE",
        )
    known_as: list[Json] = [*kit.people.known_as(name, door)]
    if disown:
        data: dict[str, Json] = {"reason": disown, "known_as": known_as}
        return Entry("breakglass.disowned", data, actor=name, source="person")
    return Entry("breakglass.ratified", {"note": note, "known_as": known_as}, actor=name, source="person")


def _names(use: BreakGlass, events: Sequence[Event]) -> list[str]:
    found = next((e for e in events if e.seq == use.seq), None)
    known_as = found.data.get("known_as") if found else None
    return [use.by, *(str(n) for n in known_as if n)] if isinstance(known_as, list) else [use.by]

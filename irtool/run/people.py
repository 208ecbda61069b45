"""Who may approve what. People are those that irtool.yaml maps; everybody else has no say."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

DOOR_YES = "--yes"
"""The door of an answer given in advance on the command line: it covers no step that a limit has raised."""


@dataclass(frozen=True, slots=True)
class Person:
    """One person of `people` in irtool.yaml: the names they have at each door, and their groups."""

    os_user: str = ""
    slack: str = ""
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class People:
    """All mapped people by name."""

    persons: Mapping[str, Person] = field(default_factory=dict)

    def who_is(self, name: str) -> str:
        """The person with this name, user name or Slack id; "" if nobody or more than one has it."""
        if not name:
            return ""
        found = {n for n, p in self.persons.items() if name in {n, p.os_user, p.slack}}
        return found.pop() if len(found) == 1 else ""

    def known_as(self, person: str) -> list[str]:
        """The user name and the Slack id that are this person's alone: they stay theirs when `people` is edited."""
        name = self.who_is(person)
        return [known for known in self.names(name) if known != name and self.who_is(known) == name]

    def names(self, person: str) -> list[str]:
        """All names of a person by their first one."""
        known = self.persons.get(person)
        return [name for name in (person, known.os_user, known.slack) if name] if known else []

    def in_group(self, person: str, group: str) -> bool:
        """Whether the person belongs to the group."""
        known = self.persons.get(person)
        return known is not None and group in known.groups

    def same(self, one: str, other: str) -> bool:
        """Whether two names, of whichever door, are those of one person."""
        return bool(one) and (one == other or (bool(self.who_is(one)) and self.who_is(one) == self.who_is(other)))


def may_decide(
    step_approval: str,
    person: str,
    started_by: str,
    ran_by: Collection[str],
    approvers_group: str | None,
    people: People,
) -> str:
    """Why this person may not decide about a step with this approval; "" if they may.

    `person` is any name of theirs. `ran_by` holds everybody who planned or ran the incident. `peer` is never one of
    those, nor who started it, and is in the playbook's approvers group if it names one. `self` is somebody of the
    incident, or who could be its peer.
    """
    name = people.who_is(person)
    if not name:
        return f"{person or 'nobody'} is not one of `people` in irtool.yaml and has no say"
    involved = any(other in people.names(name) or people.same(name, other) for other in (started_by, *ran_by))
    member = approvers_group is None or people.in_group(name, approvers_group)
    if step_approval == "peer":
        if involved:
            return f"{name} started, planned or ran this incident: it takes somebody else"
        return "" if member else f"{name} is not in the group {approvers_group}"
    if step_approval in {"self", "none"}:
        return "" if involved or member else f"{name} neither runs this incident nor is in the group {approvers_group}"
    return f"there is no approval {step_approval!r}"

"""Who may approve what. People are those that irtool.yaml maps; everybody else has no say."""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

DOOR_YES = "--yes"
"""The door of an answer given in advance on the command line: it covers no step that a limit has raised."""

SLACK = "slack"
"""The door at which Slack vouches for who it is, and no OS account of this machine."""


@dataclass(frozen=True, slots=True)
class Person:
    """One person of `people` in irtool.yaml: the names they have at each door, and their groups."""

    os_user: str = ""
    slack: str = ""
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class People:
    """All mapped people by name.

    `account` is the OS account of this process. One that several people share proves nothing about who is typing, so
    all of them count as one person there, unless irtool.yaml says that this is well (`shared_accounts`).
    """

    persons: Mapping[str, Person] = field(default_factory=dict)
    account: str = ""
    shared_accounts: bool = False

    def who_is(self, name: str) -> str:
        """The person with this name, user name or Slack id; "" if nobody or more than one has it."""
        if not name:
            return ""
        found = {n for n, p in self.persons.items() if name in {n, p.os_user, p.slack}}
        return found.pop() if len(found) == 1 else ""

    def known_as(self, person: str, door: str = "") -> list[str]:
        """The names that stay this person's when `people` is edited: those that are theirs alone, and the OS account
        that they are typing in (not where Slack says who it is)."""
        name = self.who_is(person)
        if not name and self.account and person not in self.persons:
            return [self.account]
        alone = [known for known in self.names(name) if known != name and self.who_is(known) == name]
        here = self.persons[name].os_user if name else ""
        typed = bool(here) and here == self.account and door != SLACK
        typing = [here] if typed and not self.shared_accounts else []
        return list(dict.fromkeys([*alone, *typing]))

    def names(self, person: str) -> list[str]:
        """All names of a person by their first one."""
        known = self.persons.get(person)
        return [name for name in (person, known.os_user, known.slack) if name] if known else []

    def proofs(self, person: str, door: str) -> list[str]:
        """The names that speak for a person at a door: a shared OS account does not where another proof is at hand."""
        known = self.persons.get(person)
        apart = door == SLACK or self.shared_accounts
        doubtful = {known.os_user} if known and apart and not self.who_is(known.os_user) else set()
        return [name for name in self.names(person) if name == person or name not in doubtful]

    def in_group(self, person: str, group: str) -> bool:
        """Whether the person belongs to the group."""
        known = self.persons.get(person)
        return known is not None and group in known.groups

    def same(self, one: str, other: str) -> bool:
        """Whether two names, of whichever door, are those of one person."""
        return alike(one, other) or (bool(self.who_is(one)) and self.who_is(one) == self.who_is(other))


@functools.lru_cache(maxsize=4096)
def folded(name: str) -> str:
    """The name without regard to case and to the forms in which Unicode writes one letter."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold()).strip()


@functools.lru_cache(maxsize=4096)
def alike(one: str, other: str) -> bool:
    """Whether two names are one to the eye of whoever reads the timeline."""
    from irtool.intake.homographs import skeleton

    if not one or not other:
        return False
    if folded(one) == folded(other):
        return True
    return not (one.isascii() and other.isascii()) and skeleton(folded(one)) == skeleton(folded(other))


def overlap(some: Iterable[str], others: Collection[str]) -> bool:
    """Whether any name of the one is a name of the other."""
    return any(alike(one, other) for one in some for other in others)


def may_decide(
    step_approval: str,
    person: str,
    started_by: str,
    ran_by: Collection[str],
    approvers_group: str | None,
    people: People,
    *,
    door: str = "",
) -> str:
    """Why this person may not decide about a step with this approval; "" if they may.

    `person` is any name of theirs. `ran_by` holds everybody who planned or ran the incident. `peer` is never one of
    those, nor who started it, and is in the playbook's approvers group if it names one. `self` is somebody of the
    incident, or who could be its peer. `door` is where they say it.
    """
    name = people.who_is(person) or (person if person in people.persons else "")
    if not name:
        return f"{person or 'nobody'} is not one of `people` in irtool.yaml and has no say"
    before = [other for other in (started_by, *ran_by) if other]
    involved = overlap(people.proofs(name, door), before) or any(people.same(name, other) for other in before)
    member = approvers_group is None or people.in_group(name, approvers_group)
    if step_approval == "peer":
        if involved:
            return (
                f"{name} started, planned or ran this incident{_shared(name, before, people)}: it takes somebody else"
            )
        return "" if member else f"{name} is not in the group {approvers_group}"
    if step_approval in {"self", "none"}:
        return "" if involved or member else f"{name} neither runs this incident nor is in the group {approvers_group}"
    return f"there is no approval {step_approval!r}"


def may_break_glass(person: str, policy: str, people: People) -> str:
    """Why this person may not go past the approval of others; "" if they may. `policy`: allow, deny or a group."""
    name = people.who_is(person) or (person if person in people.persons else "")
    if not name:
        return f"{person or 'nobody'} is not one of `people` in irtool.yaml and has no say"
    if policy == "deny":
        return "irtool.yaml does not allow break-glass"
    if policy != "allow" and not people.in_group(name, policy):
        return f"{name} is not in the group {policy}, which alone may use break-glass"
    return ""


def _shared(name: str, before: Collection[str], people: People) -> str:
    """What to add if it is only the OS account that they have in common."""
    account = people.persons[name].os_user
    if people.who_is(account) or not overlap([account], before) or overlap([name], before):
        return ""
    return f", or shares the OS account {account} with who did"

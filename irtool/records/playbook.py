"""What is to be done, and what can be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from irtool.records.json import Json


@dataclass(frozen=True, slots=True)
class Verb:
    """One entry of the catalogue of what can be done, independent of any product.

    `kind`: look (reads, runs during plan), change (is looked up, done, verified, undone) or tell (sends words).
    `target` says what it is applied to: domain, ip, address, queue, account, rule, customer, relay, text, "".
    `states` is (state without it, state with it), e.g. ("absent", "blocked"). `undo` is the word for undoing it,
    "" if it cannot be undone. `danger`: mild, moderate or severe. `params` maps each allowed `with` key to its type
    (text, duration, address, any); those in `required` must be given.
    """

    name: str
    title: str
    kind: str
    target: str
    states: tuple[str, str] = ("", "")
    undo: str = ""
    danger: str = "moderate"
    params: Mapping[str, str] = field(default_factory=dict)
    required: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Input:
    """A value a playbook asks for. `type`: file, text, duration, number, flag."""

    name: str
    type: str
    required: bool = True
    default: Json = None
    about: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a playbook. `each` and `when` are bare expressions; strings in `with_` may hold `${{ }}`.

    `approval` is whose yes it takes (none, self, peer), `quorum` of how many, `expires` for how long one counts.
    """

    id: str
    title: str
    uses: str
    with_: Mapping[str, Json] = field(default_factory=dict)
    each: str | None = None
    when: str | None = None
    via: tuple[str, ...] = ()
    approval: str = "none"
    on_failure: str = "stop"
    quorum: int = 1
    expires: str = ""


@dataclass(frozen=True, slots=True)
class Playbook:
    """A checked playbook. `text` is the file as read and `sha256` its hash: the run keeps this snapshot."""

    name: str
    title: str
    steps: tuple[Step, ...]
    text: str
    sha256: str
    about: str = ""
    owner: str = ""
    approvers: str | None = None
    inputs: tuple[Input, ...] = ()
    limits: Mapping[str, int] = field(default_factory=dict)
    path: str = ""

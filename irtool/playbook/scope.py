"""What expressions of a playbook can see, checked without evaluating them."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from irtool.language.expressions import Expression
from irtool.language.yamlfile import suggest
from irtool.records import Findings

ROOTS = ("findings", "incident", "inputs", "item", "org")
ANYTHING: Any = object()
"""The kind of what cannot be told before the run."""


@dataclass(frozen=True)
class Incident:
    """The variable `incident`."""

    id: str
    opened_at: str


@dataclass(frozen=True)
class Org:
    """The variable `org`, from irtool.yaml."""

    name: str
    domains: tuple[str, ...]


class UndefinedNameError(Exception):
    """A path leads nowhere; says why."""


@dataclass(frozen=True)
class Scope:
    """The variables of one step. `item` is the kind of its items, None without `each`; `source` is their list."""

    inputs: Collection[str]
    item: Any = None
    source: str = ""

    def faults(self, names: Iterable[tuple[str, ...]]) -> list[str]:
        """What is wrong with these paths, in alphabetical order."""
        found = []
        for path in sorted(names):
            try:
                self.kind(path)
            except UndefinedNameError as error:
                found.append(str(error))
        return found

    def kind(self, path: tuple[str, ...]) -> Any:
        """The type of what is at a path, ANYTHING if that cannot be told. Raises UndefinedNameError."""
        root, *rest = path
        if root == "inputs":
            if rest and rest[0] not in self.inputs and rest[0] != "*":
                raise UndefinedNameError(f'there is no input "{rest[0]}".' + suggest(rest[0], self.inputs))
            return ANYTHING
        if root == "item" and self.item is None:
            raise UndefinedNameError("item is only there in a step with each")
        roots = {"findings": Findings, "incident": Incident, "org": Org, "item": self.item}
        if root not in roots:
            raise UndefinedNameError(f'"{root}" is not defined; there are {", ".join(ROOTS)}.' + suggest(root, ROOTS))
        return self._walk(roots[root], rest, root)

    def _walk(self, kind: Any, rest: Iterable[str], shown: str) -> Any:
        for part in rest:
            kind = _plain(kind)
            if kind is ANYTHING:
                return ANYTHING
            if dataclasses.is_dataclass(kind):
                kind = ANYTHING if part == "*" else self._field(kind, part, shown)
            elif part == "*" and typing.get_origin(kind) is tuple:
                kind = typing.get_args(kind)[0]
            else:
                raise UndefinedNameError(f"{shown} is {describe(kind)} and has no {_part(part)}")
            shown = f"{shown}[…]" if part == "*" else f"{shown}.{part}"
        return _plain(kind)

    def _field(self, kind: Any, part: str, shown: str) -> Any:
        fields = {n.rstrip("_"): hint for n, hint in typing.get_type_hints(kind).items()}
        if part not in fields:
            of = f" (an item of {self.source})" if shown == "item" and self.source else ""
            raise UndefinedNameError(f'{shown} has no "{part}"{of}.' + suggest(part, fields))
        return fields[part]


def items(each: Expression, scope: Scope) -> Any:
    """The kind of the items that `each` yields, ANYTHING if it cannot be told.

    Raises UndefinedNameError if it is no list, or is not there.
    """
    if not each.items_of:
        return ANYTHING
    kind = scope.kind(each.items_of)
    if kind is ANYTHING:
        return ANYTHING
    if typing.get_origin(kind) is not tuple:
        raise UndefinedNameError(f"each needs a list, and {'.'.join(each.items_of)} is {describe(kind)}")
    return typing.get_args(kind)[0]


def names_target(kind: Any) -> bool:
    """Whether an item of this kind says by itself what a step is applied to: a text, or a record with id or value."""
    if not dataclasses.is_dataclass(kind):
        return True
    return bool({"id", "value"} & {f.name for f in dataclasses.fields(kind)})


def describe(kind: Any) -> str:
    """The kind in words."""
    if typing.get_origin(kind) is tuple:
        return "a list"
    if dataclasses.is_dataclass(kind):
        return "a record"
    return {int: "a number", float: "a number", bool: "true or false"}.get(kind, "a text")


def _plain(kind: Any) -> Any:
    """`X | None` as X."""
    if typing.get_origin(kind) in (types.UnionType, typing.Union):
        return next((a for a in typing.get_args(kind) if a is not type(None)), ANYTHING)
    return kind


def _part(part: str) -> str:
    return "items" if part == "*" else f'"{part}"'

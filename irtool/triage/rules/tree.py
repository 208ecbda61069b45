"""What a signature says, as a tree: tests joined by and, or, not. Both compilers read this and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from irtool.triage.rules.fields import FIELDS
from irtool.triage.rules.matchers import Matcher


@dataclass(frozen=True, slots=True)
class Test:
    """A value of the field passes."""

    field: str
    matcher: Matcher


@dataclass(frozen=True, slots=True)
class Present:
    """The field has a value."""

    field: str


@dataclass(frozen=True, slots=True)
class Pair:
    """A value of the field against those of another: `how` is same, differs (from all of them, and there is one),
    start, end or any (the other text is not empty and stands there). `raw` compares exactly."""

    field: str
    other: str
    how: str
    raw: bool = False


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds; true if there is none."""

    parts: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Some:
    """At least one part holds; false if there is none."""

    parts: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class No:
    """The part does not hold."""

    part: Tree


@dataclass(frozen=True, slots=True)
class OfHop:
    """The part, made of `hop.*` tests, holds for one and the same hop."""

    part: Tree


Tree: TypeAlias = Test | Present | Pair | All | Some | No | OfHop
TRUE, FALSE = All(()), Some(())


def fields(tree: Tree) -> Iterator[str]:
    """The names of all fields in it, with repetitions."""
    if isinstance(tree, All | Some):
        for part in tree.parts:
            yield from fields(part)
    elif isinstance(tree, No | OfHop):
        yield from fields(tree.part)
    else:
        yield tree.field
        if isinstance(tree, Pair):
            yield tree.other


def for_log(tree: Tree) -> Tree:
    """The tree with the fields that are the same in every log row worked out: what is left asks the row."""
    if isinstance(tree, Test):
        constant = FIELDS[tree.field].constant
        if constant is None:
            return tree
        return TRUE if tree.matcher.holds(constant) else FALSE
    if isinstance(tree, Present):
        return tree if FIELDS[tree.field].constant is None else TRUE
    if isinstance(tree, No):
        return negated(for_log(tree.part))
    if isinstance(tree, All | Some):
        return joined(type(tree), [for_log(part) for part in tree.parts])
    return tree


def joined(kind: type[All] | type[Some], parts: list[Tree]) -> Tree:
    """All or Some of the parts, without those that do not matter."""
    neutral, decisive = (TRUE, FALSE) if kind is All else (FALSE, TRUE)
    if decisive in parts:
        return decisive
    kept = tuple(part for part in parts if part != neutral)
    return kept[0] if len(kept) == 1 else kind(kept)


def negated(tree: Tree) -> Tree:
    """Not the tree."""
    if tree in (TRUE, FALSE):
        return FALSE if tree == TRUE else TRUE
    return No(tree)

"""A tree as a Python function over the values of one message or log row: true or false, nothing third."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from irtool.triage.rules.fields import is_exact
from irtool.triage.rules.matchers import Pattern
from irtool.triage.rules.tree import All, No, OfHop, Pair, Present, Some, Test, Tree
from irtool.triage.rules.values import AnyValues, Value

Predicate: TypeAlias = Callable[[AnyValues], bool]


def compiled(tree: Tree) -> Predicate:
    """The function of a tree."""
    if isinstance(tree, Test):
        return _test(tree)
    if isinstance(tree, Present):
        field = tree.field
        return lambda values: bool(values.raw(field))
    if isinstance(tree, Pair):
        return _pair(tree)
    if isinstance(tree, No):
        part = compiled(tree.part)
        return lambda values: not part(values)
    if isinstance(tree, OfHop):
        inner = compiled(tree.part)
        return lambda values: any(inner(hop) for hop in values.hops())
    return _joined(tree)


def _joined(tree: All | Some) -> Predicate:
    parts = [compiled(part) for part in sorted(tree.parts, key=_cost)]
    wanted = isinstance(tree, Some)

    def decided(values: AnyValues) -> bool:
        for part in parts:
            if part(values) is wanted:
                return wanted
        return not wanted

    return decided


def _cost(tree: Tree) -> int:
    """Roughly what it takes to decide: the cheap parts go first and often decide alone, exceptions come last."""
    if isinstance(tree, All | Some):
        return sum(_cost(part) for part in tree.parts)
    if isinstance(tree, No):
        return 50 + _cost(tree.part)
    if isinstance(tree, OfHop):
        return 5 + _cost(tree.part)
    names = (tree.field, tree.other) if isinstance(tree, Pair) else (tree.field,)
    pattern = isinstance(tree, Test) and isinstance(tree.matcher, Pattern)
    return 2 * pattern + sum(10 if name.endswith(_DEAR) else 1 for name in names)


_DEAR = ("_registered", "_owner", "_domain", "_name")


def _test(tree: Test) -> Predicate:
    field, holds = tree.field, tree.matcher.holds
    exact = is_exact(field, raw=tree.matcher.raw)

    def tested(values: AnyValues) -> bool:
        for value in values.raw(field) if exact else values.folded(field):  # noqa: SIM110 - any() is twice as slow
            if holds(value):
                return True
        return False

    return tested


def _pair(tree: Pair) -> Predicate:
    field, other, compare = tree.field, tree.other, _PAIRS[tree.how]
    exact, other_exact = is_exact(field, raw=tree.raw), is_exact(other, raw=tree.raw)

    def compared(values: AnyValues) -> bool:
        ones = values.raw(field) if exact else values.folded(field)
        return compare(ones, values.raw(other) if other_exact else values.folded(other))

    return compared


Compare: TypeAlias = Callable[[tuple[Value, ...], tuple[Value, ...]], bool]


def _any(holds: Callable[[Any, Any], bool]) -> Compare:
    return lambda ones, others: any(other != "" and holds(one, other) for one in ones for other in others)


_PAIRS: dict[str, Compare] = {
    "same": lambda ones, others: any(one in others for one in ones),
    "differs": lambda ones, others: bool(others) and any(one not in others for one in ones),
    "start": _any(lambda one, other: one.startswith(other)),
    "end": _any(lambda one, other: one.endswith(other)),
    "any": _any(lambda one, other: other in one),
}

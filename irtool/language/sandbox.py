"""The closed world that expressions are evaluated in: jinja2's sandbox with nothing in it.

Three walls. Only the source of a playbook or manifest is ever compiled, never data. The syntax tree may hold only the
kinds of nodes listed here: no calls, no powers. And no Python attribute is ever looked up: a dot reads a key of a
mapping or a field of a record, so that a value leads to nothing but its own data.
"""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from jinja2 import StrictUndefined, Undefined, nodes
from jinja2.exceptions import SecurityError, TemplateSyntaxError
from jinja2.parser import Parser
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from irtool.language.filters import ALLOWED, ALLOWED_TESTS, MAX_TEXT
from irtool.language.yamlfile import suggest

MAX_SOURCE = 4_000
MAX_TREE = 50
MAX_LIST = 1_000_000

_NODES = (
    nodes.Name, nodes.Const, nodes.List, nodes.Tuple, nodes.Dict, nodes.Pair, nodes.Getattr, nodes.Getitem,
    nodes.Slice, nodes.Filter, nodes.Test, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Neg,
    nodes.Pos, nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.Concat, nodes.CondExpr,
    nodes.Keyword,
)  # fmt: skip
_WORD = re.compile(r"[A-Za-z_][\w-]{0,40}", re.ASCII)
_KEEPS_ITEMS = frozenset({"list", "reject", "rejectattr", "reverse", "select", "selectattr", "sort", "unique"})


class Sandbox(ImmutableSandboxedEnvironment):
    """The environment of all expressions."""

    intercepted_binops = frozenset({"+", "*", "%", "**"})

    def __init__(self) -> None:
        super().__init__(undefined=StrictUndefined, autoescape=False, cache_size=0)
        self.globals.clear()
        self.filters.clear()
        self.filters.update(ALLOWED)
        self.tests.clear()
        self.tests.update(ALLOWED_TESTS)

    def getattr(self, obj: Any, attribute: str) -> Any:
        """A key of a mapping or a field of a record; never an attribute of an object."""
        if isinstance(obj, Mapping):
            return obj[attribute] if attribute in obj else self._nothing(attribute, obj)
        if dataclasses.is_dataclass(obj) and attribute in (f.name for f in dataclasses.fields(obj)):
            return getattr(obj, attribute)
        return self._nothing(attribute, obj)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """A key of a mapping, an item of a list, a part of a text."""
        if isinstance(argument, str):
            return self.getattr(obj, argument)
        try:
            return obj[argument]
        except (TypeError, LookupError):
            return self.undefined(f"there is no item {argument!r}")

    def call(self, *_args: Any, **_kwargs: Any) -> Any:
        """Nothing can be called."""
        raise SecurityError("functions cannot be called in an expression")

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Arithmetic that cannot grow without bound: `*` and `%` on numbers only, `+` up to a size, no `**`."""
        numbers = isinstance(left, int | float) and isinstance(right, int | float)
        if operator == "**" or (operator in "*%" and not numbers):
            raise SecurityError(f"{operator} is for numbers only" if operator != "**" else "** is not allowed")
        if operator == "+" and not numbers:
            _check_sum(left, right)
        return super().call_binop(context, operator, left, right)

    def _nothing(self, attribute: str, obj: Any) -> Any:
        if isinstance(obj, Undefined):
            str(obj)  # raises, and names the part that is missing
        if isinstance(obj, Mapping):
            known = [k for k in obj if isinstance(k, str) and _WORD.fullmatch(k)]
            return self.undefined(f'there is no "{attribute}" here.{suggest(attribute, known)}')
        return self.undefined(f'there is no "{attribute}" in {_kind(obj)}')


def _check_sum(left: Any, right: Any) -> None:
    for kind, limit in ((str, MAX_TEXT), (list, MAX_LIST)):
        if isinstance(left, kind) and isinstance(right, kind):
            if len(left) + len(right) > limit:
                raise SecurityError(f"the result of + would be longer than {limit}")
            return
    raise TypeError(f"+ cannot join {_kind(left)} and {_kind(right)}")


def _kind(value: object) -> str:
    if value is None:
        return "nothing (null)"
    kinds = ((bool, "true or false"), (str, "a text"), (int | float, "a number"), (list | tuple, "a list"))
    return next((word for kind, word in kinds if isinstance(value, kind)), "this value")


@functools.cache
def sandbox() -> Sandbox:
    """The one environment."""
    return Sandbox()


class BadExpressionError(Exception):
    """The source is not an expression, or holds something that is not allowed."""


def parse(source: str) -> nodes.Expr:
    """The checked syntax tree of an expression. Raises BadExpressionError."""
    if not source.strip():
        raise BadExpressionError("the expression is empty")
    if len(source) > MAX_SOURCE:
        raise BadExpressionError(f"the expression is longer than {MAX_SOURCE} characters")
    try:
        parser = Parser(sandbox(), source, state="variable")
        tree = parser.parse_expression()
        if not parser.stream.eos:
            raise BadExpressionError(f'did not expect "{parser.stream.current.value}" after the expression')
        _check(tree, 1)
    except TemplateSyntaxError as error:
        what = error.message or "it cannot be understood"
        raise BadExpressionError(what.replace("'end of template'", "the end")) from None
    except RecursionError:
        raise BadExpressionError("the expression is nested too deeply") from None
    return tree


def _check(node: nodes.Node, depth: int) -> None:
    if depth > MAX_TREE:
        raise BadExpressionError("the expression is nested too deeply")
    if isinstance(node, nodes.Call):
        raise BadExpressionError("functions cannot be called; use a filter, as in: item.value | lower")
    if not isinstance(node, _NODES):
        raise BadExpressionError("** is not allowed" if isinstance(node, nodes.Pow) else "this syntax is not allowed")
    if isinstance(node, nodes.Filter | nodes.Test):
        _check_name(node)
    if isinstance(node, nodes.Name) and node.name == "self":
        raise BadExpressionError('"self" has no meaning here')
    for child in node.iter_child_nodes():
        _check(child, depth + 1)


def _check_name(node: nodes.Filter | nodes.Test) -> None:
    word, known = ("filter", ALLOWED) if isinstance(node, nodes.Filter) else ("test", ALLOWED_TESTS)
    if node.name not in known:
        raise BadExpressionError(f'there is no {word} "{node.name}".' + suggest(node.name, known))


def paths(node: nodes.Node) -> Iterator[tuple[str, ...]]:
    """What the tree reads: `("findings", "accounts", "*", "id")`; "*" is an item of a list or a computed key."""
    chain = _chain(node)
    if chain:
        yield chain
    for child in _beside(node) if chain else node.iter_child_nodes():
        yield from paths(child)


def _chain(node: nodes.Node) -> tuple[str, ...]:
    if isinstance(node, nodes.Name):
        return (node.name,)
    if isinstance(node, nodes.Getattr):
        inner = _chain(node.node)
        return (*inner, node.attr) if inner else ()
    if isinstance(node, nodes.Getitem):
        inner = _chain(node.node)
        if not inner:
            return ()
        if isinstance(node.arg, nodes.Slice):
            return inner
        key = node.arg.value if isinstance(node.arg, nodes.Const) else None
        return (*inner, key if isinstance(key, str) else "*")
    return ()


def _beside(node: nodes.Node) -> Sequence[nodes.Node]:
    """The parts of a chain that are expressions of their own: what stands in its brackets."""
    found: list[nodes.Node] = []
    while isinstance(node, nodes.Getattr | nodes.Getitem):
        if isinstance(node, nodes.Getitem):
            found.append(node.arg)
        node = node.node
    return found


def items_of(node: nodes.Node) -> tuple[str, ...]:
    """The list whose items the tree yields, through filters that only choose or order them; () if it cannot be told."""
    while isinstance(node, nodes.Filter) and node.name in _KEEPS_ITEMS and node.node is not None:
        node = node.node
    return _chain(node)

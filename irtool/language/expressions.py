"""Expressions and texts with `${{ }}` holes. The only place that compiles them, from playbooks and manifests alone.

An expression is compiled once and evaluated to a plain JSON value. What it makes is data from then on: it is never
compiled or rendered again, whatever it looks like. Evaluation errors are PlaybookErrors that begin with the place.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NoReturn

from irtool.errors import FaultsError, PlaybookError
from irtool.language import holes
from irtool.records import Json, utc

MAX_VALUES = 2_000_000
MAX_DEPTH = 60

Finalize = Callable[[object], object]
Names = frozenset[tuple[str, ...]]
Reads = tuple[Names, tuple[str, ...]]
_EVALUATION = (
    TypeError,
    ValueError,
    NameError,
    ArithmeticError,
    LookupError,
    AttributeError,
    RecursionError,
    MemoryError,
)


class Expression:
    """A bare expression, such as `item.plan == "trial"`. Called with the variables, gives the value, with its type."""

    __slots__ = ("_run", "items_of", "names", "place", "source")

    def __init__(self, source: str, place: str, run: Callable[..., object], reads: Reads) -> None:
        self.source = source
        self.place = place
        self.names, self.items_of = reads
        self._run = run

    def __call__(self, /, **variables: object) -> Json:
        """The value. Raises PlaybookError, beginning with the place, if there is none."""
        from jinja2.exceptions import TemplateError

        try:
            return _Plain().of(self._run(variables))
        except TemplateError as error:
            self.fail(error.message or "it cannot be evaluated")
        except _EVALUATION as error:
            self.fail(str(error) or type(error).__name__)

    def fail(self, what: str) -> NoReturn:
        """Raise the PlaybookError that says what is wrong with this expression's value."""
        line = f"{self.place}  '{_shown(self.source)}': {what}".strip()
        raise PlaybookError(line, [line])


class Text:
    """A text with holes. Called with the variables, gives a str, or the value itself if it is one hole and no more.

    With `finalize` it always gives a str.
    """

    __slots__ = ("_finalize", "_parts", "names", "source")

    def __init__(self, source: str, parts: Sequence[str | Expression], finalize: Finalize | None) -> None:
        self.source = source
        self._parts = tuple(parts)
        self._finalize = finalize
        self.names: Names = _union(p.names for p in parts if isinstance(p, Expression))

    def __call__(self, /, **variables: object) -> Json:
        """The text. Raises PlaybookError if a hole has no value, or an empty one (null) in the midst of text."""
        if len(self._parts) == 1 and isinstance(self._parts[0], Expression):
            whole = self._parts[0]
            return self._hole(whole, variables) if self._finalize else whole(**variables)
        return "".join(p if isinstance(p, str) else self._hole(p, variables) for p in self._parts)

    def _hole(self, part: Expression, variables: Mapping[str, object]) -> str:
        from irtool.language.filters import as_text

        value: object = part(**variables)
        try:
            return as_text(self._finalize(value) if self._finalize and value is not None else value)
        except (TypeError, ValueError) as error:
            part.fail(str(error))


class Value:
    """A nested value whose strings may have holes. Called with the variables, gives the filled value."""

    __slots__ = ("_form", "names")

    def __init__(self, form: object, names: Names) -> None:
        self._form = form
        self.names = names

    def __call__(self, /, **variables: object) -> Json:
        """The value with every hole filled. Raises PlaybookError as Text does."""
        return _fill(self._form, variables)


def expression(source: str, place: str = "") -> Expression:
    """Compile a bare expression. Raises FaultsError, with the place, if it is not one."""
    from irtool.language.sandbox import BadExpressionError

    source = source.strip()
    try:
        run, reads = _compiled(source)
    except BadExpressionError as error:
        raise _bad(place, source, str(error)) from None
    except (SyntaxError, RecursionError, MemoryError):
        raise _bad(place, source, "the expression is nested too deeply") from None
    return Expression(source, place, run, reads)


@functools.lru_cache(maxsize=4096)
def _compiled(source: str) -> tuple[Callable[..., object], Reads]:
    """Checking a playbook and then running it compiles each source once."""
    from irtool.language import sandbox

    tree = sandbox.parse(source)
    run = sandbox.sandbox().compile_expression(source, undefined_to_none=False)
    return run, (frozenset(sandbox.paths(tree)), sandbox.items_of(tree))


def text(source: str, place: str = "", *, finalize: Finalize | None = None) -> Text:
    """Compile a text with holes. `finalize` is applied to the value of every hole, e.g. to quote it for a URL.

    Raises FaultsError, with the place, if a hole is not closed or is not an expression.
    """
    try:
        parts = holes.split(source)
    except holes.UnclosedError as error:
        raise _bad(place, source, str(error)) from None
    return Text(source, [p if isinstance(p, str) else expression(p.source, place) for p in parts], finalize)


def compile_value(
    value: Json,
    place_of: Callable[[tuple[str | int, ...]], str],
    *,
    finalize: Finalize | None = None,
) -> Value:
    """Compile every string in a nested value; `place_of(path)` is the place of the part at `path`. Keys are not filled.

    Raises one FaultsError with the faults of all of them.
    """
    faults: list[str] = []
    texts: list[Text] = []

    def build(part: Json, path: tuple[str | int, ...]) -> object:
        if isinstance(part, dict):
            return {k: build(v, (*path, k)) for k, v in part.items()}
        if isinstance(part, list | tuple):
            return [build(v, (*path, i)) for i, v in enumerate(part)]
        if not isinstance(part, str) or not holes.has_holes(part):
            return part
        try:
            texts.append(text(part, place_of(path), finalize=finalize))
        except FaultsError as error:
            faults.extend(error.faults)
            return None
        return texts[-1]

    form = build(value, ())
    if faults:
        raise FaultsError("; ".join(faults), faults)
    return Value(form, _union(t.names for t in texts))


def names(compiled: Expression | Text | Value) -> Names:
    """The paths it reads, e.g. ("findings", "source_ips"). "*" stands for an item of a list or a computed key."""
    return compiled.names


def _union(many: Iterable[Names]) -> Names:
    return frozenset().union(*many)


def _fill(form: object, variables: Mapping[str, object]) -> Json:
    if isinstance(form, Text):
        return form(**variables)
    if isinstance(form, dict):
        return {k: _fill(v, variables) for k, v in form.items()}
    if isinstance(form, list):
        return [_fill(v, variables) for v in form]
    return form  # type: ignore[return-value]  # a JSON scalar, as it was read


def _shown(source: str) -> str:
    one_line = " ".join(source.split())
    return one_line if len(one_line) <= 100 else one_line[:99] + "…"


def _bad(place: str, source: str, what: str) -> FaultsError:
    line = f"{place}  '{_shown(source)}': {what}".strip()
    return FaultsError(line, [line])


class _Plain:
    """Makes the result of an evaluation plain JSON, within limits. An undefined value anywhere in it is an error."""

    def __init__(self) -> None:
        self._left = MAX_VALUES

    def of(self, value: Any, depth: int = 0) -> Json:
        self._left -= 1 + (len(value) if isinstance(value, str) else 0) // 64
        if self._left < 0 or depth > MAX_DEPTH:
            raise ValueError("the value is too large")
        if value is None or isinstance(value, bool | int):
            return value
        if isinstance(value, float):
            return self._finite(value)
        if isinstance(value, str):
            return str(value)
        if isinstance(value, Mapping):
            return {str(k): self.of(v, depth + 1) for k, v in value.items()}
        if isinstance(value, list | tuple | set | frozenset | Iterator):
            return [self.of(v, depth + 1) for v in value]
        if isinstance(value, datetime):
            return utc(value)
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return {f.name.rstrip("_"): self.of(getattr(value, f.name), depth + 1) for f in dataclasses.fields(value)}
        return self._undefined(value)

    @staticmethod
    def _finite(value: float) -> float:
        if not math.isfinite(value):
            raise ValueError("the number is too large")
        return value

    @staticmethod
    def _undefined(value: object) -> Json:
        str(value)  # jinja2's StrictUndefined raises here, and says what is missing
        raise TypeError(f"{type(value).__name__} is not a plain value")

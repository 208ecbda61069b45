"""A manifest made ready to run: every expression and text of it compiled once, every name in it checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from irtool.connectors.shape import Manifest
from irtool.errors import PlaybookError
from irtool.language.expressions import Expression, Text, Value
from irtool.records import Json


def segment(value: object) -> str:
    """A value as exactly one URL-quoted path segment (RFC 3986 §3.3).

    Raises ValueError for what no quoting makes safe: nothing, `.` and `..` (they name another resource), and text that
    is not Unicode.
    """
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise TypeError("only a text or a whole number can be part of a path")
    text = str(value)
    if text in {"", ".", ".."}:
        raise ValueError(f"{text!r} cannot be part of a path")
    try:
        return quote(text, safe="")
    except UnicodeEncodeError:
        raise ValueError("the text is not valid Unicode") from None


@dataclass(frozen=True, slots=True)
class Compute:
    """An expression, or one function with its arguments."""

    arguments: tuple[Expression, ...]
    function: Callable[..., Json] | None = None
    place: str = ""

    def __call__(self, /, **variables: object) -> Json:
        """The value. Raises PlaybookError if an expression has none, Rejected if a function refuses its argument."""
        values = [argument(**variables) for argument in self.arguments]
        if self.function is None:
            return values[0]
        try:
            return self.function(*values)
        except (TypeError, AttributeError, ValueError) as error:
            line = f"{self.place}  {self.function.__name__}: {error}"
            raise PlaybookError(line, [line]) from None


Computes = Mapping[str, Compute]


@dataclass(frozen=True, slots=True)
class Terms:
    """When an answer means done, already done, missing, changed by somebody else meanwhile (`tries` times), or no."""

    status: frozenset[int] = frozenset()
    that: Expression | None = None
    unless: Expression | None = None
    because: Text | None = None
    already: Expression | None = None
    missing_status: frozenset[int] = frozenset()
    missing_that: Expression | None = None
    conflict_status: frozenset[int] = frozenset()
    conflict_that: Compute | None = None
    tries: int = 1


@dataclass(frozen=True, slots=True)
class Ask:
    """One request, or (with `block`) a list of them, or (with neither) only values worked out."""

    place: str
    transport: str = "http"
    method: str = ""
    path: Text | None = None
    query: Mapping[str, Text] = field(default_factory=dict)
    headers: Mapping[str, Text] = field(default_factory=dict)
    body: Text | Value | None = None
    json_body: bool = False
    base: str = ""
    changes: bool = False
    when: Expression | None = None
    let: Computes = field(default_factory=dict)
    terms: Terms = field(default_factory=Terms)
    merges: Expression | None = None
    varies: Mapping[str, Expression] = field(default_factory=dict)
    until: Expression | None = None
    tries: int = 1
    capture: Computes = field(default_factory=dict)
    block: tuple[Ask, ...] | None = None
    given: Computes = field(default_factory=dict)
    each: Expression | None = None
    into: str = ""


@dataclass(frozen=True, slots=True)
class Phase:
    """The requests of a look, change, undo, verify, ping or able, and what is made of the answers."""

    asks: tuple[Ask, ...]
    state: Compute | None = None
    data: Computes = field(default_factory=dict)
    detail: Text | None = None
    missing: str = ""
    when: Expression | None = None


@dataclass(frozen=True, slots=True)
class CompiledVerb:
    """One verb, ready to run."""

    look: Phase
    change: Phase
    undo: Phase | None
    verify: Phase | None
    when: Expression | None
    lock: Text | None
    able: Phase | None = None


@dataclass(frozen=True, slots=True)
class CompiledManifest:
    """A manifest, ready to run."""

    manifest: Manifest
    ping: Phase
    verbs: Mapping[str, CompiledVerb]
    able: Phase | None = None

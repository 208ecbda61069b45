"""The tests on one value, each in its two forms side by side: Python, and SQL with the value as a parameter.

SQL is NULL or false where Python says no; `sql.py` makes that one thing. Only standard functions are used, and RE2 for
regular expressions, which both sides run: same syntax, same answer, and time linear in the text whatever the pattern.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

from irtool.records import Json
from irtool.triage.rules.values import Value

MAX_PATTERN = 1_000
_MAX_MEMORY = 1 << 20
"""Bytes a compiled pattern may take: counted repetitions such as (a{500}){500} stop here."""

Bind = Callable[[Json], str]
"""Takes a value in as a named parameter, gives its name as SQL writes it."""


class Matcher(Protocol):
    """One test."""

    @property
    def raw(self) -> bool:
        """Whether it wants the value as it is; else texts come in lower case."""
        ...

    def holds(self, value: Any) -> bool:
        """Whether it holds for this value."""
        ...

    def sql(self, column: str, bind: Bind) -> str:
        """The same as a condition on a column."""
        ...


@dataclass(frozen=True, slots=True)
class OneOf:
    """Equals one of these values."""

    values: frozenset[Value]
    raw: bool = False

    def holds(self, value: Any) -> bool:
        """In the list."""
        return value in self.values

    def sql(self, column: str, bind: Bind) -> str:
        """= or IN."""
        names = [bind(value) for value in sorted(self.values, key=str)]
        return f"{column} = {names[0]}" if len(names) == 1 else f"{column} IN ({', '.join(names)})"


@dataclass(frozen=True, slots=True)
class Part:
    """A text that starts with, ends with or contains another (`where` is start, end or any)."""

    text: str
    where: str
    raw: bool = False

    def holds(self, value: Any) -> bool:
        """The text is there."""
        if self.where == "any":
            return self.text in value
        return bool(value.startswith(self.text) if self.where == "start" else value.endswith(self.text))

    def sql(self, column: str, bind: Bind) -> str:
        """position, substr or right."""
        return part_sql(column, bind(self.text), self.where)


def part_sql(column: str, text: str, where: str) -> str:
    """SQL for: `text` stands at the start, at the end or anywhere in `column`; both are SQL."""
    if where == "any":
        return f"position({text} IN {column}) > 0"
    cut = f"substr({column}, 1, length({text}))" if where == "start" else f"right({column}, length({text}))"
    return f"{cut} = {text}"


@dataclass(frozen=True, slots=True)
class Pattern:
    """An RE2 expression that is found somewhere in the text (https://github.com/google/re2/wiki/Syntax)."""

    pattern: str
    raw: bool = True

    def holds(self, value: Any) -> bool:
        """Found."""
        if not value.isascii():  # halves of surrogate pairs, which broken charsets leave behind, have no UTF-8
            value = value.encode("utf-8", "replace").decode()
        return _compiled(self.pattern).search(value) is not None

    def sql(self, column: str, bind: Bind) -> str:
        """regexp_matches."""
        return f"regexp_matches({column}, {bind(self.pattern)})"


def pattern_fault(pattern: str) -> str:
    """Why this is no usable RE2 expression, or the empty string."""
    import re2

    if len(pattern) > MAX_PATTERN:
        return f"longer than {MAX_PATTERN} characters"
    try:
        _compiled(pattern)
    except re2.error as error:
        what = error.args[0] if error.args else ""
        return what.decode("utf-8", "replace") if isinstance(what, bytes) else str(what)
    return ""


@lru_cache(maxsize=1000)
def _compiled(pattern: str) -> Any:
    import re2

    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MAX_MEMORY
    return re2.compile(pattern, options)


@dataclass(frozen=True, slots=True)
class Compare:
    """A number against a number; `sign` is < <= > or >=."""

    sign: str
    number: int
    raw: bool = True

    def holds(self, value: Any) -> bool:
        """The comparison is true."""
        if self.sign.startswith("<"):
            return bool(value < self.number or (value == self.number and self.sign == "<="))
        return bool(value > self.number or (value == self.number and self.sign == ">="))

    def sql(self, column: str, bind: Bind) -> str:
        """The comparison."""
        return f"{column} {self.sign} {bind(self.number)}"


@dataclass(frozen=True, slots=True)
class Flag:
    """Is true, or is false."""

    wanted: bool
    raw: bool = True

    def holds(self, value: Any) -> bool:
        """The same."""
        return value is self.wanted

    def sql(self, column: str, bind: Bind) -> str:  # noqa: ARG002 - there is no value to bind
        """The condition itself, or NOT of it: NULL stays NULL."""
        return f"({column})" if self.wanted else f"NOT ({column})"


@dataclass(frozen=True, slots=True)
class Differs:
    """None of these tests holds (of a value that is there)."""

    tests: tuple[Matcher, ...]
    raw: bool = False

    def holds(self, value: Any) -> bool:
        """No test holds."""
        return not any(test.holds(value) for test in self.tests)

    def sql(self, column: str, bind: Bind) -> str:
        """The column has a value, and NOT each of the tests."""
        parts = [f"{column} IS NOT NULL", *(f"NOT ({test.sql(column, bind)})" for test in self.tests)]
        return " AND ".join(parts)

"""A signature and a correlation, ready for use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

from irtool.errors import UsageError
from irtool.triage.rules.fields import FIELDS
from irtool.triage.rules.predicate import Predicate, compiled
from irtool.triage.rules.sql import Question, question
from irtool.triage.rules.tree import Tree, fields, for_log
from irtool.triage.rules.values import AnyValues


@dataclass(frozen=True)
class Rule:
    """A signature. `level` is critical, high, medium, low or informational; `path` is the file it came from."""

    name: str
    title: str
    level: str
    tree: Tree
    description: str = ""
    status: str = "experimental"
    tags: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    path: str = ""

    @property
    def id(self) -> str:
        """What complaints and findings call it."""
        return self.name

    @property
    def critical(self) -> bool:
        """Whether it identifies a campaign on its own; the others only support a finding."""
        return self.level == "critical"

    @cached_property
    def fields(self) -> frozenset[str]:
        """The fields it asks about."""
        return frozenset(fields(self.tree))

    @cached_property
    def for_messages(self) -> bool:
        """Whether a message has all it asks about."""
        return all(FIELDS[name].message for name in self.fields)

    @cached_property
    def for_logs(self) -> bool:
        """Whether a log row has all it asks about."""
        return not self.foreign

    @cached_property
    def log_fields(self) -> frozenset[str]:
        """The fields that it asks about in a log row."""
        return frozenset(fields(self._log_tree))

    @cached_property
    def foreign(self) -> tuple[str, ...]:
        """Those of them that no log row has."""
        return tuple(sorted(name for name in self.log_fields if not FIELDS[name].in_log))

    @cached_property
    def columns(self) -> frozenset[str]:
        """The log columns it needs; where the log lacks one, the answer is not to be trusted."""
        return frozenset(column for name in fields(self._log_tree) for column in FIELDS[name].columns)

    def matches(self, values: AnyValues) -> bool:
        """Whether a message bears the signature."""
        return self._message(values)

    def matches_row(self, values: AnyValues) -> bool:
        """Whether a log row does: the answer that `question()` gives for it."""
        return self._row(values)

    def question(self, more: Sequence[str] = ()) -> Question:
        """The signature as SQL over the log; `more` are fields that the select list names besides.

        Raises UsageError if log rows do not have what it asks about.
        """
        if self.foreign:
            raise UsageError(f"{self.name} cannot be asked of a log, which has no {', '.join(self.foreign)}")
        return question(self._log_tree, more)

    @cached_property
    def _log_tree(self) -> Tree:
        return for_log(self.tree)

    @cached_property
    def _message(self) -> Predicate:
        return compiled(self.tree)

    @cached_property
    def _row(self) -> Predicate:
        return compiled(self._log_tree)


@dataclass(frozen=True)
class Correlation:
    """Hits that belong together: of the signatures `rules`, with equal values of `group_by`, within `timespan`.

    `kind` is event_count (hits), value_count (different values of `field`) or temporal (different signatures); the
    count has to be `least` or more, and exactly that if `exact`.
    """

    name: str
    title: str
    level: str
    kind: str
    rules: tuple[str, ...]
    group_by: tuple[str, ...]
    timespan: timedelta
    least: int
    exact: bool = False
    field: str | None = None
    description: str = ""
    status: str = "experimental"
    path: str = ""


@dataclass(frozen=True)
class Book:
    """All signatures of some folders, the gravest first, and the correlations over them."""

    rules: Sequence[Rule]
    correlations: Sequence[Correlation]

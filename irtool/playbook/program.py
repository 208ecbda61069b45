"""A playbook with its expressions compiled, once, from the snapshot: what the plan evaluates."""

from __future__ import annotations

from collections.abc import Callable

from irtool.errors import FaultsError, PlaybookError
from irtool.language.expressions import Expression, Value, compile_value, expression
from irtool.language.yamlfile import Document, read
from irtool.records import Json, Playbook, Step

Path = tuple[str | int, ...]


class Program:
    """The compiled form of a playbook. What it raises at run time begins with `file:line:column`.

    Raises PlaybookError if an expression of the playbook cannot be compiled.
    """

    def __init__(self, playbook: Playbook) -> None:
        doc = _document(playbook)
        self._each: dict[str, Expression] = {}
        self._when: dict[str, Expression] = {}
        self._with: dict[str, Value] = {}
        try:
            for i, step in enumerate(playbook.steps):
                self._compile(step, doc, ("steps", i))
        except FaultsError as error:
            raise PlaybookError(error.message, error.faults) from None

    def each(self, step: Step) -> Expression | None:
        """The list whose items the step is done for, None if it has no `each`."""
        return self._each.get(step.id)

    def when(self, step: Step) -> Expression | None:
        """The condition of the step, None if it has no `when`."""
        return self._when.get(step.id)

    def with_(self, step: Step) -> Callable[..., Json]:
        """Called with the variables, gives the step's parameters, filled in: a dict."""
        return self._with[step.id]

    def _compile(self, step: Step, doc: Document, at: Path) -> None:
        if step.each is not None:
            self._each[step.id] = expression(step.each, doc.where((*at, "each")))
        if step.when is not None:
            self._when[step.id] = expression(step.when, doc.where((*at, "when")))
        self._with[step.id] = compile_value(dict(step.with_), lambda path: doc.where((*at, "with", *path)))


def _document(playbook: Playbook) -> Document:
    name = playbook.path or playbook.name
    return read(playbook.text, name)

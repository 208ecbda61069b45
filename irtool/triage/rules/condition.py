"""The `condition` of a signature: selections joined by and, or, not, parentheses, `1 of …` and `all of …`.

Grammar of the Sigma specification; `not` binds closest, then `and`, then `or`.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Mapping, Sequence

from irtool.language.yamlfile import suggest
from irtool.triage.rules.tree import All, No, Some, Tree, joined

MAX_DEPTH = 30
_TOKEN = re.compile(r"\s*(?:([()])|([^\s()]+))")
_WORDS = frozenset({"and", "or", "not", "of", "them", "1", "all", "any"})


class ConditionError(ValueError):
    """The condition cannot be read."""


def parse(text: str, selections: Mapping[str, Tree]) -> tuple[Tree, frozenset[str]]:
    """The tree of a condition, and the selections that it uses. Raises ConditionError."""
    reader = _Reader([first or second for first, second in _TOKEN.findall(text)], selections)
    if not reader.tokens:
        raise ConditionError("it is empty")
    tree = reader.alternatives(0)
    if reader.next is not None:
        raise ConditionError(f'"{reader.next}" is not expected here; join selections with and, or')
    return tree, frozenset(reader.used)


class _Reader:
    def __init__(self, tokens: Sequence[str], selections: Mapping[str, Tree]) -> None:
        self.tokens = tokens
        self.at = 0
        self.selections = selections
        self.used: set[str] = set()

    @property
    def next(self) -> str | None:
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def _is(self, word: str, ahead: int = 0) -> bool:
        there = self.at + ahead
        return there < len(self.tokens) and self.tokens[there].lower() == word

    def _take(self) -> str:
        if self.next is None:
            raise ConditionError("it ends where a selection is expected")
        self.at += 1
        return self.tokens[self.at - 1]

    def alternatives(self, depth: int) -> Tree:
        if depth > MAX_DEPTH:
            raise ConditionError(f"nested deeper than {MAX_DEPTH} levels")
        parts = [self._conjunction(depth)]
        while self._is("or"):
            self._take()
            parts.append(self._conjunction(depth))
        return joined(Some, parts)

    def _conjunction(self, depth: int) -> Tree:
        parts = [self._negation(depth)]
        while self._is("and"):
            self._take()
            parts.append(self._negation(depth))
        return joined(All, parts)

    def _negation(self, depth: int) -> Tree:
        negative = False
        while self._is("not"):
            self._take()
            negative = not negative
        tree = self._operand(depth)
        return No(tree) if negative else tree

    def _operand(self, depth: int) -> Tree:
        if self._is("("):
            self._take()
            tree = self.alternatives(depth + 1)
            if not self._is(")"):
                raise ConditionError("a ) is missing")
            self._take()
            return tree
        if self._is("of", ahead=1):
            return self._quantified()
        word = self._take()
        if word not in self.selections:
            if word == ")" or word.lower() in _WORDS:
                raise ConditionError(f'"{word}" stands where a selection is expected')
            raise ConditionError(f'there is no selection "{word}".' + suggest(word, self.selections))
        self.used.add(word)
        return self.selections[word]

    def _quantified(self) -> Tree:
        how = self._take().lower()
        self._take()
        pattern = self._take()
        if how not in {"1", "any", "all"}:
            raise ConditionError(f'"{how} of" is not known; there are "1 of" and "all of"')
        everything = pattern.lower() == "them"
        names = [
            name
            for name in self.selections
            if (everything and not name.startswith("_")) or (not everything and fnmatch.fnmatchcase(name, pattern))
        ]
        if not names:
            raise ConditionError(f'no selection is called like "{pattern}".' + suggest(pattern, self.selections))
        self.used.update(names)
        return joined(All if how == "all" else Some, [self.selections[name] for name in names])

"""Where a signature gets values from: any source, taken apart field by field when a rule asks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeAlias, TypeVar

Value = str | int | bool
Source = TypeVar("Source")
Getters = Mapping[str, Callable[[Source], tuple[Value, ...]]]

_ODD = {"İ": "i"}
"""The one letter whose lower case is two characters here and one in SQL."""


def fold(text: str) -> str:
    """Lower case, character by character, the same as `lower()` of the database (Unicode simple case mapping)."""
    if text.isascii():
        return text.lower()
    return "".join([_ODD.get(char) or char.lower() for char in text])


class Values(Generic[Source]):
    """The field values of one message, log row or hop, each computed once. `hops` makes the values of each hop; a hop
    has those of its message (`around`) too."""

    __slots__ = ("_around", "_folded", "_getters", "_hops", "_raw", "_source")

    def __init__(
        self,
        source: Source,
        getters: Getters[Source],
        *,
        hops: Callable[[AnyValues], Sequence[AnyValues]] | None = None,
        around: AnyValues | None = None,
    ) -> None:
        self._source = source
        self._getters = getters
        self._around = around
        self._hops: Callable[[AnyValues], Sequence[AnyValues]] | Sequence[AnyValues] = hops or ()
        self._raw: dict[str, tuple[Value, ...]] = {}
        self._folded: dict[str, tuple[Value, ...]] = {}

    def raw(self, field: str) -> tuple[Value, ...]:
        """The values as they are; () if the field is absent."""
        found = self._raw.get(field)
        if found is None:
            found = self._raw[field] = self._get(field)
        return found

    def _get(self, field: str) -> tuple[Value, ...]:
        getter = self._getters.get(field)
        if getter:
            return getter(self._source)
        return self._around.raw(field) if self._around else ()

    def folded(self, field: str) -> tuple[Value, ...]:
        """The values, texts in lower case."""
        found = self._folded.get(field)
        if found is None:
            found = tuple([fold(v) if isinstance(v, str) else v for v in self.raw(field)])
            self._folded[field] = found
        return found

    def hops(self) -> Sequence[AnyValues]:
        """The values of each hop, the newest first; a log row has none."""
        if callable(self._hops):
            self._hops = self._hops(self)
        return self._hops


AnyValues: TypeAlias = Values[Any]

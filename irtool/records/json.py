"""Records as plain JSON and back."""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar, Union

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
"""What JSON can hold. The values of `Entry.data`, of step parameters and of what expressions see."""

T = TypeVar("T")


def utc(moment: datetime) -> str:
    """`2025-04-14T15:54:00Z`; microseconds only if there are any."""
    text = moment.astimezone(UTC).isoformat()
    return text.replace("+00:00", "Z")


def to_json(value: object) -> Json:
    """A record (or a container of records) as plain JSON. Trailing underscores of field names fall away."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, datetime):
        return utc(value)
    if isinstance(value, Mapping):
        return {str(k): to_json(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [to_json(v) for v in value]
    if dataclasses.is_dataclass(value):
        return {f.name.rstrip("_"): to_json(getattr(value, f.name)) for f in dataclasses.fields(value)}
    raise TypeError(f"{type(value).__name__} has no JSON form")


def from_json(kind: type[T], data: Json) -> T:
    """The record of class `kind` that `to_json` wrote. Unknown keys are ignored, missing ones take their default.

    Raises ValueError or TypeError if the data do not have the record's shape.
    """
    if not isinstance(data, dict):
        raise TypeError(f"{kind.__name__}: expected an object, got {type(data).__name__}")
    hints = _hints(kind)  # type: ignore[arg-type]  # classes are hashable
    values: dict[str, Any] = {}
    for spec in dataclasses.fields(kind):  # type: ignore[arg-type]  # T is a record class
        name = spec.name.rstrip("_")
        if name in data:
            values[spec.name] = _load(hints[spec.name], data[name])
    return kind(**values)


@functools.cache
def _hints(kind: type) -> Mapping[str, Any]:
    return typing.get_type_hints(kind)


def _load(hint: Any, value: Json) -> Any:
    origin = typing.get_origin(hint)
    if origin in (Union, types.UnionType):
        options = [a for a in typing.get_args(hint) if a is not type(None)]
        return None if value is None else _load(options[0], value) if len(options) == 1 else value
    if hint is datetime:
        return datetime.fromisoformat(str(value))
    if origin is tuple:
        inner = typing.get_args(hint)
        rows = value if isinstance(value, list) else []
        if len(inner) == 2 and inner[1] is Ellipsis:
            return tuple(_load(inner[0], v) for v in rows)
        return tuple(_load(h, v) for h, v in zip(inner, rows, strict=True))
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return from_json(hint, value)
    return value

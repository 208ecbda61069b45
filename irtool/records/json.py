"""Records as plain JSON and back."""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from collections.abc import Callable, Mapping
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
        return {key: to_json(getattr(value, name)) for name, key, _ in _fields(type(value))}  # type: ignore[arg-type]
    raise TypeError(f"{type(value).__name__} has no JSON form")


def from_json(kind: type[T], data: Json) -> T:
    """The record of class `kind` that `to_json` wrote. Unknown keys are ignored, missing ones take their default.

    Raises ValueError or TypeError if the data do not have the record's shape.
    """
    if not isinstance(data, dict):
        raise TypeError(f"{kind.__name__}: expected an object, got {type(data).__name__}")
    values: dict[str, Any] = {}
    for name, key, load in _fields(kind):  # type: ignore[arg-type]  # classes are hashable
        if key in data:
            value = data[key]
            values[name] = load(value) if load is not None else value
    return kind(**values)


_Load = Callable[[Any], Any]


@functools.cache
def _fields(kind: type) -> tuple[tuple[str, str, _Load | None], ...]:
    """The record's fields: name, key in JSON, and what makes the value of the key's (None: it is the value)."""
    hints = typing.get_type_hints(kind)
    return tuple((f.name, f.name.rstrip("_"), _loader(hints[f.name])) for f in dataclasses.fields(kind))


def _loader(hint: Any) -> _Load | None:
    origin = typing.get_origin(hint)
    if origin in (Union, types.UnionType):
        options = [a for a in typing.get_args(hint) if a is not type(None)]
        inner = _loader(options[0]) if len(options) == 1 else None
        return None if inner is None else functools.partial(_unless_none, inner)
    if hint is datetime:
        return _moment
    if origin is tuple:
        inside = typing.get_args(hint)
        if len(inside) == 2 and inside[1] is Ellipsis:
            return functools.partial(_sequence, _loader(inside[0]))
        return functools.partial(_tuple, tuple(map(_loader, inside)))
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return functools.partial(from_json, hint)
    return None


def _unless_none(load: _Load, value: Json) -> Any:
    return None if value is None else load(value)


def _moment(value: Json) -> datetime:
    return datetime.fromisoformat(str(value))


def _sequence(load: _Load | None, value: Json) -> tuple[Any, ...]:
    rows = value if isinstance(value, list) else []
    return tuple(rows) if load is None else tuple(map(load, rows))


def _tuple(loads: tuple[_Load | None, ...], value: Json) -> tuple[Any, ...]:
    rows = value if isinstance(value, list) else []
    return tuple(v if load is None else load(v) for load, v in zip(loads, rows, strict=True))

"""pydantic with positions: the shape of a YAML file, and all that is wrong with it at once."""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import pydantic

from irtool.language.yamlfile import Document, suggest
from irtool.records import Json

M = TypeVar("M", bound="Strict")


class Strict(pydantic.BaseModel):
    """Base of all models of files: unknown keys are faults, text is never taken for a number, nothing changes later."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=False)


def validate(model: type[M], doc: Document, at: Sequence[str | int] = ()) -> tuple[M | None, list[str]]:
    """The part of the document at path `at` as a `model`, or None with faults `file:line:column  what`."""
    data: Any = doc.data
    for part in at:
        data = data[part]
    try:
        # JSON mode: a list in the file is a tuple in the model, and everything else stays strict.
        return model.model_validate_json(json.dumps(data)), []
    except pydantic.ValidationError as error:
        return None, [_fault(model, doc, tuple(at), dict(e)) for e in error.errors(include_url=False)]


_MUST_BE = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "a mapping of keys to values",
    "model_type": "a mapping of keys to values",
    "model_attributes_type": "a mapping of keys to values",
}


def _fault(model: type[Strict], doc: Document, at: tuple[str | int, ...], error: Mapping[str, Any]) -> str:
    loc = tuple(error["loc"])
    path = _known(doc, at, loc)
    return f"{doc.where(path)}  {_what(model, loc, path[len(at) :], error)}"


def _what(model: type[Strict], loc: Sequence[Any], path: Sequence[Any], error: Mapping[str, Any]) -> str:
    kind = error["type"]
    key = _key(path)
    if kind == "extra_forbidden":
        return f'unknown key "{loc[-1]}".' + suggest(str(loc[-1]), _keys_at(model, loc[:-1]))
    if kind == "missing":
        return f'"{loc[-1]}" is missing'
    if kind == "literal_error":
        expected = [w.strip("'") for w in str(error["ctx"]["expected"]).replace(" or ", ", ").split(", ")]
        return f"{key}must be one of {', '.join(expected)}, not {show(error['input'])}." + suggest(
            str(error["input"]), expected
        )
    if kind in _MUST_BE:
        return f"{key}must be {_MUST_BE[kind]}, not {show(error['input'])}"
    if kind == "value_error":
        return f"{key}{error['ctx']['error']}"
    return f"{key}{error['msg'][0].lower()}{error['msg'][1:]}"


def show(value: Json) -> str:
    """A value in a fault: short, and in the words of the file."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if value is None:
        return "nothing"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:59] + "…"


def _key(path: Sequence[Any]) -> str:
    names = [p for p in path if isinstance(p, str)]
    if path and isinstance(path[-1], int):
        return f'item {path[-1] + 1} of "{names[-1]}" ' if names else f"item {path[-1] + 1} "
    return f'"{names[-1]}" ' if names else "the file "


def _known(doc: Document, at: tuple[str | int, ...], loc: Sequence[Any]) -> tuple[str | int, ...]:
    """The path of a fault in the file: pydantic's, without the names of union members in it."""
    path = at
    for part in loc:
        if (*path, part) in doc.places:
            path = (*path, part)
    return path


def _keys_at(model: type[Strict], loc: Sequence[Any]) -> list[str]:
    """The keys that are allowed at a place in the model."""
    kinds: list[Any] = [model]
    for part in loc:
        kinds = [inner for kind in kinds for inner in _inner(kind, part)]
    found = [m for kind in kinds for m in _models(kind)]
    return [f.alias or name for m in found for name, f in m.model_fields.items()]


def _inner(kind: Any, part: Any) -> list[Any]:
    """The types that may stand at key or index `part` of a value of type `kind`."""
    if isinstance(part, int):
        return [a for k in _members(kind) for a in typing.get_args(k) if a is not Ellipsis]
    found: list[Any] = []
    for member in _members(kind):
        if isinstance(member, type) and issubclass(member, Strict):
            found += [f.annotation for n, f in member.model_fields.items() if (f.alias or n) == part]
        elif typing.get_args(member):
            found.append(typing.get_args(member)[-1])
    return found or [kind]


def _members(kind: Any) -> list[Any]:
    if typing.get_origin(kind) in (typing.Union, types.UnionType, typing.Annotated):
        return [m for a in typing.get_args(kind) for m in _members(a)]
    return [kind]


def _models(kind: Any) -> list[type[Strict]]:
    return [m for m in _members(kind) if isinstance(m, type) and issubclass(m, Strict)]

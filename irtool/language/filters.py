"""The filters and tests that expressions may use. Nothing else can be called, and none makes much out of little."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from jinja2.filters import FILTERS
from jinja2.tests import TESTS

MAX_TEXT = 32_000_000
"""The longest text an expression may make, in characters."""


def join(values: Iterable[object], separator: str = "", attribute: str | None = None) -> str:
    """The values as one text. `attribute` names the field of each that is meant."""
    texts = []
    total = 0
    for value in values:
        text = as_text(_field(value, attribute) if attribute else value)
        total += len(text) + len(separator)
        if total > MAX_TEXT:
            raise ValueError(f"the text would be longer than {MAX_TEXT} characters")
        texts.append(text)
    return separator.join(texts)


def replace(value: str, old: str, new: str) -> str:
    """The text with every `old` replaced by `new`."""
    value = _text(value)
    if not old:
        raise ValueError("replace needs the text to look for")
    if len(value) + value.count(old) * len(new) > MAX_TEXT:
        raise ValueError(f"the text would be longer than {MAX_TEXT} characters")
    return value.replace(old, new)


def rounded(value: float, digits: int = 0) -> float:
    """The number rounded to at most 12 digits after the point; a whole number if `digits` is 0."""
    if not 0 <= digits <= 12:
        raise ValueError("digits is 0 to 12")
    return round(value, digits) if digits else round(value)


def split(value: str, separator: str | None = None) -> list[str]:
    """The parts of a text, at `separator` or at white space."""
    return _text(value).split(separator)


def lines(value: str) -> list[str]:
    """The lines of a text, stripped, without empty ones."""
    return [line.strip() for line in _text(value).splitlines() if line.strip()]


def lower(value: str) -> str:
    """The text in small letters."""
    return _text(value).lower()


def upper(value: str) -> str:
    """The text in capital letters."""
    return _text(value).upper()


def trim(value: str, characters: str | None = None) -> str:
    """The text without white space (or these characters) at both ends."""
    return _text(value).strip(characters)


def keys(value: Mapping[str, object]) -> list[str]:
    """The keys of a mapping."""
    return list(value)


def values(value: Mapping[str, object]) -> list[object]:
    """The values of a mapping."""
    return list(value.values())


def to_json(value: object) -> str:
    """The value as JSON text."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def as_text(value: object) -> str:
    """How a value stands in the middle of a text. Nothing (null) has no text: that is an error, never `None`."""
    if isinstance(value, str):
        return value
    if value is None:
        raise ValueError('the value is empty (null) and has no text; give it one with | default("…", true)')
    if isinstance(value, bool | list | tuple | dict):
        return to_json(value)
    return str(value)


def _field(value: object, name: str) -> object:
    if not isinstance(value, Mapping) or name not in value:
        raise ValueError(f'an item has no "{name}"')
    return value[name]


def _text(value: object) -> str:
    """The value, which has to be text: `None | lower` must never be the text `none`."""
    if isinstance(value, str):
        return value
    as_text(value)  # says it better if it is empty
    raise TypeError("this is for text only")


def _starts(value: str, start: str) -> bool:
    return _text(value).startswith(start)


def _ends(value: str, end: str) -> bool:
    return _text(value).endswith(end)


_OWN: Mapping[str, Callable[..., Any]] = {
    "join": join,
    "replace": replace,
    "round": rounded,
    "split": split,
    "lines": lines,
    "lower": lower,
    "upper": upper,
    "trim": trim,
    "keys": keys,
    "values": values,
    "tojson": to_json,
}
_OF_JINJA = (
    "abs default first float int last length list map max min reject rejectattr reverse select selectattr sort "
    "sum unique"
)
_TESTS_OF_JINJA = (
    "!= < <= == > >= boolean defined divisibleby eq equalto false float ge gt in integer le lower lt mapping ne "
    "none number sequence string true undefined upper"
)


def _chosen(names: str, table: Mapping[str, Any]) -> dict[str, Callable[..., Any]]:
    return {name: table[name] for name in names.split()}


ALLOWED: Mapping[str, Callable[..., Any]] = {**_chosen(_OF_JINJA, FILTERS), **_OWN}
ALLOWED_TESTS: Mapping[str, Callable[..., Any]] = {
    **_chosen(_TESTS_OF_JINJA, TESTS),
    "startswith": _starts,
    "endswith": _ends,
}

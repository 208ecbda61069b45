"""Keys of JSON objects as columns: which places are read, as what type, and how a value is taken out. SQL text only.

A place is `key`, or `key.key` in an object. `list.0.key` is in the first element of a list, and `headers.*.From` the
`value` of the element of a list whose `name` is From. Where it can, the database is told the whole shape, which is
faster by far than to parse an object again for each of its values.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from typing import Union

from irtool.adapters.logs.columns import identifier, json_path, literal

Tree = dict[str, Union["Tree", None]]


class Keys:
    """`places` gives for each column the places it may have; `extra` places are read for other reasons. `whole` are
    keys that have a dot in them and are no places in objects. `choose` picks one of several places that differ only in
    case, which one object type cannot hold."""

    def __init__(
        self,
        places: Mapping[str, Sequence[str]],
        extra: Sequence[str] = (),
        whole: Container[str] = (),
        choose: Callable[[Sequence[str]], str] = lambda some: some[0],
    ) -> None:
        self._whole = whole
        dropped = _doubles([*(p for some in places.values() for p in some), *extra], choose)
        self.places = {name: tuple(p for p in some if p not in dropped) for name, some in places.items()}
        self._tree: Tree = {}
        self._json: set[str] = set()
        for place in dict.fromkeys([*(p for some in self.places.values() for p in some), *extra]):
            if place not in dropped:
                self._plant(place)

    def shape(self) -> str:
        """The columns of the reader."""
        return _struct(self._tree, self._json, top=True)

    def value(self, place: str) -> str:
        """SQL for the text at a place."""
        top, *rest = self._steps(place)
        if not rest:
            return identifier(top)
        if top not in self._json:
            value = identifier(top)
            for key in rest:
                value = f"struct_extract({value}, {literal(key)})"
            return value
        if "*" in rest:
            star = rest.index("*")
            listed = f"json_extract({identifier(top)}, {literal(json_path('.'.join(rest[:star])))})"
            shape = """'[{"name": "VARCHAR", "value": "VARCHAR"}]'"""
            named = f"lambda h: lower(h.name) = {literal(rest[-1].lower())}"
            return f"list_filter(TRY(from_json({listed}, {shape})), {named})[1].value"
        return f"json_extract_string({identifier(top)}, {literal(json_path('.'.join(rest)))})"

    def first(self, places: Sequence[str]) -> str:
        """SQL for the first of these places that holds something."""
        found = [self.value(place) for place in places]
        return f"COALESCE({', '.join(found)})" if len(found) > 1 else found[0] if found else "NULL"

    def all_null(self) -> str:
        """SQL that is true if nothing was found in a line."""
        return "(" + " AND ".join(f"{identifier(name)} IS NULL" for name in self._tree) + ")"

    def _steps(self, place: str) -> list[str]:
        return [place] if place in self._whole else place.split(".")

    def _plant(self, place: str) -> None:
        steps = self._steps(place)
        if any(step == "*" or step.isdigit() for step in steps[1:]) or "" in steps:
            self._json.add(steps[0])
        branch = self._tree
        for step in steps[:-1]:
            below = branch.setdefault(step, {})
            if below is None:  # wanted both whole and in part
                self._json.add(steps[0])
                return
            branch = below
        if branch.get(steps[-1]):
            self._json.add(steps[0])
        else:
            branch[steps[-1]] = None


def _doubles(places: Sequence[str], choose: Callable[[Sequence[str]], str]) -> set[str]:
    same: dict[str, list[str]] = {}
    for place in dict.fromkeys(places):
        same.setdefault(place.lower(), []).append(place)
    dropped = set()
    for some in same.values():
        if len(some) > 1:
            dropped |= set(some) - {choose(some)}
    return dropped


def _struct(tree: Tree, as_json: set[str], *, top: bool = False) -> str:
    parts = []
    for key, below in tree.items():
        name = literal(key) if top else identifier(key)
        kind = "VARCHAR" if below is None else "JSON" if key in as_json and top else _struct(below, as_json)
        parts.append(f"{name}: {literal(kind)}" if top else f"{name} {kind}")
    return "{" + ", ".join(parts) + "}" if top else f"STRUCT({', '.join(parts)})"

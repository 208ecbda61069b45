"""Keys of JSON objects as columns: which places are read, as what type, and how a value is taken out. SQL text only.

A place is `key`, or `key.key` in an object. `list.0.key` is in the first element of a list, `headers.*.From` the
`value` of the element of a list whose `name` is From, and `headers.~From` a key that may be written FROM or from.
Where it can, the database is told the whole shape, which is faster by far than to parse an object again.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from typing import Union

from irtool.adapters.logs.columns import identifier, json_path, literal, literals, quoted_key
from irtool.errors import InputError

Tree = dict[str, Union["Tree", None]]


class Keys:
    """`places` gives for each column the places it may have; `extra` places are read for other reasons. `whole` are
    keys that have a dot in them and are no places in objects. Raises InputError if two keys differ in case only, which
    one table cannot hold."""

    def __init__(
        self, places: Mapping[str, Sequence[str]], extra: Sequence[str] = (), whole: Container[str] = ()
    ) -> None:
        self._whole = whole
        self.places = places
        self._tree: Tree = {}
        self._json: set[str] = set()
        every = list(dict.fromkeys([*(p for some in self.places.values() for p in some), *extra]))
        for place in every:
            self._plant(place)
        self._paths: dict[str, list[str]] = {}
        for top, *rest in map(self._steps, every):
            if rest and top in self._json and "*" not in rest:
                self._paths.setdefault(top, []).append(_path(rest))

    def shape(self) -> str:
        """The columns of the reader."""
        return _struct(self._tree, self._json, top=True)

    def table(self, read: str, most: int = 0) -> str:
        """The table that `value` speaks of, made of the reader's, or of some rows of it: what stands in objects of
        unknown shape is taken out of them all at once."""
        more = [
            f"json_extract_string({identifier(top)}, {literals(paths)}) AS {identifier(top + ' texts')}"
            for top, paths in self._paths.items()
        ]
        limit = f" LIMIT {most}" if most else ""
        return f"(SELECT {', '.join(['*', 'filename', *more])} FROM {read}{limit})"  # noqa: S608 - quoted above

    def value(self, place: str) -> str:
        """SQL for the text at a place."""
        top, *rest = self._steps(place)
        if not rest:
            return identifier(top)
        if self.is_shaped(place):
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
        found = f"{identifier(top + ' texts')}[{self._paths[top].index(_path(rest)) + 1}]"
        if not rest[-1].startswith("~"):
            return found
        exact, name = rest[-1][1:], rest[-1][1:].lower()
        alike = f"lower(k) = {literal(name)} AND k <> {literal(exact)}"
        other = f"'/' || list_filter(json_keys({identifier(top)}), lambda k: {alike})[1]"
        text = f"CAST({identifier(top)} AS VARCHAR)"
        ends = (f'{end}":' for end in (name[-1], name[-1].upper()))  # to look for these first costs a fifth
        may_be = " OR ".join(f"contains({text}, {literal(end)})" for end in ends)
        null = f"contains({text}, {literal(f'{quoted_key(exact)}:null')})"
        odd = f"CASE WHEN {null} THEN false WHEN {may_be} THEN {text} ILIKE {literal(f'%{quoted_key(name)}%')} END"
        return (
            f"COALESCE(NULLIF({found}, ''), CASE WHEN {odd} THEN json_extract_string({identifier(top)}, {other}) END)"
        )

    def is_shaped(self, place: str) -> bool:
        """Whether the database is told where this place is."""
        return self._steps(place)[0] not in self._json

    def is_cheap(self, place: str) -> bool:
        """Whether it costs little to see if there is anything."""
        return self.is_shaped(place) or not any(step == "*" or step[:1] == "~" for step in self._steps(place))

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
        if any(step == "*" or step.isdigit() or step[:1] == "~" for step in steps[1:]) or "" in steps:
            self._json.add(steps[0])
        branch = self._tree
        for step in steps:
            alike = next((key for key in branch if key != step and key.lower() == step.lower()), None)
            if alike and step is steps[0]:
                raise InputError(
                    f"the keys {alike!r} and {step!r} differ in case only: they cannot be read together",
                    hint="map only one of them",
                )
            if alike:
                self._json.add(steps[0])
            last = step is steps[-1]
            below = branch.setdefault(step, None if last else {})
            if last or below is None:
                if last != (below is None):  # wanted both whole and in part
                    self._json.add(steps[0])
                return
            branch = below


def _path(steps: Sequence[str]) -> str:
    return json_path(".".join(step.removeprefix("~") for step in steps))


def _struct(tree: Tree, as_json: set[str], *, top: bool = False) -> str:
    parts = []
    for key, below in tree.items():
        name = literal(key) if top else identifier(key)
        kind = "VARCHAR" if below is None else "JSON" if key in as_json and top else _struct(below, as_json)
        parts.append(f"{name}: {literal(kind)}" if top else f"{name} {kind}")
    return "{" + ", ".join(parts) + "}" if top else f"STRUCT({', '.join(parts)})"

"""A step's `each`, `when` and `with` -> the targets it is about, before anything is looked up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from irtool.errors import PlaybookError
from irtool.plan import targets
from irtool.playbook.program import Program
from irtool.records import Json, Step, Verb

MOST = 100_000
"""The most items of one step; more is a mistake in the playbook."""


@dataclass(frozen=True, slots=True)
class Draft:
    """One target of a step. `skipped` and `refused` say why nothing is done to it, "" if something is."""

    target: str
    params: Mapping[str, Json] = field(default_factory=dict)
    label: str = ""
    messages: int | None = None
    innocent: int | None = None
    skipped: str = ""
    refused: str = ""


def drafts(step: Step, verb: Verb, program: Program, variables: Mapping[str, Json]) -> list[Draft]:
    """The step's targets in order, each once. Raises PlaybookError, with the place, if an expression has no value."""
    found: dict[str, Draft] = {}
    for number, values in enumerate(_items(step, program, variables), start=1):
        draft = _draft(step, verb, program, values)
        if not draft.target:
            draft = _nameless(draft, step, verb, number if "item" in values else 0)
        known = found.get(draft.target)
        if known is None or (known.skipped and not draft.skipped):
            found[draft.target] = draft
    return list(found.values())


def _items(step: Step, program: Program, variables: Mapping[str, Json]) -> list[dict[str, Json]]:
    each = program.each(step)
    if each is None:
        return [dict(variables)]
    rows = each(**variables)
    if not isinstance(rows, list):
        each.fail("`each` needs a list")
    if len(rows) > MOST:
        each.fail(f"{len(rows)} items are more than the {MOST} that one step may have")
    return [{**variables, "item": row} for row in rows]


def _draft(step: Step, verb: Verb, program: Program, values: Mapping[str, Json]) -> Draft:
    item = values.get("item")
    when = program.when(step)
    if when is not None and not when(**values):
        return Draft(_spelled(step, verb, _of_item(item)), label=_label(item), skipped=f"`when` is false: {step.when}")
    filled = program.with_(step)(**values)
    params = dict(filled) if isinstance(filled, dict) else {}
    given = params.pop("target", None)
    row = item if isinstance(item, dict) else {}
    no_contact = verb.target == "customer" and "contact" in row and not row["contact"] and not params.get("to")
    return Draft(
        _spelled(step, verb, _of_item(item) if given is None else given),
        params=params,
        label=_label(item),
        messages=_count(row.get("messages")),
        innocent=_count(row.get("innocent")),
        refused="no contact address is on file: add it to the directory, or tell them another way."
        if no_contact
        else "",
    )


def _spelled(step: Step, verb: Verb, target: Json) -> str:
    if isinstance(target, bool) or not isinstance(target, str | int | None):
        line = f"step {step.id}: the target of {verb.name} is {type(target).__name__}, not text"
        raise PlaybookError(line, [line])
    return targets.spell(verb.target, str(target).strip()) if target is not None else ""


def _nameless(draft: Draft, step: Step, verb: Verb, number: int) -> Draft:
    """Some verbs need no target and are named after their step; for the others an item without one is refused."""
    name = f"{step.id}-{number}" if number else step.id
    if verb.target in {"", "text"} or draft.skipped:
        return replace(draft, target=name)
    if number:
        return replace(draft, target=name, refused=draft.refused or f"this item names no {verb.target}.")
    line = f"step {step.id}: {verb.name} needs a target: give `each`, or `target` under `with`"
    raise PlaybookError(line, [line])


def _of_item(item: Json) -> Json:
    if not isinstance(item, dict):
        return item
    value = item.get("value")
    return value if value is not None else item.get("id")


def _label(item: Json) -> str:
    if not isinstance(item, dict):
        return ""
    return str(item.get("name") or item.get("title") or "")[:200]


def _count(value: Json) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None

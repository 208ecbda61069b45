"""A signature file -> Rule or Correlation, or all of its faults at once, each with its place."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from irtool.errors import FaultsError, UsageError
from irtool.language.models import show, validate
from irtool.language.yamlfile import Document, read
from irtool.playbook.durations import duration
from irtool.playbook.faults import Faults, in_order
from irtool.records import Json
from irtool.triage.rules.condition import ConditionError, parse
from irtool.triage.rules.fields import FIELDS, HOP
from irtool.triage.rules.items import ItemError, item
from irtool.triage.rules.model import CorrelatedModel, CorrelationModel, SignatureModel
from irtool.triage.rules.rule import Correlation, Rule
from irtool.triage.rules.tree import FALSE, All, OfHop, Some, Tree, fields, joined

_SELECTION = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,79}")
_RESERVED = frozenset({"and", "or", "not", "of", "them", "all", "any"})
MAX_SELECTIONS = 200


def load(text: str, name: str) -> Rule | Correlation:
    """The signature or correlation in a file. `name` is what faults call the file.

    Raises FaultsError with all faults, each `name:line:column  what`.
    """
    try:
        document = read(text, name)
    except FaultsError as error:
        raise invalid(name, error.faults) from None
    faults = Faults(document)
    found = _correlation(document, faults) if _is_correlation(document.data) else _rule(document, faults)
    if found is None or faults.lines:
        raise invalid(name, in_order(faults.lines))
    return found


def invalid(name: str, faults: list[str] | tuple[str, ...]) -> FaultsError:
    """The error of a file that is no valid signature."""
    count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
    return FaultsError(f"{name} is not a valid signature: {count}", faults, hint=f"irtool check {name}")


def is_signature(data: Json) -> bool:
    """Whether a YAML file is meant as a signature or correlation rather than a playbook."""
    return isinstance(data, dict) and bool(data.keys() & {"detection", "correlation", "logsource"})


def _is_correlation(data: Json) -> bool:
    return isinstance(data, dict) and "correlation" in data and "detection" not in data


def _rule(document: Document, faults: Faults) -> Rule | None:
    model, wrong = validate(SignatureModel, document)
    faults.lines += wrong
    data = document.data
    detection = data.get("detection") if isinstance(data, dict) else None
    tree = _detection(detection, faults) if isinstance(detection, dict) else FALSE
    if model is None:
        return None
    return Rule(
        name=model.name,
        title=model.title,
        level=model.level,
        tree=tree,
        description=model.description.strip(),
        status=model.status,
        tags=model.tags,
        references=model.references,
        path=document.name,
    )


def _detection(detection: Mapping[str, Json], faults: Faults) -> Tree:
    names = [name for name in detection if name not in {"condition", "timeframe"}]
    if "timeframe" in detection:
        faults.say(("detection", "timeframe"), "timeframe is gone from Sigma; write a correlation")
    if len(names) > MAX_SELECTIONS:
        faults.say(("detection",), f"more than {MAX_SELECTIONS} selections")
        return FALSE
    selections = {name: _selection(name, detection[name], faults) for name in names}
    if not selections:
        faults.say(("detection",), "there is no selection")
    condition = detection.get("condition")
    if "condition" not in detection:
        faults.say(("detection",), '"condition" is missing')
        return FALSE
    if not isinstance(condition, str | int) or isinstance(condition, bool):
        faults.say(("detection", "condition"), f'"condition" must be text, not {show(condition)}')
        return FALSE
    try:
        tree, used = parse(str(condition), selections)
    except ConditionError as error:
        faults.say(("detection", "condition"), f"condition: {error}")
        return FALSE
    for name in names:
        if name not in used:
            faults.say(("detection", name), f'the condition does not use "{name}"')
    _can_be_asked(tree, faults)
    return tree


def _can_be_asked(tree: Tree, faults: Faults) -> None:
    asked = sorted(set(fields(tree)))
    only_log = [name for name in asked if not FIELDS[name].message]
    only_message = [name for name in asked if not FIELDS[name].in_log]
    if only_log and only_message:
        what = f"only logs have {', '.join(only_log)} and only messages have {', '.join(only_message)}"
        faults.say(("detection", "condition"), f"nothing has all that is asked: {what}")


def _selection(name: str, value: Json, faults: Faults) -> Tree:
    here = ("detection", name)
    if not _SELECTION.fullmatch(name) or name.lower() in _RESERVED:
        faults.say(here, f'"{name}" cannot name a selection: use letters, digits and _')
    if isinstance(value, list) and value:
        return joined(Some, [_map((*here, n), one, faults) for n, one in enumerate(value)])
    return _map(here, value, faults)


def _map(path: tuple[str | int, ...], value: Json, faults: Faults) -> Tree:
    if not isinstance(value, dict) or not value:
        faults.say(path, f"a selection is a mapping of fields to values, not {show(value) if value else 'empty'}")
        return FALSE
    parts: list[Tree] = []
    of_hop: list[Tree] = []
    for key, one in value.items():
        try:
            tree = item(key, one)
        except ItemError as error:
            faults.say((*path, key), f"{key}: {error}")
            continue
        (of_hop if any(name.startswith(HOP) for name in fields(tree)) else parts).append(tree)
    if of_hop:
        parts.append(OfHop(joined(All, of_hop)))
    return joined(All, parts)


def _correlation(document: Document, faults: Faults) -> Correlation | None:
    model, wrong = validate(CorrelationModel, document)
    faults.lines += wrong
    if model is None:
        return None
    found = model.correlation
    for n, name in enumerate(found.group_by):
        if name not in FIELDS or not FIELDS[name].message:
            faults.say(("correlation", "group-by", n), f'there is no field "{name}" in messages')
    if not found.rules:
        faults.say(("correlation", "rules"), "it names no signature")
    least, exact = _count(found, faults)
    try:
        timespan = duration(found.timespan)
    except UsageError as error:
        faults.say(("correlation", "timespan"), error.message)
        return None
    return Correlation(
        name=model.name,
        title=model.title,
        level=model.level,
        kind=found.type,
        rules=found.rules,
        group_by=found.group_by,
        timespan=timespan,
        least=least,
        exact=exact,
        field=found.condition.field if found.condition else None,
        description=model.description.strip(),
        status=model.status,
        path=document.name,
    )


def _count(found: CorrelatedModel, faults: Faults) -> tuple[int, bool]:
    """How many there have to be, and whether exactly so many."""
    here = ("correlation", "condition")
    counted = found.condition
    if found.type == "temporal" and counted is None:
        return len(found.rules), False
    if counted is None:
        faults.say(("correlation",), '"condition" is missing')
        return 1, False
    if (counted.field is not None) is not (found.type == "value_count"):
        faults.say(here, '"field" goes with value_count, and value_count with "field"')
    elif counted.field is not None and (counted.field not in FIELDS or not FIELDS[counted.field].message):
        faults.say((*here, "field"), f'there is no field "{counted.field}" in messages')
    given: dict[str, Any] = {key: value for key in ("eq", "gt", "gte") if (value := getattr(counted, key)) is not None}
    if len(given) != 1:
        faults.say(here, "give one of eq, gt and gte")
        return 1, False
    sign, number = next(iter(given.items()))
    return (number + 1 if sign == "gt" else number), sign == "eq"

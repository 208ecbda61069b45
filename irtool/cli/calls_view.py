"""What a plan would send, as rehearsed: the calls to which approvals are bound."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from irtool.cli.out import clean
from irtool.cli.views import wrapped
from irtool.plan.rehearsal import OPEN
from irtool.records import Change, Json, Plan


def call_lines(plan: Plan, calls: Mapping[str, Json], step: str | None = None) -> Iterator[str]:
    """Every change with the calls it would make. Placeholders such as {key} stand for what is known when it is sent."""
    connectors: dict[str, Json] = {}
    for change in plan.changes:
        if change.action != "do" or step not in {None, change.step}:
            continue
        yield f"{clean(change.id)}  through {clean(change.connector)}"
        if not change.binding:
            yield "    not rehearsed: bound to its target and states only"
            continue
        connectors[change.binding[0]] = calls.get(change.binding[0])
        yield from _of_change(change, calls)
    for identity in connectors.values():
        if isinstance(identity, dict):
            yield from wrapped(clean(json.dumps(identity, ensure_ascii=False)), "connector  ", "    ")


def rehearsed(plan: Plan, calls: Mapping[str, Json]) -> dict[str, Json]:
    """The same for machines: by change, its connector and its calls."""
    return {
        c.id: {
            "connector": calls.get(c.binding[0]),
            "calls": [calls.get(d) for d in c.binding[1:] if d != OPEN],
            "open": OPEN in c.binding,
            "binding": [*c.binding],
        }
        for c in plan.changes
        if c.action == "do" and c.binding
    }


def _of_change(change: Change, calls: Mapping[str, Json]) -> Iterator[str]:
    if len(change.binding) == 1:
        yield "    no call: it is written into the journal"
    for digest in change.binding[1:]:
        if digest == OPEN:
            yield "    … what follows depends on what the server answers"
            continue
        call = calls.get(digest)
        found = call if isinstance(call, dict) else {}
        base = f" ({found['base']})" if found.get("base") else ""
        argv = found.get("argv")
        words = [str(w) for w in argv] if isinstance(argv, list) else [found.get("method"), found.get("path")]
        yield from wrapped(clean(" ".join(str(w) for w in words if w) + base), "    ", "      ")
        for part in ("headers", "body"):
            value = found.get(part)
            if value:
                text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
                yield from wrapped(clean(text), f"      {part}  ", "        ")

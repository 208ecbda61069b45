"""All that can be wrong with a playbook whose YAML is readable, beyond its shape: found before anything runs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from irtool.errors import UsageError
from irtool.language.yamlfile import Document, suggest
from irtool.playbook.faults import Faults
from irtool.playbook.given import convert
from irtool.playbook.model import INPUT_NAME, MAX_STEPS, TOTAL
from irtool.playbook.stepchecks import StepCheck
from irtool.records import Json, Verb


def check(doc: Document, verbs: Mapping[str, Verb]) -> list[str]:
    """All faults, as `file:line:column  what`. Reads the raw data, so that one fault does not hide another."""
    faults = Faults(doc)
    if isinstance(doc.data, dict):
        inputs = _mapping(doc.data.get("inputs"))
        _inputs(inputs, faults)
        _limits(_mapping(doc.data.get("limits")), verbs, faults)
        steps = doc.data.get("steps")
        if isinstance(steps, list):
            _steps(steps, inputs, verbs, faults)
    return faults.lines


def _inputs(inputs: Mapping[str, Json], faults: Faults) -> None:
    for name, spec in inputs.items():
        if not re.fullmatch(INPUT_NAME, name):
            faults.say(("inputs", name), f'the input "{name}" must be named with small letters, digits and _')
        if not isinstance(spec, dict) or spec.get("default") is None:
            continue
        if spec.get("required") is True:
            faults.say(("inputs", name, "required"), f'the input "{name}" has a default, so it is not required')
        try:
            convert(str(spec.get("type")), spec["default"])
        except UsageError as error:
            faults.say(("inputs", name, "default"), f'"default" {error.message}')


def _limits(limits: Mapping[str, Json], verbs: Mapping[str, Verb], faults: Faults) -> None:
    for name in limits:
        if name not in verbs and name != TOTAL:
            faults.say(("limits", name), f'unknown verb "{name}".' + suggest(name, [*verbs, TOTAL]))


def _steps(steps: Sequence[Json], inputs: Mapping[str, Json], verbs: Mapping[str, Verb], faults: Faults) -> None:
    if not steps:
        faults.say(("steps",), "there are no steps")
    if len(steps) > MAX_STEPS:
        faults.say(("steps", MAX_STEPS), f"a playbook has at most {MAX_STEPS} steps, not {len(steps)}")
        return
    seen: dict[str, int] = {}
    triaged = False
    for i, step in enumerate(steps):
        if not isinstance(step, dict):
            continue
        _unique(step.get("id"), i, seen, faults)
        findings_at = StepCheck(("steps", i), step, inputs, verbs, faults).check()
        triaged = triaged or str(step.get("uses")).startswith("triage.")
        if findings_at and not triaged:
            faults.say(findings_at, "uses findings, but no step before does the triage (uses: triage.complaint)")
            triaged = True  # said once


def _unique(step_id: Json, i: int, seen: dict[str, int], faults: Faults) -> None:
    if not isinstance(step_id, str):
        return
    if step_id in seen:
        first = faults.doc.places[("steps", seen[step_id], "id")].line
        faults.say(("steps", i, "id"), f'the step id "{step_id}" is taken (line {first})')
    seen.setdefault(step_id, i)


def _mapping(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, dict) else {}

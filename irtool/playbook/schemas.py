"""The JSON Schema of playbooks, for editors that complete and check while one types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from irtool.playbook.model import ID, INPUT_NAME, MAX_STEPS, MOST_PERSONS, TOTAL, PlaybookModel
from irtool.records import Json, Verb

_SPAN = r"^([0-9]+[smhdw])+$"
_DURATION = r"^([0-9]+[smhdw])+$|\$\{\{"


def schema(verbs: Mapping[str, Verb]) -> dict[str, Json]:
    """JSON Schema (draft 2020-12) of a playbook that may use these verbs, each with its own parameters."""
    made: dict[str, Any] = PlaybookModel.model_json_schema(by_alias=True)
    top, step = made["properties"], made["$defs"]["StepModel"]
    top["playbook"]["pattern"] = step["properties"]["id"]["pattern"] = f"^{ID}$"
    top["inputs"]["propertyNames"] = {"pattern": f"^{INPUT_NAME}$"}
    top["limits"]["propertyNames"] = {"enum": sorted([*verbs, TOTAL])}
    top["limits"]["additionalProperties"]["minimum"] = 0
    top["steps"].update(minItems=1, maxItems=MAX_STEPS)
    step["properties"]["uses"] = {
        "description": step["properties"]["uses"]["description"],
        "oneOf": [{"const": v.name, "description": v.title} for _, v in sorted(verbs.items())],
    }
    made["$defs"]["ApprovalModel"]["properties"] |= {
        "quorum": {**made["$defs"]["ApprovalModel"]["properties"]["quorum"], "minimum": 1, "maximum": MOST_PERSONS},
        "expires": {**made["$defs"]["ApprovalModel"]["properties"]["expires"], "pattern": _SPAN},
    }
    step["properties"]["approval"] = {
        "description": step["properties"]["approval"]["description"],
        "default": "none",
        "anyOf": [{"enum": ["none", "self", "peer"]}, {"$ref": "#/$defs/ApprovalModel"}],
    }
    via = step["properties"]["via"]
    step["properties"]["via"] = {
        "description": via["description"],
        "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
    }
    step["allOf"] = [_of_verb(v) for _, v in sorted(verbs.items())]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **made,
        "title": "irtool playbook",
    }


def _of_verb(verb: Verb) -> dict[str, Json]:
    """A step that uses this verb has only its parameters in `with`, and all that are required."""
    properties: dict[str, Json] = {name: _of_type(kind) for name, kind in verb.params.items()}
    params: dict[str, Json] = {"properties": properties, "additionalProperties": False}
    then: dict[str, Json] = {"properties": {"with": params}}
    if verb.required:
        params["required"] = list(verb.required)
        then["required"] = ["with"]
    return {"if": {"properties": {"uses": {"const": verb.name}}, "required": ["uses"]}, "then": then}


def _of_type(kind: str) -> dict[str, Json]:
    if kind == "any":
        return {}
    if kind == "duration":
        return {"type": "string", "pattern": _DURATION}
    return {"type": "string"}

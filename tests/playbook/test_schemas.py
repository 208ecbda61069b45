from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from irtool.playbook import schema
from irtool.records import Verb


def test_it_is_json_and_every_reference_in_it_leads_somewhere(verbs: Mapping[str, Verb]) -> None:
    made: dict[str, Any] = schema(verbs)
    text = json.dumps(made)
    assert json.loads(text) == made
    assert made["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    for ref in re.findall(r'"\$ref": "#/\$defs/(\w+)"', text):
        assert ref in made["$defs"]


def test_it_knows_the_keys_of_playbooks_steps_and_verbs(verbs: Mapping[str, Verb]) -> None:
    made: dict[str, Any] = schema(verbs)
    step = made["$defs"]["StepModel"]
    assert made["required"] == ["playbook", "title", "steps"]
    assert made["additionalProperties"] is False
    assert set(made["properties"]) == {
        "playbook", "title", "about", "owner", "approvers", "inputs", "limits", "steps",
    }  # fmt: skip
    assert set(step["properties"]) == {
        "id", "title", "uses", "with", "each", "when", "via", "approval", "on_failure",
    }  # fmt: skip
    assert step["properties"]["approval"]["anyOf"] == [
        {"enum": ["none", "self", "peer"]},
        {"$ref": "#/$defs/ApprovalModel"},
    ]
    terms = made["$defs"]["ApprovalModel"]
    assert set(terms["properties"]) == {"from", "quorum", "expires"}
    assert (terms["properties"]["quorum"]["minimum"], terms["properties"]["quorum"]["maximum"]) == (1, 20)
    assert terms["additionalProperties"] is False
    assert step["properties"]["on_failure"]["enum"] == ["stop", "continue"]
    assert {v["const"] for v in step["properties"]["uses"]["oneOf"]} == set(verbs)
    assert made["properties"]["limits"]["propertyNames"] == {"enum": sorted([*verbs, "total"])}
    note = next(c for c in step["allOf"] if c["if"]["properties"]["uses"]["const"] == "note.add")
    assert note["then"] == {
        "properties": {
            "with": {"properties": {"text": {"type": "string"}}, "additionalProperties": False, "required": ["text"]}
        },
        "required": ["with"],
    }
    assert all(p.get("description") for p in step["properties"].values())

"""The hashes that approvals are bound to: the same changes always have the same hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from irtool.records import Change, Json, PlanStep, to_json


def digest(value: Json) -> str:
    """SHA-256 of the value's canonical JSON: keys sorted, no spaces, UTF-8."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def step_hash(step: str, changes: Sequence[Change]) -> str:
    """Covers everything about a step's changes that a person says yes to."""
    return digest({"step": step, "changes": [_essence(change) for change in changes]})


def plan_hash(playbook_sha256: str, steps: Sequence[PlanStep]) -> str:
    """Covers all steps, their order and approvals, and the playbook they came from."""
    rows: list[Json] = [
        [step.id, step.uses, step.approval, step.on_failure, step.hash, *_terms(step)] for step in steps
    ]
    return digest({"playbook": playbook_sha256, "steps": rows})


def _essence(change: Change) -> Json:
    return [
        change.item,
        change.verb,
        change.target,
        change.connector,
        to_json(change.params),
        change.before,
        change.after,
        change.action,
        *change.binding,
        *(["shadow"] if change.shadow else []),
    ]


def _terms(step: PlanStep) -> list[Json]:
    return [step.quorum, step.expires] if step.quorum != 1 or step.expires else []

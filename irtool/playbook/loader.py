"""Playbook text -> Playbook, or all of its faults at once."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from irtool.errors import FaultsError, PlaybookError
from irtool.language.models import validate
from irtool.language.yamlfile import read
from irtool.playbook.checks import check
from irtool.playbook.faults import in_order
from irtool.playbook.model import PlaybookModel, StepModel
from irtool.records import Input, Playbook, Step, Verb


def load(text: str, name: str, *, verbs: Mapping[str, Verb], path: str = "") -> Playbook:
    """Read and check a playbook. `name` is what faults call the file, `path` where it is.

    Raises PlaybookError with all faults, each `name:line:column  what`, in the order of the file.
    """
    try:
        doc = read(text, name)
    except FaultsError as error:
        raise _invalid(name, error.faults) from None
    model, faults = validate(PlaybookModel, doc)
    faults += check(doc, verbs)
    if model is None or faults:
        raise _invalid(name, in_order(faults))
    return Playbook(
        name=model.playbook,
        title=model.title,
        steps=tuple(_step(s) for s in model.steps),
        text=text,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        about=model.about.strip(),
        owner=model.owner,
        approvers=model.approvers,
        inputs=_inputs(model),
        limits=dict(model.limits),
        path=path,
    )


def _step(step: StepModel) -> Step:
    return Step(
        id=step.id,
        title=step.title,
        uses=step.uses,
        with_=dict(step.with_),
        each=step.each,
        when=step.when,
        via=step.via,
        approval=step.approval.from_,
        quorum=step.approval.quorum,
        expires=step.approval.expires,
        on_failure=step.on_failure,
    )


def _inputs(model: PlaybookModel) -> tuple[Input, ...]:
    return tuple(
        Input(
            name=name,
            type=spec.type,
            required=spec.default is None if spec.required is None else spec.required,
            default=spec.default,
            about=spec.about,
        )
        for name, spec in model.inputs.items()
    )


def _invalid(name: str, faults: Sequence[str]) -> PlaybookError:
    count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
    return PlaybookError(f"{name} is not a valid playbook: {count}", faults, hint=f"irtool check {name}")

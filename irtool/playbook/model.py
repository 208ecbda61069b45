"""The shape of a playbook file, as pydantic models."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from irtool.language.models import Strict

ID = r"[a-z][a-z0-9-]{0,63}"
INPUT_NAME = r"[a-z][a-z0-9_]{0,63}"
MAX_STEPS = 500
MOST_PERSONS = 20
TOTAL = "total"
"""The limit for all changes of a run together."""


def _id(value: str) -> str:
    if not re.fullmatch(ID, value):
        raise ValueError(f'must be small letters, digits and hyphens, such as block-domains, not "{value[:60]}"')
    return value


def _sentence(value: str) -> str:
    if not value.strip():
        raise ValueError("must not be empty")
    if "${{" in value:
        raise ValueError("is plain text: ${{ … }} is not filled in here")
    return value


def _limit(value: int) -> int:
    if value < 0:
        raise ValueError(f"must be a whole number from 0 on, not {value}")
    return value


def _names(value: Any) -> Any:
    return (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else value


Id = Annotated[str, AfterValidator(_id)]
Sentence = Annotated[str, AfterValidator(_sentence)]
Limit = Annotated[int, AfterValidator(_limit)]
Names = Annotated[tuple[str, ...], BeforeValidator(_names)]


class InputModel(Strict):
    """One entry of `inputs`."""

    type: Literal["file", "text", "duration", "number", "flag"] = Field(description="What kind of value it is.")
    required: bool | None = Field(None, description="Whether it must be given. Without this: if it has no default.")
    default: Any = Field(None, description="The value if none is given.")
    about: str = Field("", description="What it is for, in a sentence.")


class ApprovalModel(Strict):
    """Who has to say yes to a step, how many, and for how long it counts. `from` alone may stand for all of it."""

    from_: Literal["none", "self", "peer"] = Field(
        "peer", alias="from", description="Nobody, you, or someone other than who started the run."
    )
    quorum: int = Field(1, description="How many different persons have to say yes.")
    expires: str = Field("", description="How long a yes counts, such as 4h; after that it is asked for again.")


def _approval(value: Any) -> Any:
    return {"from": value} if isinstance(value, str) else value


class StepModel(Strict):
    """One entry of `steps`."""

    id: Id = Field(description="The step's name, unique in the playbook: small letters, digits, hyphens.")
    title: Sentence = Field(description="What the step does, as a sentence. The titles tell the story.")
    uses: str = Field(description="The verb: what the step does to each target.")
    with_: dict[str, Any] = Field(default_factory=dict, alias="with", description="The verb's parameters.")
    each: str | None = Field(None, description="An expression that gives a list: once per `item` of it.")
    when: str | None = Field(None, description="An expression: targets for which it is false are skipped.")
    via: Names = Field((), description="The connector(s) to use, instead of every one that can do it.")
    approval: Annotated[ApprovalModel, BeforeValidator(_approval)] = Field(
        ApprovalModel.model_validate({"from": "none"}),
        description="Who has to say yes: nobody, you, or someone other than who started the run; or with how many of "
        "them (`quorum`) and for how long (`expires`).",
    )
    on_failure: Literal["stop", "continue"] = Field(
        "stop", description="Whether the run goes on after a change of this step failed."
    )


class PlaybookModel(Strict):
    """The whole file."""

    playbook: Id = Field(description="The playbook's name: small letters, digits, hyphens.")
    title: Sentence = Field(description="What it is for, as a sentence.")
    about: str = Field("", description="When to use it and what it does, for whoever reads it at 3 a.m.")
    owner: str = Field("", description="Who answers for it.")
    approvers: str | None = Field(None, description="The group of people who may approve; never one's own run.")
    inputs: dict[str, InputModel] = Field(default_factory=dict, description="What it asks for.")
    limits: dict[str, Limit] = Field(
        default_factory=dict,
        description="The most changes of a verb in a run, or of all (`total`); above it the run stops and asks.",
    )
    steps: tuple[StepModel, ...] = Field(description="What is done, strictly in this order.")

"""The shape of a signature file: Sigma's (https://sigmahq.io/sigma-specification/), with our own fields."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, Field

from irtool.language.models import Strict

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,79}")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_SPAN = re.compile(r"[1-9][0-9]{0,5}[smhd]")
LEVELS = ("critical", "high", "medium", "low", "informational")


def _name(value: str) -> str:
    if not _NAME.fullmatch(value):
        raise ValueError("must be small letters, digits and hyphens, such as null-sender-foreign-from")
    return value


def _uuid(value: str) -> str:
    if not _UUID.fullmatch(value):
        raise ValueError("must be a UUID; leave it out if you have none: signatures are known by their name")
    return value


def _span(value: str) -> str:
    if not _SPAN.fullmatch(value):
        raise ValueError("must be a number with s, m, h or d, such as 30d")
    return value


Level: TypeAlias = Literal["critical", "high", "medium", "low", "informational"]
Status: TypeAlias = Literal["stable", "test", "experimental", "deprecated", "unsupported"]
Name: TypeAlias = Annotated[str, AfterValidator(_name)]


class _Head(Strict):
    """What both kinds of file begin with. `name` is what irtool shows and correlations refer to."""

    title: str
    name: Name
    id: Annotated[str, AfterValidator(_uuid)] | None = None
    status: Status = "experimental"
    description: str = ""
    references: tuple[str, ...] = ()
    author: str = ""
    date: str = ""
    modified: str = ""
    license: str = ""
    tags: tuple[str, ...] = ()
    falsepositives: tuple[str, ...] = ()
    level: Level = "medium"


class LogSource(Strict):
    """There is one: mail, as irtool sees it."""

    product: Literal["irtool"]
    service: Literal["mail"]


class SignatureModel(_Head):
    """A signature: selections and the condition that joins them."""

    logsource: LogSource
    detection: dict[str, Any]


class CountModel(Strict):
    """How often; `field` is whose different values are counted."""

    field: str | None = None
    eq: Annotated[int, Field(ge=1)] | None = None
    gt: Annotated[int, Field(ge=0)] | None = None
    gte: Annotated[int, Field(ge=1)] | None = None


class CorrelatedModel(Strict):
    """What belongs together: hits of these signatures with equal `group-by` within `timespan`."""

    type: Literal["event_count", "value_count", "temporal"]
    rules: tuple[str, ...]
    group_by: Annotated[tuple[str, ...], Field(alias="group-by", min_length=1)]
    timespan: Annotated[str, AfterValidator(_span)]
    condition: CountModel | None = None


class CorrelationModel(_Head):
    """A correlation over the complaints of an incident."""

    correlation: CorrelatedModel

"""The values a playbook asks for: from `--input NAME=VALUE`, the complaints on the command line, or their defaults."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from irtool.errors import UsageError
from irtool.language.models import show
from irtool.language.yamlfile import suggest
from irtool.playbook.durations import SHAPE, duration
from irtool.records import Input, Json, Playbook

_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,15})?", re.ASCII)
_EXAMPLES: Mapping[str, str] = {"duration": "72h", "number": "10", "flag": "true"}
_FLAGS: Mapping[str, bool] = {"true": True, "yes": True, "false": False, "no": False}


def inputs(playbook: Playbook, given: Mapping[str, str], complaints: Sequence[str]) -> dict[str, Json]:
    """The value of every input. A file input takes the complaints: one as its name, several as a list of names.

    Raises UsageError that says which `--input NAME=VALUE` is wrong, unknown or missing.
    """
    known = {i.name: i for i in playbook.inputs}
    _check_known(playbook, given, known)
    file_input = _file_input(playbook, complaints)
    values: dict[str, Json] = {}
    missing: list[Input] = []
    for spec in playbook.inputs:
        if complaints and spec.name == file_input:
            if spec.name in given:
                raise UsageError(f'the input "{spec.name}" is given twice: as a file and with --input')
            values[spec.name] = complaints[0] if len(complaints) == 1 else list(complaints)
        elif spec.name in given:
            values[spec.name] = _typed(spec, given[spec.name])
        else:
            values[spec.name] = spec.default
            if spec.required:
                missing.append(spec)
    if missing:
        raise _missing(playbook, missing)
    return values


def convert(kind: str, value: Json) -> Json:
    """A value for an input of type `kind`, from text or as it stands in YAML. Raises UsageError ("must be …")."""
    if kind == "duration":
        return _duration(value)
    if kind == "number":
        if isinstance(value, str) and _NUMBER.fullmatch(value):
            return float(value) if "." in value else int(value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return value
        raise UsageError(f"must be a number, not {show(value)}")
    if kind == "flag":
        found = _FLAGS.get(value.lower()) if isinstance(value, str) else value
        if isinstance(found, bool):
            return found
        raise UsageError(f"must be true or false, not {show(value)}")
    if kind in {"text", "file"} and not isinstance(value, str):
        raise UsageError(f"must be text, not {show(value)}")
    return value


def _duration(value: Json) -> str:
    if not isinstance(value, str):
        raise UsageError(f"must be {SHAPE}, not {show(value)}")
    try:
        duration(value)
    except UsageError as error:
        raise UsageError(f"is wrong: {error.message}") from None
    return value


def _typed(spec: Input, value: str) -> Json:
    try:
        return convert(spec.type, value)
    except UsageError as error:
        raise UsageError(
            f"--input {spec.name}={value[:60]}: {spec.name} {error.message}",
            hint=f"irtool plan PLAYBOOK COMPLAINT --input {spec.name}={_EXAMPLES.get(spec.type, 'VALUE')}",
        ) from None


def _check_known(playbook: Playbook, given: Mapping[str, str], known: Mapping[str, Input]) -> None:
    for name in given:
        if name not in known:
            has = f"it has {', '.join(known)}" if known else "it has none"
            raise UsageError(
                f'the playbook {playbook.name} has no input "{name}"; {has}.' + suggest(name, known),
                hint="--input NAME=VALUE",
            )


def _file_input(playbook: Playbook, complaints: Sequence[str]) -> str | None:
    """The input that the complaints are for: `complaint`, or else the first one that is a file."""
    files = [i.name for i in playbook.inputs if i.type == "file"]
    if complaints and not files:
        raise UsageError(f"the playbook {playbook.name} reads no file; {show(complaints[0])} has no place in it")
    return "complaint" if "complaint" in files else next(iter(files), None)


def _missing(playbook: Playbook, missing: Sequence[Input]) -> UsageError:
    names = ", ".join(f"{i.name} ({i.type})" for i in missing)
    examples = [f"--input {i.name}=VALUE" for i in missing if i.type != "file"]
    complaint = "COMPLAINT" if any(i.type == "file" for i in missing) else ""
    words = ["irtool plan", playbook.name, complaint, *examples]
    return UsageError(
        f"the playbook {playbook.name} also needs: {names}",
        hint=" ".join(w for w in words if w),
    )

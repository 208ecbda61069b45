"""irtool check: is this playbook, this signature right? All faults at once."""

from __future__ import annotations

from typing import Annotated

import typer

from irtool.cli.options import JsonOption
from irtool.cli.out import answer, clean, data, door, leave


def check(
    files: Annotated[
        list[str] | None,
        typer.Argument(
            help="Playbooks (paths, or names of shipped ones), signature files, folders of signatures, or the word "
            "signatures for the shipped ones."
        ),
    ] = None,
    fields: Annotated[bool, typer.Option("--fields", help="List the fields that signatures may ask about.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Check playbooks and signatures: all faults with their places.

    Example: irtool check email-abuse ./signatures
    """
    from irtool.errors import UsageError
    from irtool.triage.rules.checking import expanded, is_signature_file

    with door():
        if fields:
            _fields(as_json)
        elif not files:
            raise UsageError("check what? Name playbooks, signature files or folders", hint="irtool check signatures")
        every = [path for ref in files or () for path in expanded(ref)]
        if files and not every:
            raise UsageError(f"there are no .yaml files in {', '.join(files)}", hint="irtool check signatures")
        signatures = [path for path in every if is_signature_file(path)]
        faulty = sum(_playbook(ref, as_json) for ref in every if ref not in signatures)
        faulty += _signatures(signatures, as_json) if signatures else 0
        if faulty:
            leave(2)


def _playbook(ref: str, as_json: bool) -> int:
    """Check one playbook; returns how many are faulty."""
    from irtool import playbook as books
    from irtool.errors import PlaybookError
    from irtool.verbs import CATALOGUE

    path, text = books.locate(ref)
    try:
        book = books.load(text, path, verbs=CATALOGUE, path=path)
    except PlaybookError as error:
        if as_json:
            answer({"playbook": ref, "ok": False, "faults": list(error.faults)})
        else:
            data("\n".join(clean(f) for f in error.faults or (error.message,)))
        return 1
    from irtool import config as configuration
    from irtool.wiring.templating import playbook_faults

    if faults := playbook_faults(configuration.load(), book.steps):
        if as_json:
            answer({"playbook": ref, "ok": False, "faults": faults})
        else:
            data("\n".join(clean(f) for f in faults))
        return 1
    if as_json:
        answer({"playbook": book.name, "ok": True, "steps": len(book.steps), "sha256": book.sha256})
    else:
        data(f"{clean(path)}: {book.name}, {len(book.steps)} steps, no faults")
    return 0


def _signatures(paths: list[str], as_json: bool) -> int:
    """Check these signature files; returns how many are faulty."""
    from pathlib import Path

    from irtool.triage.rules.checking import check as check_files

    results = check_files([Path(path) for path in paths])
    for one in results:
        if as_json:
            answer(one.json())
        else:
            data("\n".join(clean(line) for line in one.lines()))
    return sum(one.found is None for one in results)


def _fields(as_json: bool) -> None:
    """The list of fields, for those who write signatures."""
    from irtool.triage.rules.checking import field_list

    if as_json:
        answer(field_list())
        return
    for one in field_list():
        where = "both" if one["message"] and one["log"] else "message" if one["message"] else "log"
        data(f"{one['field']:<22} {one['type']:<7} {where:<8} {one['about']}")

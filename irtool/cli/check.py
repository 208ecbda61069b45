"""irtool check: is this playbook right? All faults at once."""

from __future__ import annotations

from typing import Annotated

import typer

from irtool.cli.options import JsonOption
from irtool.cli.out import answer, clean, data, door, leave


def check(
    playbooks: Annotated[list[str], typer.Argument(help="Paths, or names of shipped playbooks.")],
    as_json: JsonOption = False,
) -> None:
    """Check playbooks: all faults with their places.

    Example: irtool check email-abuse my/playbook.yaml
    """
    from irtool import playbook as books
    from irtool.errors import PlaybookError
    from irtool.verbs import CATALOGUE

    with door():
        faulty = 0
        for ref in playbooks:
            path, text = books.locate(ref)
            try:
                book = books.load(text, path, verbs=CATALOGUE, path=path)
            except PlaybookError as error:
                faulty += 1
                if as_json:
                    answer({"playbook": ref, "ok": False, "faults": list(error.faults)})
                else:
                    data("\n".join(clean(f) for f in error.faults or (error.message,)))
                continue
            if as_json:
                answer({"playbook": book.name, "ok": True, "steps": len(book.steps), "sha256": book.sha256})
            else:
                data(f"{clean(path)}: {book.name}, {len(book.steps)} steps, no faults")
        if faulty:
            leave(2)

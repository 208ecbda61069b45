"""Checking signature files and folders: what is wrong with each, and what each one is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from irtool.errors import FaultsError
from irtool.language.yamlfile import read
from irtool.records import Json
from irtool.triage.rules.fields import FIELDS
from irtool.triage.rules.library import ENDINGS, book, files, shipped, text_of, unknown_rules
from irtool.triage.rules.reading import is_signature, load
from irtool.triage.rules.rule import Correlation, Rule

SHIPPED = "signatures"
"""The word for the shipped signatures, where no file or folder has that name."""


@dataclass(frozen=True, slots=True)
class Checked:
    """One file. `found` is None if it has faults."""

    path: Path
    found: Rule | Correlation | None
    faults: tuple[str, ...] = ()

    def json(self) -> dict[str, Json]:
        """What is to be said about it, for machines."""
        if self.found is None:
            faults: list[Json] = list(self.faults)
            return {"signature": str(self.path), "ok": False, "faults": faults}
        told: dict[str, Json] = {"signature": self.found.name, "ok": True, "path": str(self.path)}
        told["level"] = self.found.level
        if isinstance(self.found, Rule):
            told["for"] = list(_places(self.found))
            told["fields"] = [*sorted(self.found.fields)]
        else:
            told["rules"] = list(self.found.rules)
        return told

    def lines(self) -> tuple[str, ...]:
        """The same for people: its faults, or one line."""
        if self.found is None:
            return self.faults
        if isinstance(self.found, Rule):
            what = f"for {' and '.join(_places(self.found))}"
        else:
            what = f"correlates {', '.join(self.found.rules)}"
        return (f"{self.path}: {self.found.name}, {self.found.level}, {what}, no faults",)


def expanded(ref: str) -> list[str]:
    """The files behind a path or the word `signatures`; what is neither folder nor that word stays as it is.

    Raises UsageError if a folder cannot be read.
    """
    path = Path(ref)
    if ref == SHIPPED and not path.exists():
        path = shipped()
    return [str(one) for one in files(path)] if path.is_dir() else [ref]


def is_signature_file(ref: str) -> bool:
    """Whether it is a readable file with a detection, a correlation or a logsource; playbooks have none of these."""
    path = Path(ref)
    if path.suffix not in ENDINGS or not path.is_file():
        return False
    try:
        return is_signature(read(text_of(path), ref).data)
    except FaultsError:
        return False


def check(paths: Sequence[Path]) -> list[Checked]:
    """Every file by itself, and whether names are taken twice in one folder or mean nothing."""
    results = [_one(path) for path in paths]
    known = [r.found.name for r in results if isinstance(r.found, Rule)] + [rule.name for rule in book().rules]
    taken: dict[tuple[Path, str], Path] = {}
    return [_together(result, known, taken) for result in results]


def _one(path: Path) -> Checked:
    try:
        return Checked(path, load(text_of(path), str(path)))
    except FaultsError as error:
        return Checked(path, None, error.faults)


def _together(result: Checked, known: Sequence[str], taken: dict[tuple[Path, str], Path]) -> Checked:
    if result.found is None:
        return result
    faults = unknown_rules(result.found, known) if isinstance(result.found, Correlation) else []
    first = taken.setdefault((result.path.parent, result.found.name), result.path)
    if first != result.path:
        faults.append(f'{result.path}:1:1  the name "{result.found.name}" is taken by {first}')
    return Checked(result.path, None, tuple(faults)) if faults else result


def _places(rule: Rule) -> Iterator[str]:
    if rule.for_messages:
        yield "messages"
    if rule.for_logs:
        yield "logs"


def field_list() -> list[dict[str, Json]]:
    """The fields that signatures may ask about."""
    return [
        {"field": one.name, "type": one.kind.value, "message": one.message, "log": one.in_log, "about": one.about}
        for one in FIELDS.values()
    ]

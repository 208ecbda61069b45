"""Folders of signature files, read once: the shipped ones, and those of the users."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from irtool.errors import FaultsError, UsageError
from irtool.language.yamlfile import MAX_CHARACTERS, read, suggest
from irtool.shipped import folder
from irtool.triage.rules.model import LEVELS
from irtool.triage.rules.reading import load
from irtool.triage.rules.rule import Book, Correlation, Rule

ENDINGS = (".yaml", ".yml")
MAX_FILES = 5_000
_SILENT = frozenset({"deprecated", "unsupported"})
"""Statuses that keep a signature from being asked."""


def shipped() -> Path:
    """The folder of the signatures that come with irtool."""
    return folder("playbooks") / "signatures"


def book(extra: Sequence[Path] = ()) -> Book:
    """The shipped signatures and those of the folders `extra`, read and compiled once for each process.

    A signature of a later folder replaces one of the same name; with the status `unsupported` it switches it off.
    Raises FaultsError with the faults of all files, UsageError if a folder or file cannot be read.
    """
    return _book(tuple(Path(one) for one in extra))


@lru_cache(maxsize=8)
def _book(extra: tuple[Path, ...]) -> Book:
    return read_folders([shipped(), *extra])


def read_folders(folders: Sequence[Path]) -> Book:
    """The signatures of these folders and no others. Raises like `book`."""
    faults: list[str] = []
    found: dict[str, Rule | Correlation] = {}
    for one in folders:
        here = _folder(one, faults)
        found.update(here)
    for entry in found.values():
        if isinstance(entry, Correlation):
            faults += unknown_rules(entry, [name for name, rule in found.items() if isinstance(rule, Rule)])
    if faults:
        count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
        raise FaultsError(f"the signatures have {count}", faults, hint=f"irtool check {folders[-1]}")
    active = [one for one in found.values() if one.status not in _SILENT]
    rules = sorted(
        (one for one in active if isinstance(one, Rule)), key=lambda one: (LEVELS.index(one.level), one.name)
    )
    return Book(tuple(rules), tuple(one for one in active if isinstance(one, Correlation)))


def files(place: Path) -> Iterator[Path]:
    """The YAML files of a folder, by name. Raises UsageError if it is no folder, or holds too many."""
    if not place.is_dir():
        raise UsageError(f"there is no folder {place}", hint="signatures: in irtool.yaml names a folder of .yaml files")
    found = sorted(path for path in place.iterdir() if path.suffix in ENDINGS and path.is_file())
    if len(found) > MAX_FILES:
        raise UsageError(f"{place} has more than {MAX_FILES} files")
    yield from found


def text_of(path: Path) -> str:
    """The text of a file. Raises UsageError if it is not readable UTF-8 of at most 1 MB."""
    try:
        with path.open("rb") as file:
            content = file.read(4 * MAX_CHARACTERS + 1)
        return content.decode()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 text (byte {error.start})") from None


def unknown_rules(correlation: Correlation, known: Sequence[str]) -> list[str]:
    """A fault for each signature that a correlation names and nobody knows."""
    where = read(text_of(Path(correlation.path)), correlation.path).where
    return [
        f'{where(("correlation", "rules", n))}  there is no signature "{name}".{suggest(name, known)}'
        for n, name in enumerate(correlation.rules)
        if name not in known
    ]


def _folder(place: Path, faults: list[str]) -> dict[str, Rule | Correlation]:
    found: dict[str, Rule | Correlation] = {}
    for path in files(place):
        try:
            one = load(text_of(path), str(path))
        except FaultsError as error:
            faults += error.faults
            continue
        if one.name in found:
            faults.append(f'{path}:1:1  the name "{one.name}" is taken by {found[one.name].path}')
        found[one.name] = one
    return found

"""The templates there are: where each comes from, what is wrong with it, what it may use; copies to edit."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from irtool.config import Config
from irtool.errors import FaultsError, UsageError
from irtool.language.templatecheck import faults as reading_faults
from irtool.language.templatecheck import trial
from irtool.language.yamlfile import suggest
from irtool.records import Step
from irtool.shipped import folder
from irtool.tell import variables
from irtool.tell.filters import escape_html, escape_mail, escape_markdown, filters
from irtool.tell.letters import LIMITS, subject_and_text

_ENDINGS = ".j2"
_MAIL = {"notice.send": "customer-notice", "abuse.report": "relay-report"}
"""The template that a verb uses if its step names none."""

_WRITES = {
    "notice.send": ("customer-notice", "customer-notice-correction"),
    "abuse.report": ("relay-report",),
    "bulletin.write": ("bulletin",),
}
"""The templates that a verb and its undo write with."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One template. `name` is its path below the folder; `own` the user's file, `shipped` irtool's, if there are."""

    name: str
    own: Path | None
    shipped: Path | None

    @property
    def source(self) -> str:
        """Which one counts: shipped, own (made by the user), copied (unchanged so far) or edited."""
        if self.own is None:
            return "shipped"
        if self.shipped is None:
            return "own"
        return "copied" if self.own.read_bytes() == self.shipped.read_bytes() else "edited"

    @property
    def lang(self) -> str:
        """The language in its path, "" if it has none."""
        parts = self.name.split("/")
        return parts[1] if len(parts) > 2 else ""

    @property
    def short(self) -> str:
        """Its name without folder, language and endings: customer-notice."""
        return self.name.rpartition("/")[2].partition(".")[0]

    @property
    def is_mail(self) -> bool:
        """Whether it is filled with what `tell.variables` documents."""
        return self.name.startswith("notices/")

    @property
    def is_part(self) -> bool:
        """Whether it only stands inside others."""
        return self.short.startswith("_")


def entries(config: Config) -> list[Entry]:
    """All templates, by name."""
    own, shipped = own_folder(config), folder("templates")
    names = {n for place in (own, shipped) if place is not None for n in _names(place)}
    return [Entry(n, _file(own, n), _file(shipped, n)) for n in sorted(names)]


def own_folder(config: Config) -> Path | None:
    """The user's folder of templates, if irtool.yaml names one."""
    own = config.settings.templates
    return config.place(own) if own else None


def pick(config: Config, names: Sequence[str]) -> list[Entry]:
    """The templates meant: a path (notices/en/customer-notice.txt.j2), a folder of it (notices/it), or a short name in
    all languages (customer-notice). Raises UsageError if there is none of a name."""
    every = entries(config)
    found: dict[str, Entry] = {}
    for name in names:
        wanted = name.rstrip("/")
        matching = [e for e in every if wanted in {e.name, e.short} or e.name.startswith(f"{wanted}/")]
        if not matching:
            known = sorted({e.short for e in every})
            raise UsageError(f'there is no template "{name}".{suggest(name, known)}', hint="irtool templates list")
        found |= {e.name: e for e in matching}
    return list(found.values())


def copy(config: Config, names: Sequence[str], *, force: bool) -> list[Path]:
    """Put shipped templates where they may be edited; all that they include come along. Nothing is overwritten without
    `force`. Raises UsageError."""
    own = own_folder(config)
    if own is None:
        raise UsageError(
            "irtool.yaml does not say where your templates are; nothing was copied",
            hint="add to irtool.yaml:  templates: ./templates",
        )
    chosen = [e for e in pick(config, names) if e.shipped is not None]
    beside = {e.name.rpartition("/")[0] for e in chosen}
    parts = [e for e in entries(config) if e.is_part and e.shipped and e.name.rpartition("/")[0] in beside]
    todo = {e.name: e for e in chosen} | {e.name: e for e in parts if e.own is None}
    there = [e.name for e in todo.values() if e.own is not None]
    if there and not force:
        raise UsageError(
            f"{', '.join(there)}: there already in {own}; nothing was copied",
            hint=f"irtool templates diff {there[0]}, or: irtool templates copy {' '.join(names)} --force",
        )
    written = []
    for entry in todo.values():
        assert entry.shipped is not None  # noqa: S101 (chosen so)
        path = own / entry.name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(entry.shipped.read_bytes())
        except OSError as error:
            raise UsageError(f"{path}: {error.strerror}", hint="check the folder's rights") from error
        written.append(path)
    return written


def diff(entry: Entry) -> str:
    """What the user's file changes in the shipped one, as a unified diff; "" if nothing."""
    if entry.own is None or entry.shipped is None:
        return ""
    before, after = (p.read_text(errors="replace").splitlines(keepends=True) for p in (entry.shipped, entry.own))
    lines = difflib.unified_diff(before, after, f"shipped/{entry.name}", str(entry.own))
    return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)


def faults(folders: Sequence[Path], entry: Entry) -> list[str]:
    """Everything wrong with one template: syntax, filters, variables; then it is filled with examples."""
    lang = entry.lang or "en"
    escape = escape_html if ".html" in entry.name else escape_mail if entry.is_mail else escape_markdown
    known = variables.of(entry.short) if entry.is_mail else None
    if known is not None and ".html" in entry.name:
        known = variables.PAGE
    read = reading_faults(folders, entry.name, known, filters=filters(lang), escape=escape)
    if read or known is None or entry.is_part:
        return read
    return list(_tried(folders, entry, lang))


def _tried(folders: Sequence[Path], entry: Entry, lang: str) -> Iterator[str]:
    html = ".html" in entry.name
    for values in variables.examples("page" if html else entry.short):
        try:
            text = trial(
                folders,
                entry.name,
                values,
                filters=filters(lang),
                escape=escape_html if html else escape_mail,
                limits=LIMITS,
            )
            if not html:
                subject_and_text(str(entry.own or entry.shipped or entry.name), text)
        except UsageError as error:
            yield error.message
            return


def raise_faults(folders: Sequence[Path], names: Iterable[str]) -> None:
    """Raise FaultsError with all that is wrong with these templates; nothing if they are good."""
    found: list[str] = []
    for name in names:
        places = [place / name if (place / name).is_file() else None for place in folders]
        found += faults(folders, Entry(name, places[0] if len(places) > 1 else None, places[-1]))
    if found:
        raise FaultsError(f"{found[0]}; nothing was sent", found, hint="irtool templates check")


def playbook_faults(config: Config, steps: Iterable[Step]) -> list[str]:
    """What is wrong with the templates that the steps of a playbook name, as far as they are named and not computed."""
    every = entries(config)
    folders = [p for p in (own_folder(config), folder("templates")) if p is not None]
    found: dict[str, None] = {}
    for step in steps:
        default = _MAIL.get(step.uses)
        wanted = str(step.with_.get("template") or default)
        if default is None or "${{" in wanted:
            continue
        matching = [e for e in every if e.is_mail and e.short == wanted]
        if not matching:
            known = sorted({e.short for e in every if e.is_mail and not e.is_part})
            found[f'step {step.id}: there is no template "{wanted}"{suggest(wanted, known)}'] = None
        found |= dict.fromkeys(line for e in matching for line in faults(folders, e))
    return list(found)


def _names(place: Path) -> Iterator[str]:
    for path in sorted(place.rglob(f"*{_ENDINGS}")) if place.is_dir() else ():
        if path.is_file():
            yield path.relative_to(place).as_posix()


def _file(place: Path | None, name: str) -> Path | None:
    return place / name if place is not None and (place / name).is_file() else None


def ready(config: Config, verb: str) -> None:
    """Raise FaultsError if a template is missing or faulty that the verb or its undo writes with."""
    wanted = _WRITES.get(verb, ())
    folders = [p for p in (own_folder(config), folder("templates")) if p is not None]
    every = [e for e in entries(config) if e.short in wanted]
    found = [f'there is no template "{name}"' for name in wanted if not any(e.short == name for e in every)]
    found += [line for e in every for line in faults(folders, e)]
    if found:
        raise FaultsError(f"{found[0]}; nothing was sent", found, hint="irtool templates check")

"""irtool report edit, irtool report parts: what only people know of an incident, kept in the journal."""

from __future__ import annotations

import os
import shlex
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from irtool.cli.options import AsOption, ConfigOption, IncidentArgument, JsonOption
from irtool.cli.out import answer, clean, data, door, interactive, next_is, say
from irtool.errors import UsageError

if TYPE_CHECKING:
    from irtool.wiring.reports import Reports

_HEAD = """\
#: Part {part} of {incident} ({lang}). {todo}
#: Lines that begin with #: are left out. Every figure and date has to be on record; for one that is not, add a line
#: Source: FIGURE = where it comes from
"""


def edit(
    words: Annotated[
        list[str], typer.Argument(metavar="[INCIDENT] PART", help="The part; irtool report parts has all.")
    ],
    lang: Annotated[str, typer.Option(help="The language that the part is written in.")] = "en",
    style: Annotated[str, typer.Option(help="Only for this style of report; default: for all.")] = "",
    file: Annotated[
        str | None, typer.Option("--file", metavar="FILE", help="The text; - is stdin. Without it, $EDITOR.")
    ] = None,
    consent: Annotated[
        bool, typer.Option("--consent", help="Who is named in the credits agreed to be named in public.")
    ] = False,
    person: AsOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a part of the report that only a person can know.

    It is kept in the journal with your name, and every later report has it. An earlier text is superseded, not lost.

    Example: irtool report edit root_cause --lang it --file cause.txt
    """
    from irtool.wiring import open_desk

    with door(), open_desk(config) as desk:
        if len(words) > 2:
            raise UsageError(f"too many words: {' '.join(words)}", hint="irtool report edit INC-… root_cause")
        name = desk.pick(words[0] if len(words) == 2 else None, any_state=True)
        reports = desk.reports(name)
        lang = reports.language(lang)
        by = desk.who(person, exactly=True)
        reports.order(style=style or "report", lang=lang)
        text = _text(reports, words[-1], lang, style, file)
        event = reports.edit(words[-1], text, lang=lang, style=style, by=by, consent=consent)
        if as_json:
            answer(event)
            return
        say(f"{name}: part {words[-1]} ({lang}) written by {clean(by)}")
        next_is(f"irtool report {name} --lang {lang}", f"irtool timeline {name} --check")


def parts(
    incident: IncidentArgument = None,
    lang: Annotated[str, typer.Option(help="The language.")] = "en",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the parts that people write, and which of them are written.

    Example: irtool report parts --lang it
    """
    from irtool.tell.parts import PARTS, chosen
    from irtool.tell.story import story
    from irtool.wiring import open_desk

    with door(), open_desk(config) as desk:
        reports = desk.reports(incident or desk.pick(None, any_state=True))
        facts, lang = story(reports.told), reports.language(lang)
        written = {name: found for name in PARTS if (found := chosen(facts, name, "", lang))}
        if as_json:
            answer(
                [
                    {"part": p.name, "needed_by": sorted(p.needed_by), "written": written.get(p.name)}
                    for p in PARTS.values()
                ]
            )
            return
        for name, part in PARTS.items():
            found = written.get(name)
            state = f"written by {clean(found['who'])} {found['at']}" if found else "-"
            needed = f"needed by {', '.join(sorted(part.needed_by))}" if part.needed_by else "optional"
            data(f"{name:<12} {state:<40} {needed}")
        next_is(f"irtool report edit {reports.told.incident} PART --lang {lang}")


def _text(reports: Reports, part: str, lang: str, style: str, file: str | None) -> str:
    """What was typed, with the lines of the editor's head left out."""
    if file == "-":
        text = sys.stdin.read()
    elif file is not None:
        try:
            text = Path(file).read_text(encoding="utf-8")
        except OSError as error:
            raise UsageError(f"{file}: {error.strerror}; nothing was written", hint="name a file to read") from error
        except UnicodeDecodeError as error:
            raise UsageError(f"{file}: it is not UTF-8; nothing was written", hint="save it as UTF-8") from error
    else:
        text = _typed(reports, part, lang, style)
    return "\n".join(line for line in text.splitlines() if not line.startswith("#:"))


def _typed(reports: Reports, part: str, lang: str, style: str) -> str:
    from irtool.tell.parts import PARTS, asked

    if not interactive() and not os.environ.get("EDITOR"):
        raise UsageError("there is no editor and no terminal", hint=f"irtool report edit {part} --file FILE")
    if part not in PARTS:
        raise UsageError(f"there is no part {part}: there is {', '.join(PARTS)}", hint="irtool report parts")
    before = reports.told.parts.get((part, lang, style))
    old = str(before.data.get("text")) if before else ""
    sources = before.data.get("sources") if before else []
    lines = [f"Source: {s}" for s in sources] if isinstance(sources, list) else []
    head = _HEAD.format(part=part, incident=reports.told.incident, lang=lang, todo=asked(part, lang))
    with tempfile.TemporaryDirectory(prefix="irtool-part-") as folder:
        path = Path(folder) / f"{part}.txt"
        path.write_text("\n".join([head + old, *lines]) + "\n", encoding="utf-8")
        editor = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi")
        try:
            code = os.spawnvp(os.P_WAIT, editor[0], [*editor, str(path)])  # noqa: S606 (the person's own editor)
            if code:
                raise UsageError(
                    f"{editor[0]} ended with {code}; nothing was written", hint=f"irtool report edit {part}"
                )
            return path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{editor[0]}: {error}; nothing was written", hint="set EDITOR, or use --file") from error

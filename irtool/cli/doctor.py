"""irtool doctor: does everything work that a run will need? Before the night it is needed."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Annotated

import typer

from irtool.cli.options import ConfigOption, JsonOption
from irtool.cli.out import answer, clean, colour, data, door, leave, next_is
from irtool.errors import UsageError

if TYPE_CHECKING:
    from irtool.wiring import Desk
    from irtool.wiring.logcheck import LogCheck

_MARKS = {"ok": ("ok  ", "green"), "unproven": ("?   ", "cyan"), "warn": ("warn", "yellow"), "fault": ("BAD ", "red")}


def doctor(
    what: Annotated[str | None, typer.Argument(metavar="[logs]", help="logs: only the logs, in detail.")] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check that everything works which a run will need.

    Configuration, people, journal, leases that are over, logs, directory, templates, the address and credentials of
    every connector, and whether each may do its verbs and undo them: "?" where reading alone cannot prove it. Nothing
    is changed. `irtool doctor logs` says which questions each log cannot answer, and which setting of the mail server
    would cure it.

    Example: irtool doctor logs
    """
    from irtool.wiring import open_desk

    with door(), open_desk(config) as desk:
        if what not in (None, "logs"):
            raise UsageError(f"doctor knows nothing about {what!r}", hint="irtool doctor logs")
        (_logs if what else _everything)(desk, as_json)


def _everything(desk: Desk, as_json: bool) -> None:
    from irtool.wiring.preflight import preflight

    found = list(preflight(desk))
    bad = [f for f in found if f.level == "fault"]
    if as_json:
        answer({"ok": not bad, "checks": found})
    for check in () if as_json else found:
        data(f"{_mark(check.level)}  {clean(check.what):<22} {clean(check.says)}")
        if check.hint:
            data(f"{'':<29}{clean(check.hint)}")
    if bad:
        leave(2)
    if not as_json:
        next_is("irtool plan email-abuse COMPLAINT")


def _logs(desk: Desk, as_json: bool) -> None:
    from irtool.wiring.logcheck import check_logs

    found = list(check_logs(desk.evidence))
    if not found:
        raise UsageError("no log is configured", hint="add logs: to irtool.yaml; irtool demo shows how")
    bad = any(check.level == "fault" for check in found)
    if as_json:
        answer({"ok": not bad, "logs": found})
    for check in () if as_json else found:
        _show(check)
    if bad:
        leave(2)
    if not as_json:
        next_is("irtool ingest --output store", "irtool doctor")


def _show(check: LogCheck) -> None:
    data(f"{_mark(check.level)}  {clean(check.name)} ({clean(check.format)}): {clean(check.says)}")
    if check.hint:
        _line("hint", check.hint)
    for other in check.twice:
        _line("twice", f"its messages are in {other} too and would count twice: leave one of the two out")
    if check.has:
        _line("has", ", ".join(check.has))
    for text in check.cannot:
        _line("cannot", text)
    for cure in dict.fromkeys(lack.cure for lack in check.lacks if lack.cure):
        _line("lacks", ", ".join(lack.column for lack in check.lacks if lack.cure == cure))
        _line("  cure", cure)
    for reject in (*check.rejects, *check.notes):
        _line("rows", f"{reject.rows:,} in {reject.file}: {reject.why}")
    if check.advice:
        _line("note", check.advice)


def _line(word: str, text: str) -> None:
    first, *others = textwrap.wrap(clean(text), 64, break_long_words=False, break_on_hyphens=False) or [""]
    data(f"      {word:<8} {first}")
    for line in others:
        data(f"{'':<15} {line}")


def _mark(level: str) -> str:
    return colour(*_MARKS[level])

"""irtool hunt: what in the whole log bears a signature, without any complaint. Changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING, Annotated

import typer

from irtool.cli.options import ConfigOption, JsonOption
from irtool.cli.out import answer, clean, data, door, next_is, say
from irtool.cli.views import plural, wrapped

if TYPE_CHECKING:
    from irtool.triage.hunt import Hit, Hunt

_SHOWN = 3


def hunt(
    signatures: Annotated[
        list[str] | None, typer.Argument(metavar="[SIGNATURE]...", help="Only these; all, if none is named.")
    ] = None,
    since: Annotated[str | None, typer.Option(help="How far back from now (all of the log).")] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask the signatures of the whole log.

    Needs no complaint: shows which messages and accounts bear a signature, and what comes again on other days or from
    other accounts. A hit is a reason to look, not a verdict. Changes nothing.

    Example: irtool hunt --since 7d
    """
    from irtool.cli.progress import bar
    from irtool.playbook.durations import duration
    from irtool.wiring import open_desk

    with door(), open_desk(config) as desk, bar() as progress:
        span = duration(since) if since else None
        found = desk.evidence.hunt(signatures or [], span, desk.clock.now(), progress)
        progress.close()
        if as_json:
            answer(found)
            return
        data("\n".join(_lines(found)))
        for name, why in found.unasked.items() if signatures else ():
            say(f"{clean(name)} was not asked: it {clean(why)}")
        if found.unasked and not signatures:
            say(f"{plural(len(found.unasked), 'signature')} cannot be asked of this log (--json says why)")
        next_is("irtool triage COMPLAINT", "irtool policy replay")


def _lines(found: Hunt) -> Iterator[str]:
    from irtool.tell.clean import defang

    span = f" since {found.since:%Y-%m-%d %H:%M} UTC" if found.since else ""
    yield f"{plural(found.messages, 'message')} in the log{span}, asked {plural(len(found.asked), 'signature')}"
    for hit in found.hits:
        yield ""
        yield from _hit(hit)
    if found.again:
        yield from ("", "what comes again")
    for title, group in groupby(found.again, key=lambda again: (again.level, again.title)):
        yield from wrapped(f"{title[0]:<9} {clean(title[1])}", "  ", " " * 12)
        every = list(group)
        for again in every[:_SHOWN]:
            yield from wrapped(clean(defang(again.evidence)), " " * 12, " " * 14)
        if len(every) > _SHOWN:
            yield f"{'':12}…"
    if not found.hits and not found.again:
        yield "nothing bears any of them"


def _hit(hit: Hit) -> Iterator[str]:
    yield from wrapped(f"{hit.level:<9} {clean(hit.name)}: {clean(hit.title)}", "", " " * 10)
    times = f", {hit.first_seen:%Y-%m-%d %H:%M} to {hit.last_seen:%Y-%m-%d %H:%M}" if hit.first_seen else ""
    yield f"          {plural(hit.messages, 'message')} of {plural(hit.accounts, 'account')}{times}"
    for one in hit.largest[:_SHOWN]:
        yield f"            {clean(one.value)[:40]:<40}{one.messages:>12,}"
    if hit.accounts > _SHOWN:
        yield "            …"

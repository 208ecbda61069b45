"""irtool expire: undo what was to last until now. For cron."""

from __future__ import annotations

from typing import Annotated

import typer

from irtool.cli.options import ConfigOption, JsonOption
from irtool.cli.out import answer, clean, data, door, leave, next_is, say
from irtool.cli.views import plural, target


def expire(
    incident: Annotated[str | None, typer.Argument(metavar="INCIDENT", help="INC-…; default: all of them.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list what is due.")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Undo what is due: every block whose time is up, of one incident or of all.

    Asks nobody, because the end was part of what was approved, and says nothing if nothing is due. An incident that
    somebody works on right now is left for the next time.

    Example: irtool expire   (from cron: */10 * * * * cd /etc/irtool && irtool expire)
    """
    from irtool.wiring import open_desk
    from irtool.wiring.leasing import expire as undo_due
    from irtool.wiring.leasing import in_force

    with door(), open_desk(config) as desk:
        due = [lease for lease in in_force(desk, incident) if lease.is_due(desk.clock.now())]
        if dry_run:
            if as_json:
                answer([{"incident": lease.incident, "change": lease.change.id} for lease in due])
            for lease in () if as_json else due:
                data(
                    f"{lease.incident}  {lease.change.verb} {target(lease.change)}  until {lease.until:%Y-%m-%d %H:%MZ}"
                )
            return
        ended = undo_due(desk, list(dict.fromkeys(lease.incident for lease in due)))
        if as_json:
            answer(
                [
                    {"incident": e.incident, "outcome": e.word, "exit_code": e.exit_code, "undone": e.undone}
                    for e in ended
                ]
            )
        for end in () if as_json else ended:
            say(
                f"{end.incident}: {plural(end.undone, 'change')} undone"
                + (f"; {clean(end.message)}" if end.exit_code else "")
            )
        worst = next((e for e in ended if e.exit_code), None)
        if worst is not None:
            if not as_json:
                next_is("irtool doctor", f"irtool status {worst.incident}")
            leave(worst.exit_code)

"""irtool verify: is the journal whole?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from irtool.cli.options import ConfigOption, IncidentArgument, JsonOption
from irtool.cli.out import answer, clean, colour, data, door, leave, say
from irtool.cli.views import plural
from irtool.errors import IrtoolError
from irtool.records import Chain, Json

if TYPE_CHECKING:
    from irtool.wiring.desk import Desk


def verify(incident: IncidentArgument = None, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Check that the journal is whole.

    Recomputes the hash chain of one incident, or of all: finds any edit, removal or reorder.

    Example: irtool verify
    """
    from irtool.wiring import open_desk

    with door(), open_desk(config) as desk:
        _check_readable(desk, as_json=as_json)
        names = [desk.pick(incident, any_state=True)] if incident else list(desk.journal.incidents())
        chains = {name: desk.journal.verify(name) for name in names}
        whole = bool(chains) and all(c.whole for c in chains.values())
        if as_json:
            answer({"whole": whole, "incidents": [{"incident": n, **_fields(c)} for n, c in chains.items()]})
        for name, chain in () if as_json else chains.items():
            word = "whole" if chain.whole else colour("NOT WHOLE", "red")
            data(f"{name}  {word}, {plural(chain.events, 'event')}, head {chain.head[:16]}")
            if chain.fault:
                data(f"  {clean(chain.fault)}")
        if not chains:
            say("there are no incidents in this journal")
        elif whole:
            say("The chain finds edits, removals and reorders. Only a head kept elsewhere shows a rewrite of it all.")
        if not whole:
            leave(1)


def _fields(chain: Chain) -> dict[str, Json]:
    return {"whole": chain.whole, "events": chain.events, "head": chain.head, "fault": chain.fault}


def _check_readable(desk: Desk, *, as_json: bool) -> None:
    """A file that is no database any more is a journal that is not whole, and not a question of configuration."""
    try:
        desk.journal.incidents()
    except IrtoolError as error:
        if not desk.config.journal.is_file():
            raise
        if as_json:
            answer({"whole": False, "incidents": [], "fault": error.message})
        else:
            data(f"{colour('NOT WHOLE', 'red')}  {clean(error.message)}")
        leave(1)

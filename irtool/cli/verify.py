"""irtool verify: is the journal whole?"""

from __future__ import annotations

from irtool.cli.options import ConfigOption, IncidentArgument, JsonOption
from irtool.cli.out import answer, clean, colour, data, door, leave, say
from irtool.cli.views import plural
from irtool.records import Chain, Json


def verify(incident: IncidentArgument = None, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Check that the journal is whole.

    Recomputes the hash chain of one incident, or of all: finds any edit, removal or reorder.

    Example: irtool verify
    """
    from irtool.wiring import open_desk

    with door(), open_desk(config) as desk:
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

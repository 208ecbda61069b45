"""irtool verify: is the journal whole?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from irtool.cli.options import ConfigOption, IncidentArgument, JsonOption
from irtool.cli.out import answer, clean, colour, data, door, leave, say
from irtool.cli.views import plural
from irtool.errors import IrtoolError, Rejected
from irtool.records import Chain, Json, utc

if TYPE_CHECKING:
    from irtool.wiring.desk import Desk


def verify(
    incident: IncidentArgument = None,
    anchor: Annotated[
        list[Path] | None, typer.Option("--anchor", metavar="FILE", help="Hold an anchor against it; repeat for more.")
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check that the journal is whole.

    Recomputes the hash chain of one incident, or of all: finds any edit, removal or reorder. What a chain cannot prove
    is that nobody rewrote all of it; an anchor that `irtool anchor` took before does.

    Example: irtool verify --anchor INC-2026-0001.anchor
    """
    from irtool.wiring import open_desk

    with door(), open_desk(config) as desk:
        _check_readable(desk, as_json=as_json)
        names = [desk.pick(incident, any_state=True)] if incident else list(desk.journal.incidents())
        chains = {name: desk.journal.verify(name) for name in names}
        held = [_held(desk, path, chains) for path in anchor or ()]
        odd = {name: _odd(desk, name) for name, chain in chains.items() if chain.whole}
        whole = bool(chains) and all(c.whole for c in chains.values()) and all(h["holds"] for h in held)
        if as_json:
            rows: list[Json] = [{"incident": n, **_fields(c), "illegal": [*odd.get(n, ())]} for n, c in chains.items()]
            answer({"whole": whole, "incidents": rows, "anchors": held})
        for name, chain in () if as_json else chains.items():
            word = "whole" if chain.whole else colour("NOT WHOLE", "red")
            data(f"{name}  {word}, {plural(chain.events, 'event')}, head {chain.head[:16]}")
            if chain.fault:
                data(f"  {clean(chain.fault)}")
            for line in odd.get(name, ()):
                data(f"  {colour('NOT POSSIBLE', 'red')}  {clean(line)}")
        for proof in () if as_json else held:
            word = "holds" if proof["holds"] else colour("DOES NOT HOLD", "red")
            data(f"{clean(proof['file'])}  {word}: {clean(proof['says'])}")
        if not chains:
            say("there are no incidents in this journal")
        elif whole and not held:
            say("The chain finds edits, removals and reorders. Only a head kept elsewhere shows a rewrite of it all.")
        if any(odd.values()):
            say("What those events say cannot follow from what was before them: their changes count as unknown.")
        if not whole or any(odd.values()):
            leave(1)


def _odd(desk: Desk, incident: str) -> list[str]:
    """Events that no irtool working as it should writes there. The chain is whole all the same."""
    return [str(illegal) for illegal in desk.history(incident).illegal]


def _fields(chain: Chain) -> dict[str, Json]:
    return {"whole": chain.whole, "events": chain.events, "head": chain.head, "fault": chain.fault}


def _held(desk: Desk, path: Path, chains: dict[str, Chain]) -> dict[str, Json]:
    """What an anchor proves of the journal; its incident's chain is looked at too. Raises InputError for no anchor."""
    from irtool.wiring.anchoring import hold, load

    kept = load(path)
    facts: dict[str, Json] = {"file": str(path), "incident": kept.incident, "seq": kept.seq, "at": kept.at}
    if kept.incident not in chains and kept.incident in desk.journal.incidents():
        chains[kept.incident] = desk.journal.verify(kept.incident)
    if kept.incident not in chains:
        return {**facts, "holds": False, "says": f"there is no incident {kept.incident} in this journal"}
    if not chains[kept.incident].whole:
        return {**facts, "holds": False, "says": "the journal is not whole"}
    try:
        found = hold(desk, kept)
    except Rejected as error:
        return {**facts, "holds": False, "says": error.message}
    since = f"{plural(found.later, 'event')} since"
    words = f"nothing up to event {kept.seq} of {kept.incident} was changed since {kept.at}; {since}"
    if found.at is not None:
        words = f"{words}; stamped {utc(found.at)} by {found.authority}"
    return {**facts, "holds": True, "says": words, "stamped": utc(found.at) if found.at else None}


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

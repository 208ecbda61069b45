"""Which connectors carry out a step. A verb that nothing can do is refused before anything is changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from irtool.errors import PlaybookError
from irtool.plan.items import Draft
from irtool.ports import Connector
from irtool.records import Step, Verb


def route(step: Step, verb: Verb, draft: Draft, connectors: Mapping[str, Connector]) -> Sequence[Connector]:
    """The connectors for one target: those that `with.connector` or `via` names, else all that know the verb.

    Raises PlaybookError if there is none, or a named one does not exist or does not know the verb.
    """
    named = draft.params.get("connector") if "connector" in verb.params else None
    names = (str(named),) if named else step.via
    if not names:
        able = [c for _, c in sorted(connectors.items()) if verb.name in c.verbs()]
        if not able:
            raise _fault(step, f"no configured connector can do {verb.name}", connectors)
        return able
    chosen = []
    for name in dict.fromkeys(names):
        connector = connectors.get(name)
        if connector is None:
            raise _fault(step, f"there is no connector {name!r}", connectors)
        if verb.name not in connector.verbs():
            raise _fault(step, f"connector {name} cannot do {verb.name}", connectors)
        chosen.append(connector)
    return chosen


def _fault(step: Step, what: str, connectors: Mapping[str, Connector]) -> PlaybookError:
    line = f"step {step.id}: {what}"
    known = ", ".join(sorted(connectors)) or "none"
    return PlaybookError(line, [line], hint=f"Connectors are set up in irtool.yaml; there are: {known}.")

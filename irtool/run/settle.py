"""A person says what became of a change that no look can tell."""

from __future__ import annotations

from irtool.errors import Refused, UsageError
from irtool.history import IN_DOUBT, UNDO_IN_DOUBT
from irtool.records import Entry, Json
from irtool.run.approvals import involved
from irtool.run.people import may_decide
from irtool.run.session import Session


def settle(session: Session, change_id: str, *, applied: bool, reason: str) -> None:
    """Record that the change (or its undo) took place, or did not, on the word of the session's person.

    Raises UsageError if there is no such change, Refused if it is not in doubt or the person has no say.
    """
    history = session.history()
    status = history.changes.get(change_id)
    if status is None:
        raise UsageError(f"{history.incident} has no change {change_id!r}", hint=f"irtool status {history.incident}")
    if status.state not in IN_DOUBT | UNDO_IN_DOUBT:
        raise Refused(f"{change_id} is {status.state}: there is nothing to settle")
    kit = session.kit
    against = may_decide("self", session.by, history.started_by, involved(session.events()), kit.approvers, kit.people)
    if against:
        raise Refused(against)
    verb = kit.verbs.get(status.change.verb)
    after = verb.states[1] if verb else status.change.after
    data: dict[str, Json] = {"by": session.by, "reason": reason}
    if status.state in UNDO_IN_DOUBT:
        kind = "undo.done" if applied else "undo.failed"
        data |= {"state": status.before.get("state")} if applied else {"error": f"not undone, says {session.by}"}
    else:
        kind = "change.done" if applied else "change.failed"
        told: dict[str, Json] = {"after": after, "reply": None, "effective": None}
        data |= told if applied else {"error": f"not applied, says {session.by}: {reason}"}
    change = status.change
    session.write(Entry(kind, data, step=change.step, item=change.item, actor=session.by, source="person"))

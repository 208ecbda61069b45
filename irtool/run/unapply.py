"""Undoing one change: restore what was there before, and see that it is."""

from __future__ import annotations

from irtool.errors import NotSent
from irtool.history import UNDO_IN_DOUBT
from irtool.records import Json, to_json
from irtool.run.deed import Deed


def unapply(deed: Deed, reason: str, cause: str = "person") -> None:
    """Undo a change that is done. An undo in doubt is looked at first. `cause`: person, expiry or plan."""
    if deed.is_shadow and deed.status.state in UNDO_IN_DOUBT:
        settle_undo(deed)
        return
    if deed.is_shadow:
        deed.say(
            "undo.failed", error=f"{deed.change.verb} by {deed.change.connector} is in shadow mode: nothing is sent"
        )
        return
    try:
        with deed.lock():
            if deed.status.state in UNDO_IN_DOUBT and not settle_undo(deed):
                return
            if _undo(deed, reason, cause):
                _confirm(deed)
    except NotSent as error:  # the lock
        deed.say("undo.failed", error=error.message)


def settle_undo(deed: Deed) -> bool:
    """Look what became of an undo in doubt, and say it. True if it is certain that the change is still in place."""
    if not deed.has_states or deed.traits.in_doubt not in {"resend", "verify"}:
        deed.stay_unknown("undo.unknown", "it may or may not have been undone, and looking cannot tell")
        return False
    sight = deed.look()
    if sight.look is None:
        deed.stay_unknown("undo.unknown", f"it cannot be looked at: {sight.error}")
    elif deed.is_restored(sight.look.state):
        deed.say("undo.done", state=sight.look.state)
    elif deed.is_wanted(sight.look.state):
        deed.say("undo.failed", error=f"it was not undone: looked at again, it is {sight.look.state}")
        return True
    else:
        deed.stay_unknown("undo.unknown", f"it is {sight.look.state} now, which is neither before nor after")
    return False


def _undo(deed: Deed, reason: str, cause: str) -> bool:
    """The calls; True if the server accepted them."""
    if deed.has_states and not deed.is_a_set:
        sight = deed.look()
        if sight.look is None:
            deed.say("undo.failed", error=sight.error)
            return False
        if deed.is_restored(sight.look.state):
            deed.say("undo.done", state=sight.look.state)
            return False
        if not deed.is_wanted(sight.look.state):
            deed.say("undo.failed", error=f"it is {sight.look.state} now: somebody has changed it since")
            return False
    for last in (False, True):
        change, before = deed.change, deed.before()
        deed.say("undo.intended", before=to_json(before), key=deed.key("/undo"), reason=reason, cause=cause)
        tried = deed.attempt(deed.connector.undo(change.verb, change.target, change.params, before, deed.key("/undo")))
        if tried.ok:
            return True
        if not tried.doubt and not last:
            deed.say("undo.failed", error=tried.error)
            return False
        deed.say("undo.unknown", error=tried.error)
        if not settle_undo(deed):
            return False
    return False


def _confirm(deed: Deed) -> None:
    """See that what was there before is there again."""
    before = deed.before().state
    if not deed.has_states or deed.is_a_set:
        deed.say("undo.done", state=before)
        return
    sight = deed.wait_for(deed.look, deed.is_restored)
    state: Json = sight.look.state if sight.look is not None else None
    if sight.look is None:
        deed.say("undo.unknown", error=f"it was accepted, but cannot be looked at: {sight.error}")
    elif deed.is_restored(sight.look.state):
        deed.say("undo.done", state=state)
    else:
        deed.say("undo.failed", error=f"it was accepted, but it is still {state}")

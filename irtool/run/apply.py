"""Making one change: look, write the intent, call, write the outcome, verify the effect."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from irtool.errors import NotSent
from irtool.history import IN_DOUBT
from irtool.records import Change, Json, Look, to_json
from irtool.run.deed import Deed, Tried


@dataclass(frozen=True, slots=True)
class Applied:
    """The change is in place; `reply` is what the server said, None if a look had to tell."""

    reply: Json = None


def apply(deed: Deed, *, resend: bool = True) -> None:
    """Bring the change to an outcome, from wherever it stands.

    A fresh (or certainly failed) one is made. One in doubt is looked at first; it is sent again, once and with the
    same key, only if `resend`, if its connector says how to find out, and if the journal is not at odds with itself
    about it. One without effect is verified again.
    """
    if deed.status.state == "done":
        _recheck(deed)
        return
    in_doubt = deed.status.state in IN_DOUBT
    try:
        with deed.lock():
            applied = (
                resolve(deed, deed.before(), resend=resend and not deed.status.disputed) if in_doubt else _make(deed)
            )
    except NotSent as error:
        if in_doubt:
            deed.stay_unknown("change.unknown", error.message)
        else:
            deed.say("change.failed", error=error.message)
        return
    if applied is not None:
        _finish(deed, applied.reply)


def remake(deed: Deed, now: Change, forbids: Callable[[], str]) -> str:
    """Make a change again that somebody took back; `now` is the change as the plan of now has it.

    Returns why it was not begun, "" if it was (what became of it is in the journal) or if it is there again.
    `forbids` is asked right before the intent.
    """
    try:
        with deed.lock():
            sight = deed.look()
            seen = sight.look
            if seen is None:
                return f"it cannot be looked at: {sight.error}"
            if deed.is_wanted(seen.state):
                return ""
            if deed.is_shadow:
                return f"{now.verb} by {now.connector} is in shadow mode"
            if not deed.is_startable(seen.state):
                return f"it is {seen.state} now, and {deed.verb.name} starts from {deed.verb.states[0]}"
            with deed.session.standing.beginning(now) as may:
                reason = forbids() if may else "it is not in place any more by what the journal says"
                if reason:
                    return reason
                _intend(deed, seen)
            applied = _sent(deed, seen)
    except NotSent as error:
        return error.message
    if applied is not None:
        _finish(deed, applied.reply)
    return ""


def resolve(deed: Deed, before: Look, *, resend: bool) -> Applied | None:
    """Find out what became of a change whose outcome is in doubt, and say it (unless it is Applied)."""
    if deed.traits.in_doubt not in {"resend", "verify"}:
        deed.stay_unknown(
            "change.unknown", "it may or may not have been applied, and looking cannot tell: a person has to"
        )
        return None
    sight = deed.look()
    if sight.look is None:
        deed.stay_unknown("change.unknown", f"it cannot be looked at: {sight.error}")
        return None
    state = sight.look.state
    if deed.is_wanted(state):
        return Applied()
    former = state == before.state
    resend = resend and not deed.is_shadow
    if not former and deed.traits.in_doubt == "verify":
        deed.stay_unknown(
            "change.unknown", f"it was {before.state} and is {state} now, which is neither before nor after"
        )
        return None
    if not resend:
        if former and deed.has_states:
            deed.say("change.failed", error=f"it was not applied: looked at again, it is {state}")
        else:
            deed.stay_unknown("change.unknown", "it may or may not have been applied")
        return None
    _intend(deed, before)
    tried = _attempt(deed, sight.look)
    return Applied(tried.reply) if tried.ok else _after_second(deed, before, tried)


def _make(deed: Deed) -> Applied | None:
    sight = deed.look()
    seen = sight.look
    if seen is None:
        deed.say("change.failed", error=sight.error)
        return None
    if deed.is_shadow:  # before anything else: what an earlier shadow has not done must not look like done here
        calls, remark = deed.rehearse(seen)
        deed.say("change.shadowed", reason=remark, calls=calls, synthetic=True)
        return None
    if deed.is_wanted(seen.state):
        deed.say("change.already", state=seen.state)
        return None
    if deed.has_states and seen.state != deed.change.before:
        deed.say("change.failed", error=f"it was {deed.change.before} when planned and is {seen.state} now: plan again")
        return None
    with deed.session.standing.beginning(deed.change) as may:
        if not may:  # vetoed, or its yes ended or was taken back: the journal says which
            return None
        _intend(deed, seen)
    return _sent(deed, seen)


def _sent(deed: Deed, seen: Look) -> Applied | None:
    """The calls after the intent, and what came of them unless it is Applied."""
    tried = _attempt(deed, seen)
    if tried.ok:
        return Applied(tried.reply)
    if not tried.doubt:
        deed.say("change.failed", error=tried.error)
        return None
    deed.say("change.unknown", error=tried.error)
    return resolve(deed, seen, resend=True)


def _intend(deed: Deed, before: Look) -> None:
    """The intent. `before` is what undo restores: the look before the first attempt."""
    change = deed.change
    deed.say(
        "change.intended",
        change=to_json(change),
        before=to_json(before),
        key=deed.key(),
        attempt=deed.next_attempt(),
    )


def _attempt(deed: Deed, seen: Look) -> Tried:
    """The calls, if they are those that were approved."""
    change = deed.change
    return deed.attempt(deed.connector.change(change.verb, change.target, change.params, seen, deed.key()), bound=True)


def _after_second(deed: Deed, before: Look, tried: Tried) -> Applied | None:
    """The second attempt failed too, but the first one may have arrived: look once more."""
    sight = deed.look()
    state = sight.look.state if sight.look is not None else ""
    if sight.look is not None and deed.is_wanted(state):
        return Applied()
    certain = sight.look is not None and not tried.doubt and deed.has_states and state == before.state
    deed.say("change.failed" if certain else "change.unknown", error=tried.error)
    return None


def _finish(deed: Deed, reply: Json) -> None:
    effective, state = _verified(deed)
    deed.say("change.done", after=state, reply=reply, effective=effective)
    if deed.change.verb == "note.add":
        deed.session.say("note.added", deed.change, text=str(deed.change.params.get("text", "")))


def _recheck(deed: Deed) -> None:
    """Whether a change that had no effect has one now; told only if that is news."""
    sight = deed.wait_for(deed.verify, deed.is_wanted)
    setting = deed.look().look
    if sight.look is None or setting is None:
        return
    state = sight.look.state
    effective = deed.is_wanted(state) and (True if deed.traits.verifies else None)
    drifted = not deed.is_wanted(setting.state)
    if (effective, drifted) != (deed.status.effective, deed.status.drifted):
        deed.say("change.verified", state=state, effective=effective, drifted=drifted, detail="", by="run")


def _verified(deed: Deed) -> tuple[bool | None, str]:
    """Whether the change shows (None: not seen by its effect), and the state."""
    wanted = deed.verb.states[1]
    if not deed.has_states:
        return None, wanted
    look = deed.wait_for(deed.verify, deed.is_wanted).look
    if look is None:
        return None, wanted
    if not deed.is_wanted(look.state):
        return False, look.state
    return (True if deed.traits.verifies else None), look.state

"""What the states that a look answers with mean for a verb."""

from __future__ import annotations

from irtool.records import Verb


def has_states(verb: Verb) -> bool:
    """Whether looking tells anything: some verbs (http.call, a note) have no state of their own."""
    return bool(verb.states[1])


def is_wanted(verb: Verb, state: str) -> bool:
    """Whether the target is as the verb would leave it. A queue with nothing to hold or purge is."""
    return has_states(verb) and (state == verb.states[1] or (verb.target == "queue" and state == "empty"))


def is_startable(verb: Verb, state: str) -> bool:
    """Whether the verb can be applied to a target in this state."""
    return not has_states(verb) or state == verb.states[0]


def is_restored(verb: Verb, state: str, before: str) -> bool:
    """Whether the target is as it was before the change. Mail released from a queue may be delivered by now."""
    return state == before or (verb.target == "queue" and state in {"empty", verb.states[0]})

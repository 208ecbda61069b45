"""The one state machine of a change: complete, drawn as it is, and never crashed by a journal that it cannot follow."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given

import irtool
from irtool.history import IN_DOUBT, KINDS, SETTLED, STATES, TABLE, UNDO_IN_DOUBT, Folding, drawing, fold, machine
from irtool.history.machine import ACTIONS, CHANGE_KINDS, REMARKS, REPLANNED, follow
from irtool.records import Change, Event, Plan, PlanStep, to_json
from irtool.run.approvals import GO, word_on

T0 = datetime(2025, 4, 14, 17, tzinfo=UTC)
CHANGE = Change("s", "t", "domain.block", "t", "fake", "do", "absent", "blocked", expires_at=T0 + timedelta(days=1))
README = Path(irtool.__file__).parents[1] / "README.md"


def event(seq, kind, data=None, *, step="s", item="t", actor="alice"):
    """One event, a second after the one before."""
    when = T0 + timedelta(seconds=seq)
    return Event("INC", seq, kind, data or {}, step, item, actor, "irtool", when, "", when, "", "")


def plan(seq, *changes, approval="none"):
    """plan.made with one step."""
    step = PlanStep("s", "S", "domain.block", approval, "stop", "h", tuple(changes or (CHANGE,)))
    return event(seq, "plan.made", {"plan": to_json(Plan("p", "0", "1", T0, (step,)))}, step=None, item=None)


def told(*kinds):
    """A planned change and these events about it: kinds, or (kind, data)."""
    rows = [(k, {}) if isinstance(k, str) else k for k in kinds]
    return fold("INC", [plan(1), *(event(n, k, d) for n, (k, d) in enumerate(rows, 2))])


def test_every_state_has_a_row_and_every_row_leads_to_a_state():
    """Nothing is left to chance: all states, all events, all ways out."""
    assert set(TABLE) == set(STATES)
    assert {after for row in TABLE.values() for after in row.values()} <= set(STATES)
    assert set(KINDS) >= CHANGE_KINDS
    assert set(REMARKS) <= set(KINDS)
    assert not CHANGE_KINDS & set(REMARKS)
    assert set(ACTIONS.values()) | SETTLED | IN_DOUBT | UNDO_IN_DOUBT | REPLANNED <= set(STATES)
    spoken = {k for k in KINDS if k.startswith(("change.", "undo.", "lease."))}
    assert spoken == CHANGE_KINDS | set(REMARKS)


def test_every_state_can_be_reached():
    """From the states a plan begins in."""
    reached, todo = set(ACTIONS.values()), list(ACTIONS.values())
    while todo:
        for after in TABLE[todo.pop()].values():
            if after not in reached:
                reached.add(after)
                todo.append(after)
    assert reached == set(STATES)


def test_every_doubt_has_a_way_out():
    """In doubt is no end: a look or a person settles it both ways."""
    for state in STATES:
        row = TABLE[state]
        if state.removesuffix(" again") in IN_DOUBT:
            assert {row["change.done"], row["change.failed"]} <= {"done", "failed"}
        if state in UNDO_IN_DOUBT:
            assert (row["undo.done"], row["undo.failed"]) == ("undone", "done")


def test_no_way_to_done_but_through_an_intent():
    """A change is done, or its undo done, only after what was going to be sent was on the disk."""
    for state in STATES:
        for kind, after in TABLE[state].items():
            if after == "done" and state != "done":
                assert state.removesuffix(" again") in IN_DOUBT | UNDO_IN_DOUBT, (state, kind)
            if after == "undoing":
                assert kind == "undo.intended"


def test_the_readme_draws_it_as_it_is():
    """The drawing is made from the table."""
    assert drawing() in README.read_text()


def test_the_sketch_above_the_table_shows_nothing_else():
    """Every arrow of the module's own sketch is a way that the table has."""
    ways = {(k.removeprefix("change."), s.removesuffix(" again")) for row in TABLE.values() for k, s in row.items()}
    arrows = re.findall(r"(?<=─)([a-z.]+)─+> ([a-z]+(?: [a-z]+)?)", machine.__doc__)
    assert len(arrows) >= 8
    assert set(arrows) <= ways


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("kind", sorted(CHANGE_KINDS))
def test_an_illegal_event_leaves_a_doubt_that_only_a_look_settles(state, kind):
    """Never a state that reads as success, never one from which something is sent again."""
    after, legal = follow(state, kind)
    assert legal == (kind in TABLE[state])
    if not legal:
        assert after in {"unknown", "undo unknown"}


def test_illegal_events_are_told():
    """Which, where, and in what state the change was."""
    history = told("change.done", "undo.intended")
    assert [str(i) for i in history.illegal] == [
        "event 2: change.done of s/t, which was planned",
        "event 3: undo.intended of s/t, which was unknown",
    ]
    assert history.changes["s/t"].state == "undo unknown"
    assert history.changes["s/t"].disputed
    assert history.status == "unknown"


def test_an_event_about_nothing_is_told_too():
    """A change that no plan has."""
    history = fold("INC", [event(1, "change.done")])
    assert str(history.illegal[0]) == "event 1: change.done of s/t, which no plan has"
    assert history.changes == {}


def test_a_journal_from_the_future_can_be_read():
    """Kinds of a later version are counted and change nothing."""
    history = fold("INC", [plan(1), event(2, "change.intended"), event(3, "change.teleported"), event(4, "moon.risen")])
    assert (history.unread, history.illegal, history.changes["s/t"].state) == (2, (), "in flight")


def test_a_settled_dispute_is_none_any_more():
    """A look says what there is; from then on it is a change like any other."""
    status = told("change.done", "change.failed").changes["s/t"]
    assert (status.state, status.disputed) == ("failed", False)


def test_made_again_and_failed_it_is_done_and_drifted():
    """What was done before is still there to be undone."""
    gone = ("change.verified", {"effective": False, "drifted": True})
    history = told("change.intended", "change.done", gone, "change.intended", ("change.failed", {"error": "403"}))
    status = history.changes["s/t"]
    assert (status.state, status.effect, status.error, status.rounds, status.remade) == ("done", "drifted", "403", 1, 1)
    assert not history.illegal


@pytest.mark.parametrize(
    ("data", "effect"),
    [
        ({"effective": True, "drifted": False}, "effective"),
        ({"effective": False, "drifted": False}, "leaking"),
        ({"effective": False, "drifted": True}, "drifted"),
        ({"effective": None, "drifted": False}, ""),
    ],
)
def test_effects(data, effect):
    """What was seen last; the state stays done."""
    status = told("change.intended", "change.done", ("change.verified", data)).changes["s/t"]
    assert (status.state, status.effect) == ("done", effect)
    assert told("change.intended", ("change.verified", data)).changes["s/t"].effect == ""


def test_leases():
    """From the plan once it is done, then as people set it; not before, and none is none."""
    assert told("change.intended").changes["s/t"].expires_at is None
    assert told("change.intended", "change.done").changes["s/t"].expires_at == CHANGE.expires_at
    later = (T0 + timedelta(days=9)).isoformat()
    longer = ("lease.set", {"expires_at": later})
    assert told("change.intended", "change.done", longer).changes["s/t"].expires_at == T0 + timedelta(days=9)
    endless = ("lease.set", {"expires_at": None})
    assert told("change.intended", "change.done", endless).changes["s/t"].expires_at is None
    assert told("change.intended", endless, "change.done").changes["s/t"].expires_at is None


def test_shadowed_is_never_done():
    """Not done, not undoable, not success."""
    history = told(("change.shadowed", {"reason": "shadow mode", "synthetic": True}))
    assert history.changes["s/t"].state == "shadowed"
    assert not {"undo.intended", "undo.done", "change.done"} & set(TABLE["shadowed"])
    assert "shadowed" not in IN_DOUBT


def test_a_newer_plan_with_more_to_do_is_not_contained():
    """The run before it ended well, and says nothing about it."""
    ended = event(2, "run.ended", {"outcome": "done"})
    assert fold("INC", [plan(1), ended]).status == "planned"


def test_undone_may_be_planned_anew():
    """With a look of its own for the next undo, and another key."""
    rows = ["change.intended", "change.done", "undo.intended", "undo.done"]
    events = [plan(1), *(event(n, k, {"before": {"state": "was"}}) for n, k in enumerate(rows, 2)), plan(9)]
    status = fold("INC", events).changes["s/t"]
    assert (status.state, status.before, status.rounds) == ("planned", {}, 1)


def test_planned_twice_after_it_was_done_it_is_still_another_request():
    """Somebody took it back; however often it is planned anew, its key is another one and undo knows the first look."""
    before = {"before": {"state": "was", "data": {"n": 1}}}
    events = [plan(1), event(2, "change.intended", before), event(3, "change.done"), plan(4), plan(5), plan(6)]
    status = fold("INC", events).changes["s/t"]
    assert (status.state, status.rounds, status.before) == ("planned", 1, before["before"])


def test_break_glass_is_ratified_by_somebody_else():
    """The person who used it has no say on it."""
    used = event(1, "breakglass.used", {"why": "3 a.m.", "steps": ["s"], "by": "alice"})
    own = event(2, "breakglass.ratified", {"note": "fine"}, actor="alice")
    other = event(3, "breakglass.disowned", {"reason": "no"}, actor="bob")
    assert fold("INC", [used, own]).break_glass[0].is_open
    (use,) = fold("INC", [used, own, other]).break_glass
    assert (use.by, use.why, use.disowned_by, use.is_open) == ("alice", "3 a.m.", "bob", False)


def test_a_yes_that_was_taken_back_does_not_count():
    """Only the person's own, and only that one."""
    step = PlanStep("s", "S", "domain.block", "peer", "stop", "h", (CHANGE,))
    yes = [event(n, "approval.given", {"hash": "h"}, actor=who) for n, who in ((2, "bob"), (3, "carol"))]
    back = event(4, "approval.revoked", {"hash": "h"}, actor="bob")
    history = fold("INC", [plan(1, approval="peer"), *yes, back])
    assert [a.person for a in history.yes_of("s", "h", "t", T0)] == ["carol"]
    assert word_on(history, step, "t", T0) == GO
    assert not fold("INC", [plan(1, approval="peer"), yes[0], back]).yes_of("s", "h", "t", T0)


def test_a_yes_ends():
    """By itself, at its time."""
    yes = event(2, "approval.given", {"hash": "h", "expires_at": (T0 + timedelta(hours=1)).isoformat()}, actor="bob")
    history = fold("INC", [plan(1, approval="peer"), yes])
    assert history.yes_of("s", "h", "t", T0)
    assert not history.yes_of("s", "h", "t", T0 + timedelta(hours=1))


ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just("2025-04-14T17:00:00Z"),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
NAMES = ["effective", "drifted", "expires_at", "error", "before", "items", "hash", "steps", "by", "reason", "messages"]
EVENTS = st.lists(
    st.tuples(
        st.sampled_from([k for k in KINDS if k != "plan.made"]),
        st.dictionaries(st.sampled_from(NAMES), ODD, max_size=4),
        st.sampled_from(["t", "other"]),
    ),
    max_size=12,
)


@given(rows=EVENTS)
def test_no_journal_crashes_reading(rows):
    """Whatever the data are; folding on is folding anew; each change is in a state that the table has."""
    events = [plan(1), *(event(n, k, d, item=i) for n, (k, d, i) in enumerate(rows, 2))]
    folding = Folding("INC")
    for each in events:
        folding.take(each)
        history = folding.history()
        assert all(s.place in STATES for s in history.changes.values())
        assert isinstance(history.status, str)
    assert history == fold("INC", events)

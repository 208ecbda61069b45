"""From a playbook and findings to real targets with their state."""

from __future__ import annotations

import pytest

from irtool.errors import PlaybookError, StepFailed
from irtool.history import ChangeStatus
from irtool.records import Plan, from_json, to_json

BLOCK = """
  - {id: d, title: D, uses: domain.block, each: findings.destination_domains, with: {expires: 30d}}
"""
TRIALS = """
  - {id: a, title: A, uses: account.disable, each: findings.accounts, when: item.plan == "trial", approval: self}
"""


def _domains(*names, **more):
    return {"destination_domains": [{"value": n, "messages": 10, **more} for n in names]}


def _actions(plan):
    return {c.id: c.action for c in plan.changes}


def test_targets_states_and_actions(desk):
    desk.pool.states = {"old.example": "blocked", "gone.example": "missing", "odd.example": "half"}
    names = ("Evil.example", "old.example", "gone.example", "odd.example", "gmail.com", "evil.EXAMPLE")
    plan = desk.plan(BLOCK, _domains(*names, innocent=2))
    assert _actions(plan) == {
        "d/evil.example": "do",
        "d/old.example": "already",
        "d/gone.example": "refused",
        "d/odd.example": "refused",
        "d/gmail.com": "refused",
    }
    first, old, gone, odd, gmail = plan.changes
    assert (first.before, first.after, first.messages, first.collateral) == ("absent", "blocked", 10, 2)
    assert first.expires_at is not None
    assert first.expires_at.isoformat() == "2026-01-31T00:00:00+00:00"
    assert old.before == "blocked"
    assert gone.reason == "fake: answered 404 about gone.example"
    assert odd.reason == "it is half, and domain.block starts from absent: look at it by hand."
    assert "mailbox provider" in gmail.reason
    assert [c.path for c in desk.pool.calls] == ["/evil.example", "/old.example", "/gone.example", "/odd.example"]
    assert plan.reads == 4
    assert desk.pool.closed == 1
    assert from_json(Plan, to_json(plan)) == plan


def test_when_leaves_items_out_without_looking(desk):
    accounts = [{"id": "t1", "plan": "trial", "name": "Mallory"}, {"id": "b1", "plan": "business"}]
    plan = desk.plan(TRIALS, {"accounts": accounts})
    assert _actions(plan) == {"a/t1": "do", "a/b1": "skipped"}
    assert plan.changes[0].label == "Mallory"
    assert plan.changes[1].reason == '`when` is false: item.plan == "trial"'
    assert len(desk.pool.calls) == 1


def test_several_connectors_have_a_change_each(desk, connector):
    desk.connectors["other"] = connector("other", "domain.block")
    assert list(_actions(desk.plan(BLOCK, _domains("evil.example")))) == ["d/evil.example@fake", "d/evil.example@other"]
    via = "  - {id: d, title: D, uses: domain.block, with: {target: evil.example}, via: [other]}\n"
    plan = desk.plan(via)
    assert [(c.item, c.connector) for c in plan.changes] == [("evil.example", "other")]


@pytest.mark.parametrize(
    ("steps", "what"),
    [
        ("  - {id: q, title: Q, uses: queue.hold, with: {target: evil.example}}\n", "no configured connector can do"),
        (
            "  - {id: v, title: V, uses: domain.block, with: {target: e.example}, via: [other]}\n",
            "no connector 'other'",
        ),
        ("  - {id: e, title: E, uses: address.block, each: findings.sender_addresses}\n", "needs a list"),
        ("  - {id: e, title: E, uses: ip.block, each: findings.source_ips}\n", "source_ips"),
        ("  - {id: e, title: E, uses: ip.block, each: findings.accounts, with: {target: '${{ item }}'}}\n", "not text"),
    ],
)
def test_faults_stop_before_anything_is_looked_up(desk, steps, what):
    del desk.connectors["queue"]
    with pytest.raises(PlaybookError, match=what):
        desk.plan(BLOCK + steps, {**_domains("evil.example"), "sender_addresses": 3, "accounts": [{}]})
    assert desk.pool.calls == []


@pytest.mark.parametrize("status", [None, 401, 403, 429, 503])
def test_a_connector_that_does_not_work_ends_the_plan(desk, status):
    desk.pool.status = status
    with pytest.raises(StepFailed) as caught:
        desk.plan(BLOCK, _domains("evil.example"))
    error = caught.value
    assert error.exit_code == 1
    assert "fake" in error.message
    assert "'evil.example'" in error.message
    assert error.done == "Nothing was changed."
    assert "irtool doctor" in error.hint


def test_limits_raise_the_approval(desk):
    names = [f"d{i}.example" for i in range(3)]
    within = desk.plan(BLOCK, _domains(*names), limits="domain.block: 3")
    assert (within.steps[1].approval, within.steps[1].approval_reason) == ("none", "")
    over = desk.plan(BLOCK, _domains(*names), limits="domain.block: 2")
    assert over.steps[1].approval == "self"
    assert over.steps[1].approval_reason == "3 changes of domain.block are more than the playbook's limit of 2"
    assert over.hash != within.hash
    assert over.steps[1].hash == within.steps[1].hash


def test_more_innocent_than_guilty_takes_a_peer(desk):
    step = desk.plan(BLOCK, _domains("a.example", "b.example", innocent=11)).steps[1]
    assert step.approval == "peer"
    expected = "a.example would take in 11 innocent messages and 10 of the campaign and 1 more like it"
    assert step.approval_reason == expected
    assert desk.plan(BLOCK, _domains("a.example", innocent=10)).steps[1].approval == "none"


def test_hashes_are_the_same_for_the_same_changes_only(desk):
    one, two = (desk.plan(BLOCK, _domains("a.example", "b.example")) for _ in range(2))
    assert (one.hash, one.steps[1].hash) == (two.hash, two.steps[1].hash)
    assert one.steps[1].hash == "83f140a1ae8548c374ed99d75b28df11c6679ae0fef0f29b6499bbb541813875"
    other = desk.plan(BLOCK, _domains("a.example", "c.example"))
    assert other.steps[1].hash != one.steps[1].hash
    desk.pool.states = {"a.example": "blocked"}
    assert desk.plan(BLOCK, _domains("a.example", "b.example")).steps[1].hash != one.steps[1].hash


def test_what_was_done_or_undone_before_is_not_planned_again(desk):
    names = ("a.example", "b.example", "c.example")
    a, b, c = desk.plan(BLOCK, _domains(*names)).changes
    desk.pool.states = {"a.example": "blocked"}
    expired = ChangeStatus(c, "undone", cause="expiry")
    earlier = {a.id: ChangeStatus(a, "done"), b.id: ChangeStatus(b, "undone"), c.id: expired}
    again = desk.plan(BLOCK, _domains(*names), earlier=earlier)
    assert [(c.action, c.reason) for c in again.changes] == [
        ("already", "done in this incident before"),
        ("skipped", "it was undone in this incident before"),
        ("skipped", "its time was up in this incident before"),
    ]


def test_hold_then_purge_plans_on_what_the_first_step_leaves(desk):
    steps = """
  - {id: hold, title: H, uses: queue.hold, with: {target: evil.example}}
  - {id: purge, title: P, uses: queue.purge, with: {target: evil.example}, approval: peer}
"""
    desk.pool.states = {"evil.example": "queued"}
    hold, purge = desk.plan(steps).changes
    assert (hold.action, hold.before, hold.after) == ("do", "queued", "held")
    assert (purge.action, purge.before, purge.after) == ("do", "held", "purged")
    desk.pool.states = {"evil.example": "empty"}
    assert [c.action for c in desk.plan(steps).changes] == ["already", "already"]


def test_a_customer_without_a_contact_is_not_passed_over_in_silence(desk):
    steps = "  - {id: n, title: N, uses: notice.send, each: findings.affected_customers}\n"
    rows = [{"id": "c1", "name": "Shop", "contact": None}, {"id": "c2", "name": "Bank", "contact": "x@bank.example"}]
    plan = desk.plan(steps, {"affected_customers": rows})
    assert _actions(plan) == {"n/c1": "refused", "n/c2": "do"}


def test_hostile_text_stays_text(desk):
    hostile = "{{ 7*7 }}${{ org }}.example"
    plan = desk.plan(BLOCK, _domains(hostile))
    assert [(c.target, c.action) for c in plan.changes] == [(hostile, "refused")]


def test_progress_is_told(desk):
    said = []

    class Told:
        def step(self, what, done=0, total=0):
            said.append((what, done, total))

    desk.plan(BLOCK + TRIALS, {**_domains("a.example"), "accounts": []}, progress=Told())
    assert said == [("looking up d", 2, 3)], "a step without targets is not worth a word"


def test_what_only_the_complaint_says_is_not_done_unasked(desk):
    """A forged complaint names whom it likes: if the log was asked and shows nothing of it, a person has to look."""
    found = _domains("a.example")
    step = desk.plan(BLOCK, {**found, "log_rows": 5, "from_log": False}).steps[1]
    assert step.approval == "self"
    assert step.approval_reason == "nothing in the log confirms it: only the complaint says so"
    assert desk.plan(BLOCK, {**found, "log_rows": 5, "from_log": True}).steps[1].approval == "none"

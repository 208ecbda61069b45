"""What a run does, change by change."""

from __future__ import annotations

import threading
import time

import pytest

from irtool.errors import ConfigError, Refused, UsageError
from irtool.plan.guards import Guards
from irtool.records import Chain, Traits
from irtool.run.opening import record_plan


def test_a_plan_is_carried_out_in_order_and_verified(world, step, incident, ear):
    world.plan(step("domains", "domain.block", "a.example"), step("ips", "ip.block", "198.51.100.1", "198.51.100.2"))
    outcome = world.runner(listeners=[ear]).run(incident, "al")
    assert (outcome.word, outcome.exit_code, outcome.counts) == ("done", 0, {"done": 3})
    assert world.journal.kinds()[2:] == ["run.started", *["change.intended", "change.done"] * 3, "run.ended"]
    assert [c.path for c in world.server.requests] == ["/a.example", "/198.51.100.1", "/198.51.100.2"]
    done = next(e for e in world.journal.rows if e.kind == "change.done")
    assert done.data == {"after": "blocked", "reply": {"status": 200}, "effective": True}
    assert world.history.ran_by == ("alice",)
    assert world.history.status == "contained"
    assert ear.heard == world.journal.rows[2:]
    assert all(s.closed for s in world.pool.made)


def test_running_again_changes_nothing(world, step, incident):
    world.plan(step("domains", "domain.block", "a.example"))
    world.runner().run(incident, "alice")
    assert world.runner().run(incident, "alice").exit_code == 0
    assert world.server.applied == {"POST a.example": 1}


def test_a_target_that_is_so_already_is_left_alone(world, step, incident):
    world.plan(step("domains", "domain.block", "a.example"))
    world.server.state["a.example"] = "blocked"
    assert world.runner().run(incident, "alice").counts == {"already": 1}
    assert world.server.requests == []


def test_a_target_that_has_moved_since_the_plan_fails(world, step, incident):
    world.plan(step("accounts", "account.disable", "t1"))
    world.server.state["t1"] = "deleted"
    outcome = world.runner().run(incident, "alice")
    assert (outcome.exit_code, outcome.failed) == (1, ("accounts/t1",))
    assert world.history.changes["accounts/t1"].error == "it was active when planned and is deleted now: plan again"
    assert world.server.requests == []


@pytest.mark.parametrize(("on_failure", "second"), [("stop", "planned"), ("continue", "done")])
def test_a_failure_stops_the_later_steps_unless_told_otherwise(world, step, incident, on_failure, second):
    world.plan(
        step("one", "domain.block", "a.example", "b.example", on_failure=on_failure),
        step("two", "ip.block", "198.51.100.1"),
    )
    world.server.faults = ["rejected"]
    outcome = world.runner().run(incident, "alice")
    assert (outcome.word, outcome.exit_code) == ("failed", 1)
    assert world.states() == {"one/a.example": "failed", "one/b.example": "done", "two/198.51.100.1": second}
    assert world.runner().run(incident, "alice").exit_code == 0, "a certain failure is tried again"


def test_what_does_not_take_effect_is_not_success(world, step, incident):
    world.plan(step("one", "domain.block", "a.example"), step("two", "ip.block", "198.51.100.1"))
    world.server.leaks = {"a.example"}
    outcome = world.runner().run(incident, "alice")
    assert (outcome.word, outcome.exit_code, outcome.leaking) == ("failed", 1, ("one/a.example",))
    assert outcome.counts == {"leaking": 1, "planned": 1}
    assert "no effect" in outcome.message
    world.server.leaks = set()
    assert world.runner().run(incident, "alice").word == "done", "it is verified again, not sent again"
    assert world.server.applied["POST a.example"] == 1


def test_a_server_that_is_down_fails_without_an_intent(world, step, incident):
    world.plan(step("one", "domain.block", "a.example"))
    world.server.down = True
    assert world.runner().run(incident, "alice").exit_code == 1
    assert world.journal.kinds("change") == ["change.failed"]


@pytest.mark.parametrize(
    ("mode", "fault", "exit_code", "requests", "applied"),
    [
        ("verify", "lost answer", 0, 1, 1),
        ("verify", "lost request", 0, 2, 1),
        ("resend", "lost request", 0, 2, 1),
        ("resend", "lost answer", 0, 1, 1),
        ("ask", "lost answer", 4, 1, 1),
        ("ask", "lost request", 4, 1, 0),
    ],
)
def test_in_doubt(world, step, incident, connector, mode, fault, exit_code, requests, applied):
    world.connectors["fake"] = connector(traits=Traits(in_doubt=mode))
    world.plan(step("one", "domain.block", "a.example"))
    world.server.faults = [fault]
    assert world.runner().run(incident, "alice").exit_code == exit_code
    assert len(world.server.requests) == requests
    assert world.server.applied.get("POST a.example", 0) == applied
    assert len({c.key for c in world.server.requests}) == 1, "the same key every time"
    assert world.journal.kinds("change")[:2] == ["change.intended", "change.unknown"]


def test_in_doubt_twice_stays_unknown(world, step, incident):
    world.plan(step("one", "domain.block", "a.example"), step("two", "ip.block", "198.51.100.1"))
    world.server.faults = ["lost request", "lost request"]
    outcome = world.runner().run(incident, "alice")
    assert (outcome.exit_code, outcome.unknown) == (4, ("one/a.example",))
    assert world.states()["two/198.51.100.1"] == "planned"
    assert world.runner().run(incident, "alice").exit_code == 0


def test_a_notice_in_doubt_waits_for_a_person_who_says_what_happened(world, step, incident, connector):
    world.connectors["fake"] = connector(traits=Traits(in_doubt="ask"))
    world.plan(step("notify", "notice.send", "c1", "c2"))
    world.server.faults = ["lost answer", "lost request"]
    runner = world.runner()
    assert runner.run(incident, "alice").unknown == ("notify/c1", "notify/c2")
    events = len(world.journal.rows)
    assert runner.run(incident, "alice").exit_code == 4
    assert len(world.journal.rows) == events + 2, "nothing new is known, so nothing is said but start and end"
    with pytest.raises(Refused, match="mallory"):
        runner.settle(incident, "notify/c1", applied=True, by="mallory", reason="")
    runner.settle(incident, "notify/c1", applied=True, by="alice", reason="in the mail log")
    runner.settle(incident, "notify/c2", applied=False, by="alice", reason="not in the mail log")
    with pytest.raises(Refused, match="nothing to settle"):
        runner.settle(incident, "notify/c1", applied=False, by="alice", reason="")
    assert runner.run(incident, "alice").exit_code == 0
    assert world.server.applied == {"POST c1": 1, "POST c2": 1}


def test_nothing_runs_without_a_plan_or_with_a_changed_one(world, step, incident, tampered):
    with pytest.raises(UsageError, match="no plan"):
        world.runner().run(incident, "alice")
    world.plan(tampered(step("one", "domain.block", "a.example")))
    with pytest.raises(Refused, match="does not match its own hash"):
        world.runner().run(incident, "alice")
    assert world.server.requests == []


def test_a_connector_that_is_gone_is_refused_before_the_first_change(world, step, incident):
    world.plan(step("one", "domain.block", "a.example"), step("two", "ip.block", "198.51.100.1", connector="elsewhere"))
    with pytest.raises(ConfigError, match="elsewhere"):
        world.runner().run(incident, "alice")
    assert world.server.requests == []


def test_a_second_process_is_refused(world, step, incident):
    world.plan(step("one", "domain.block", "a.example"))
    world.journal.lease(incident, "another")
    with pytest.raises(Refused, match="living process"):
        world.runner().run(incident, "alice")


def test_a_fenced_process_sends_nothing_more(world, step, incident):
    world.plan(step("one", "domain.block", "a.example", "b.example", "c.example"))

    def take_over(call):
        if call.path == "/b.example":
            world.journal.epoch += 1

    world.server.check = take_over
    with pytest.raises(Refused, match="taken over"):
        world.runner().run(incident, "alice")
    assert [c.path for c in world.server.requests] == ["/a.example", "/b.example"]
    assert world.states() == {"one/a.example": "done", "one/b.example": "in flight", "one/c.example": "planned"}
    world.server.check = lambda _call: None
    world.journal.restart()
    assert world.runner().run(incident, "alice").exit_code == 0
    assert set(world.server.applied.values()) == {1}


def test_the_heartbeat_notices_a_lost_lease(world, step, incident):
    world.plan(step("one", "domain.block", "a.example", "b.example"))

    def take_over(call):
        world.journal.epoch += 1
        time.sleep(0.1)
        world.journal.epoch -= 1

    world.server.check = take_over
    with pytest.raises(Refused, match="taken over"):
        world.runner(heartbeat=0.02).run(incident, "alice")
    assert len(world.server.requests) == 1


def test_a_stop_drains_what_is_in_flight(world, step, incident):
    world.plan(step("one", "domain.block", *(f"d{i}.example" for i in range(10))), step("two", "ip.block", "192.0.2.1"))
    runner = world.runner(workers=2)
    world.server.check = lambda call: runner.request_stop() if call.path == "/d3.example" else None
    outcome = runner.run(incident, "alice")
    assert (outcome.word, outcome.exit_code) == ("interrupted", 130)
    states = list(world.states().values())
    assert set(states) == {"done", "planned"}
    assert 4 <= states.count("done") <= 5
    assert world.runner().run(incident, "alice").counts == {"done": 11}
    assert set(world.server.applied.values()) == {1}


def test_a_list_with_one_writer_keeps_every_entry(world, step, incident):
    targets = [f"198.51.100.{i}" for i in range(100)]
    world.plan(step("ips", "ip.block", *targets, connector="lists"))
    world.server.delay = 0.0005
    assert world.runner(workers=16).run(incident, "alice").counts == {"done": 100}
    assert sorted(world.server.list_text.split()) == sorted(targets)


def test_without_the_lock_entries_would_be_lost(world, step, incident):
    """The test above can fail: the same list without a lock loses entries."""
    world.connectors["lists"].behaves = Traits(in_doubt="verify", concurrency=0)
    world.plan(step("ips", "ip.block", *(f"198.51.100.{i}" for i in range(60)), connector="lists"))
    world.server.delay = 0.001
    world.runner(workers=16).run(incident, "alice")
    assert len(world.server.list_text.split()) < 60


@pytest.mark.parametrize(("concurrency", "busiest"), [(1, 1), (3, 3), (0, 8)])
def test_no_more_at_once_than_the_server_takes(world, step, incident, connector, concurrency, busiest):
    world.connectors["fake"] = connector(traits=Traits(in_doubt="verify", concurrency=concurrency))
    world.plan(step("ips", "ip.block", *(f"198.51.100.{i}" for i in range(24))))
    world.server.delay = 0.005
    world.runner(workers=8).run(incident, "alice")
    assert world.server.busiest <= busiest
    assert (world.server.busiest > 1) == (busiest > 1)


def test_no_faster_than_the_server_takes(world, step, incident, connector):
    world.connectors["fake"] = connector(traits=Traits(in_doubt="verify", per_second=10))
    world.plan(step("ips", "ip.block", *(f"198.51.100.{i}" for i in range(10))))
    world.runner().run(incident, "alice")
    assert world.clock.slept == pytest.approx(2.9)  # 10 x (look, change, verify), the first at once


def test_a_bug_in_a_connector_is_raised_and_leaves_the_intent(world, step, incident):
    world.plan(step("one", "domain.block", "a.example", "b.example"))

    def bug(call):
        raise KeyError("bug")

    world.server.check = bug
    with pytest.raises(KeyError):
        world.runner().run(incident, "alice")
    assert world.states() == {"one/a.example": "in flight", "one/b.example": "planned"}
    assert not [t for t in threading.enumerate() if t.name.startswith("irtool")]
    world.server.check = lambda _call: None
    assert world.runner().run(incident, "alice").exit_code == 0


def test_guard_refusals_show_in_the_exit_code(world, step, incident):
    world.plan(step("one", "domain.block", "gmail.com", action="refused"), step("two", "ip.block", "198.51.100.1"))
    outcome = world.runner().run(incident, "alice")
    assert (outcome.word, outcome.exit_code, outcome.counts) == ("refused", 5, {"refused": 1, "done": 1})


def test_undo_goes_back_to_before_the_first_attempt(world, step, incident, connector):
    """What is seen between two attempts may be half of the first one."""
    world.connectors["fake"] = connector(traits=Traits(in_doubt="resend"))
    world.plan(step("one", "account.disable", "t1"))
    world.server.state["t1"] = "active"
    world.server.faults = ["lost request"]
    world.server.check = lambda call: world.server.state.update(t1="half")
    assert world.runner().run(incident, "alice").exit_code == 0
    assert world.history.changes["one/t1"].before["state"] == "active"
    world.server.check = lambda call: None
    assert world.runner().undo(incident, "alice").exit_code == 0
    assert world.server.state["t1"] == "active"


@pytest.mark.parametrize("what", ["run", "decide", "undo"])
def test_nothing_is_done_on_the_word_of_an_edited_journal(world, step, incident, monkeypatch, what):
    """A plan or an approval that somebody wrote into the file breaks the chain, and is not acted on."""
    world.plan(step("one", "domain.block", "evil.example"))
    monkeypatch.setattr(world.journal, "verify", lambda _incident: Chain(False, 2, "", "event 2 was changed"))
    before = len(world.journal.rows)
    more = {"step": "one", "approved": True, "door": "terminal"} if what == "decide" else {}
    with pytest.raises(Refused, match="is not whole: event 2 was changed"):
        getattr(world.runner(), what)(incident, by="bob", **more)
    assert (world.server.requests, len(world.journal.rows)) == ([], before)


def test_what_is_protected_since_it_was_planned_is_not_done(world, step, incident):
    """The guards of now hold, not those of the plan."""
    world.plan(step("one", "domain.block", "partner.example", "evil.example"))
    outcome = world.runner(guards=Guards(protected_domains=("partner.example",))).run(incident, "alice")
    assert world.states() == {"one/partner.example": "refused", "one/evil.example": "done"}
    assert (outcome.exit_code, set(world.server.applied)) == (5, {"POST evil.example"})
    assert "is protected as partner.example" in world.history.changes["one/partner.example"].error


def test_there_is_no_new_plan_while_one_is_carried_out(world, step, incident):
    """Changes of a plan that nobody has approved must not slip into a run."""
    plan = world.plan(step("one", "domain.block", "evil.example"))
    refused = []

    def plan_again(_call):
        with pytest.raises(Refused) as caught:
            record_plan(world.journal, incident, plan, "bob")
        refused.append(caught.value.message)

    world.server.check = plan_again
    assert world.runner().run(incident, "alice").exit_code == 0
    assert refused == ["a living process holds the lease"]
    assert world.journal.kinds("plan") == ["plan.made"]
    record_plan(world.journal, incident, plan, "bob")

"""Watching: drift and leaks are seen once each, what was approved is made again, nothing else, and never for ever."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from irtool.errors import Refused
from irtool.plan.guards import Guards
from irtool.records import Entry, Flow, NewMail, Traits

A, B = "a.example", "b.example"


class FakeMail:
    """A mail log with so many messages of the campaign after its containment."""

    def __init__(self, world, *values, messages=0):
        self.world, self.values, self.messages = world, values, messages
        self.plans = 0
        self.column, self.seen = "", {}

    def since(self, incident, moment):
        return NewMail(moment, self.messages, values=self.values)

    def flows(self, column, values, moment):
        return {v: f for v, f in self.seen.items() if v in values and column == self.column}

    def propose(self, incident, by):
        self.plans += 1
        return self.world.propose()


@pytest.fixture
def contained(world, step, incident):
    """Two domains blocked, nothing else."""
    world.plan(step("domains", "domain.block", A, B))
    assert world.runner().run(incident, "alice").exit_code == 0
    world.propose = lambda: world.plan(step("ips", "ip.block", "198.51.100.9", approval="peer"))
    return world


def kinds(world):
    """What was written since the run ended."""
    written = world.journal.kinds()
    return written[written.index("run.ended") + 1 :]


def test_all_well_writes_nothing(contained, incident):
    """Seen to be effective is what the journal has already."""
    report = contained.runner().watch(incident, "alice").once()
    assert (report.watched, report.effective, report.exit_code) == (2, 2, 0)
    assert kinds(contained) == []


def test_drift_is_recorded_and_made_again_once(contained, incident):
    """Somebody removes the block: the journal says so, it is there again, under a key of its own."""
    contained.server.state[A] = ""
    report = contained.runner().watch(incident, "alice").once()
    assert (report.remade, report.drifted, report.exit_code) == ((f"domains/{A}",), (), 0)
    assert kinds(contained) == ["change.verified", "change.intended", "change.done"]
    assert contained.journal.rows[-3].data["drifted"] is True
    assert contained.server.state[A] == "blocked"
    keys = [c.key for c in contained.server.requests if c.path == f"/{A}"]
    assert len(keys) == len(set(keys)) == 2
    assert contained.history.changes[f"domains/{A}"].effect == "effective"
    assert contained.runner().watch(incident, "alice").once().exit_code == 0
    assert len(kinds(contained)) == 3
    assert contained.runner().undo(incident, "alice").exit_code == 0
    assert {t: s for t, s in contained.server.state.items() if s} == {}


def test_a_leak_is_an_alarm_and_is_not_sent_again(contained, incident):
    """The setting is there and the server does not act on it: one event, one alarm, however often it is seen."""
    contained.server.leaks = {B}
    watch = contained.runner().watch(incident, "alice")
    before = len(contained.server.requests)
    reports = [watch.once() for _ in range(4)]
    assert all(r.leaking == (f"domains/{B}",) and r.exit_code == 1 and r.alarms for r in reports)
    assert kinds(contained) == ["change.verified", "watch.alarm"]
    assert len(contained.server.requests) == before
    assert contained.history.status == "failed"
    contained.server.leaks = set()
    assert watch.once().exit_code == 0
    assert contained.history.status == "contained"
    contained.server.leaks = {B}
    watch.once()
    assert kinds(contained) == ["change.verified", "watch.alarm"] + ["change.verified"] * 2 + ["watch.alarm"]


def test_somebody_who_keeps_removing_it_ends_in_an_alarm(contained, incident):
    """Three times it is made again, then a person is called; the alarm is not repeated at each look."""
    for _ in range(6):
        contained.server.state[A] = ""
        report = contained.runner().watch(incident, "alice").once()
    assert contained.server.applied[f"POST {A}"] == 4
    assert report.drifted == (f"domains/{A}",)
    assert report.exit_code == 1
    assert kinds(contained).count("watch.alarm") == 1
    (alarm,) = contained.history.alarms
    assert "3 times" in alarm.reason


def test_what_a_person_undid_is_not_made_again(contained, incident):
    """Undone is undone."""
    contained.runner().undo(incident, "alice", "domains", A)
    report = contained.runner().watch(incident, "alice").once()
    assert (report.watched, report.remade, report.exit_code) == (1, (), 0)
    assert contained.server.state[A] == ""


def test_what_is_due_is_left_alone(contained, incident):
    """A lease that ran out is for `irtool expire`; it is neither looked at nor made again."""
    past = (contained.clock.now() - timedelta(seconds=1)).isoformat()
    contained.journal.append(incident, Entry("lease.set", {"expires_at": past}, step="domains", item=A))
    contained.server.state[A] = ""
    report = contained.runner().watch(incident, "alice").once()
    assert (report.watched, report.remade) == (1, ())
    assert contained.server.state[A] == ""


def test_it_was_there_before_and_is_gone(world, step, incident):
    """Not ours to make again; somebody has to know."""
    world.server.state[A] = "blocked"
    world.plan(step("domains", "domain.block", A, action="already"))
    world.runner().run(incident, "alice")
    world.server.state[A] = ""
    report = world.runner().watch(incident, "alice").once()
    assert (report.drifted, report.remade) == ((f"domains/{A}",), ())
    assert "before the incident" in world.history.alarms[0].reason
    assert world.server.requests == []


@pytest.mark.parametrize("how", ["revoked", "refused", "expired"])
def test_without_a_valid_yes_nothing_is_made_again(world, step, incident, how):
    """The same approval, of the same hash, as long as it lasts."""
    accounts = step("accounts", "account.disable", "t1", approval="peer")
    world.server.state["t1"] = "active"
    world.plan(accounts)
    data = {"hash": accounts.hash, "items": [], "known_as": []}
    if how == "expired":
        data["expires_at"] = (world.clock.now() + timedelta(hours=1)).isoformat()
    world.journal.append(incident, Entry("approval.given", data, step="accounts", actor="bob"))
    assert world.runner().run(incident, "alice").exit_code == 0
    world.clock.time += timedelta(hours=2)
    if how != "expired":
        word = {"revoked": "approval.revoked", "refused": "approval.refused"}[how]
        world.journal.append(incident, Entry(word, {"hash": accounts.hash, "items": []}, step="accounts", actor="bob"))
    world.server.state["t1"] = "active"
    report = world.runner().watch(incident, "alice").once()
    assert (report.drifted, report.remade) == (("accounts/t1",), ())
    assert "yes" in world.history.alarms[0].reason
    assert world.server.state["t1"] == "active"


def test_a_disowned_break_glass_is_no_yes(contained, incident):
    """It stays as it is, and is not made again."""
    used = Entry("breakglass.used", {"why": "3 a.m.", "steps": ["domains"], "by": "alice"}, actor="alice")
    contained.journal.append(incident, used, Entry("breakglass.disowned", {"reason": "no"}, actor="bob"))
    contained.server.state[A] = ""
    assert contained.runner().watch(incident, "alice").once().drifted == (f"domains/{A}",)
    assert "break-glass" in contained.history.alarms[0].reason


def test_the_guards_of_now_are_asked(contained, incident):
    """What is protected since is not blocked again."""
    contained.server.state[A] = ""
    guards = Guards(protected_domains=[A])
    report = contained.runner(guards=guards).watch(incident, "alice").once()
    assert (report.drifted, report.remade) == ((f"domains/{A}",), ())
    assert contained.server.state[A] == ""


def test_a_later_plan_does_not_take_the_approval_away(contained, step, incident):
    """The hash that counts is the one it was made under."""
    contained.plan(step("domains", "domain.block", A, B, action="already"))
    contained.server.state[A] = ""
    assert contained.runner().watch(incident, "alice").once().remade == (f"domains/{A}",)


def test_nothing_is_done_while_somebody_else_is_at_work(contained, incident):
    """What a person is just undoing is no drift: no event without the lease."""
    contained.server.state[A] = ""
    contained.journal.lease(incident, "somebody")
    report = contained.runner().watch(incident, "alice").once()
    assert report.busy
    assert report.drifted == (f"domains/{A}",)
    assert kinds(contained) == []
    assert contained.server.state[A] == ""


def test_two_watches_make_it_again_once(contained, incident):
    """Both see it gone; whoever comes second finds it there."""
    one, other = (contained.runner().watch(incident, name) for name in ("alice", "bob"))
    contained.server.state[A] = ""
    real = other.history
    fresh = real()
    seen = []

    def late():
        if not seen:  # the other looks around in the midst of this one's look
            seen.append(one.once())
            return fresh
        return real()

    other.history = late
    report = other.once()
    assert seen[0].remade == (f"domains/{A}",)
    assert (report.remade, report.drifted, report.exit_code) == ((), (), 0)
    assert contained.server.applied[f"POST {A}"] == 2


def test_an_unknown_outcome_is_told_and_never_guessed(contained, incident):
    """Made again, and the answer was lost and nobody can look: exit code 4, as everywhere."""
    contained.connectors["fake"].behaves = Traits(in_doubt="ask", verifies=True)
    contained.server.state[A] = ""
    contained.server.faults = ["lost answer"]
    report = contained.runner().watch(incident, "alice").once()
    assert report.exit_code == 4
    assert report.unknown == (f"domains/{A}",)
    assert contained.history.changes[f"domains/{A}"].state == "unknown"


def test_a_failed_try_leaves_it_done_and_drifted(contained, incident):
    """What was done before is still ours to undo."""
    contained.server.state[A] = ""
    contained.server.faults = ["rejected"]
    report = contained.runner().watch(incident, "alice").once()
    status = contained.history.changes[f"domains/{A}"]
    assert (status.state, status.effect, report.exit_code) == ("done", "drifted", 1)
    assert contained.runner().run(incident, "alice").exit_code == 1


def test_blind_three_times_is_an_alarm(contained, incident):
    """A server that cannot be asked tells nothing, and for long that is a reason to wake somebody."""
    contained.server.down = True
    watch = contained.runner().watch(incident, "alice")
    codes = [watch.once().exit_code for _ in range(5)]
    assert codes == [1] * 5
    assert kinds(contained) == ["watch.alarm"] * 2
    contained.server.down = False
    assert watch.once().exit_code == 0


def test_mail_that_still_flows_is_an_alarm_and_a_plan(contained, incident):
    """More mail, new sender: told once, planned once, nothing changed without a yes."""
    mail = FakeMail(contained, "ip 198.51.100.9", messages=7)
    watch = contained.runner().watch(incident, "alice", mail)
    report = watch.once()
    assert (report.exit_code, report.proposed, report.mail.messages) == (1, ("ips",), 7)
    assert kinds(contained) == ["watch.alarm", "plan.made"]
    (alarm,) = contained.history.alarms
    assert (alarm.messages, alarm.values) == (7, ("ip 198.51.100.9",))
    assert contained.history.status == "planned"
    requests = len(contained.server.requests)
    mail.messages = 9
    assert watch.once().exit_code == 1
    assert kinds(contained) == ["watch.alarm", "plan.made"]
    mail.messages = 20
    watch.once()
    assert kinds(contained) == ["watch.alarm", "plan.made", "watch.alarm"]
    assert mail.plans == 1
    assert len(contained.server.requests) == requests


def test_mail_of_a_blocked_domain_is_a_leak_whatever_a_probe_says(contained, incident):
    """The log shows what was accepted; nothing is sent again for it."""
    mail = FakeMail(contained)
    since = contained.clock.now()
    mail.column, mail.seen = "recipient_domain", {A: Flow(since, 9, 4, since), B: Flow(since, 9, 0, since)}
    report = contained.runner().watch(incident, "alice", mail).once()
    assert (report.leaking, report.effective, report.exit_code) == ((f"domains/{A}",), 1, 1)
    assert kinds(contained) == ["change.verified", "watch.alarm"]
    assert contained.journal.rows[-2].data["messages"] == 4
    assert contained.server.applied[f"POST {A}"] == 1


@pytest.mark.parametrize(("before", "minutes", "effective"), [(9, 30, True), (0, 30, None), (9, 3, None)])
def test_mail_that_ran_dry_shows_the_effect(world, step, incident, before, minutes, effective):
    """Where nothing else does: there was mail, the log went on, and there is none."""
    world.connectors["fake"].behaves = Traits(in_doubt="verify", verifies=False)
    world.server.state["t1"] = "active"
    world.plan(step("accounts", "account.disable", "t1"))
    world.runner().run(incident, "alice")
    mail, since = FakeMail(world), world.clock.now()
    mail.column, mail.seen = "account", {"t1": Flow(since, before, 0, since + timedelta(minutes=minutes))}
    assert world.runner().watch(incident, "alice", mail).once().exit_code == 0
    assert world.history.changes["accounts/t1"].effective is effective


def test_the_loop_says_when_it_begins_and_ends(contained, incident):
    """Every minute for five minutes; a clock that is set back changes nothing."""
    told = []

    def tell(report):
        told.append(report)
        contained.clock.time -= timedelta(days=1)

    report = contained.runner().watch(incident, "alice").run(60, 300, tell)
    assert len(told) == 6
    assert report.exit_code == 0
    assert kinds(contained) == ["watch.started", "watch.ended"]
    assert not contained.history.watching
    assert contained.clock.monotonic() < 400


def test_ctrl_c_ends_it_cleanly(contained, incident):
    """The journal says so; of a look that it cut short nothing is told."""
    runner, told = contained.runner(), []

    def stop(report):
        told.append(report)
        runner.request_stop()

    runner.watch(incident, "alice").run(60, None, stop)
    assert [r.effective for r in told] == [2]
    other = contained.runner()
    seen = []
    watch = other.watch(incident, "alice")
    once = watch.once
    watch.once = lambda: (other.request_stop(), once())[1]
    watch.run(60, None, seen.append)
    assert seen == []
    del contained.journal.rows[-2:]
    assert kinds(contained) == ["watch.started", "watch.ended"]
    assert contained.journal.rows[-1].data == {"reason": "interrupted"}


@pytest.mark.parametrize("closed", [True, False])
def test_there_is_an_end_without_anything_to_watch(contained, incident, closed):
    """Closed, or all undone."""
    if closed:
        contained.journal.append(incident, Entry("incident.closed", {"by": "alice", "reason": ""}, actor="alice"))
    else:
        contained.runner().undo(incident, "alice")
    told = []
    assert contained.runner().watch(incident, "alice").run(60, None, told.append).over
    assert len(told) == 1


def test_nobody_of_people_watches(contained, incident):
    """A watch changes things: it is somebody's."""
    with pytest.raises(Refused):
        contained.runner().watch(incident, "mallory")


def test_held_mail_is_held_again(world, step, incident):
    """A set that grows: new mail of the same target, the same approval."""
    world.server.state["q.example"] = "queued"
    world.plan(step("hold", "queue.hold", "q.example"))
    assert world.runner().run(incident, "alice").exit_code == 0
    world.server.state["q.example"] = "queued"
    report = world.runner().watch(incident, "alice").once()
    assert (report.remade, report.exit_code) == (("hold/q.example",), 0)
    assert world.server.state["q.example"] == "held"
    assert datetime(2025, 1, 1, tzinfo=UTC) < world.history.changes["hold/q.example"].done_at

"""What is sent is what was approved, or it is not sent."""

from __future__ import annotations

from dataclasses import replace

import pytest

from irtool.plan.hashes import step_hash
from irtool.plan.rehearsal import OPEN, Rehearsed, binding, essence, identity, rehearse
from irtool.records import Call, Look, Reply, Traits
from irtool.run.binding import Bound
from irtool.verbs import CATALOGUE


def bind(world, step):
    """The step with its changes bound to what their connector would send now."""
    changes = []
    for change in step.changes:
        made = world.connectors[change.connector]
        seen = Look(CATALOGUE[change.verb].states[0])
        found = rehearse(made, change.verb, change.target, change.params, seen, world.pool.sender())
        who = identity(made, change.verb, change.target, change.params)
        changes.append(replace(change, binding=binding(who, found)))
    return replace(step, changes=tuple(changes), hash=step_hash(step.id, changes))


def test_what_was_rehearsed_is_sent(world, step, incident):
    world.plan(bind(world, step("one", "domain.block", "a.example", "b.example")))
    assert world.server.requests == []
    assert world.runner().run(incident, "alice").exit_code == 0
    assert world.server.applied == {"POST a.example": 1, "POST b.example": 1}


def test_another_template_is_not_sent_and_certainly_changed_nothing(world, step, incident, connector):
    """The manifest was edited after the yes: the calls are others, so nothing leaves."""
    world.plan(bind(world, step("one", "domain.block", "a.example", approval="peer")))
    world.runner().decide(incident, "one", approved=True, by="bob", door="terminal")

    class Edited(connector):
        def change(self, verb, target, params, seen, key):
            reply = yield self._call("POST", "everything.example", "blocked", key)
            return self._good(reply)

    world.connectors["fake"] = Edited()
    assert world.runner().run(incident, "alice").exit_code == 1
    assert world.server.requests == []
    failed = next(e for e in world.journal.rows if e.kind == "change.failed")
    assert failed.data["error"] == (
        "what would be sent is not what was approved (POST /everything.example is another call): plan again"
    )


def test_a_connector_that_points_elsewhere_is_not_used(world, step, incident, connector):
    class Placed(connector):
        url = "http://one"

        def identity(self, verb, target, params):
            return {"url": self.url}

    world.connectors["fake"] = Placed()
    world.plan(bind(world, step("one", "domain.block", "a.example")))
    world.connectors["fake"].url = "http://two"
    assert world.runner().run(incident, "alice").exit_code == 1
    assert world.server.requests == []
    assert "is set up in another way now" in world.history.changes["one/a.example"].error


def test_the_second_attempt_of_a_change_in_doubt_is_bound_too(world, step, incident):
    world.plan(bind(world, step("one", "domain.block", "a.example")))
    world.server.faults = ["lost request"]
    assert world.runner().run(incident, "alice").exit_code == 0
    assert len(world.server.requests) == 2


def test_a_list_that_others_change_meanwhile_is_not_another_call(world, step, incident):
    class Merging(type(world.connectors["lists"])):
        def change(self, verb, target, params, seen, key):
            reply = yield Call(self.name, "GET", "/list")
            body = f"{reply.body}{target}\n"
            yield Call(self.name, "PUT", "/list", body=body, changes=True, key=key, merges=reply.body)
            return None

    world.connectors["lists"] = Merging()
    world.plan(bind(world, step("one", "ip.block", "198.51.100.1", connector="lists")))
    world.server.list_text = "192.0.2.1\n192.0.2.2\n"
    assert world.runner().run(incident, "alice").exit_code == 0
    assert world.server.list_text == "192.0.2.1\n192.0.2.2\n198.51.100.1\n"


class Ear:
    def __init__(self):
        self.heard = []

    def send(self, call):
        self.heard.append(call.path)
        return Reply(200)


def bound(step, *calls, more=False):
    """A sender for a change that was rehearsed with these calls."""

    class Named:
        name = "fake"

    rehearsed = Rehearsed(tuple(essence(c) for c in calls), open=more)
    (change,) = step("one", "domain.block", "a.example").changes
    who = identity(Named(), change.verb, change.target, change.params)
    ear = Ear()
    return ear, Bound(ear, Named(), replace(change, binding=binding(who, rehearsed)))


def call(path, changes=True):
    return Call("fake", "POST", path, changes=changes)


@pytest.mark.parametrize(
    ("more", "sent", "passes"),
    [
        (False, ["/1", "/2"], 2),
        (False, ["/2"], 1),  # the first is not needed any more
        (False, ["/1", "/1", "/2"], 3),  # somebody else was faster in a list
        (False, ["/1", "/3"], 1),
        (False, ["/3"], 0),
        (True, ["/1", "/2", "/3"], 3),
        (True, ["/3"], 0),  # what is open comes only after what is known
        (True, ["/2", "/3"], 1),
    ],
)
def test_which_calls_pass(step, more, sent, passes):
    ear, sender = bound(step, call("/1"), call("/2"), more=more)
    for path in sent[:passes]:
        sender.send(call(path))
    if passes < len(sent):
        with pytest.raises(Exception, match="not what was approved"):
            sender.send(call(sent[passes]))
    assert ear.heard == sent[:passes]


def test_reads_pass_and_so_does_what_an_older_irtool_planned(step):
    ear, sender = bound(step)
    sender.send(call("/look", changes=False))
    with pytest.raises(Exception, match="not what was approved"):
        sender.send(call("/1"))
    (change,) = step("one", "domain.block", "a.example").changes
    Bound(ear, type("Old", (), {"name": "fake"})(), change).send(call("/2"))
    assert ear.heard == ["/look", "/2"]
    assert OPEN not in change.binding


def test_a_mismatch_after_the_first_call_leaves_doubt(world, step, incident, connector):
    """Half of it is there: that is not a clean failure, and a look tells."""

    class Two(connector):
        second = "b"

        def change(self, verb, target, params, seen, key):
            yield self._call("PUT", f"side/{target}", "x", key)
            yield self._call("POST", f"{target}{self.second}", "blocked", key)

    world.connectors["fake"] = Two(traits=Traits(in_doubt="ask"))
    world.plan(bind(world, step("one", "domain.block", "a.example")))
    world.connectors["fake"].second = "c"
    assert world.runner().run(incident, "alice").exit_code == 4
    assert [c.path for c in world.server.requests] == ["/side/a.example"]

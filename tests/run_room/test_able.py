"""Before the first change: what a credential may do is asked by reading, once, and a no refuses the run."""

from __future__ import annotations

from collections import Counter

import pytest

from irtool.errors import NotSent, Refused, Rejected, UsageError
from irtool.records import Call, Traits
from irtool.run.able import survey

from .conftest import Crash, FakeConnector


class Telling(FakeConnector):
    """Tells beforehand: `says` is what it says of a verb, a text or an error."""

    def __init__(self, name="fake", says=None, traits=None):
        super().__init__(name, traits)
        self.says = says or {}
        self.asked: list[str] = []

    def able(self, verb):
        self.asked.append(verb)
        yield Call(self.name, "GET", "/rights")
        said = self.says.get(verb, "")
        if isinstance(said, Exception):
            raise said
        return said


def _plan(world, step):
    world.connectors = {"fake": Telling("fake"), "lists": Telling("lists")}
    world.plan(
        step("domains", "domain.block", "a.example", "b.example"),
        step("ips", "ip.block", "198.51.100.1", connector="lists"),
        step("accounts", "account.disable", "t1", "t2", "t3"),
        step("there", "address.block", "x@y.example", action="already"),
    )
    return world.connectors["fake"], world.connectors["lists"]


def test_every_no_at_once_and_nothing_is_changed(world, step, incident):
    fake, lists = _plan(world, step)
    fake.says["account.disable"] = Rejected("the token may only read", status=403)
    lists.says["ip.block"] = Rejected("there is no list of that name", hint="Name it as the server does.")
    before = len(world.journal.rows)
    with pytest.raises(Refused, match="refused before the first change") as caught:
        world.runner().run(incident, "alice")
    assert "fake cannot account.disable: the token may only read" in caught.value.message
    assert "lists cannot ip.block: there is no list of that name" in caught.value.message
    assert "domain.block" not in caught.value.message
    assert caught.value.exit_code == 5
    assert caught.value.hint == "irtool doctor"
    assert caught.value.done == "Nothing was changed. Name it as the server does."
    assert world.server.requests == []
    assert len(world.journal.rows) == before
    fake.says.clear()
    lists.says.clear()
    assert world.runner().run(incident, "alice").exit_code == 0


def test_each_verb_is_asked_once_and_only_what_is_wanted(world, step, incident):
    fake, lists = _plan(world, step)
    seen = Counter()
    read = world.server._read
    world.server._read = lambda call: seen.update([(call.connector, call.path)]) or read(call)
    assert world.runner().run(incident, "alice").exit_code == 0
    assert fake.asked == ["account.disable", "domain.block"]
    assert lists.asked == ["ip.block"]
    assert seen["fake", "/rights"] == seen["lists", "/rights"] == 1
    assert world.runner().run(incident, "alice").exit_code == 0
    assert len(fake.asked) == 2, "nothing is left to do"


@pytest.mark.parametrize("error", [NotSent("refused"), Rejected("busy", status=429), Rejected("ill", status=503)])
def test_a_server_that_cannot_be_asked_holds_nothing_up(world, step, incident, error):
    fake, _ = _plan(world, step)
    fake.says["domain.block"] = error
    assert world.runner().run(incident, "alice").exit_code == 0
    (note,) = [e for e in world.journal.rows if e.kind == "note.added"]
    assert note.data["text"] == f"Not known before the first change: whether fake can domain.block: {error.message}"


def test_what_reading_cannot_prove_is_no_reason_to_refuse(world, step, incident):
    fake, _ = _plan(world, step)
    fake.says["domain.block"] = "whether it may write"
    assert world.runner().run(incident, "alice").exit_code == 0
    assert "note.added" not in world.journal.kinds()


def test_a_check_that_would_change_something_is_not_made(world, step, incident):
    class Meddling(Telling):
        def able(self, verb):
            yield self._call("POST", "a.example", "blocked", "k")
            return ""

    _plan(world, step)
    world.connectors["fake"] = Meddling("fake")
    with pytest.raises(Refused, match="only reads"):
        world.runner().run(incident, "alice")
    assert world.server.requests == []


def test_a_shadow_needs_no_right(world, step, incident):
    fake, _ = _plan(world, step)
    fake.says = {verb: Rejected("no", status=403) for verb in ("domain.block", "account.disable")}
    world.runner(shadows=("fake",)).run(incident, "alice")
    assert fake.asked == []


def test_what_a_person_has_refused_is_not_asked_about(world, step, incident):
    fake = Telling("fake", {"account.disable": Rejected("no", status=403)})
    world.connectors = {"fake": fake}
    world.plan(
        step("accounts", "account.disable", "t1", approval="peer", on_failure="continue"),
        step("domains", "domain.block", "a.example"),
    )
    with pytest.raises(Refused, match=r"account\.disable"):
        world.runner().run(incident, "alice")
    world.runner().decide(incident, "accounts", approved=False, by="bob", door="terminal")
    world.runner().run(incident, "alice")
    assert world.states()["domains/a.example"] == "done"


def test_an_undo_is_refused_before_its_first_change(world, step, incident):
    fake, lists = _plan(world, step)
    assert world.runner().run(incident, "alice").exit_code == 0
    world.server.requests.clear()
    lists.says["ip.block"] = Rejected("the token may only read", status=403)
    with pytest.raises(Refused, match=r"lists cannot ip\.block"):
        world.runner().undo(incident, "alice")
    assert world.server.requests == []
    assert world.runner().undo(incident, "alice", "domains").exit_code == 0
    assert world.states()["ips/198.51.100.1"] == "done"
    assert fake.asked[-1] == "domain.block"


def test_what_is_in_doubt_is_looked_at_whatever_the_credential_may_do(world, step, incident):
    fake = Telling("fake", traits=Traits(in_doubt="verify", verifies=True))
    world.connectors = {"fake": fake}
    world.plan(step("domains", "domain.block", "a.example"))
    world.server.faults = ["crash after"]
    with pytest.raises(Crash):
        world.runner().run(incident, "alice")
    world.journal.restart()
    fake.says["domain.block"] = Rejected("no", status=403)
    assert world.runner().run(incident, "alice").exit_code == 0
    assert world.states() == {"domains/a.example": "done"}


def test_a_survey_has_a_word_for_every_verb(world):
    class Small(Telling):
        def verbs(self):
            return frozenset({"domain.block", "ip.block", "account.disable", "queue.hold", "note.add"})

    says = {
        "ip.block": "what it cannot know",
        "account.disable": Rejected("no", status=403, hint="ask for more"),
        "queue.hold": NotSent("away"),
        "note.add": UsageError("no template"),
    }
    found = survey({"fake": Small("fake", says), "mute": FakeConnector("mute")}, world.pool, world.clock)
    assert [(a.verb, a.word, a.says, a.hint) for a in found] == [
        ("account.disable", "cannot", "no", "ask for more"),
        ("domain.block", "can", "", ""),
        ("ip.block", "unproven", "what it cannot know", ""),
        ("note.add", "cannot", "no template", ""),
        ("queue.hold", "untold", "away", ""),
    ]
    assert all(sender.closed for sender in world.pool.made)

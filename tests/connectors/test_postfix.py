"""The Postfix queue: which messages are meant, and what is done to them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from irtool.connectors import connector, hold
from irtool.errors import CallError, InDoubt, Rejected
from irtool.records import Call, Look, Reply


class Queue:
    """postqueue and postsuper over a mapping of id -> (queue, sender, recipients)."""

    def __init__(self, **messages: tuple[str, str, list[str]]) -> None:
        self.messages = dict(messages)
        self.calls: list[Call] = []
        self.stuck: set[str] = set()

    def send(self, call: Call) -> Reply:
        self.calls.append(call)
        if "postqueue" in call.argv:
            rows = [
                {"queue_name": q, "queue_id": i, "sender": s, "recipients": [{"address": r} for r in to]}
                for i, (q, s, to) in self.messages.items()
            ]
            return Reply(0, "".join(json.dumps(r) + "\n" for r in rows))
        for name in (call.body or "").split():
            if name in self.messages and name not in self.stuck:
                self.apply(call.argv[-2], name)
        return Reply(0)

    def apply(self, option: str, name: str) -> None:
        _, sender, to = self.messages[name]
        if option == "-d":
            del self.messages[name]
        else:
            self.messages[name] = ({"-h": "hold", "-H": "deferred"}[option], sender, to)

    def queue(self, name: str) -> str:
        return self.messages[name][0]

    def close(self) -> None:
        pass


@pytest.fixture
def queue() -> Queue:
    return Queue(
        A1=("deferred", "Bad@Trial.example", ["x@target.example"]),
        A2=("active", "bad@trial.example", ["x@other.example", "y@Target.example"]),
        A3=("hold", "bad@trial.example", ["x@target.example"]),
        B1=("deferred", "good@trial.example", ["x@fine.example"]),
        N1=("incoming", "MAILER-DAEMON", ["x@fine.example"]),
    )


BOX: Any = connector("mx", "postfix-queue", {"config_dir": "/etc/pf", "prefix": ["sudo", "-n"]})


def look(queue: Queue, verb: str, target: str) -> Look:
    return hold(BOX.look(verb, target, {}), queue)


@pytest.mark.parametrize(
    ("target", "state", "queued", "held"),
    [
        ("bad@trial.example", "queued", ["A1", "A2"], 1),
        ("BAD@trial.EXAMPLE", "queued", ["A1", "A2"], 1),
        ("target.example", "queued", ["A1", "A2"], 1),
        ("get.example", "empty", [], 0),
        ("<>", "queued", ["N1"], 0),
        ("mailer-daemon", "queued", ["N1"], 0),
        ("nobody@trial.example", "empty", [], 0),
    ],
)
def test_which_messages_a_target_means(queue: Queue, target: str, state: str, queued: list[str], held: int) -> None:
    seen = look(queue, "queue.hold", target)
    assert (seen.state, seen.data["queued_ids"], seen.data["held"]) == (state, queued, held)


@pytest.mark.parametrize("target", ["", "@", "@trial.example", "ALL", "a b@c.example", "x\n@y.example"])
def test_what_is_not_an_address_or_domain_is_refused(queue: Queue, target: str) -> None:
    with pytest.raises(Rejected, match="is not an address"):
        look(queue, "queue.hold", target)


def test_nothing_from_outside_is_on_the_command_line(queue: Queue) -> None:
    seen = look(queue, "queue.hold", "bad@trial.example")
    hold(BOX.change("queue.hold", "bad@trial.example", {}, seen, "k"), queue)
    assert [c.argv for c in queue.calls[:2]] == [
        ("sudo", "-n", "postqueue", "-c", "/etc/pf", "-j"),
        ("sudo", "-n", "postsuper", "-c", "/etc/pf", "-h", "-"),
    ]
    assert (queue.calls[1].body, queue.calls[1].changes, queue.calls[1].transport) == ("A1\nA2\n", True, "command")


def test_hold_then_release_only_what_was_held(queue: Queue) -> None:
    target = "bad@trial.example"
    before = look(queue, "queue.hold", target)
    result = hold(BOX.change("queue.hold", target, {}, before, "k"), queue)
    assert result == {"held": 2, "gone": 0, "left": 0}
    assert hold(BOX.verify("queue.hold", target, {}), queue).state == "held"
    queue.messages["A4"] = ("hold", "bad@trial.example", ["z@target.example"])
    assert hold(BOX.undo("queue.hold", target, {}, before, "k"), queue) == {"released": 2}
    assert [queue.queue(i) for i in ("A1", "A2", "A3", "A4")] == ["deferred", "deferred", "hold", "hold"]


def test_a_message_that_was_delivered_meanwhile_is_gone(queue: Queue) -> None:
    before = look(queue, "queue.hold", "bad@trial.example")
    del queue.messages["A2"]
    assert hold(BOX.change("queue.hold", "bad@trial.example", {}, before, "k"), queue) == {
        "held": 1, "gone": 1, "left": 0,
    }  # fmt: skip


def test_a_reused_queue_id_of_another_sender_is_not_released(queue: Queue) -> None:
    before = Look("queued", {"queued_ids": ["B1", "A3"]})
    queue.messages["B1"] = ("hold", "good@trial.example", ["x@fine.example"])
    assert hold(BOX.undo("queue.hold", "bad@trial.example", {}, before, "k"), queue) == {"released": 1}
    assert queue.queue("B1") == "hold"


def test_purge_deletes_only_what_matches_and_is_on_hold(queue: Queue) -> None:
    seen = look(queue, "queue.purge", "bad@trial.example")
    assert (seen.state, seen.data["held_ids"]) == ("held", ["A3"])
    assert hold(BOX.change("queue.purge", "bad@trial.example", {}, seen, "k"), queue) == {
        "deleted": 1, "seen": 1, "left": 2,
    }  # fmt: skip
    assert sorted(queue.messages) == ["A1", "A2", "B1", "N1"]
    assert hold(BOX.verify("queue.purge", "bad@trial.example", {}), queue).state == "purged"


def test_purge_without_hold_does_not_read_as_success(queue: Queue) -> None:
    seen = look(queue, "queue.purge", "good@trial.example")
    assert (seen.state, seen.data["held"]) == ("queued", 0)
    with pytest.raises(Rejected, match="none of the 1 matching messages is on hold"):
        hold(BOX.change("queue.purge", "good@trial.example", {}, seen, "k"), queue)
    assert "B1" in queue.messages


def test_what_is_left_is_counted_because_the_status_says_nothing(queue: Queue) -> None:
    queue.stuck = {"A3"}
    with pytest.raises(InDoubt, match="1 of 1 messages are still in the queue"):
        hold(BOX.change("queue.purge", "bad@trial.example", {}, Look("held"), "k"), queue)


def test_a_purge_cannot_be_undone(queue: Queue) -> None:
    with pytest.raises(Rejected, match="cannot be brought back"):
        hold(BOX.undo("queue.purge", "bad@trial.example", {}, Look("held"), "k"), queue)
    assert (BOX.traits("queue.purge").undoable, BOX.traits("queue.hold").undoable) == (False, True)


@pytest.mark.parametrize(
    "line", ["not json", "{}", '{"queue_id": "A", "queue_name": "hold", "sender": "x"}', "[" * 9999]
)
def test_a_list_with_gaps_is_worth_nothing(scripted: Any, line: str) -> None:
    with pytest.raises(CallError, match="cannot be understood"):
        hold(BOX.look("queue.hold", "a@x.example", {}), scripted(Reply(0, line + "\n")))


def test_failing_commands(scripted: Any) -> None:
    fatal = {"stderr": "postsuper: fatal: use of this command is reserved for the superuser\n"}
    change = BOX.change("queue.hold", "a@x.example", {}, Look("queued", {"queued_ids": ["A1"]}), "k")
    with pytest.raises(Rejected, match="reserved for the superuser") as caught:
        hold(change, scripted(Reply(1, "", fatal)))
    assert "sudo" in caught.value.hint
    change = BOX.change("queue.hold", "a@x.example", {}, Look("queued", {"queued_ids": ["A1"]}), "k")
    with pytest.raises(InDoubt, match="part of the messages may be done"):
        hold(change, scripted(Reply(1, "", {"stderr": "postsuper: fatal: disk"})))
    with pytest.raises(Rejected, match="postqueue failed with status 69"):
        hold(BOX.look("queue.hold", "a@x.example", {}), scripted(Reply(69, "", {"stderr": "mail system is down"})))


def test_ping_counts(queue: Queue) -> None:
    assert hold(BOX.ping(), queue) == "Postfix queue, 5 messages"


def test_what_postsuper_may_do_is_asked_with_no_message_at_all() -> None:
    queue = Queue(A1=("deferred", "x@y.example", ["a@b.example"]))
    before = dict(queue.messages)
    made = connector("queue", "postfix-queue", {"prefix": ["sudo", "-n"], "config_dir": "/etc/px"})
    assert hold(made.able("queue.hold"), queue) == ""  # type: ignore[attr-defined]
    assert hold(made.able("queue.purge"), queue) == ""  # type: ignore[attr-defined]
    asked = [call.argv for call in queue.calls if "postsuper" in call.argv]
    assert asked == [("sudo", "-n", "postsuper", "-c", "/etc/px", option, "-") for option in ("-h", "-H", "-d")]
    assert {(call.body or "", call.changes) for call in queue.calls} == {("", False)}
    assert queue.messages == before


def test_postsuper_that_may_not_be_used(scripted: Any) -> None:
    made = connector("queue", "postfix-queue", {"prefix": ["sudo", "-n"]})
    sender = scripted(Reply(0, ""), Reply(1, "", {"stderr": "sudo: a password is required"}))
    with pytest.raises(Rejected, match="a password is required") as caught:
        hold(made.able("queue.hold"), sender)  # type: ignore[attr-defined]
    assert "sudo" in caught.value.hint

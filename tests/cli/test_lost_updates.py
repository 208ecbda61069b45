"""Lists that are read and written whole, by several irtool at once and by somebody else: nobody's entry gets lost."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from irtool.connectors import connector, hold
from irtool.connectors.replies import Conflicted
from irtool.errors import InDoubt, Rejected
from irtool.records import Look, Reply

from .conftest import Make
from .terminal import Said
from .world import ME, TOKEN, World

MANIFEST = Path(__file__).parents[1] / "connectors" / "etag_list.yaml"
PLAYBOOK = """\
playbook: block-{name}
title: Block a lot at once
owner: tests
steps:
  - id: block
    title: Block them
    uses: ip.block
    each: "{targets}"
"""


def playbooks(folder: Path, processes: int, each: int, tail: str = "") -> list[list[str]]:
    """So many playbooks with so many addresses each; the addresses of each."""
    made = []
    for n in range(processes):
        targets = [f"198.51.{100 + n}.{k + 1}" for k in range(each)]
        text = PLAYBOOK.format(name=n, targets=str(targets)) + tail
        (folder / f"block-{n}.yaml").write_text(text)
        made.append(targets)
    return made


def at_once(world: World, commands: list[tuple[str, ...]]) -> list[Said]:
    """Type all of them at the same time, each in a process of its own."""
    started = [world.irtool.start(*words) for words in commands]
    return [_ended(process) for process in started]


def _ended(process: subprocess.Popen[bytes]) -> Said:
    out, err = process.communicate(timeout=120)
    return Said(process.returncode, out.decode(), err.decode())


@pytest.fixture
def listed(make: Make) -> World:
    """A provider whose list of IPs is written whole, with If-Match."""
    world = make()
    world.configure(
        connectors={"list": {"kind": str(MANIFEST), "url": world.url, "token": "env:SANDBOX_TOKEN"}},
        people={"alice": {"os_user": ME, "groups": ["all"]}},
    )
    return world


def values(world: World) -> set[str]:
    with world.provider.session() as state:
        return set(state.blocks.values("ips"))


def by_hand(world: World, entries: list[str]) -> None:
    """Somebody else's tool adds its own entries, one by one, as long as it takes."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with httpx.Client(base_url=world.url, headers=headers, trust_env=False) as client:
        for entry in entries:
            while True:
                read = client.get("/v1/lists/ips")
                body = {"values": [*read.json()["values"], entry]}
                if (
                    client.put("/v1/lists/ips", json=body, headers={"If-Match": read.headers["etag"]}).status_code
                    == 200
                ):
                    break


def test_two_hundred_adds_at_once_leave_two_hundred(listed: World) -> None:
    """Four irtool with forty each, and somebody else with forty: 412 is answered by reading and merging anew."""
    with listed.provider.session() as state:
        state.blocks.become("ips", ["192.0.2.77", "192.0.2.78"])
    wanted = playbooks(listed.folder, 4, 40)
    theirs = [f"203.0.113.{n}" for n in range(1, 41)]
    other = threading.Thread(target=by_hand, args=(listed, theirs))
    other.start()
    said = at_once(listed, [("run", f"block-{n}.yaml", "--as", "alice", "--yes") for n in range(4)])
    other.join()
    assert [one.code for one in said] == [0] * 4, [one.err[-600:] for one in said]
    everything = {"192.0.2.77", "192.0.2.78", *theirs, *(ip for targets in wanted for ip in targets)}
    assert values(listed) == everything
    undone = at_once(listed, [("undo", name, "--as", "alice", "--yes") for name in listed.incidents()])
    assert [one.code for one in undone] == [0] * 4, [one.err[-600:] for one in undone]
    assert values(listed) == {"192.0.2.77", "192.0.2.78", *theirs}


def test_the_last_entry_can_be_undone(listed: World) -> None:
    """An empty list is a list."""
    playbooks(listed.folder, 1, 1)
    listed.irtool("run", "block-0.yaml", "--as", "alice", "--yes", code=0)
    assert values(listed) == {"198.51.100.1"}
    listed.irtool("undo", "--as", "alice", "--yes", code=0)
    assert values(listed) == set()


def test_the_list_cannot_be_written_without_saying_which_state(listed: World) -> None:
    """What the test stands on: the server keeps its side."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    for condition, status in (({}, 428), ({"If-Match": '"old"'}, 412)):
        reply = httpx.put(f"{listed.url}/v1/lists/ips", json={"values": []}, headers={**headers, **condition})
        assert reply.status_code == status


# --- the manifest language, answer by answer --------------------------------------------------------------------------

Scripted = Callable[..., Any]


@pytest.fixture
def scripted() -> Scripted:
    class Sender:
        def __init__(self, answers: tuple[Reply, ...]) -> None:
            self.answers, self.calls = list(answers), []  # type: ignore[var-annotated]

        def send(self, call: Any) -> Reply:
            self.calls.append(call)
            return self.answers.pop(0)

        def close(self) -> None:
            pass

    return lambda *answers: Sender(answers)


def read(*entries: str, etag: str) -> Reply:
    return Reply(200, json.dumps({"values": list(entries)}), {"etag": etag})


def change(sender: Any) -> Any:
    box = connector("box", str(MANIFEST), {"url": "http://box.test"})
    return hold(box.change("ip.block", "192.0.2.1", {}, Look("absent"), "k"), sender)


def test_a_conflict_reads_and_merges_anew(scripted: Scripted) -> None:
    reads = [read("a", etag="1"), read("a", "b", etag="2"), read("b", etag="3")]
    sender = scripted(reads[0], Reply(412), reads[1], Reply(412), reads[2], read("b", "192.0.2.1", etag="4"))
    assert change(sender) == {"requests": 1}
    puts = [c for c in sender.calls if c.method == "PUT"]
    assert [dict(c.headers)["If-Match"] for c in puts] == ["1", "2", "3"]
    assert json.loads(puts[-1].body) == {"values": ["b", "192.0.2.1"]}
    assert len({c.key for c in puts}) == 3


def test_somebody_else_may_have_done_it_meanwhile(scripted: Scripted) -> None:
    sender = scripted(read(etag="1"), Reply(412), read("192.0.2.1", etag="2"))
    assert change(sender) == {"requests": 0}


def test_a_conflict_without_end_is_given_up_and_was_not_applied(scripted: Scripted) -> None:
    answers = [read(etag="1"), Reply(412)] * 100
    with pytest.raises(Rejected, match="somebody else was faster 100 times in a row") as caught:
        change(scripted(*answers))
    assert not isinstance(caught.value, Conflicted)


def test_doubt_after_a_conflict_is_doubt(scripted: Scripted) -> None:
    with pytest.raises(InDoubt, match="500"):
        change(scripted(read(etag="1"), Reply(412), read(etag="2"), Reply(500)))

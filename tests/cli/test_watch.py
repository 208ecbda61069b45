"""`irtool watch` at a terminal: what was taken back comes back, Ctrl-C is clean, and two may watch at once."""

from __future__ import annotations

import json
import signal
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from irtool.adapters.journal import SqliteJournal
from irtool.records import Entry

from .world import DESTINATION, INCIDENT, World, ips, own, trial

DEADLINE = 30.0


def kinds(world: World) -> list[str]:
    return [e["kind"] for e in world.irtool("timeline", INCIDENT, "--format", "json", code=0).json]


def take_back(world: World, kind: str, value: str) -> None:
    """Somebody with the admin panel open."""
    with world.provider.session() as state:
        state.blocks.delete(kind, value)


@pytest.fixture
def contained(small: World) -> World:
    """Run up to where a second person is needed."""
    small.run(code=3)
    assert small.contained()
    return small


def test_drift_is_put_right(contained: World) -> None:
    """Looked at by machine and by eye."""
    take_back(contained, "ips", ips(0, 2)[0])
    assert not contained.contained()
    answer = contained.irtool("watch", INCIDENT, "--once", "--json", "--as", "alice", code=0).json
    assert [name for name in answer["report"]["remade"] if ips(0, 2)[0] in name]
    assert contained.contained()
    said = contained.irtool("watch", INCIDENT, "--once", "--as", "alice", code=0)
    assert "in effect" in said.out
    assert "Next:" in said.err


def test_after_an_undo_nothing_comes_back(contained: World) -> None:
    """Not even with a watch at every corner."""
    contained.irtool("undo", INCIDENT, "--as", "alice", "--yes", code=0)
    before: Any = contained.provider.dump()
    contained.irtool("watch", INCIDENT, "--once", "--as", "alice", code=0)
    after: Any = contained.provider.dump()
    assert after["blocks"] == before["blocks"]


def test_it_ends_by_itself_and_cleanly(contained: World) -> None:
    """--until; Ctrl-C with 130: both leave their end on the timeline."""
    contained.irtool("watch", INCIDENT, "--every", "1s", "--until", "1s", "--as", "alice", code=0)
    process = contained.irtool.start("watch", INCIDENT, "--every", "1s", "--as", "alice")
    until = time.monotonic() + DEADLINE
    while kinds(contained).count("watch.started") < 2:
        assert time.monotonic() < until
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=DEADLINE)
    assert process.returncode == 130, err
    assert b"Traceback" not in err
    assert kinds(contained).count("watch.ended") == 2


def test_two_watches_and_a_saboteur(contained: World) -> None:
    """Both run; what is taken back is there again, made again once each time."""
    watches = [contained.irtool.start("watch", INCIDENT, "--every", "1s", "--as", name) for name in ("alice", "bianca")]
    try:
        for _ in range(2):
            take_back(contained, "domains", DESTINATION)
            until = time.monotonic() + DEADLINE
            while not contained.contained():
                assert time.monotonic() < until
                time.sleep(0.1)
    finally:
        for process in watches:
            process.send_signal(signal.SIGINT)
        ends = [process.communicate(timeout=DEADLINE) for process in watches]
    assert [p.returncode for p in watches] == [130, 130], ends
    events = contained.irtool("timeline", INCIDENT, "--format", "json", code=0).json
    made = [e for e in events if e["kind"] == "change.done" and e["item"] and DESTINATION in e["item"]]
    assert len([e for e in made if e["step"] == "block-domains"]) == 3
    assert contained.counts()["applied_twice"] == 0


def test_a_campaign_that_goes_on(contained: World) -> None:
    """New mail of a trial from a new IP: counted, alarmed, and planned for."""
    when = datetime.now(UTC) + timedelta(minutes=5)
    path = contained.folder / "gateway.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    row = next(r for r in rows if r["account_id"] == trial(0) and r["rcpt"].endswith(DESTINATION))
    late = {**row, "ts": when.isoformat(), "src_ip": "198.51.102.9"}
    path.write_text("".join(json.dumps(r) + "\n" for r in [*rows, late, {**late, "msg_id": "<x@y.example>"}]))
    said = contained.irtool("watch", INCIDENT, "--once", "--as", "alice", code=1)
    assert "2 messages of the campaign accepted since it was contained" in said.out
    assert "new in it: ip 198.51.102.9" in said.out
    status = contained.irtool("status", INCIDENT, "--json", code=0).json
    assert [c for c in status["changes"] if "198.51.102.9" in c["id"] and c["state"] == "planned"]
    assert f"new in it: address {own(0)}" not in said.out
    assert f"without effect: disable-trials/{trial(0)}" in said.out
    told = " ".join(contained.irtool("timeline", INCIDENT, code=0).out.split())
    assert f"NO EFFECT: disable account {trial(0)} (sandbox)" in told
    assert "ALARM: mail of it is still accepted" in told


@pytest.mark.parametrize(
    ("words", "code"), [(("--every", "soon"), 2), (("--until", "0s"), 2), (("INC-1999-0001", "--once"), 2)]
)
def test_what_is_not_understood(contained: World, words: tuple[str, ...], code: int) -> None:
    """Said before anything is done."""
    given = words if words[0].startswith("INC") else (INCIDENT, *words)
    assert "irtool: " in contained.irtool("watch", *given, "--as", "alice", code=code).err


def test_verify_tells_of_an_event_that_cannot_be(contained: World) -> None:
    """The chain is whole; what it says is not possible: told, exit 1, and only a look settles it."""
    assert contained.irtool("verify", code=0)
    with closing(SqliteJournal(contained.folder / "irtool.db")) as journal:
        journal.append(INCIDENT, Entry("undo.unknown", {"error": "?"}, step="block-domains", item=DESTINATION))
    said = contained.irtool("verify", code=1)
    assert f"undo.unknown of block-domains/{DESTINATION}, which was done" in said.out
    illegal = contained.irtool("verify", "--json", code=1).json["incidents"][0]["illegal"]
    assert len(illegal) == 1
    assert contained.irtool("watch", INCIDENT, "--once", "--as", "alice", code=4).code == 4
    contained.irtool("resume", INCIDENT, "--as", "alice", "--yes", code=3)
    assert contained.contained()

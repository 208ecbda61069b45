"""What a server asks for is kept: its limit in any second, Retry-After, a slower pace. Measured where calls arrive."""

from __future__ import annotations

import itertools
import os
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from irtool.adapters.clock import SystemClock
from irtool.connectors import connector
from irtool.errors import ConfigError, NotSent
from irtool.records import Call, Reply
from irtool.run.again import LONGEST
from irtool.run.ledger import Ledger
from irtool.run.locks import Locks
from irtool.run.pace import Pace, Paced
from tests.services.faults import Faults, faults

from .conftest import Make
from .terminal import Said
from .test_lost_updates import at_once, playbooks
from .world import World


@pytest.fixture
def front(make: Make) -> Iterator[tuple[World, Faults]]:
    """A world whose irtool reaches the provider through the proxy."""
    world = make(trials=2, ips_each=10)
    with faults(world.url) as proxy:
        configure(world, proxy)
        yield world, proxy


def configure(world: World, proxy: Faults, **settings: object) -> None:
    world.configure(connectors={"sandbox": {"url": proxy.url, "token": "env:SANDBOX_TOKEN", **settings}})


def busiest(proxy: Faults) -> int:
    """The most requests in any window of one second."""
    times = [asked.at for asked in proxy.asked]
    return max(sum(1 for other in times if at <= other < at + 1.0) for at in times)


@pytest.mark.parametrize("most", [25])
def test_no_second_sees_more_than_the_limit(front: tuple[World, Faults], most: int) -> None:
    """Planning and running, eight threads wide; and the limit is used, not undercut."""
    world, proxy = front
    configure(world, proxy, limits={"per_second": most})
    world.run(code=3)
    assert world.contained()
    assert most * 0.6 <= busiest(proxy) <= most


def test_the_limit_is_of_all_processes_together(front: tuple[World, Faults]) -> None:
    """Three irtool on one journal, at the same time."""
    world, proxy = front
    configure(world, proxy, limits={"per_second": 20})
    playbooks(world.folder, 3, 8)
    said = at_once(world, [("run", f"block-{n}.yaml", "--as", "alice", "--yes") for n in range(3)])
    assert [one.code for one in said] == [0, 0, 0]
    with world.provider.session() as state:
        assert len(state.blocks.values("ips")) == 24
    assert 12 <= busiest(proxy) <= 20


def test_a_dead_process_does_not_keep_its_place(tmp_path: Path) -> None:
    """It was killed while its call was under way, and the limit is one a second: the next may call after a second."""
    clock = SystemClock()
    ledger = Ledger(Locks(tmp_path / "locks", clock))
    now = clock.monotonic()
    gone = subprocess.Popen(["true"])
    gone.wait()
    assert ledger.take("box", f"{gone.pid}.1", 1, 1.0, now) == 0
    assert 0 < ledger.take("box", f"{os.getpid()}.1", 1, 1.0, now + 0.5) <= 1
    assert ledger.take("box", f"{os.getpid()}.1", 1, 1.0, now + 1.6) == 0
    assert ledger.take("box", f"{os.getpid()}.2", 1, 1.0, now + 5) > 100
    ledger.end("box", f"{os.getpid()}.1", now + 6)
    assert 0 < ledger.take("box", f"{os.getpid()}.2", 1, 1.0, now + 5.5) <= 0.5
    assert ledger.take("another", f"{os.getpid()}.3", 1, 1.0, now + 5.5) == 0


OF_ANOTHER_BOOT = b'{"boot": "another", "slots": {"1.1": 1e12}}'


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"boot": 1}', OF_ANOTHER_BOOT, b"\xff"])
def test_a_ledger_that_cannot_be_read_is_begun_anew(tmp_path: Path, content: bytes) -> None:
    ledger = Ledger(Locks(tmp_path / "locks", SystemClock()))
    ledger.end("box", "1.1", 0.0)
    next((tmp_path / "locks").iterdir()).write_bytes(content)
    assert ledger.take("box", f"{os.getpid()}.1", 1, 1.0, 1000.0) == 0
    assert ledger.take("box", f"{os.getpid()}.2", 1, 1.0, 1000.0) > 0


def test_a_limit_below_one_a_second() -> None:
    """One call in two seconds: counted from the end of one to the begin of the next."""
    clock, begun = SystemClock(), []

    class Sender:
        def send(self, call: Call) -> Reply:
            begun.append(time.monotonic())
            return Reply(200)

        def close(self) -> None:
            pass

    paced = Paced(Sender(), Pace(clock), 2 / 3)
    for _ in range(3):
        paced.send(Call("box", "GET", "/"))
    assert [later - earlier >= 1.5 for earlier, later in itertools.pairwise(begun)] == [True, True]


def test_limits_in_the_configuration_are_checked() -> None:
    for wrong in ({"per_second": -1}, {"per_second": "5"}, {"a_second": 5}, 5, {"concurrency": 1.5}):
        with pytest.raises(ConfigError, match="limits is"):
            connector("box", "scim", {"url": "http://box.test", "limits": wrong})
    slow = connector("box", "scim", {"url": "http://box.test", "limits": {"per_second": 5, "concurrency": 2}})
    traits = slow.traits("account.disable")
    assert (traits.per_second, traits.concurrency) == (5, 2)
    assert slow.traits("http.call").per_second == 5


@pytest.mark.parametrize(("kind", "method"), [("too_many", "GET"), ("too_many_until", "PUT")])
def test_retry_after_is_kept(front: tuple[World, Faults], kind: str, method: str) -> None:
    """A second for everybody, not only for the call that was told so; then the same request once more, with its key."""
    world, proxy = front
    proxy.order(kind, 1, match=lambda asked: asked.method == method and "/ips/" in asked.path)
    world.run(code=3)
    assert world.contained()
    assert (world.counts()["applied"], world.counts()["applied_twice"]) == (world.changes, 0)
    again = [a for a in proxy.asked if a.method == method]
    told = next(a for a in again if "/ips/" in a.path)
    same = [a for a in again if (a.path, a.body) == (told.path, told.body)]
    assert same[1].at - told.at > 0.9
    assert same[1].headers.get("idempotency-key") == told.headers.get("idempotency-key")
    times = sorted(a.at - told.at for a in proxy.asked if a.at >= told.at)
    pause, ends = max((after - before, after) for before, after in itertools.pairwise(times))
    assert pause > 0.5  # what had been sent before the answer was read comes at once, and then nobody asks
    assert ends > 0.9


def said_once(world: World, proxy: Faults, seconds: str) -> Said:
    """A run whose first block of an address is answered 429 with this Retry-After."""
    proxy.canary = seconds
    proxy.order("too_many_for", 1, match=lambda asked: asked.method == "PUT" and "/ips/" in asked.path)
    return world.run()


def test_a_server_that_asks_for_an_hour_is_left_alone(front: tuple[World, Faults]) -> None:
    """Nobody waits that long, and nobody calls it: the rest fails at once and says why, and resume does it later."""
    world, proxy = front
    began = time.monotonic()
    said = said_once(world, proxy, "3600")
    assert said.code == 1
    assert time.monotonic() - began < 60
    told = next(a for a in proxy.asked if a.method == "PUT" and "/ips/" in a.path)
    late = [a for a in proxy.asked if a.at > told.at + 1.0]
    assert late == []
    assert "Retry-After" in world.irtool("status", "--all").text or "Retry-After" in said.text
    proxy.clear()
    world.irtool("resume", "--as", "alice", "--yes", code=3)
    assert world.contained()
    assert world.counts()["applied_twice"] == 0


class Told:
    """A sender with the answers written beforehand, and a clock that only counts."""

    def __init__(self, *answers: Reply) -> None:
        self.answers = list(answers)
        self.slept = 0.0

    def send(self, call: Call) -> Reply:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def close(self) -> None:
        pass

    def now(self) -> object:
        return SystemClock().now()

    def monotonic(self) -> float:
        return self.slept

    def sleep(self, seconds: float) -> None:
        self.slept += seconds


BUSY = Reply(429, "", {"retry-after": "7"})
CALL = Call("box", "PUT", "/x", changes=True, key="k")


def test_the_pace_is_halved_and_comes_back() -> None:
    told = Told(BUSY, Reply(200))
    paced = Paced(told, Pace(told), 0)  # type: ignore[arg-type]
    assert paced.send(CALL).status == 200
    assert told.slept == pytest.approx(7, abs=0.01)
    before = told.slept
    for _ in range(10):
        paced.send(CALL)
    slowed = told.slept - before
    assert slowed > 0.5
    for _ in range(200):
        paced.send(CALL)
    before = told.slept
    for _ in range(10):
        paced.send(CALL)
    assert told.slept - before < slowed / 10


@pytest.mark.parametrize(
    ("value", "waits"),
    [("0", 0), ("5", 5), ("-5", 1), ("soon", 1), ("", 1), ("1e9", 1), ("٣", 1), ("Wed, 01 Jan 2020 00:00:00 GMT", 0)],
)
def test_what_retry_after_may_say(value: str, waits: float) -> None:
    """Seconds or a date (RFC 9110 §10.2.3); nonsense is as good as nothing."""
    told = Told(Reply(429, "", {"retry-after": value}), Reply(200))
    assert Paced(told, Pace(told), 0).send(CALL).status == 200  # type: ignore[arg-type]
    assert told.slept == pytest.approx(waits, abs=0.3)


def test_patience_ends() -> None:
    told = Told(Reply(429, "", {"retry-after": "30"}))
    paced = Paced(told, Pace(told), 0)  # type: ignore[arg-type]
    assert paced.send(CALL).status == 429
    assert told.slept <= LONGEST
    far = Told(Reply(429, "", {"retry-after": "86400"}))
    paced = Paced(far, Pace(far), 0)  # type: ignore[arg-type]
    assert paced.send(CALL).status == 429
    with pytest.raises(NotSent, match=r"box has asked not to be called before \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ"):
        paced.send(CALL)


@pytest.mark.parametrize(
    ("call", "resend", "tries"),
    [
        (CALL, True, 2),
        (CALL, False, 1),
        (Call("box", "GET", "/x"), False, 2),
        (Call("box", "PUT", "/x", changes=True), True, 1),
    ],
)
def test_a_503_is_tried_again_only_where_that_is_harmless(call: Call, resend: bool, tries: int) -> None:
    """A read; a change whose key the server honours. Anything else is in doubt, and for the journal."""
    told = Told(Reply(503), Reply(200))
    reply = Paced(told, Pace(told), 0, resend=resend).send(call)  # type: ignore[arg-type]
    assert reply.status == (200 if tries == 2 else 503)


def test_a_stop_ends_the_wait() -> None:
    stop = threading.Event()
    told = Told(Reply(429, "", {"retry-after": "100"}), Reply(200))
    stop.set()
    assert Paced(told, Pace(told, stop), 0).send(CALL).status == 429  # type: ignore[arg-type]
    assert told.slept == 0

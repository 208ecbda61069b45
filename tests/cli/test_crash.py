"""`irtool run` is killed in the middle: after `irtool resume` every change was made once and none is lost.

What was made is counted at the provider, which logs every request and knows which of them changed something.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from .conftest import Make
from .world import DESTINATION, INCIDENT, World

RUN = ("run", "email-abuse", "complaint.eml", "--as", "alice", "--yes")


def kill_when(world: World, words: tuple[str, ...], ready: Callable[[], bool]) -> bool:
    """Start it, and kill -9 once `ready`; False if it had ended by itself before that."""
    process = world.irtool.start(*words)
    try:
        end = time.monotonic() + 60
        while not ready() and process.poll() is None:
            assert time.monotonic() < end, "it never came so far"
            time.sleep(0.002)
        return process.poll() is None
    finally:
        process.kill()
        process.communicate()


def applied(world: World, number: int) -> Callable[[], bool]:
    return lambda: bool(world.counts()["applied"] >= number)


def answered_slowly(world: World) -> Callable[[], bool]:
    """Whether a request that was made slow has been carried out."""

    def answered() -> bool:
        with world.provider.session() as state:
            return any(isinstance(row, dict) and row["fault"] == "slow" for row in state.requests.page(limit=1000))

    return answered


def order_slow(world: World, match: str, method: str, seconds: float = 0.6, times: int = 1) -> None:
    with world.provider.session() as state:
        state.requests.order_fault("slow", times, match, method, seconds)


def slow_taken(world: World) -> Callable[[], bool]:
    def taken() -> bool:
        with world.provider.session() as state:
            return not state.requests.faults()

    return taken


def settle_down(world: World) -> None:
    """Wait until the provider has finished what the dead process had asked of it."""
    seen = -1
    while seen != (seen := world.counts()["requests"]):
        time.sleep(0.3)


def assert_made_once(world: World) -> None:
    counts = world.counts()
    assert (counts["applied"], counts["applied_twice"]) == (world.changes, 0)
    assert world.contained()
    assert world.irtool("verify", "--json", code=0).json["whole"] is True
    states = world.irtool("status", "--json", code=0).json[0]["counts"]
    assert states == {"done": world.changes, "planned": 3}


@pytest.mark.parametrize("part", [0.0, 0.4, 0.95], ids=lambda p: f"after {p:.0%}")
def test_killed_run_is_resumed(make: Make, part: float) -> None:
    """Killed after so many of the changes."""
    world = make(trials=12, ips_each=6)
    order_slow(world, "/v1/blocks/ips/", "PUT", 0.02, times=60)  # so that there is a middle
    assert kill_when(world, RUN, applied(world, max(1, int(part * world.changes))))
    settle_down(world)
    world.irtool("resume", "--as", "alice", "--yes", code=3)
    assert_made_once(world)


@pytest.mark.parametrize(
    ("match", "method"),
    [("/v1/blocks/domains/", "PUT"), ("/v1/queue/hold", "POST"), ("/v1/accounts/", "PATCH"), ("/v1/submit", "POST")],
)
def test_killed_while_a_request_is_under_way(small: World, match: str, method: str) -> None:
    """The provider carries the request out after the process is dead: it must not be carried out again."""
    order_slow(small, match, method)
    assert kill_when(small, RUN, slow_taken(small))
    assert not answered_slowly(small)()
    wait(answered_slowly(small))
    small.irtool("resume", "--as", "alice", "--yes", code=3)
    assert_made_once(small)


def test_resumed_before_the_lost_request_arrives(small: World) -> None:
    """The dead process's request is still on its way when the look says "absent": sent again, applied once."""
    order_slow(small, "/v1/blocks/domains/", "PUT", 4.0)
    assert kill_when(small, RUN, slow_taken(small))
    small.irtool("resume", "--as", "alice", "--yes", code=3)
    assert not answered_slowly(small)()
    assert small.contained()
    wait(answered_slowly(small))
    assert_made_once(small)


def test_killed_before_anything_and_killed_again(make: Make) -> None:
    """While the plan is looked up nothing is changed; a resume that is killed too can be resumed."""
    world = make(trials=6, ips_each=4)
    order_slow(world, "/v1/accounts/", "GET", 0.3)
    assert kill_when(world, RUN, slow_taken(world))
    assert world.counts()["applied"] == 0
    assert world.irtool("resume", "--as", "alice", code=2).err.splitlines()[0].endswith("has no plan yet")
    world.irtool("plan", INCIDENT, "--as", "alice", code=0)
    order_slow(world, "/v1/blocks/ips/", "PUT", 0.02, times=20)
    for number in (3, 12):
        assert kill_when(world, ("resume", "--as", "alice", "--yes"), applied(world, number))
        settle_down(world)
    world.irtool("resume", "--as", "alice", "--yes", code=3)
    assert_made_once(world)


def test_killed_undo_is_undone_once(small: World) -> None:
    """What an undo had not reached when it was killed, the next one takes back; nothing is left, nothing twice."""
    before = small.provider.dump()
    small.run(code=3)
    order_slow(small, "/v1/blocks/ips/", "DELETE")
    assert kill_when(small, ("undo", "--as", "alice", "--yes"), slow_taken(small))
    wait(answered_slowly(small))
    small.irtool("undo", "--as", "alice", "--yes", code=0)
    assert small.provider.dump() == before
    assert small.counts()["applied"] == 2 * small.changes


def test_the_second_of_two_runs_is_refused(small: World) -> None:
    """One process at a time works on an incident; the other one changes nothing."""
    small.irtool("plan", "email-abuse", "complaint.eml", "--as", "alice", code=0)
    order_slow(small, "/v1/blocks/domains/", "PUT", 2.0)
    first = small.irtool.start("run", INCIDENT, "--as", "alice", "--yes")
    wait(slow_taken(small))
    refused = small.irtool("run", INCIDENT, "--as", "bianca", "--yes", code=5)
    assert f"{INCIDENT} is being worked on by alice, process {first.pid}" in refused.err
    assert "Next:" in refused.err
    first.communicate(timeout=60)
    assert first.returncode == 3
    assert_made_once(small)


def test_one_ctrl_c_finishes_what_is_in_flight(make: Make) -> None:
    """130, with nothing in doubt; resume does the rest."""
    world = make(trials=8, ips_each=5)
    order_slow(world, "/v1/blocks/ips/", "PUT", 0.15, times=40)
    process = world.irtool.start(*RUN)
    wait(applied(world, 14))
    process.send_signal(signal.SIGINT)
    _, talk = process.communicate(timeout=60)
    assert process.returncode == 130, talk.decode()
    assert "finishing what is in flight" in talk.decode()
    assert f"irtool resume {INCIDENT}" in talk.decode()
    status = world.irtool("status", "--json", code=0).json[0]
    assert status["status"] == "interrupted"
    assert set(status["counts"]) == {"done", "planned"}
    assert world.counts()["applied"] == status["counts"]["done"] < world.changes
    world.irtool("resume", "--as", "alice", "--yes", code=3)
    assert_made_once(world)


def test_a_second_ctrl_c_stops_at_once(small: World) -> None:
    """130 long before the server answers; what was in flight is unknown until resume has looked."""
    order_slow(small, "/v1/blocks/domains/", "PUT", 4.0)
    process = small.irtool.start(*RUN)
    wait(slow_taken(small))
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    _, talk = process.communicate(timeout=60)
    took = time.monotonic() - began
    assert process.returncode == 130, talk.decode()
    assert "Traceback" not in talk.decode()
    assert took < 3
    assert not answered_slowly(small)()
    small.irtool("resume", "--as", "alice", "--yes", code=3)
    assert_made_once(small)


def wait(ready: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not ready():
        assert time.monotonic() < end
        time.sleep(0.002)


@dataclass
class SlowPost:
    """An SMTP server that has the whole message and does not say so until it may."""

    kept: list[str] = field(default_factory=list)
    may_answer: threading.Event = field(default_factory=threading.Event)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.kept += envelope.rcpt_tos
        while not self.may_answer.is_set():
            await asyncio.sleep(0.02)
        return "250 2.0.0 kept"


@pytest.fixture
def slow_post() -> Iterator[tuple[SlowPost, str]]:
    post = SlowPost()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    controller = Controller(post, hostname="127.0.0.1", port=port)
    controller.start()
    yield post, f"smtp://127.0.0.1:{port}"
    post.may_answer.set()
    controller.stop()


def test_a_notice_in_doubt_is_never_sent_twice(small: World, slow_post: tuple[SlowPost, str]) -> None:
    """Killed between the message and its receipt: nobody can look that up, so a person says what became of it."""
    post, url = slow_post
    small.configure(notices={"smtp": url, "from": "Security <security@gateway.example>"})
    small.run(code=3)
    small.irtool("approve", INCIDENT, "purge-queue", "--as", "bianca", code=0)
    small.irtool("approve", INCIDENT, "notify", "--item", "C1", "--as", "bianca", code=0)
    assert kill_when(small, ("resume", "--as", "alice"), lambda: bool(post.kept))
    post.may_answer.set()
    said = small.irtool("resume", "--as", "alice", code=4)
    assert "notify/C1" in said.err
    assert f"irtool resume {INCIDENT}" in said.err
    assert post.kept == ["sicurezza@acme.example"]
    small.irtool("approve", INCIDENT, "notify", "--item", "C2", "--as", "bianca", code=0)
    small.irtool("resume", "--settle", "notify/C1=done", "--as", "alice", code=0)
    assert post.kept == ["sicurezza@acme.example", "soc@blue.example"]
    states = small.irtool("status", "--json").json[0]["counts"]
    assert states == {"done": small.changes + 3}


def test_a_hung_up_provider_is_a_failure_not_a_crash(small: World) -> None:
    """The provider answers 500 after it did the work: looked at, found done, counted once."""
    with small.provider.session() as state:
        state.requests.order_fault("apply_then_500", 1, f"/v1/blocks/domains/{DESTINATION}", "PUT", 0.0)
        state.requests.order_fault("garbage", 1, "/v1/accounts/T000", "PATCH", 0.0)
    small.run(code=3)
    assert_made_once(small)

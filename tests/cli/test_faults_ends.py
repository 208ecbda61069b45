"""Everything that ends a run before its end: signals, a closed terminal, a full or read-only disk, edited files.

Afterwards `irtool resume` finds each change made at most once, and makes what is left.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable

import pytest

from irtool.playbook import locate

from .conftest import Make
from .terminal import PATIENCE
from .test_crash import RUN, answered_slowly, applied, assert_made_once, kill_when, order_slow, slow_taken, wait
from .world import DESTINATION, INCIDENT, World

Process = subprocess.Popen[bytes]


def start(world: World, *words: str, before: Callable[[], object], **more: object) -> Process:
    """Type it, after something was done to the new process."""
    given = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more}
    return subprocess.Popen(  # type: ignore[call-overload,no-any-return]
        world.irtool.argv(*words), cwd=world.folder, env=world.irtool.env(), start_new_session=True,
        preexec_fn=before, **given,  # noqa: PLW1509 (one system call)
    )  # fmt: skip


def ended(world: World, *command: str) -> tuple[int, str]:
    """The exit code of any command, and what it said on stderr, on one line."""
    done = subprocess.run(
        command, cwd=world.folder, env=world.irtool.env(), capture_output=True, timeout=PATIENCE, check=False
    )
    return done.returncode, " ".join(done.stderr.decode().split())


def resume(world: World) -> None:
    world.irtool("resume", "--as", "alice", "--yes", code=3)
    assert_made_once(world)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=lambda n: n.name)
def test_an_end_from_outside_finishes_what_is_in_flight(make: Make, number: signal.Signals) -> None:
    """As one Ctrl-C does: 130, nothing in doubt. Told twice, as by a terminal and its shell, it still does."""
    world = make(trials=4, ips_each=4)
    order_slow(world, "/v1/blocks/ips/", "PUT", 0.2, times=16)
    process = world.irtool.start(*RUN)
    wait(applied(world, 8))
    process.send_signal(number)
    time.sleep(0.05)
    process.send_signal(number)
    _, talk = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130, talk.decode()
    assert "finishing what is in flight" in talk.decode()
    counts = world.irtool("status", "--json", code=0).json[0]["counts"]
    assert set(counts) == {"done", "planned"}
    assert world.counts()["applied"] == counts["done"] < world.changes
    resume(world)


def test_a_terminal_that_is_closed(make: Make) -> None:
    """The window is gone: there is nobody to talk to, and what is in flight is finished all the same."""
    world = make(trials=4, ips_each=4)
    order_slow(world, "/v1/blocks/ips/", "PUT", 0.2, times=16)
    ours, theirs = pty.openpty()
    shell = {"stdin": theirs, "stdout": theirs, "stderr": theirs}
    process = start(world, *RUN, before=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0), **shell)
    os.close(theirs)
    wait(applied(world, 8))
    os.close(ours)
    assert process.wait(timeout=PATIENCE) == 130
    counts = world.irtool("status", "--json", code=0).json[0]["counts"]
    assert set(counts) == {"done", "planned"}
    resume(world)


def test_under_nohup_it_goes_on(small: World) -> None:
    order_slow(small, "/v1/blocks/domains/", "PUT", 1.0)
    process = start(small, *RUN, before=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    wait(slow_taken(small))
    process.send_signal(signal.SIGHUP)
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 3
    assert_made_once(small)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda n: n.name)
def test_an_end_while_it_plans(small: World, number: signal.Signals) -> None:
    """Nothing was changed, so there is nothing to finish; a second one does not wait for a server that hangs."""
    order_slow(small, "/v1/accounts/", "GET", 8.0)
    process = small.irtool.start(*RUN)
    wait(slow_taken(small))
    began = time.monotonic()
    process.send_signal(number)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert time.monotonic() - began < 6
    assert small.counts()["applied"] == 0
    small.irtool("plan", INCIDENT, "--as", "alice", code=0)
    resume(small)


@pytest.mark.parametrize("kilobytes", [40, 100, 160])
def test_a_full_disk(make: Make, kilobytes: int) -> None:
    """The journal cannot grow: nothing is sent that could not be recorded, and the end says what to type."""
    world = make(trials=6, ips_each=6)
    world.irtool("plan", "email-abuse", "complaint.eml", "--as", "alice", code=0)
    code, talk = ended(world, "bash", "-c", f"ulimit -f {kilobytes}; exec irtool run {INCIDENT} --as alice --yes")
    assert code == 1, talk
    assert "irtool.db cannot be written: " in talk
    assert "Next: free the disk" in talk
    assert "Traceback" not in talk
    before = world.counts()["applied"]
    assert before < world.changes
    resume(world)


WITHOUT_ROOTS_POWER = ("setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override")


def test_a_journal_that_may_only_be_read(small: World) -> None:
    """Root may always write, unless that power is taken away. Nothing is sent, and it is said why."""
    small.irtool("plan", "email-abuse", "complaint.eml", "--as", "alice", code=0)
    journal = small.folder / "irtool.db"
    journal.chmod(0o444)
    small.folder.chmod(0o555)
    weak = WITHOUT_ROOTS_POWER if os.geteuid() == 0 else ()
    code, talk = ended(small, *weak, *small.irtool.argv("run", INCIDENT, "--as", "alice", "--yes"))
    small.folder.chmod(0o755)
    journal.chmod(0o600)
    assert code in {1, 2}, talk
    assert "irtool.db" in talk
    assert re.search("readonly|read-only|Permission denied|unable to open", talk), talk
    assert "Next: " in talk
    assert "Traceback" not in talk
    assert small.counts()["applied"] == 0
    resume(small)


def test_a_playbook_edited_or_deleted_meanwhile(small: World) -> None:
    """The incident keeps what it was opened with."""
    mine = small.folder / "mine.yaml"
    mine.write_text(locate("email-abuse")[1])
    small.irtool("run", "mine.yaml", "complaint.eml", "--as", "alice", "--yes", code=3)
    mine.write_text("playbook: something-else\nsteps: []\n")
    small.irtool("approve", INCIDENT, "purge-queue", "--as", "bianca", code=0)
    small.irtool("resume", "--as", "alice", code=3)
    assert small.counts()["applied"] == small.changes + 1
    mine.unlink()
    small.irtool("approve", INCIDENT, "notify", "--as", "bianca", code=0)
    small.irtool("resume", "--as", "alice", code=0)
    assert small.irtool("status", "--json").json[0]["counts"] == {"done": small.changes + 3}


def test_a_connector_removed_meanwhile(small: World) -> None:
    """Said before anything is done, with the change it is about; with the connector back it goes on."""
    small.irtool("plan", "email-abuse", "complaint.eml", "--as", "alice", code=0)
    small.configure(connectors={"other": {"kind": "http", "url": small.url}})
    said = small.irtool("run", INCIDENT, "--as", "alice", "--yes", code=2)
    assert f"block-domains/{DESTINATION}" in said.talk
    assert "connector sandbox" in said.talk
    assert small.counts()["applied"] == 0
    small.configure()
    small.irtool("run", INCIDENT, "--as", "alice", "--yes", code=3)
    assert_made_once(small)
    small.configure(connectors={"other": {"kind": "http", "url": small.url}})
    assert "connector sandbox" in small.irtool("undo", "--as", "alice", "--yes", code=2).talk
    assert small.contained()


OUT_OF_MEMORY = """
import sys, threading
from irtool.adapters import http
from irtool.__main__ import main

real, count, lock = http.HttpSender.send, [0], threading.Lock()

def send(self, call):
    reply = real(self, call)
    with lock:
        count[0] += call.changes
        if call.changes and count[0] == 4:
            raise MemoryError
    return reply

http.HttpSender.send = send
sys.argv = ["irtool", "run", "email-abuse", "complaint.eml", "--as", "alice", "--yes"]
main()
"""


def test_a_worker_that_runs_out_of_memory(small: World) -> None:
    """Just after its request was carried out: the run ends, the others finish what they have begun."""
    code, talk = ended(small, sys.executable, "-c", OUT_OF_MEMORY)
    assert code == 1
    assert "MemoryError" in talk
    assert 4 <= small.counts()["applied"] < small.changes
    resume(small)


def test_a_killed_expire_is_finished_by_the_next(small: World) -> None:
    """What was to last for a moment is taken back once, also what the dead process had in flight."""
    before = small.provider.dump()
    playbook = locate("email-abuse")[1].replace("expires: 30d", "expires: 1s")
    (small.folder / "short.yaml").write_text(playbook)
    small.irtool("run", "short.yaml", "complaint.eml", "--as", "alice", "--yes", code=3)
    time.sleep(1.1)
    order_slow(small, "/v1/blocks/ips/", "DELETE")
    assert kill_when(small, ("expire",), slow_taken(small))
    wait(answered_slowly(small))
    small.irtool("expire", code=0)
    left = [row for row in small.provider.dump()["blocks"] if row[0] == "ips"]  # type: ignore[union-attr]
    assert left == [row for row in before["blocks"] if row[0] == "ips"]  # type: ignore[union-attr]
    assert small.counts()["applied_twice"] == 0
    counts = small.counts()["applied"]
    assert small.irtool("expire", code=0).text.strip() == ""
    assert small.counts()["applied"] == counts

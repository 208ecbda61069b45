"""One writer at a time, between processes too."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import threading
import time

import pytest

from irtool.errors import NotSent
from irtool.run.locks import Locks

HOLDER = """
import sys, pathlib
from irtool.run.locks import Locks
with Locks(pathlib.Path(sys.argv[1]), None).held("rspamd list"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_another_process_is_waited_for_and_its_death_frees_the_lock(tmp_path, world):
    locks = Locks(tmp_path, world.clock, patience=1)
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(NotSent, match="rspamd list"), locks.held("rspamd list"):
            pytest.fail("two writers")
        assert world.clock.slept >= 1
        with locks.held("another list"), locks.held(""):
            pass
        other.kill()
    with locks.held("rspamd list"):
        pass
    assert len(list(tmp_path.iterdir())) == 2


def test_without_a_place_for_the_lock_nothing_is_done(tmp_path, world):
    """A full or read-only disk is said, and is no crash."""
    taken = tmp_path / "locks"
    taken.write_text("a file where the folder should be")
    with (
        pytest.raises(NotSent, match=r"the lock one cannot be taken: .*locks: "),
        Locks(taken, world.clock).held("one"),
    ):
        pytest.fail("held")


@pytest.mark.parametrize(("rights", "folder", "file"), [(0o660, 0o770, 0o660), (0o600, 0o755, 0o600)])
def test_who_may_write_the_journal_may_take_the_locks(tmp_path, world, rights, folder, file):
    journal = tmp_path / "irtool.db"
    journal.touch()
    journal.chmod(rights)
    locks = tmp_path / "irtool.db.locks"
    before = os.umask(0o022)
    try:
        with Locks(locks, world.clock).held("one"):
            made = next(locks.iterdir())
    finally:
        os.umask(before)
    assert (stat.S_IMODE(locks.stat().st_mode), stat.S_IMODE(made.stat().st_mode)) == (folder, file)


class _Real:
    """Waits for real, and not for long."""

    def sleep(self, _seconds):
        time.sleep(0.001)


def test_those_who_share_are_together_and_see_the_marks_of_who_was_alone(tmp_path):
    locks = Locks(tmp_path / "locks", _Real())
    with locks.shared("d") as before, locks.shared("d") as again:
        assert (before, again) == (0, 0)
        with pytest.raises(NotSent), Locks(tmp_path / "locks", _Real(), patience=0.5).alone("d"):
            pytest.fail("alone, and yet not")
    with (
        locks.alone("d"),
        pytest.raises(NotSent),
        Locks(tmp_path / "locks", _Real(), patience=0.5).shared("d"),
    ):
        pytest.fail("shared with who is alone")
    with locks.shared("d") as after:
        assert after == 1, "one was alone; who only waited left no mark"


def test_many_who_share_do_not_keep_who_wants_to_be_alone_waiting_for_ever(tmp_path):
    locks, over = Locks(tmp_path / "locks", _Real(), patience=20), threading.Event()

    def share():
        while not over.is_set():
            with locks.shared("d"):
                time.sleep(0.002)

    threads = [threading.Thread(target=share) for _ in range(6)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(5):
            with locks.alone("d"):
                pass
    finally:
        over.set()
        for thread in threads:
            thread.join()
    with locks.shared("d") as marks:
        assert marks == 5


def test_a_folder_that_somebody_has_removed_is_made_anew(tmp_path, world):
    locks = Locks(tmp_path / "locks", world.clock)
    with locks.shared("d"):
        pass
    shutil.rmtree(tmp_path / "locks")
    with locks.alone("d"), locks.held("e"):
        assert (tmp_path / "locks").is_dir()

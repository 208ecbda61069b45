"""One writer at a time, between processes too."""

from __future__ import annotations

import os
import stat
import subprocess
import sys

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

"""Folders for work in progress: gone when the process is, however it ended, and never anybody else's."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from irtool.adapters.scratch import Scratch

NAME = "irtool-log-"
HOLD = f"from irtool.adapters.scratch import Scratch; s = Scratch({NAME!r}); print(s.name, flush=True); input()"
ASK = """
import os, signal, sys, threading
import typer
from irtool.adapters.logs import DirectoryFiles, open_log
from irtool.cli.out import door

def main():
    with door(), open_log([], DirectoryFiles()) as log:
        threading.Timer(0.1, os.kill, (os.getpid(), getattr(signal, number))).start()
        for _ in range(20):
            log.query("SELECT count(*) FROM range(50000000) a WHERE hash(a.range) = 1")

number = sys.argv.pop()
typer.run(main)
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The temporary folder of this test, here and in what it starts."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def holder() -> tuple[subprocess.Popen[str], Path]:
    process = subprocess.Popen([sys.executable, "-c", HOLD], stdin=-1, stdout=-1, text=True)
    assert process.stdout
    return process, Path(process.stdout.readline().strip())


def end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def test_it_is_removed_with_what_is_in_it(place: Path) -> None:
    scratch = Scratch(NAME)
    (Path(scratch.name) / "log-0.parquet").write_bytes(b"x")
    scratch.cleanup()
    assert list(place.iterdir()) == []


def test_what_a_killed_process_left_is_cleared_by_the_next(place: Path) -> None:
    process, left = holder()
    (left / "spill").mkdir()
    end(process)
    assert left.is_dir()
    scratch = Scratch(NAME)
    assert list(place.iterdir()) == [Path(scratch.name)]
    scratch.cleanup()


def test_what_a_living_process_holds_stays(place: Path) -> None:
    process, held = holder()
    try:
        Scratch(NAME).cleanup()
        assert list(place.iterdir()) == [held]
    finally:
        end(process)


def test_only_folders_that_nobody_can_be_using_go(place: Path) -> None:
    """Without a lock: one that is old (made by an older version), not one that is just being made; never a link."""
    old, new, other = place / f"{NAME}old", place / f"{NAME}new", place / "mine"
    for folder in (old, new, other):
        folder.mkdir()
    (place / f"{NAME}link").symlink_to(other)
    (other / "lock").touch()
    os.utime(old, (0, 0))
    Scratch(NAME).cleanup()
    assert {one.name for one in place.iterdir()} == {new.name, other.name, f"{NAME}link"}
    assert (other / "lock").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda n: n.name)
def test_a_question_that_is_interrupted_leaves_nothing_and_is_no_fault(place: Path, number: signal.Signals) -> None:
    """The engine notices the signal before Python does, and says it as an error of its own."""
    done = subprocess.run(
        [sys.executable, "-c", ASK, number.name], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 130, done.stderr
    assert "Traceback" not in done.stderr
    assert "interrupted; nothing is lost" in done.stderr
    assert list(place.iterdir()) == []

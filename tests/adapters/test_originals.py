"""The folder of complaints: whole or not at all, once each, private, and never believed without its hash."""

from __future__ import annotations

import hashlib
import os
import stat
import threading
from pathlib import Path

import pytest

from irtool.adapters.originals import Altered, Originals
from irtool.errors import IrtoolError

CONTENT = b"From: a@b.example\r\n\r\n\x00\xffraw"
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def folder(tmp_path: Path) -> Originals:
    return Originals(tmp_path / "irtool.db.evidence", tmp_path / "irtool.db")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_what_is_kept_comes_back_byte_for_byte(folder: Originals) -> None:
    assert folder.keep(CONTENT) == DIGEST
    assert folder.read(DIGEST, len(CONTENT)) == CONTENT


def test_it_is_for_the_owner_alone_and_has_no_ending(folder: Originals) -> None:
    """Whatever the umask says."""
    before = os.umask(0)
    try:
        folder.keep(CONTENT)
    finally:
        os.umask(before)
    assert mode(folder.folder) == 0o700
    assert [path.name for path in folder.folder.iterdir()] == [DIGEST]
    assert mode(folder.folder / DIGEST) == 0o600


def test_a_group_that_shares_the_journal_shares_the_evidence(folder: Originals, tmp_path: Path) -> None:
    journal = tmp_path / "irtool.db"
    journal.touch()
    journal.chmod(0o660)
    folder.keep(CONTENT)
    assert (mode(folder.folder), mode(folder.folder / DIGEST)) == (0o770, 0o640)


def test_the_same_bytes_are_kept_once(folder: Originals) -> None:
    folder.keep(CONTENT)
    first = (folder.folder / DIGEST).stat()
    folder.keep(CONTENT)
    again = (folder.folder / DIGEST).stat()
    assert (first.st_ino, first.st_mtime_ns) == (again.st_ino, again.st_mtime_ns)


@pytest.mark.parametrize("damage", [CONTENT[:-1] + b"x", CONTENT[:-1], b"", CONTENT + b" "])
def test_a_changed_byte_is_found(folder: Originals, damage: bytes) -> None:
    folder.keep(CONTENT)
    (folder.folder / DIGEST).write_bytes(damage)
    with pytest.raises(Altered, match="was changed after it was kept"):
        folder.read(DIGEST, len(CONTENT))


def test_a_damaged_file_is_written_anew_when_the_same_complaint_comes_again(folder: Originals) -> None:
    folder.keep(CONTENT)
    (folder.folder / DIGEST).write_bytes(b"damaged")
    folder.keep(CONTENT)
    assert folder.read(DIGEST, len(CONTENT)) == CONTENT


def test_a_lost_file_a_link_a_pipe_and_no_digest_are_no_evidence(folder: Originals, tmp_path: Path) -> None:
    folder.keep(CONTENT)
    path = folder.folder / DIGEST
    path.unlink()
    with pytest.raises(Altered, match="is not in"):
        folder.read(DIGEST, len(CONTENT))
    (tmp_path / "elsewhere").write_bytes(CONTENT)
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Altered, match="cannot be read"):
        folder.read(DIGEST, len(CONTENT))
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(Altered, match="was changed"):
        folder.read(DIGEST, len(CONTENT))
    with pytest.raises(Altered, match="is no SHA-256"):
        folder.read("../irtool.db", 0)


def test_where_nothing_can_be_written_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "irtool.db.evidence").write_text("a file in the way")
    with pytest.raises(IrtoolError, match="cannot be kept") as caught:
        Originals(tmp_path / "irtool.db.evidence", tmp_path / "irtool.db").keep(CONTENT)
    assert caught.value.hint
    assert "nothing was recorded" in caught.value.done


def test_no_draft_is_left_behind_when_writing_fails(folder: Originals, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(IrtoolError, match="No space left on device"):
        folder.keep(CONTENT)
    assert list(folder.folder.iterdir()) == []


def test_many_at_once_do_not_disturb_each_other(folder: Originals) -> None:
    """Sixteen threads, four complaints: each is there, whole, and nothing else."""
    contents = [bytes([n]) * 100_000 for n in range(4)]
    threads = [threading.Thread(target=folder.keep, args=(contents[n % 4],)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    digests = {hashlib.sha256(content).hexdigest() for content in contents}
    assert {path.name for path in folder.folder.iterdir()} == digests
    assert all(folder.read(hashlib.sha256(content).hexdigest(), len(content)) == content for content in contents)

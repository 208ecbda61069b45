"""Complaints as they are named on the command line: files, folders, Maildirs, stdin."""

from __future__ import annotations

import io
import os
import sys
from types import SimpleNamespace

import pytest

from irtool.cli import sources
from irtool.cli.sources import read_all
from irtool.errors import InputError
from irtool.intake import read_complaints

MESSAGE = b"From: a@b.example\nSubject: x\n\nhttp://c.example/\n"


def put(folder, *names, content=MESSAGE):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def names(folder) -> list[str]:
    return [os.path.relpath(name, folder) for name, _ in read_all([str(folder)])]


def test_a_folder_is_read_to_the_bottom_in_order_without_hidden_files_and_links(tmp_path):
    put(tmp_path, "b.eml", "a/c.eml", "a/d/e.txt", ".git/x", "a/.hidden")
    (tmp_path / "link.eml").symlink_to(tmp_path / "b.eml")
    (tmp_path / "loop").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    assert names(tmp_path) == ["a/c.eml", "a/d/e.txt", "b.eml"]


def test_of_a_maildir_only_the_messages(tmp_path):
    put(
        tmp_path,
        "cur/1.M1P1.host:2,S",
        "new/2.host",
        "tmp/3.host",
        "dovecot.index",
        ".Junk/cur/4:2,",
        ".Junk/maildirfolder",
    )
    (tmp_path / ".Junk" / "new").mkdir()
    assert names(tmp_path) == [".Junk/cur/4:2,", "cur/1.M1P1.host:2,S", "new/2.host"]


def test_junk_in_a_folder_does_not_stop_the_rest(tmp_path):
    put(tmp_path, "good.eml")
    put(tmp_path, "junk.png", content=b"\x89PNG\0\0\0")
    put(tmp_path, "empty", content=b"")
    (one,) = read_complaints(read_all([str(tmp_path)]))
    assert one.source.endswith("/good.eml")
    assert [fault.rpartition("/")[2] for fault in one.faults] == ["junk.png is binary data, not a message"]


@pytest.mark.parametrize(
    ("limit", "value", "message"),
    [
        ("MAX_FILES", 2, "more than 2 files"),
        ("MAX_TOTAL", 100, "nothing was read"),
        ("MAX_DEPTH", 0, "no file in this"),
    ],
)
def test_caps(tmp_path, monkeypatch, limit, value, message):
    put(tmp_path, "a/1", "a/2", "a/3")
    monkeypatch.setattr(sources, limit, value)
    with pytest.raises(InputError, match=message):
        read_all([str(tmp_path)])


def test_a_large_message_is_refused_and_a_large_archive_read(tmp_path):
    big = tmp_path / "big"
    for head, fits in ((b"From: a@b", False), (b"PK\x03\x04", True), (b"From a@b Mon Apr 14 15:00:00 2025\n", True)):
        with big.open("wb") as file:
            file.write(head)
            file.truncate(30_000_000)
        if fits:
            assert len(read_all([str(big)])[0][1]) == 30_000_000
        else:
            with pytest.raises(InputError, match="30 MB is too large for a complaint"):
                read_all([str(big)])


def test_stdin(monkeypatch):
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(MESSAGE * 100)))
    assert read_all(["-"]) == [("-", MESSAGE * 100)]


def test_what_is_missing_or_empty_is_said(tmp_path):
    with pytest.raises(InputError, match="No such file"):
        read_all([str(tmp_path / "no")])
    put(tmp_path, "empty", content=b"")
    with pytest.raises(InputError, match="every file is empty"):
        read_all([str(tmp_path)])
    assert read_all([str(tmp_path / "empty")]) == [(str(tmp_path / "empty"), b"")]

"""Zip, gzip and mbox files in each other: every piece is named, what is kept out is said, nothing blows up."""

from __future__ import annotations

import contextlib
import gzip
import io
import struct
import time
import tracemalloc
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from irtool.errors import InputError
from irtool.intake import read_complaint, read_complaints, size_limit

MESSAGE = b"From: a@b.example\nSubject: %d\n\nbody http://c.example/\n"
POSTMARK = b"From bounce@b.example Mon Apr 14 15:00:00 2025\n"


def mbox(count: int) -> bytes:
    return b"".join(POSTMARK + MESSAGE % n + b"\n" for n in range(1, count + 1))


def read(name: str, content: bytes) -> list[tuple[str, str | None]]:
    return [(one.source, one.subject) for one in read_complaints([(name, content)])]


def test_a_zip_of_everything(zipped):
    inner = zipped({"c.eml": MESSAGE % 5})
    content = zipped(
        {
            "a/b.eml": MESSAGE % 1,
            "box": mbox(2),
            "one.gz": gzip.compress(MESSAGE % 4),
            "inner.zip": inner,
            "__MACOSX/a/._b.eml": b"junk",
            ".DS_Store": b"junk",
            "notes.txt": b"bad: evil[.]example",
        }
    )
    assert read("samples.zip", content) == [
        ("samples.zip: a/b.eml", "1"),
        ("samples.zip: box message 1", "1"),
        ("samples.zip: box message 2", "2"),
        ("samples.zip: one.gz", "4"),
        ("samples.zip: inner.zip: c.eml", "5"),
        ("samples.zip: notes.txt", None),
    ]


def test_the_format_is_found_by_content_not_by_name(zipped):
    assert read("photo.jpg", zipped({"x.exe": MESSAGE % 1})) == [("photo.jpg: x.exe", "1")]
    assert read("x.eml", gzip.compress(mbox(2))) == [("x.eml message 1", "1"), ("x.eml message 2", "2")]


def test_mbox_separators_count_only_after_an_empty_line():
    text = POSTMARK + MESSAGE % 1 + b"From the start of 2025\nFrom me to you 2025\n\nFrom here on\n\n"
    windows = (POSTMARK + MESSAGE % 2 + b"\n" + POSTMARK + MESSAGE % 3).replace(b"\n", b"\r\n")
    assert read("box.mbox", text) == [("box.mbox", "1")]
    assert read("box.mbox", windows) == [("box.mbox message 1", "2"), ("box.mbox message 2", "3")]
    assert read("box.mbox", text + windows.replace(b"\r\n", b"\n"))[-1] == ("box.mbox message 3", "3")


def test_one_bad_member_does_not_lose_the_others(zipped):
    content = zipped(
        {"junk.png": b"\x89PNG\0\0\0\0" * 50, "empty.eml": b"", "good.eml": MESSAGE % 1, "x.pdf": b"%PDF-1.7"}
    )
    (one,) = read_complaints([("s.zip", content)])
    assert (one.source, one.from_) == ("s.zip: good.eml", ("a@b.example",))
    assert one.faults == (
        "not read: s.zip: junk.png is binary data, not a message",
        "not read: s.zip: empty.eml is empty",
        "not read: s.zip: x.pdf is not a message: it is a PDF; give the message itself, or its text",
    )


def test_one_bad_source_does_not_lose_the_others():
    both = read_complaints([("bad.bin", b"\0" * 100), ("good.eml", MESSAGE % 1)])
    assert [one.source for one in both] == ["good.eml"]
    assert both[0].faults == ("not read: bad.bin is binary data, not a message",)
    with pytest.raises(InputError, match=r"2 files could not be read: bad\.bin is binary data.*; b is empty"):
        read_complaints([("bad.bin", b"\0" * 100), ("b", b"")])


def encrypted(content: bytes) -> bytes:
    """With the flag that says so, in both places."""
    changed = bytearray(content)
    changed[6] |= 1
    changed[content.index(b"PK\x01\x02") + 8] |= 1
    return bytes(changed)


def test_an_encrypted_member_is_a_fault(zipped):
    locked, plain = encrypted(zipped({"secret.eml": MESSAGE % 1})), MESSAGE % 2
    with pytest.raises(InputError, match=r"s\.zip: secret\.eml is encrypted; it was not read"):
        read_complaint("s.zip", locked)
    (one,) = read_complaints([("t.zip", zipped({"in.zip": locked, "b.eml": plain}))])
    assert (one.subject, one.faults) == ("2", ("t.zip: in.zip: secret.eml is encrypted; it was not read",))


def lying_about_its_size(content: bytes) -> bytes:
    """The directory promises 20 bytes for a member that unpacks to many more."""
    at = content.index(b"PK\x01\x02")
    return content[: at + 24] + struct.pack("<I", 20) + content[at + 28 :]


def many_members(count: int) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a", b"")
    data = file.getvalue()
    entry = data[data.index(b"PK\x01\x02") : data.index(b"PK\x05\x06")]
    head, end = data[: data.index(b"PK\x01\x02")], data[data.index(b"PK\x05\x06") :]
    return head + entry * count + end[:12] + struct.pack("<II", len(entry) * count, len(head)) + end[20:]


def nested_zip(depth: int) -> bytes:
    content = MESSAGE % 1
    for _ in range(depth):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("x", content)
        content = file.getvalue()
    return content


def big_zip(members: int, size: int) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for n in range(members):
            archive.writestr(f"{n}", b"\0" * size)
    return file.getvalue()


BOMBS = {
    "zip bomb": (lambda: big_zip(1, 100_000_000), "packed more than 200 times, like a zip bomb"),
    "zip of many bombs": (lambda: big_zip(200, 2_000_000), "packed more than 200 times, like a zip bomb"),
    "gzip bomb": (lambda: gzip.compress(b"\0" * 100_000_000, 1), "packed more than 200 times, like a bomb"),
    "gzip bomb in members": (lambda: gzip.compress(b"\0" * 10_000_000) * 20, "packed more than 200 times, like a bomb"),
    "gzip in gzip": (lambda: gzip.compress(gzip.compress(b"\0" * 100_000_000)), "like a bomb"),
    "zip of a million members": (lambda: many_members(500_000), "more than 10000 members"),
    "zip in zip": (lambda: nested_zip(50), "packed more than 3 times"),
    "zip that lies": (lambda: lying_about_its_size(big_zip(1, 50_000_000)), "damaged"),
    "half a zip": (lambda: big_zip(1, 1_000_000)[:-30], "broken zip archive"),
    "half a gzip": (lambda: gzip.compress(bytes(range(256)) * 100)[:200], "breaks off"),
    "broken gzip": (lambda: b"\x1f\x8b\x08" + b"\xff" * 100, "broken gzip file"),
    "empty zip": (lambda: big_zip(0, 0), "it holds no file"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_are_refused_with_a_reason_quickly_and_in_little_memory(name):
    build, reason = BOMBS[name]
    content = build()
    read_complaint("warm up", nested_zip(1))
    started = time.process_time()
    with pytest.raises(InputError, match=reason):
        read_complaint("bomb", content)
    assert time.process_time() - started < 0.5
    tracemalloc.start()
    with pytest.raises(InputError):
        read_complaint("bomb", content)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 64_000_000 + 2 * len(content)


def test_a_gzip_that_breaks_off_is_read_as_far_as_it_goes():
    (one,) = read_complaints([("x.gz", gzip.compress(MESSAGE % 1 + bytes(range(32, 127)) * 50)[:-20])])
    assert one.subject == "1"
    assert one.faults == ("x.gz is a gzip file that breaks off; what came before was read",)


def test_mailboxes_may_be_larger_than_messages():
    assert size_limit(POSTMARK) == size_limit(b"PK\x03\x04") == size_limit(b"\x1f\x8b\x08") > size_limit(MESSAGE)


def test_a_message_too_large_in_a_mailbox_is_left_out():
    huge = MESSAGE % 1 + b"x" * 26 * 2**20 + b"\n\n"
    found = read_complaints([("box", POSTMARK + huge + POSTMARK + MESSAGE % 2)])
    assert [one.source for one in found] == ["box message 2"]
    assert found[0].faults == ("box message 1 has more than 25 MB; it was not read",)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 600), st.integers(0, 255)), max_size=8), st.booleans())
def test_damaged_archives_only_ever_raise_input_error(zipped, changes, packed):
    content = bytearray(zipped({"a.eml": MESSAGE % 1, "b": mbox(2)}))
    for at, value in changes:
        content[at % len(content)] = value
    with contextlib.suppress(InputError):
        assert read_complaints([("x", gzip.compress(content) if packed else bytes(content))])

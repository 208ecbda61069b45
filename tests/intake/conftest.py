"""Shared by the tests of intake: sample messages, files of other formats, and a network that must not be touched."""

from __future__ import annotations

import io
import socket
import struct
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

END, FREE = 0xFFFFFFFE, 0xFFFFFFFF


@pytest.fixture
def sample() -> Callable[[str], bytes]:
    """The bytes of a file in samples/."""
    return lambda name: (Path(__file__).parent / "samples" / name).read_bytes()


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any socket opened by intake fails the test."""

    def refuse(*_args: object, **_kwargs: object) -> None:
        raise AssertionError("intake touched the network")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.fixture
def zipped() -> Callable[[Mapping[str, bytes]], bytes]:
    """A zip file of these members."""

    def build(members: Mapping[str, bytes]) -> bytes:
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in members.items():
                archive.writestr(name, content)
        return file.getvalue()

    return build


def wide(name: object) -> bytes:
    return str(name).encode("utf-16-le")


def _chained(data: bytes, size: int, table: list[int]) -> bytes:
    """`data` padded to sectors of `size`, whose chain is added to `table`."""
    count = -(-len(data) // size)
    table += [*range(len(table) + 1, len(table) + count), END] if count else []
    return data.ljust(count * size, b"\0")


@pytest.fixture
def compound() -> Callable[[Mapping[str, object]], bytes]:
    """An OLE2 compound file (MS-CFB, version 3) of nested mappings: name -> bytes or mapping."""

    def build(tree: Mapping[str, object]) -> bytes:
        entries: list[list[object]] = [["Root Entry", 5, tree, FREE, FREE, END, 0]]
        queue = [0]
        while queue:
            at = queue.pop(0)
            last = None
            for name, value in entries[at][2].items():  # type: ignore[attr-defined]
                here = len(entries)
                entries.append([name, 2 if isinstance(value, bytes) else 1, value, FREE, FREE, END, 0])
                if last is None:
                    entries[at][4] = here  # the child
                else:
                    entries[last][3] = here  # the right sibling
                last = here
                if not isinstance(value, bytes):
                    queue.append(here)
        fat: list[int] = []
        mini_fat: list[int] = []
        big, mini = b"", b""
        for entry in entries:
            if entry[1] == 2 and entry[2]:
                small = len(entry[2]) < 4096  # type: ignore[arg-type]
                entry[5], entry[6] = len(mini_fat if small else fat), len(entry[2])  # type: ignore[arg-type]
                if small:
                    mini += _chained(entry[2], 64, mini_fat)  # type: ignore[arg-type]
                else:
                    big += _chained(entry[2], 512, fat)  # type: ignore[arg-type]
        entries[0][5], entries[0][6] = len(fat) if mini else END, len(mini)
        big += _chained(mini, 512, fat)
        mini_start = len(fat) if mini_fat else END
        big += _chained(
            struct.pack(f"<{len(mini_fat)}I", *mini_fat).ljust(-(-len(mini_fat) // 128) * 512, b"\xff"), 512, fat
        )
        directory = b"".join(
            struct.pack(
                "<64sHBBIII16sIQQIQ", wide(name), len(wide(name)) + 2, kind, 1, FREE, right, child,
                b"", 0, 0, 0, start, size,
            )
            for name, kind, _, right, child, start, size in entries
        )  # fmt: skip
        directory_start = len(fat)
        big += _chained(directory, 512, fat)
        fat_start = len(fat)
        count = -(-(len(fat) + 8) // 128)
        fat += [0xFFFFFFFD] * count
        big += struct.pack(f"<{len(fat)}I", *fat).ljust(count * 512, b"\xff")
        header = struct.pack(
            "<8s16sHHHHH6sIIIIIIIIII", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"", 0x3E, 3, 0xFFFE, 9, 6, b"", 0, count,
            directory_start, 0, 4096, mini_start, -(-len(mini_fat) // 128), END, 0, fat_start,
        )  # fmt: skip
        difat = struct.pack("<108I", *[*range(fat_start + 1, fat_start + count), *[FREE] * (109 - count)])
        return header + difat + big

    return build

"""The text of log files: unpacked, bounded, and made harmless to what reads it."""

from __future__ import annotations

import gzip
import io
import sys
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

UNIT, NOTHING = b"\x1f", b"\x1e"
"""Between the values of a row in our own files, and what stands for no value; neither is ever in what is read."""
_CHUNK, _BLOCK = 1 << 16, 1 << 18
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_HARMFUL = (b"\x1f", b"\x1e", b"\x00", b"\r")
_HARMLESS = bytes.maketrans(b"".join(_HARMFUL), b"????")


def escaped(path: str) -> str:
    """The path so that a reader that expands globs takes every character as it is."""
    return "".join(f"[{c}]" if c in "*?[" else c for c in path)


def salvaged(paths: Sequence[str], folder: Path) -> dict[str, str]:
    """The same files, each with its origin: every .gz unpacked into `folder` as far as it goes, because a gateway may
    still be writing it."""
    return {_unpacked(Path(p), folder / f"salvaged-{n}.jsonl") if p.endswith(".gz") else p: p
            for n, p in enumerate(paths)}  # fmt: skip


def _unpacked(path: Path, target: Path) -> str:
    with path.open("rb") as packed, target.open("wb") as plain:
        stream = zlib.decompressobj(wbits=31)
        while data := packed.read(_CHUNK):
            while data:
                try:
                    plain.write(stream.decompress(data))
                except zlib.error:
                    return str(target)
                data = stream.unused_data
                if stream.eof:
                    stream = zlib.decompressobj(wbits=31)
    return str(target)


def named(path: str, target: Path) -> str:
    """The same file under a name whose ending says how it is packed: KumoMTA's segments have none. `target` is a free
    name without such an ending."""
    with Path(path).open("rb") as start:
        magic = start.read(4)
    ending = ".zst" if magic == _ZSTD else ".gz" if magic[:2] == _GZIP else ""
    if not magic or path.endswith(ending or (".zst", ".gz")) == bool(ending):
        return path
    link = Path(f"{target}{ending}")
    link.symlink_to(path)
    return str(link)


def unpacked(path: str) -> io.BufferedIOBase:
    """The file's bytes, .gz and .zst unpacked (recognised by content). The caller closes it."""
    with Path(path).open("rb") as start:
        magic = start.read(4)
    if magic[:2] == _GZIP:
        return gzip.GzipFile(path, "rb")
    if magic == _ZSTD:
        packed: io.BufferedIOBase = _zstd().ZstdFile(path)
        return packed
    return Path(path).open("rb")


def text_size(paths: Iterable[str]) -> int:
    """About how many bytes of text the files hold; packed ones are taken for a twelfth."""
    return sum(Path(path).stat().st_size * (12 if path.endswith((".gz", ".zst")) else 1) for path in paths)


def torn() -> tuple[type[Exception], ...]:
    """What reading a packed file raises when it ends too early or is damaged."""
    return (EOFError, zlib.error, gzip.BadGzipFile, _zstd().ZstdError)


def _zstd() -> Any:
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    return zstd


class Clean:
    """Whole lines of a file: valid UTF-8, of bounded length, without the characters that mean something to our own row
    files. `tail` is what stands behind the last line end, and `cut` says that a packed file ended too early."""

    def __init__(self, path: str) -> None:
        self._source = unpacked(path)
        self._torn = torn()
        self.tail = b""
        self.cut = False

    def __enter__(self) -> Clean:
        return self

    def __exit__(self, *_: object) -> None:
        self._source.close()

    def blocks(self) -> Iterator[bytes]:
        """Some lines at a time. Each line end stands before its line, so that it can be searched for there."""
        while data := self._more():
            end = data.rfind(b"\n")
            if end < 0 and len(self.tail) + len(data) >= _CHUNK:
                end = len(data)  # nobody may have to hold a line without end
            if end >= 0:
                whole, self.tail = b"".join((b"\n", self.tail, data[:end])), data[end + 1 :]
                yield cleaned(whole)
            else:
                self.tail += data

    def lines(self) -> Iterator[bytes]:
        """One line at a time, without its end."""
        for some in self.blocks():
            yield from some[1:].split(b"\n")

    def _more(self) -> bytes:
        try:
            return self._source.read1(_BLOCK)
        except self._torn:
            self.cut = True
            return b""


def cleaned(data: bytes) -> bytes:
    """These lines, the last without its end, as valid UTF-8 with plain line ends."""
    if not data.isascii():
        data = _valid(data)
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").removesuffix(b"\r")
    return data.translate(_HARMLESS) if any(byte in data for byte in _HARMFUL) else data


def _valid(data: bytes) -> bytes:
    """The same if it is UTF-8, which costs half of replacing what is not."""
    try:
        data.decode()
    except UnicodeDecodeError:
        return data.decode("utf-8", "replace").encode()
    return data

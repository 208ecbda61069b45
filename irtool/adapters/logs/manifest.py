"""What a store holds and from which files: `manifest.json`, replaced as a whole. Only files named in it count."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from irtool.errors import InputError

MANIFEST = "manifest.json"
_VERSION = 1
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file as it was read: `mtime` in nanoseconds, `sha256` of its bytes as they lie there."""

    path: str
    size: int
    mtime: int
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Unit:
    """Input files that were read together and what became of them. `how` stands for format and options, `kind` is the
    number of the group of records that became rows, of a log that has several for one message (0 for others)."""

    source: str
    how: str
    inputs: tuple[InputFile, ...]
    outputs: tuple[str, ...]
    rows: int
    rejected: int
    first: str
    last: str
    kind: int = 0


@dataclass(frozen=True, slots=True)
class Manifest:
    """The units of a store."""

    units: tuple[Unit, ...] = field(default_factory=tuple)

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """The manifest of a store; an empty one if there is none. Raises InputError if it is none of ours."""
        path = folder / MANIFEST
        try:
            text = path.read_text()
        except FileNotFoundError:
            return cls()
        except OSError as error:
            raise InputError(f"{path}: cannot be read: {error.strerror}") from error
        try:
            data = json.loads(text)
            if data["version"] != _VERSION:
                raise InputError(f"{path}: made by another version of irtool", hint="ingest into a new folder")
            return cls(tuple(_unit(one) for one in data["units"]))
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"{path}: no manifest of a store", hint="ingest into a new folder") from error

    def write(self, folder: Path) -> None:
        """Put it in place, whole."""
        part = folder / f".{MANIFEST}.part"
        with part.open("w") as file:
            json.dump({"version": _VERSION, "units": [asdict(unit) for unit in self.units]}, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        part.replace(folder / MANIFEST)

    def outputs(self) -> list[str]:
        """The Parquet files, relative to the store. Raises InputError if there is nothing in it."""
        found = sorted({name for unit in self.units for name in unit.outputs})
        if not found:
            raise InputError("the store is empty", hint="irtool ingest --output STORE")
        for name in found:
            if Path(name).is_absolute() or ".." in Path(name).parts:
                raise InputError(f"{MANIFEST}: {name!r} is outside of the store")
        return found


def _unit(data: Mapping[str, object]) -> Unit:
    inputs, outputs = data["inputs"], data["outputs"]
    if not isinstance(inputs, list) or not isinstance(outputs, list):
        raise TypeError("inputs and outputs are lists")
    rest = {name: data[name] for name in ("source", "how", "rows", "rejected", "first", "last")}
    rest["kind"] = data.get("kind", 0)
    files = tuple(InputFile(**one) for one in inputs)
    return Unit(inputs=files, outputs=tuple(map(str, outputs)), **rest)  # type: ignore[arg-type]


def seen(path: str) -> InputFile:
    """A file as it is now, without reading it."""
    state = Path(path).stat()
    return InputFile(path, state.st_size, state.st_mtime_ns)


def hashed(file: InputFile, ends: Iterable[int] = ()) -> tuple[InputFile, Mapping[int, str]]:
    """The file with its hash, and the hashes of its beginnings of these sizes: it may have been shorter before."""
    digest = hashlib.sha256()
    at = 0
    found = {}
    with Path(file.path).open("rb") as content:
        for end in sorted({end for end in ends if 0 < end < file.size}):
            at += _feed(digest, content.read, end - at)
            found[end] = digest.hexdigest()
        _feed(digest, content.read, file.size - at)
    return InputFile(file.path, file.size, file.mtime, digest.hexdigest()), found


def _feed(digest: hashlib._Hash, read: Callable[[int], bytes], size: int) -> int:
    left = size
    while left > 0:
        data = read(min(left, _CHUNK))
        if not data:
            break
        digest.update(data)
        left -= len(data)
    return size - left


def unit_name(how: str, inputs: Sequence[InputFile]) -> str:
    """A name that is the same for the same content read in the same way."""
    text = "\n".join([how, *sorted(one.sha256 for one in inputs)])
    return hashlib.sha256(text.encode()).hexdigest()[:16]

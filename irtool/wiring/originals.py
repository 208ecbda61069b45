"""Which bytes each complaint of an incident came from: kept when it is opened, found again and proved afterwards."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from irtool.adapters.originals import Altered, Originals
from irtool.config import Config
from irtool.records import Complaint, Json

MAX_KEPT = 512 * 1024 * 1024
"""Bytes of all files of one incident. Of what is beyond it only the SHA-256 is kept, and the incident says so."""
_JOINT = re.compile(r"(?=: | message | attached message | quoted message )")
"""What stands between the name of a file and a complaint in it (see intake.read_complaints)."""


@dataclass(frozen=True, slots=True)
class Original:
    """One file that was handed in, and the complaints read in it. `state` is "whole", "missing or changed" or "not
    kept"; `why` says more in the last two cases."""

    source: str
    sha256: str
    size: int
    complaints: tuple[str, ...]
    state: str
    why: str = ""


def originals(config: Config) -> Originals:
    """The folder beside the journal."""
    return Originals(config.journal.with_name(config.journal.name + ".evidence"), config.journal)


def keep(config: Config, sources: Sequence[tuple[str, bytes]], complaints: Sequence[Complaint]) -> list[Json]:
    """Keep the files of these complaints; for each complaint what the journal says of its file.

    Files in which no complaint was found are not evidence of anything. Raises IrtoolError if a file cannot be kept.
    """
    folder, room = originals(config), MAX_KEPT
    named = dict(reversed(sources))
    told: dict[str, Json] = {}
    for name in dict.fromkeys(_file_of(complaint.source, named) for complaint in complaints):
        content = named[name]
        fits = len(content) <= room
        digest = folder.keep(content) if fits else hashlib.sha256(content).hexdigest()
        room -= len(content) if fits else 0
        told[name] = {"source": name, "sha256": digest, "size": len(content), "kept": fits}
    return [told[_file_of(complaint.source, named)] for complaint in complaints]


def proved(config: Config, complaints: Sequence[Mapping[str, Json]]) -> list[Original]:
    """The files of an incident, each read and compared with the SHA-256 in the journal; `complaints` as recorded."""
    files: dict[str, Original] = {}
    for complaint in complaints:
        label, kept = str(complaint.get("source") or "-"), complaint.get("evidence")
        if not isinstance(kept, dict):
            digest, size = str(complaint.get("sha256") or ""), complaint.get("size")
            why = "the incident was opened before complaints were kept"
            one = Original(label, digest, size if isinstance(size, int) else 0, (label,), "not kept", why)
            files.setdefault(f"{label}\n{digest}", one)
            continue
        key = f"{kept.get('source')}\n{kept.get('sha256')}"
        known = files.get(key)
        one = known or _proved(config, kept)
        files[key] = replace(one, complaints=(*one.complaints, label))
    return list(files.values())


def content(config: Config, original: Original) -> bytes:
    """Its bytes, compared once more. Raises Altered."""
    return originals(config).read(original.sha256, original.size)


def _proved(config: Config, kept: Mapping[str, Json]) -> Original:
    size = kept.get("size")
    one = Original(
        str(kept.get("source")), str(kept.get("sha256")), size if isinstance(size, int) else 0, (), state="whole"
    )
    if not kept.get("kept"):
        return replace(one, state="not kept", why=f"more than {MAX_KEPT // 2**20} MB of complaints in one incident")
    try:
        content(config, one)
    except Altered as error:
        return replace(one, state="missing or changed", why=error.message)
    return one


def _file_of(label: str, files: Mapping[str, bytes]) -> str:
    """The file a complaint came from: its name is the label's longest beginning that is a file's name."""
    ends = [len(label), *(found.start() for found in reversed([*_JOINT.finditer(label)]))]
    return next(label[:end] for end in ends if label[:end] in files)

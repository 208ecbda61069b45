"""The complaint of an incident can be had back byte for byte, and what happened to it since is seen."""

from __future__ import annotations

import hashlib
import json
import stat
import subprocess
from pathlib import Path

from .world import INCIDENT, World


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_opening_an_incident_keeps_the_complaint(small: World) -> None:
    small.irtool("plan", "email-abuse", "complaint.eml", "--as", "alice", code=0)
    original = digest(small.folder / "complaint.eml")
    kept = small.folder / "irtool.db.evidence" / original
    assert kept.read_bytes() == (small.folder / "complaint.eml").read_bytes()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    said = small.irtool("evidence", code=0)
    assert original[:16] in said.out
    assert "whole" in said.out
    assert f"irtool evidence {INCIDENT} --output" in said.err


def test_it_comes_back_with_sums_that_sha256sum_understands(small: World) -> None:
    small.irtool("plan", "email-abuse", "complaint.eml", "-", "--as", "alice", stdin="hxxp://a[.]example", code=0)
    original = (small.folder / "complaint.eml").read_bytes()
    (small.folder / "complaint.eml").unlink()
    small.irtool("evidence", "--output", "out", code=0)
    out = small.folder / "out"
    assert {path.read_bytes() for path in out.iterdir() if path.name != "SHA256SUMS"} == {
        original,
        b"hxxp://a[.]example",
    }
    assert {stat.S_IMODE(path.stat().st_mode) for path in out.iterdir()} == {0o600}
    assert any(path.name.endswith("-complaint.eml") for path in out.iterdir())
    subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=out, check=True, capture_output=True)


def test_a_changed_complaint_is_told_and_never_exported(small: World) -> None:
    small.irtool("plan", "email-abuse", "complaint.eml", "--as", "alice", code=0)
    (kept,) = (small.folder / "irtool.db.evidence").iterdir()
    kept.write_bytes(kept.read_bytes() + b"!")
    said = small.irtool("evidence", "--output", "out", code=1)
    assert "MISSING OR CHANGED" in said.out.upper()
    assert "was changed after it was kept" in said.out
    assert [path.name for path in (small.folder / "out").iterdir()] == ["SHA256SUMS"]
    answer = json.loads(small.irtool("evidence", "--json", code=1).out)
    assert [one["state"] for one in answer["files"]] == ["missing or changed"]


def test_what_cannot_be_kept_opens_no_incident(small: World) -> None:
    (small.folder / "irtool.db.evidence").write_text("in the way")
    said = small.irtool("plan", "email-abuse", "complaint.eml", "--as", "alice", code=1)
    assert "cannot be kept" in said.err
    assert "no incidents" in small.irtool("evidence", code=2).err


def test_triage_writes_the_complaint_beside_the_packs(small: World) -> None:
    said = small.irtool("triage", "complaint.eml", "--evidence", "packs", code=0)
    original = (small.folder / "complaint.eml").read_bytes()
    found = [path for path in (small.folder / "packs" / "complaints").iterdir() if path.name != "SHA256SUMS"]
    assert [path.read_bytes() for path in found] == [original]
    assert "not for customers" in said.err
    assert not (small.folder / "irtool.db.evidence").exists()
    assert not any(original[:40] in path.read_bytes() for path in (small.folder / "packs").glob("*.md"))


def test_hostile_file_names_stay_in_the_folder(small: World) -> None:
    name = "..\x1b[31m -rf \u202emoc.eml"
    (small.folder / "complaint.eml").rename(small.folder / name)
    small.irtool("plan", "email-abuse", name, "--as", "alice", code=0)
    said = small.irtool("evidence", "--output", "out", code=0)
    assert "\x1b" not in said.out
    assert all(path.name.isascii() and path.name.isprintable() for path in (small.folder / "out").iterdir())

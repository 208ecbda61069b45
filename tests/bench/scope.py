"""How much `irtool triage` costs on a large log, against the same questions as one script in bare DuckDB.

    python tests/bench/scope.py [--scale 1.0] [--folder FOLDER] [--runs 3]

Makes the log (10 million rows at scale 1, about 400 MB) and its store unless the folder has them, runs both as whole
processes one after the other, and prints CPU seconds, peak memory and their ratio: on the store (`irtool ingest`) with
800 MB and with 256 MB of DuckDB memory, and on the Parquet files as they are, which irtool has to check first. The bare
script always reads the files as they are. Ends with 1 if a figure is not exact anywhere, or if a bar is missed on the
store: at most 1.3 times the bare script, at most 0.9 GB.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import scope_log

from irtool.adapters.logs import LogFile, write_parquet
from irtool.adapters.logs.store import ingest

HERE = Path(__file__).parent
RATIO, MEMORY_MB, SMALL = 1.3, 900, "256MB"


@dataclass(frozen=True)
class Run:
    """One process: CPU and wall seconds, peak resident memory in MB, what it wrote."""

    cpu: float
    wall: float
    memory: int
    out: str


def run(command: list[str], folder: Path, memory: str) -> Run:
    """Run it to its end. Raises CalledProcessError if it fails."""
    with tempfile.TemporaryFile() as out:
        began = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=folder, stdout=out, stderr=subprocess.DEVNULL, env={**os.environ, "IRTOOL_LOG_MEMORY": memory}
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.perf_counter() - began
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, command)
        out.seek(0)
        return Run(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss // 1024, out.read().decode())


def prepare(folder: Path, scale: float) -> None:
    """The log, the directory, the complaint and the configurations."""
    write_parquet(folder / "logs", scope_log.statements(scale))
    scope_log.write_directory(folder)
    ingest({"gateway": LogFile("parquet", str(folder / "logs" / "*.parquet"))}, folder / "store")
    (folder / "irtool.yaml").write_text(scope_log.configuration("store"))
    (folder / "files.yaml").write_text(scope_log.configuration())
    (folder / "complaint.eml").write_text(scope_log.complaint(scale), newline="")
    (folder / f"scale-{scale}").touch()


def compare(folder: Path, scale: float, config: str, memory: str, runs: int) -> tuple[bool, bool]:
    """Print one line for this configuration and memory limit; whether the figures are exact, and the bars kept."""
    triage = [sys.executable, "-m", "irtool", "triage", "complaint.eml", "--json", "--config", config]
    bare = [sys.executable, str(HERE / "scope_bare.py"), "."]
    pairs = [(run(bare, folder, memory), run(triage, folder, memory)) for _ in range(runs)]
    expected = scope_log.expected(scale)
    told = [json.loads(pair[0].out) for pair in pairs]
    right = all({key: one[key] for key in expected} == expected for one in told) and all(
        scope_log.figures(json.loads(pair[1].out)["findings"]) == expected for pair in pairs
    )
    yardstick, ours = (min((pair[n] for pair in pairs), key=lambda one: one.cpu) for n in (0, 1))
    ratio = ours.cpu / yardstick.cpu
    peak = max(pair[1].memory for pair in pairs)
    print(
        f"{config:<11} {memory:>5}  bare {yardstick.cpu:6.2f} s CPU {yardstick.wall:6.2f} s {yardstick.memory:>4} MB"
        f"  irtool {ours.cpu:6.2f} s CPU {ours.wall:6.2f} s {peak:>4} MB  ratio {ratio:4.2f}"
        f"  figures {'exact' if right else 'WRONG'}"
    )
    return right, ratio <= RATIO and peak <= MEMORY_MB


def main() -> int:
    """Read the arguments, run, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--prepare", action="store_true", help="only make the log")
    given = parser.parse_args()
    if given.prepare:
        prepare(given.folder, given.scale)
        return 0
    with tempfile.TemporaryDirectory(prefix="irtool-bench-") as scratch:
        folder = (given.folder or Path(scratch)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / f"scale-{given.scale}").exists():
            # in a process of its own: what this one once used would count as its children's peak memory
            scale = ("--scale", str(given.scale))
            subprocess.run([sys.executable, __file__, "--prepare", "--folder", str(folder), *scale], check=True)
        kinds = (("irtool.yaml", "800MB"), ("irtool.yaml", SMALL), ("files.yaml", "800MB"), ("files.yaml", SMALL))
        found = [compare(folder, given.scale, config, memory, given.runs) for config, memory in kinds]
    return 0 if all(right for right, _ in found) and all(kept for _, kept in found[:2]) else 1


if __name__ == "__main__":
    sys.exit(main())

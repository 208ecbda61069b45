"""How long the report of a very long incident takes and how much memory, against reading its journal once.

    python tests/bench/report.py [--events 1000000] [--folder FOLDER]

Writes a journal through the adapter unless the folder has it: an incident of two hundred changes that are made, fail
and are taken back over and over, with thousands of complaints and notes. Runs, each as a whole process: a bare loop
over its events, then `irtool report` as HTML, as JSON and as a postmortem, and `irtool timeline --check`. Prints
seconds, CPU and peak memory of each. Ends with 1 if a report costs more than three times the loop, or more than 0.2 GB.
"""

from __future__ import annotations

import argparse
import json
import os
import pwd
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from irtool.adapters.journal import SqliteJournal
from irtool.records import Change, Complaint, Counted, Entry, Findings, Json, Plan, PlanStep, to_json

RATIO, MEMORY_MB = 3.0, 200
CHANGES = 200
BATCH = 10_000
BEGAN = datetime(2025, 4, 14, 15, 54, tzinfo=UTC)
LOOP = """
import sys
from pathlib import Path
from irtool.adapters.journal import SqliteJournal
journal = SqliteJournal(Path("irtool.db"))
print(sum(1 for _ in journal.events("INC-2025-0001")))
"""


def main() -> int:
    """Prepare, run, print; 1 if a bar is missed."""
    parser = argparse.ArgumentParser(description="What a very long incident costs to tell.")
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, default=None)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "irtool.db").exists():
            began = time.perf_counter()
            prepare(folder, given.events)
            print(f"journal of {given.events:,} events written in {time.perf_counter() - began:.0f} s")
        bare = run([sys.executable, "-c", LOOP], folder)
        print(f"{'read every event':<28} {bare[0]:6.1f} s  {bare[1]:6.1f} s CPU  {bare[2]:5d} MB")
        assert int(bare[3]) >= given.events  # earlier runs wrote reports
        return max([told(folder, words, bare[1]) for words in COMMANDS])


COMMANDS = (
    ("report", "--format", "html", "-o", "report.html"),
    ("report", "--format", "json", "-o", "report.json"),
    ("report", "--style", "postmortem", "--tlp", "clear", "-o", "postmortem.md"),
    ("timeline", "--check"),
)


def told(folder: Path, words: tuple[str, ...], yardstick: float) -> int:
    """Run one command on it; 1 if it is too slow or too large."""
    head, *rest = words
    wall, cpu, memory, _ = run([sys.executable, "-m", "irtool", head, "INC-2025-0001", *rest], folder)
    ratio = cpu / yardstick
    print(f"irtool {' '.join(words[:3]):<21} {wall:6.1f} s  {cpu:6.1f} s CPU  {memory:5d} MB  {ratio:.2f} x")
    return int(ratio > RATIO or memory > MEMORY_MB)


def run(command: list[str], folder: Path) -> tuple[float, float, int, str]:
    """Wall and CPU seconds, peak memory in MB, and what it wrote. Raises CalledProcessError if it fails."""
    with tempfile.TemporaryFile() as out:
        began = time.perf_counter()
        process = subprocess.Popen(command, cwd=folder, stdout=out, stderr=subprocess.PIPE)
        assert process.stderr is not None
        said = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode > (command[-1] == "--check"):  # which ends with 1 if it finds something
            raise subprocess.CalledProcessError(process.returncode, command, stderr=said)
        out.seek(0)
        text = out.read().decode()
        return time.perf_counter() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss // 1024, text


def prepare(folder: Path, events: int) -> None:
    """The configuration and the journal."""
    me = pwd.getpwuid(os.getuid()).pw_name
    people = {"alice": {"os_user": me}}
    (folder / "irtool.yaml").write_text(json.dumps({"org": {"name": "Example Mail"}, "people": people}))
    with closing(SqliteJournal(folder / "irtool.db", now=lambda: BEGAN + timedelta(days=30))) as journal:
        opened = Entry("incident.opened", {"title": "A very long one", "started_by": "alice"}, actor="alice",
                       occurred_at=BEGAN)  # fmt: skip
        incident = journal.open_incident("INC-2025", opened).incident
        batch: list[Entry] = []
        for n, entry in enumerate(entries(), start=2):
            batch.append(entry)
            if len(batch) == BATCH or n == events:
                journal.append(incident, *batch)
                batch = []
            if n == events:
                return


def entries() -> Iterator[Entry]:
    """Without an end: in every thousand some complaints and notes, the rest changes made and taken back."""
    first, last = BEGAN - timedelta(hours=20), BEGAN
    found = Findings(
        messages=1_900_000, first_seen=first, last_seen=last, from_log=True,
        source_ips=tuple(Counted(f"198.51.100.{n}", 9_000) for n in range(CHANGES)),
    )  # fmt: skip
    changes = tuple(
        Change("block", f"198.51.100.{n}", "ip.block", f"198.51.100.{n}", "rspamd", "do", "absent", "blocked")
        for n in range(CHANGES)
    )
    steps = (PlanStep("block", "Block", "ip.block", "none", "continue", "h", changes),)
    yield Entry("triage.done", {"findings": to_json(found)}, occurred_at=BEGAN + timedelta(minutes=10))
    yield Entry("campaign.first_seen", {}, source="log", occurred_at=first)
    yield Entry("plan.made", {"plan": to_json(Plan("p", "0" * 64, "1" * 64, BEGAN, steps))}, occurred_at=BEGAN)
    n = 0
    while True:
        when = BEGAN + timedelta(hours=1, seconds=n // 4)
        yield from one(n, when, changes[n % CHANGES])
        n += 1


def one(n: int, when: datetime, change: Change) -> Iterator[Entry]:
    """A change that is made and taken back; now and then a complaint, a note or a failure."""
    data: dict[str, Json] = {"change": to_json(change), "before": {"state": "absent"}, "key": f"{n:040d}"}
    yield Entry("change.intended", data, step="block", item=change.item, occurred_at=when)
    if n % 50 == 0:
        yield Entry("change.failed", {"error": "503"}, step="block", item=change.item, occurred_at=when)
        return
    yield Entry("change.done", {"after": "blocked"}, step="block", item=change.item, occurred_at=when)
    yield Entry("undo.intended", {}, step="block", item=change.item, occurred_at=when)
    yield Entry("undo.done", {"state": "absent"}, step="block", item=change.item, occurred_at=when)
    if n % 10 == 0:
        mail = Complaint(f"{n}.eml", f"{n:064x}", 900, "eml", subject=f"Offer {n}", from_=("info@gateway.example",))
        yield Entry("complaint.received", to_json(mail), source="complaint", occurred_at=when)  # type: ignore[arg-type]
    if n % 20 == 0:
        yield Entry("note.added", {"text": f"Looked at it once more, round {n}"}, actor="alice", occurred_at=when)


if __name__ == "__main__":
    raise SystemExit(main())

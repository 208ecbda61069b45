"""What certainty costs: thousands of changes by `irtool run` against a bare script that sends the same requests.

    python tests/bench/changes/run.py [--changes 3000] [--concurrency 20] [--runs 3] [--rivals]

A server on a loopback port answers at once, or after 50 ms. `irtool run` looks at every target, writes its intent,
changes it, looks again and writes the outcome, each on the disk before the next; script.py sends the same requests
(as many looks as the server counted) and writes nothing. Whole processes, one after the other; ratios of medians,
and the memory of `irtool run` with a third of the changes and with all of them. --rivals measures a curl loop, an
Ansible playbook and DBOS as well (pip install ansible-core dbos; 300 changes each, given per change).
Ends with 1 if a bar is missed, or if the server's entries are not exactly those of the plan, each put once.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from urllib.request import urlopen

HERE = Path(__file__).parent
BARS = {0: 1.5, 50: 1.1}
GROWTH = 1.25
"""The most memory that three times the changes may take, as a ratio."""
IRTOOL = (sys.executable, "-m", "irtool")
PLAYBOOK = """
playbook: bench
title: Block every source of a campaign
inputs:
  complaint: {type: file}
steps:
  - id: triage
    title: Find the campaign
    uses: triage.complaint
    with: {complaint: "${{ inputs.complaint }}"}
  - id: block
    title: Block the sending IPs
    uses: ip.block
    each: findings.source_ips
"""

COMPLAINT = """Return-Path: <>
Received: from out1.gateway.example (out1.gateway.example [192.0.2.25]) by mx.quickpost.example; {when}
Message-ID: <0@trial.example>
Date: {when}
From: info@gateway.example
Sender: office@trial.example
To: jane@quickpost.example
Subject: a gift

Hello.
"""


@dataclass(frozen=True)
class Took:
    """Wall and CPU seconds of one whole process, its peak memory in MB, and what the server counted."""

    wall: float
    cpu: float
    memory: int
    counts: dict[str, int]


@contextmanager
def server(milliseconds: int) -> Iterator[str]:
    """The URL of a server of its own."""
    command = [sys.executable, str(HERE / "server.py"), str(milliseconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


def timed(url: str, command: Sequence[str | Path], cwd: Path) -> Took:
    """Run it to its end, and ask the server what it saw."""
    urlopen(f"{url}/counts").close()
    began = time.perf_counter()
    with subprocess.Popen([*map(str, command)], cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        said = process.stderr.read().decode()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - began
    if process.returncode:
        raise SystemExit(f"{command[:4]} ended with {process.returncode}:\n{said[-2000:]}")
    with urlopen(f"{url}/counts") as reply:
        counts = json.load(reply)
    return Took(wall, used.ru_utime + used.ru_stime, used.ru_maxrss // 1024, counts)


def addresses(count: int) -> list[str]:
    """So many IPs of nobody: from 203.0.112.0/20, of which no part is private."""
    return [f"203.0.{112 + n // 250}.{n % 250 + 1}" for n in range(count)]


def desk(folder: Path, url: str, count: int, concurrency: int) -> None:
    """A provider's folder: configuration, a log with a campaign from so many IPs, the complaint."""
    folder.mkdir(parents=True)
    begin = datetime.now(UTC) - timedelta(hours=6)
    columns = ("time", "id", "account", "source_ip", "envelope_from", "header_sender", "header_from", "recipient")
    with (folder / "gateway.jsonl").open("w") as stream:
        for n, ip in enumerate(addresses(count)):
            when = (begin + timedelta(seconds=n)).isoformat()
            sender = ("", "office@trial.example", "info@gateway.example", "jane@quickpost.example")
            row = dict(zip(columns, (when, f"<{n}@trial.example>", "T1", ip, *sender), strict=True))
            stream.write(json.dumps(row) + "\n")
    (folder / "accounts.csv").write_text("account,name,plan\nT1,trial,trial\n")
    (folder / "domains.csv").write_text("domain,account\ntrial.example,T1\n")
    complaint = COMPLAINT.format(when=format_datetime(datetime.now(UTC) - timedelta(hours=1)))
    (folder / "complaint.eml").write_text(complaint, newline="\r\n")
    shutil.copy(HERE / "list.yaml", folder)
    (folder / "bench.yaml").write_text(PLAYBOOK)
    settings = {
        "org": {"name": "Example Mail", "domains": ["gateway.example"]},
        "journal": "./irtool.db",
        "workers": concurrency,
        "logs": {"gateway": {"format": "jsonl", "path": "./gateway.jsonl", "columns": {c: c for c in columns}}},
        "directory": {"accounts": {"path": "./accounts.csv"}, "domains": {"path": "./domains.csv"}},
        "connectors": {"list": {"kind": "./list.yaml", "url": url}},
        "trusted_relays": ["quickpost.example", "gateway.example"],
    }
    (folder / "irtool.yaml").write_text(json.dumps(settings))
    (folder / "targets").write_text("\n".join(addresses(count)) + "\n")


def by_irtool(folder: Path, url: str, count: int, concurrency: int) -> Took:
    """Plan, then time the run alone."""
    desk(folder, url, count, concurrency)
    plan = [*IRTOOL, "plan", "bench.yaml", "complaint.eml", "--json"]
    subprocess.run(plan, cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    incident = f"INC-{datetime.now(UTC):%Y}-0001"
    took = timed(url, [*IRTOOL, "run", incident, "--yes"], folder)
    expect = {"PUT": count, "twice": 0, "entries": count}
    found = {name: took.counts.get(name, 0) for name in expect}
    if found != expect:
        raise SystemExit(f"the server counted {found}, and the plan has {count} changes")
    return took


def looks(took: Took, count: int) -> tuple[str, str]:
    """How many looks a change took: before it, and the one after it."""
    return str(round(took.counts["GET"] / count) - 1), "1"


def compare(folder: Path, milliseconds: int, count: int, concurrency: int, runs: int) -> float:
    """The ratio of wall seconds, medians of so many runs, one after the other."""
    ours: list[Took] = []
    bare: list[Took] = []
    with server(milliseconds) as url:
        for n in range(runs):
            place = folder / f"{milliseconds}ms-{n}"
            ours.append(by_irtool(place, url, count, concurrency))
            arguments = [url, place / "targets", str(concurrency), *looks(ours[-1], count)]
            bare.append(timed(url, [sys.executable, HERE / "script.py", *arguments], place))
            if bare[-1].counts != ours[-1].counts:
                raise SystemExit(f"not the same requests: {bare[-1].counts} and {ours[-1].counts}")
    for name, took in (("irtool run", ours), ("bare script", bare)):
        walls = " ".join(f"{t.wall:.2f}" for t in took)
        print(f"  {name:<12} {walls} s, CPU {statistics.median(t.cpu for t in took):.2f} s, {took[0].memory} MB")
    ratio = statistics.median(t.wall for t in ours) / statistics.median(t.wall for t in bare)
    print(f"{count} changes, {milliseconds} ms: {ratio:.2f} x the bare script (bar {BARS[milliseconds]})")
    return ratio


def growth(folder: Path, count: int, concurrency: int) -> float:
    """Peak memory with all the changes against a third of them."""
    with server(0) as url:
        few = by_irtool(folder / "few", url, count // 3, concurrency).memory
        many = by_irtool(folder / "many", url, count, concurrency).memory
    print(f"memory: {few} MB for {count // 3} changes, {many} MB for {count}: {many / few:.2f} (bar {GROWTH})")
    return many / few


def rivals(folder: Path, milliseconds: int, concurrency: int, count: int = 300) -> None:
    """What others need for the same changes, a line each."""
    for name, wanted in (("ansible-playbook", "ansible-core"), ("dbos", "dbos"), ("curl", "curl")):
        if not shutil.which(name, path=f"{Path(sys.executable).parent}:{os.environ['PATH']}"):
            raise SystemExit(f"{name} is not here: pip install ansible-core dbos; apt-get install curl ({wanted})")
    place, scripts = folder / f"rivals-{milliseconds}", Path(sys.executable).parent
    with server(milliseconds) as url:
        ours = by_irtool(place, url, count, concurrency)
        arguments = [url, place / "targets", str(concurrency), *looks(ours, count)]
        playbook = [scripts / "ansible-playbook", "-i", "localhost,", HERE / "playbook.yml"]
        for name, value in (
            ("url", url),
            ("targets", place / "targets"),
            ("ansible_python_interpreter", sys.executable),
        ):
            playbook += ["-e", f"{name}={value}"]
        commands: dict[str, Sequence[str | Path]] = {
            "bare script": [sys.executable, HERE / "script.py", *arguments],
            "curl loop": [HERE / "curl.sh", *arguments],
            "DBOS": [sys.executable, HERE / "durable.py", *arguments, place / "dbos.db"],
            "Ansible, changes only": playbook,
        }
        shown = {"irtool run": ours} | {name: timed(url, command, place) for name, command in commands.items()}
    for name, took in shown.items():
        print(
            f"  {name:<22} {took.wall:7.2f} s for {count} at {milliseconds} ms: {took.wall / ours.wall:6.2f} x irtool"
        )


def main() -> int:
    """All comparisons; 1 if a bar is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--changes", type=int, default=3000)
    parser.add_argument("--concurrency", type=int, default=20)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--rivals", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        missed = [
            ms for ms, bar in BARS.items() if compare(folder, ms, given.changes, given.concurrency, given.runs) > bar
        ]
        grown = growth(folder, given.changes, given.concurrency) > GROWTH
        if given.rivals:
            for milliseconds in BARS:
                rivals(folder, milliseconds, given.concurrency)
    return 1 if missed or grown else 0


if __name__ == "__main__":
    sys.exit(main())

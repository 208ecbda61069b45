"""How much reading a log costs, against what merely reads its bytes, side by side.

    python tests/bench/logs.py [--rows 1200000] [--folder FOLDER] [--runs 3]

Makes the logs unless the folder has them: KumoMTA-shaped zstd segments (about 780 bytes a row), and a Postfix syslog
with header_checks lines (half as many messages, about seven lines each). For each it runs as whole processes, one
after the other, the limit (`zstd -dc | wc -l`, `grep -cF`) and `irtool` opening the log and counting it, and prints CPU
and wall seconds, the ratio of the CPU seconds (medians), and peak memory. Also with 256 MB of DuckDB memory. Ends with
1 if a bar is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

SEGMENTS = 8
MEMORY_MB, SMALL = 900, "256MB"
START = datetime(2025, 4, 13, 18, tzinfo=UTC)
ID = "0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz"
COUNT = """
import resource, sys
from irtool.adapters.logs import LogFile, open_log
with open_log([LogFile(sys.argv[1], sys.argv[2])]) as log:
    (row,) = log.query("SELECT count(*) AS n, count(account) AS a, count(header_from) AS f FROM log")
    print(row["n"], row["a"], row["f"], log.rejected_rows())
"""


@dataclass(frozen=True)
class Run:
    """CPU and wall seconds of a pipeline, and the peak memory of its largest process in MB."""

    cpu: float
    wall: float
    memory: int
    out: str


def run(commands: Sequence[Sequence[str]], **environment: str) -> Run:
    """Run a pipeline to its end."""
    with tempfile.TemporaryFile() as out:
        began = time.perf_counter()
        running: list[subprocess.Popen[bytes]] = []
        for command in commands:
            before = running[-1].stdout if running else None
            last = command is commands[-1]
            running.append(
                subprocess.Popen(
                    command, stdin=before, stdout=out if last else subprocess.PIPE, env=os.environ | environment
                )
            )
            if before:
                before.close()
        cpu, memory = 0.0, 0
        for process in running:
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            cpu += usage.ru_utime + usage.ru_stime
            memory = max(memory, usage.ru_maxrss // 1024)
        if any(process.returncode for process in running):
            raise SystemExit(f"{commands}: failed")
        out.seek(0)
        return Run(cpu, time.perf_counter() - began, memory, out.read().decode().strip())


@dataclass(frozen=True)
class Message:
    """One message of the logs: a fifth is a campaign of 24 accounts over 180 IPs, the rest are customers."""

    moment: datetime
    account: str
    ip: str
    envelope: str
    from_: str
    sender: str | None
    recipient: str


def messages(count: int) -> Iterator[Message]:
    """The same messages every time."""
    chance = random.Random(7)
    for n in range(count):
        moment = START + timedelta(seconds=n // 12)
        to = f"user{chance.randrange(600_000)}"
        if chance.random() < 0.2:
            account = f"T{chance.randrange(24)}"
            ip = f"203.0.113.{chance.randrange(180)}"
            yield Message(
                moment,
                account,
                ip,
                "",
                "Support <info@gateway.example>",
                f"me@{account}.example",
                f"{to}@quick.example",
            )
        else:
            number = chance.randrange(3000)
            domain = f"customer{number}.example"
            ip = f"198.51.{number % 256}.{number // 256 * 4 + chance.randrange(3)}"
            yield Message(
                moment,
                f"C{number}",
                ip,
                f"mail@{domain}",
                f"Office <office@{domain}>",
                None,
                f"{to}@d{n % 300}.example",
            )


def kumomta(folder: Path, count: int) -> None:
    """Segments as KumoMTA writes them."""
    chance = random.Random(8)
    each = -(-count // SEGMENTS)
    packers: list[subprocess.Popen[bytes]] = []
    for n, message in enumerate(messages(count)):
        if n % each == 0:
            if packers:
                packers[-1].communicate()
            target = folder / f"2025041{n // each}.zst"
            packers.append(subprocess.Popen(["zstd", "-q", "-f", "-o", target], stdin=subprocess.PIPE))
        seconds = int(message.moment.timestamp())
        domain = message.recipient.partition("@")[2]
        row = {
            "type": "Reception", "id": f"{chance.getrandbits(128):032x}", "sender": message.envelope,
            "recipient": [message.recipient] if n % 10 == 0 else message.recipient,
            "queue": f"default:{message.account}@{domain}", "site": "", "size": 900 + n % 7000,
            "response": {"code": 250, "enhanced_code": None, "content": "", "command": None},
            "peer_address": {"name": f"client.{message.account}.example", "addr": message.ip}, "timestamp": seconds,
            "created": seconds, "num_attempts": 0, "bounce_classification": "Uncategorized", "egress_pool": None,
            "egress_source": None, "feedback_report": None, "meta": {"authn_id": message.account},
            "headers": {"From": message.from_, "Subject": "Your parcel is waiting"}
            | ({"Sender": message.sender} if message.sender else {}),
            "delivery_protocol": None, "reception_protocol": "ESMTP", "nodeid": "557f3ad4-2c8c-11ee-976e-782d7e12e173",
        }  # fmt: skip
        stdin = packers[-1].stdin
        assert stdin is not None
        stdin.write(json.dumps(row, separators=(",", ":")).encode() + b"\n")
    packers[-1].communicate()


def postfix(path: Path, count: int) -> None:
    """A syslog in which some hundred messages are always on their way."""
    chance = random.Random(9)
    waiting: deque[tuple[str, str]] = deque()
    with path.open("w") as log:
        for message in messages(count):
            one = "4Z" + "".join(chance.choices(ID, k=11))
            head = f"{message.moment:%b %d %H:%M:%S} mx1 postfix/"
            tail = (
                f"from unknown[{message.ip}]; from=<{message.envelope}> to=<{message.recipient}> proto=ESMTP "
                f"helo=<client.{message.account}.example>"
            )
            login = f"sasl_method=PLAIN, sasl_username={message.account}"
            log.write(f"{head}smtpd[{2000 + chance.randrange(50)}]: {one}: client=unknown[{message.ip}], {login}\n")
            headers = [f"From: {message.from_}"] + ([f"Sender: {message.sender}"] if message.sender else [])
            headers.append("Subject: Your parcel is waiting")
            log.writelines(f"{head}cleanup[3000]: {one}: info: header {header} {tail}\n" for header in headers)
            log.write(
                f"{head}cleanup[3000]: {one}: message-id=<{chance.getrandbits(80):x}@{message.account}.example>\n"
            )
            log.write(f"{head}qmgr[900]: {one}: from=<{message.envelope}>, size=2345, nrcpt=1 (queue active)\n")
            waiting.append((one, message.recipient))
            if len(waiting) > 300:
                _delivered(log, head, *waiting.popleft())
        while waiting:
            _delivered(log, head, *waiting.popleft())


def _delivered(log: object, head: str, one: str, recipient: str) -> None:
    relay = "relay=mx.example[192.0.2.25]:25, delay=1.2, delays=0.1/0/0.6/0.5, dsn=2.0.0, status=sent"
    log.write(f"{head}smtp[4000]: {one}: to=<{recipient}>, {relay} (250 2.0.0 Ok: queued as 4ZbQk31yXaa4k)\n")  # type: ignore[attr-defined]
    log.write(f"{head}qmgr[900]: {one}: removed\n")  # type: ignore[attr-defined]


def compare(
    name: str, bar: float, limit: Sequence[Sequence[str]], ours: Sequence[str], expected: str, runs: int
) -> bool:
    """Both in turn; print the medians and their ratio. True if the bar holds and nothing was lost."""
    pairs = [(run(limit), run([ours])) for _ in range(runs)]
    low, high = (sorted((pair[side] for pair in pairs), key=lambda r: r.cpu)[runs // 2] for side in (0, 1))
    ratio = statistics.median(a.cpu for _, a in pairs) / statistics.median(b.cpu for b, _ in pairs)
    small = run([ours], IRTOOL_LOG_MEMORY=SMALL)
    exact = high.out == small.out == expected
    good = exact and ratio <= bar and high.memory <= MEMORY_MB
    print(
        f"{name}: limit {low.cpu:.2f} s CPU, {low.wall:.2f} s; irtool {high.cpu:.2f} s CPU, {high.wall:.2f} s, {high.memory} MB"  # noqa: E501
    )
    print(
        f"  CPU ratio {ratio:.2f} (bar {bar}), wall ratio {high.wall / low.wall:.2f}; with {SMALL}: {small.cpu:.2f} s, {small.memory} MB"  # noqa: E501
    )
    print(
        f"  rows {'exact' if exact else f'WRONG: {high.out} and {small.out} instead of {expected}'}: {'ok' if good else 'MISSED'}"  # noqa: E501
    )
    return good


def main() -> int:
    """Make what is missing, measure, judge."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--rows", type=int, default=1_200_000)
    words.add_argument("--folder", type=Path)
    words.add_argument("--runs", type=int, default=3)
    given = words.parse_args()
    if shutil.which("zstd") is None:
        raise SystemExit("the zstd program is missing: apt-get install zstd")
    folder = given.folder or Path(tempfile.mkdtemp(prefix="irtool-bench-"))
    segments, syslog = folder / f"kumomta-{given.rows}", folder / f"mail-{given.rows}.log"
    try:
        if not segments.is_dir():
            segments.mkdir(parents=True)
            kumomta(segments, given.rows)
        if not syslog.exists():
            postfix(syslog, given.rows // 2)
        ours = [sys.executable, "-c", COUNT]
        packed = sorted(map(str, segments.iterdir()))
        whole, half = given.rows, given.rows // 2
        unpack = [["zstd", "-dcq", *packed], ["wc", "-l"]]
        good = compare(
            "zstd JSONL", 3.5, unpack, [*ours, "kumomta", f"{segments}/*"], f"{whole} {whole} {whole} 0", given.runs
        )
        grep = [["grep", "-cF", "from=<>", str(syslog)]]
        good &= compare(
            "Postfix syslog", 15, grep, [*ours, "postfix", str(syslog)], f"{half} {half} {half} 0", given.runs
        )
    finally:
        if not given.folder:
            shutil.rmtree(folder)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())

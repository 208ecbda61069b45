"""Logs and directories small enough to count by hand, and the sandbox's campaign at a hundredth of its size."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from irtool.adapters.logs import DirectoryFiles, DuckLog, LogFile, open_log, write_parquet
from irtool.records import Complaint, Findings
from irtool.sandbox import campaign
from irtool.triage import triage

COLUMNS = {
    "time": "ts", "id": "msg_id", "account": "account_id", "source_ip": "src_ip", "envelope_from": "env_from",
    "header_from": "hdr_from", "header_sender": "hdr_sender", "recipient": "rcpt",
}  # fmt: skip
SCALE = 0.01
NOW = datetime(2026, 11, 22, tzinfo=UTC)

Search = Callable[..., tuple[tuple[Complaint, ...], Findings]]
MakeLog = Callable[..., DuckLog]


def directory_files(folder: Path) -> DirectoryFiles:
    for name, rows in (("accounts", campaign.accounts()), ("domains", campaign.domains())):
        with (folder / f"{name}.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)
    mapping = {"account": "account_id"}
    return DirectoryFiles(
        (str(folder / "accounts.csv"), {**mapping, "created": "created_at"}), (str(folder / "domains.csv"), mapping)
    )


@pytest.fixture(scope="session")
def big(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckLog]:
    """The sandbox's log at SCALE with its directory."""
    folder = tmp_path_factory.mktemp("big")
    write_parquet(folder / "logs", campaign.statements(SCALE))
    source = LogFile("parquet", str(folder / "logs" / "*.parquet"), COLUMNS)
    with open_log([source], directory_files(folder)) as log:
        yield log


@pytest.fixture
def make_log(tmp_path: Path) -> Iterator[MakeLog]:
    """(rows, owners {domain: account}, plans {account: plan}) -> an open log; rows need only what matters."""
    made: list[DuckLog] = []

    def make(
        rows: Sequence[Mapping[str, object]], owners: Mapping[str, str], plans: Mapping[str, str] | None = None
    ) -> DuckLog:
        path = tmp_path / "log.jsonl"
        default = {"time": "2025-04-14T12:00:00Z"}
        path.write_text("".join(json.dumps({**default, **row}) + "\n" for row in rows))
        domains, accounts = tmp_path / "domains.json", tmp_path / "accounts.json"
        domains.write_text(json.dumps([{"domain": d, "account": a} for d, a in owners.items()]))
        accounts.write_text(
            json.dumps([{"account": a, "plan": p, "name": f"Name {a}"} for a, p in (plans or {}).items()])
        )
        files = DirectoryFiles((str(accounts), {}) if plans else None, (str(domains), {}) if owners else None)
        made.append(open_log([LogFile("jsonl", str(path))], files))
        return made[-1]

    yield make
    for log in made:
        log.close()


@pytest.fixture
def search() -> Search:
    """Triage as of November 2026, 72 hours back, for the organisation of gateway.example."""

    def run(
        complaints: Sequence[Complaint], log: DuckLog | None, directory: DuckLog | None = None, **changed: object
    ) -> tuple[tuple[Complaint, ...], Findings]:
        options = {"own_domains": ["gateway.example"], "since": timedelta(hours=72), "now": NOW, **changed}
        return triage(complaints, log, directory or log, **options)  # type: ignore[arg-type]

    return run

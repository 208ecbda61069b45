"""A provider with as many impersonated customers as a test wants, and `irtool` typed in its folder."""

from __future__ import annotations

import csv
import json
import os
import pwd
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

BIN = Path(sys.executable).parent
ME = pwd.getpwuid(os.getuid()).pw_name
INCIDENT = f"INC-{datetime.now(UTC):%Y}-0001"
DESTINATION = "quickpost.example"
TRIAL = "office@trial-0.example"
PLAYBOOK = """\
playbook: tell
title: Tell the customers
owner: desk
inputs:
  complaint: {type: file}
  since: {type: duration, default: 72h}
limits: {notice.send: 100000}
steps:
  - id: triage
    title: Find the campaign
    uses: triage.complaint
    with: {complaint: "${{ inputs.complaint }}", since: "${{ inputs.since }}"}
  - id: notify
    title: Tell the customers
    uses: notice.send
    each: findings.affected_customers
    with: {template: customer-notice, locale: "${{ item.locale }}"}
    approval: peer
    on_failure: continue
"""
COLUMNS = ("time", "id", "account", "source_ip", "envelope_from", "header_sender", "header_from", "recipient")


@dataclass(frozen=True)
class Customer:
    """One customer in the directory."""

    id: str
    name: str
    domain: str
    locale: str
    contact: str
    messages: int = 1

    @property
    def forged(self) -> str:
        """The address of theirs that the campaign showed."""
        return f"direzione@{self.domain}"


@dataclass(frozen=True)
class Said:
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The answer of a command with --json."""
        return json.loads(self.out)


@dataclass(frozen=True)
class House:
    """The folder, and its people: alice runs, bianca approves."""

    folder: Path

    def __call__(self, *words: object, code: int | None = 0) -> Said:
        """Type it and wait; it has to end with that code."""
        done = subprocess.run(
            [str(BIN / "irtool"), *map(str, words)], capture_output=True, text=True, cwd=self.folder,
            env=environment(), timeout=600, check=False,
        )  # fmt: skip
        said = Said(done.returncode, done.stdout, done.stderr)
        assert "Traceback" not in said.err, said.err
        assert code is None or said.code == code, f"{words}: {said.code}\n{said.out[-2000:]}\n{said.err[-4000:]}"
        return said

    def start(self, *words: object) -> subprocess.Popen[bytes]:
        """Type it and do not wait; the caller ends it."""
        return subprocess.Popen(
            [str(BIN / "irtool"), *map(str, words)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, cwd=self.folder, env=environment(),
        )  # fmt: skip

    def planned(self) -> None:
        """Up to bianca's yes: the next `irtool resume` sends."""
        self("plan", "./tell.yaml", "complaint.eml", "--as", "alice")
        self("approve", INCIDENT, "notify", "--as", "bianca")

    def told(self) -> None:
        """All notices are out."""
        self.planned()
        self("resume", INCIDENT, "--as", "alice")

    def rows(self) -> dict[str, Any]:
        """The ledger: by change."""
        return {row["change"]: row for row in self("notices", INCIDENT, "--json").json}


def environment() -> dict[str, str]:
    """A small one, without settings of the caller's own irtool."""
    kept = {name: os.environ[name] for name in ("HOME", "LANG", "TMPDIR") if name in os.environ}
    return {**kept, "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', os.defpath)}", "COLUMNS": "80"}


def house(folder: Path, customers: Sequence[Customer], notices: Mapping[str, Any], **more: Any) -> House:
    """Everything written to the folder; `notices` is that section of irtool.yaml."""
    folder.mkdir(exist_ok=True)
    _csv(folder / "accounts.csv", [_account("T0", "trial-0", "trial"), *(_paying(c) for c in customers)])
    owned = {"gateway.example": "0", "trial-0.example": "T0"} | {c.domain: c.id for c in customers}
    _csv(folder / "domains.csv", [{"domain": d, "account": a} for d, a in owned.items()])
    rows = [c.forged for c in customers for _ in range(c.messages)]
    (folder / "gateway.jsonl").write_text("".join(_row(n, forged) for n, forged in enumerate(rows)))
    (folder / "complaint.eml").write_text(_complaint(), newline="")
    (folder / "tell.yaml").write_text(PLAYBOOK)
    settings = {
        "org": {"name": "Example Mail", "domains": ["gateway.example"], "contact": "security@gateway.example"},
        "logs": {"gateway": {"format": "jsonl", "path": "./gateway.jsonl"}},
        "directory": {"accounts": {"path": "./accounts.csv"}, "domains": {"path": "./domains.csv"}},
        "people": {"alice": {"os_user": ME}, "bianca": {"os_user": ME}},
        "shared_accounts": "allow",
        "trusted_relays": [DESTINATION, "gateway.example"],
        "notices": {"from": "Example Mail Security <security@gateway.example>", **notices},
        **more,
    }
    (folder / "irtool.yaml").write_text(json.dumps(settings))  # JSON is YAML
    return House(folder)


def _paying(customer: Customer) -> dict[str, str]:
    return {**_account(customer.id, customer.name, "business"), "locale": customer.locale, "contact": customer.contact}


def _account(account: str, name: str, plan: str) -> dict[str, str]:
    age = timedelta(days=2 if plan == "trial" else 2000)
    created = (datetime.now(UTC) - age).isoformat()
    return {"account": account, "name": name, "plan": plan, "locale": "en", "contact": "", "created": created}


def _row(n: int, forged: str) -> str:
    when = (datetime.now(UTC) - timedelta(hours=8) + timedelta(seconds=n)).isoformat()
    values = (when, f"<m{n}@t0.example>", "T0", "198.51.100.1", "", TRIAL, forged, f"jane@{DESTINATION}")
    return json.dumps(dict(zip(COLUMNS, values, strict=True))) + "\n"


def _complaint() -> str:
    when = format_datetime(datetime.now(UTC) - timedelta(hours=1))
    lines = (
        "Return-Path: <>",
        f"Received: from out1.gateway.example (out1.gateway.example [192.0.2.25]) by mx1.{DESTINATION}",
        f"\t(Postfix) with ESMTPS id 4ZbQk21xWzz3h for <jane@{DESTINATION}>; {when}",
        "Received: from mail.trial-0.example (unknown [198.51.100.1]) by out1.gateway.example",
        f"\t(Postfix) with ESMTPSA id 9F1C07A0E2; {when}",
        "Message-ID: <m0@t0.example>",
        f"Date: {when}",
        "From: Example Mail <info@gateway.example>",
        f"Sender: {TRIAL}",
        f"To: jane@{DESTINATION}",
        "Subject: Un regalo dai nostri partner",
        "",
        "Hello, reply today.",
    )
    return "\r\n".join(lines) + "\r\n"


def _csv(path: Path, rows: Sequence[Mapping[str, str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)

"""A small mail provider with a campaign in its log: the sandbox on a loopback port, and a folder to work in."""

from __future__ import annotations

import csv
import json
import os
import pwd
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from irtool.adapters.journal import SqliteJournal
from irtool.sandbox.app import App
from irtool.sandbox.provider import Provider
from irtool.sandbox.relay import Submission
from irtool.sandbox.server import serve

from .terminal import Said, Terminal

TOKEN = "open-sesame"
READER = "look-only"
INCIDENT = f"INC-{datetime.now(UTC):%Y}-0001"
ME = pwd.getpwuid(os.getuid()).pw_name
DESTINATION = "quickpost.example"
FORGED = ("info@gateway.example", "direzione@acme.example", "ceo@blue.example")
SUBJECT = "Un regalo dai nostri partner"
CUSTOMERS = (
    {"account": "C1", "name": "Acme S.p.A.", "locale": "it", "contact": "sicurezza@acme.example"},
    {"account": "C2", "name": "Blue Ltd", "locale": "en", "contact": "soc@blue.example"},
)
COLUMNS = {
    "time": "ts", "id": "msg_id", "account": "account_id", "source_ip": "src_ip", "envelope_from": "env_from",
    "header_sender": "hdr_sender", "header_from": "hdr_from", "recipient": "rcpt",
}  # fmt: skip

Row = Mapping[str, Any]


@dataclass(frozen=True)
class World:
    """The provider, and the folder with irtool.yaml, accounts.csv, domains.csv, gateway.jsonl and complaint.eml."""

    folder: Path
    provider: Provider
    url: str
    trials: int
    ips_each: int

    @property
    def irtool(self) -> Terminal:
        """A shell in the folder that knows the secrets."""
        return Terminal(self.folder, {"SANDBOX_TOKEN": TOKEN})

    def run(self, *words: object, code: int | None = None) -> Said:
        """Alice runs the shipped playbook on the complaint, and says yes to what is hers."""
        return self.irtool("run", "email-abuse", "complaint.eml", "--as", "alice", "--yes", *words, code=code)

    def counts(self) -> dict[str, Any]:
        """What the provider's change log counts: requests, applied, replayed, applied_twice."""
        with self.provider.session() as state:
            return dict(state.requests.count())

    @property
    def changes(self) -> int:
        """How many changes the shipped playbook makes before it needs a second person."""
        return 2 + self.trials * (2 + self.ips_each)

    def contained(self) -> bool:
        """Whether everything is blocked and disabled that this campaign used."""
        dump: Any = self.provider.dump()
        blocked = {(row[0], row[1]) for row in dump["blocks"]}
        wanted = {("domains", DESTINATION)}
        for n in range(self.trials):
            wanted |= {("addresses", own(n)), *(("ips", ip) for ip in ips(n, self.ips_each))}
        with self.provider.session() as state:
            stopped = all(state.account_status(trial(n)) == "disabled" for n in range(self.trials))
        return blocked == wanted and stopped

    def incidents(self) -> list[str]:
        """What the journal holds."""
        if not (self.folder / "irtool.db").exists():
            return []
        with closing(SqliteJournal(self.folder / "irtool.db")) as journal:
            return list(journal.incidents())

    def head(self) -> str:
        """The hash of the incident's last event: it changes with every event."""
        with closing(SqliteJournal(self.folder / "irtool.db")) as journal:
            return journal.verify(INCIDENT).head

    def configure(self, **changes: Any) -> None:
        """Write irtool.yaml anew with some of its keys changed (None leaves one out)."""
        settings = {**configuration(self.url), **changes}
        text = json.dumps({k: v for k, v in settings.items() if v is not None}, indent=1)  # JSON is YAML
        (self.folder / "irtool.yaml").write_text(text)


def trial(n: int) -> str:
    """The account id of a trial."""
    return f"T{n:03d}"


def own(n: int) -> str:
    """The address that a trial rightly uses."""
    return f"office@trial-{n}.example"


def ips(n: int, each: int) -> list[str]:
    """Where a trial sends from."""
    return [f"198.51.{100 if k < 250 else 101}.{k % 250 + 1}" for k in range(n * each, (n + 1) * each)]


def configuration(url: str) -> dict[str, Any]:
    """irtool.yaml as data."""
    return {
        "org": {"name": "Example Mail", "domains": ["gateway.example"], "languages": ["en", "it"]},
        "journal": "./irtool.db",
        "logs": {"gateway": {"format": "jsonl", "path": "./gateway.jsonl", "columns": dict(COLUMNS)}},
        "directory": {"accounts": {"path": "./accounts.csv"}, "domains": {"path": "./domains.csv"}},
        "connectors": {"sandbox": {"url": url, "token": "env:SANDBOX_TOKEN"}},
        "shared_accounts": "allow",
        "people": {
            "alice": {"os_user": ME, "groups": ["mail-sec-leads"]},
            "bianca": {"os_user": ME, "groups": ["mail-sec-leads"]},
            "carol": {"os_user": "somebody-else", "groups": ["mail-sec-leads"]},
        },
        "notices": {"smtp": "outbox:./outbox", "from": "Example Mail Security <security@gateway.example>"},
        "trusted_relays": [DESTINATION, "gateway.example"],
    }


@contextmanager
def world(folder: Path, *, trials: int = 2, ips_each: int = 2, queued: int = 2) -> Iterator[World]:
    """A provider with so many trial accounts that took part, served while the block runs."""
    provider = _provider(folder / "provider.db", trials)
    for n in range(queued):
        provider.submit(submission(n % trials, ips_each))
    _write_csv(folder / "accounts.csv", _accounts(trials))
    _write_csv(folder / "domains.csv", _domains(trials))
    rows = log(trials, ips_each)
    (folder / "gateway.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "complaint.eml").write_text(complaint(trials, ips_each), newline="")
    with serve(App(provider, TOKEN, reader_token=READER)) as url:
        made = World(folder, provider, url, trials, ips_each)
        made.configure()
        yield made
    provider.close()


def submission(n: int, ips_each: int) -> Submission:
    """One message of the campaign, as the relay gets it."""
    return Submission(
        account=trial(n),
        ip=ips(n, ips_each)[0],
        envelope_from="",
        recipients=(f"jane@{DESTINATION}",),
        from_=(FORGED[0],),
        sender=(own(n),),
        subject=SUBJECT,
    )


def log(trials: int, ips_each: int) -> list[Row]:
    """The gateway log: three messages from every IP of every trial, and rightful mail of the customers."""
    begin = datetime.now(UTC) - timedelta(hours=8)
    rows: list[Row] = []
    for n in range(trials):
        for ip in ips(n, ips_each):
            for forged in FORGED:
                rows.append(_row(begin, len(rows), trial(n), ip, "", own(n), forged, f"jane@{DESTINATION}"))
    for k in range(40):
        sender = f"news@{'acme' if k % 2 else 'blue'}.example"
        rows.append(_row(begin, len(rows), f"C{2 - k % 2}", "192.0.2.9", sender, None, sender, f"u{k}@else.example"))
    return rows


def _row(
    begin: datetime, n: int, account: str, ip: str, envelope: str, sender: str | None, from_: str, rcpt: str
) -> Row:
    when = (begin + timedelta(seconds=n)).isoformat()
    values = (when, f"<m{n}@{account.lower()}.example>", account, ip, envelope, sender, from_, rcpt)
    return dict(zip(COLUMNS.values(), values, strict=True))


def complaint(trials: int = 1, ips_each: int = 1, subject: str = SUBJECT) -> str:
    """The abusive message as a recipient passed it on, with all its headers."""
    when = format_datetime(datetime.now(UTC) - timedelta(hours=1))
    n = trials - 1
    lines = (
        "Return-Path: <>",
        f"Received: from out1.gateway.example (out1.gateway.example [192.0.2.25]) by mx1.{DESTINATION}",
        f"\t(Postfix) with ESMTPS id 4ZbQk21xWzz3h for <jane@{DESTINATION}>; {when}",
        f"Received: from mail.trial-{n}.example (unknown [{ips(n, ips_each)[0]}]) by out1.gateway.example",
        f"\t(Postfix) with ESMTPSA id 9F1C07A0E2; {when}",
        f"Message-ID: <m0@{trial(n).lower()}.example>",
        f"Date: {when}",
        f"From: Example Mail <{FORGED[0]}>",
        f"Sender: {own(n)}",
        f"To: jane@{DESTINATION}",
        f"Subject: {subject}",
        "",
        "Hello, reply today.",
    )
    return "\r\n".join(lines) + "\r\n"


def _provider(path: Path, trials: int) -> Provider:
    return Provider.create(path, _accounts(trials), _domains(trials), org_domain="gateway.example")


def _accounts(trials: int) -> Sequence[Row]:
    created = (datetime.now(UTC) - timedelta(days=2)).isoformat()
    paying = [{**c, "plan": "business", "created": "2020-01-01T00:00:00+00:00"} for c in CUSTOMERS]
    empty = {"locale": "en", "contact": "", "created": created}
    trying = [{**empty, "account": trial(n), "name": f"trial-{n}.example", "plan": "trial"} for n in range(trials)]
    own_account = {**empty, "account": "0", "name": "Example Mail", "plan": "own", "created": paying[0]["created"]}
    return [own_account, *paying, *trying]


def _domains(trials: int) -> Sequence[Row]:
    owned = {"gateway.example": "0", "acme.example": "C1", "blue.example": "C2"}
    owned |= {f"trial-{n}.example": trial(n) for n in range(trials)}
    return [{"domain": domain, "account": account} for domain, account in owned.items()]


def _write_csv(path: Path, rows: Sequence[Row]) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, sorted({key for row in rows for key in row}))
        writer.writeheader()
        writer.writerows(rows)

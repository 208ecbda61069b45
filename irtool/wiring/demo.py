"""The demo's folder: a provider in a file, its directory and its gateway log at full size, and one complaint."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from irtool.adapters.logs import write_parquet
from irtool.errors import UsageError
from irtool.ports import Progress
from irtool.records import Json
from irtool.sandbox import campaign, demo_messages, people
from irtool.sandbox.blocks import Block
from irtool.sandbox.provider import Provider
from irtool.sandbox.relay import Submission
from irtool.sandbox.submissions import submission
from irtool.wiring.desk import os_user
from irtool.wiring.sandbox import TOKEN, make_provider

MARKER = ".irtool-demo"
"""The file by which a folder is known to be a demo's, and may be made anew."""

QUEUED = 40
"""Messages of the campaign that wait in the provider's queue when the demo begins."""

FIREWALL_IP = "203.0.113.99"
"""One of the campaign's addresses that somebody else had blocked before: it must still be blocked after an undo."""

REPORTED_AGO = timedelta(minutes=58)
"""How long the complaint lay unread: what it was in the incident of 2025."""

CONFIG = """\
# The pretend provider of `irtool demo`. Everything here is made up and stays on this machine.
org: {{name: Example Mail, domains: [gateway.example], languages: [en, it], contact: security@gateway.example}}
journal: ./irtool.db
logs:
  gateway:
    format: parquet
    path: ./logs/*.parquet
    columns: {{time: ts, id: msg_id, account: account_id, source_ip: src_ip, envelope_from: env_from,
              header_sender: hdr_sender, header_from: hdr_from, recipient: rcpt}}
directory:
  accounts: {{path: ./accounts.csv, columns: {{account: account_id, created: created_at}}}}
  domains: {{path: ./domains.csv, columns: {{account: account_id}}}}
connectors:
  sandbox: {{url: "sandbox:./provider.db", token: "file:sandbox.token"}}
# In the demo both people are you, which has to be allowed; in life each has an OS account of their own, and only that
# proves who says yes.
shared_accounts: allow
people:
  alice: {{os_user: {user}, groups: [mail-sec-leads]}}
  bianca: {{os_user: {user}, groups: [mail-sec-leads]}}
protected: {{accounts: ["0"]}}
trusted_relays: [quickpost.example, gateway.example]
notices: {{smtp: "outbox:./outbox", from: "Example Mail Security <security@gateway.example>"}}
"""


@dataclass(frozen=True, slots=True)
class Demo:
    """A demo folder that is ready: where its files are, and its provider."""

    folder: Path
    config: Path
    complaint: Path
    provider: Provider

    def try_relay(self) -> tuple[int, str]:
        """Hand the abusive message to the provider's relay: SMTP code and text."""
        return self.provider.submit(_abusive(people.TRIALS[0], people.CAMPAIGN_IPS[0]))


def make(folder: Path, progress: Progress, *, scale: float = 1.0, fresh: bool = False) -> Demo:
    """Make the folder and all that is in it. Raises UsageError if something else is there."""
    _clear(folder, fresh=fresh)
    now = datetime.now(UTC).replace(microsecond=0)
    shift = now - campaign.LOG_END
    progress.step("making a provider with 2,031 accounts")
    (folder / "irtool.yaml").write_text(CONFIG.format(user=os_user()))
    (folder / "sandbox.token").write_text(TOKEN + "\n")
    _write_csv(folder / "accounts.csv", campaign.accounts(shift))
    _write_csv(folder / "domains.csv", campaign.domains())
    complaint = folder / "complaint.eml"
    complaint.write_text(campaign.complaint(scale, shift=shift, reported=now - REPORTED_AGO))
    provider = make_provider(folder / "provider.db")
    _before_the_incident(provider)
    write_parquet(folder / "logs", campaign.statements(scale, shift=shift), progress)
    return Demo(folder, folder / "irtool.yaml", complaint, provider)


def _clear(folder: Path, *, fresh: bool) -> None:
    if folder.exists() and any(folder.iterdir()):
        if not (folder / MARKER).is_file():
            raise UsageError(
                f"{folder} exists and is not a demo's; nothing was touched", hint="irtool demo --folder OTHER"
            )
        if not fresh:
            raise UsageError(
                f"{folder} holds an earlier demo; nothing was touched",
                hint=f"irtool demo --fresh   (throws {folder} away), or: cd {folder} && irtool status",
            )
        _remove(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / MARKER).write_text("made by irtool demo; irtool demo --fresh may remove this folder\n")
    except OSError as error:
        raise UsageError(f"{folder}: {error.strerror}", hint="irtool demo --folder OTHER") from error


def _remove(folder: Path) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir() and not path.is_symlink():
            path.rmdir()
        else:
            path.unlink()


def _before_the_incident(provider: Provider) -> None:
    with provider.session() as state:
        state.blocks.put("ips", FIREWALL_IP, Block(note="seen by the scanner", owner="fw-team"))
    for n in range(QUEUED):
        trial = people.TRIALS[n % len(people.TRIALS)]
        provider.submit(_abusive(trial, people.CAMPAIGN_IPS[n]))


def _abusive(trial: people.Trial, ip: str) -> Submission:
    given: Mapping[str, Json] = demo_messages.abusive(
        account=trial.account, own=f"info@{trial.domain}", ip=ip, to=f"someone@{campaign.DESTINATION}"
    )
    return submission(given, {})


def _write_csv(path: Path, rows: Sequence[Mapping[str, str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)

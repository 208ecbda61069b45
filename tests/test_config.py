"""irtool.yaml: read strictly, secrets by reference, all faults at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from irtool import config
from irtool.errors import ConfigError

WHOLE = """
org: {name: Example Mail, domains: [gateway.example], languages: [en, it]}
journal: ./irtool.db
logs:
  gateway:
    format: parquet
    path: ./logs/*.parquet
    columns: {time: ts, account: account_id}
directory:
  accounts: {path: ./accounts.parquet, columns: {account: account_id}}
  domains: {path: ./domains.csv, columns: {domain: domain, account: account_id}}
connectors:
  rspamd: {url: "http://127.0.0.1:11334", password: "env:RSPAMD_PASSWORD", scan_url: "http://127.0.0.1:11333"}
  panel: {kind: ./panel.yaml, url: "https://panel.example/api", token: "file:token.txt"}
  demo: {kind: sandbox, url: "sandbox:./provider.db"}
people:
  alice: {os_user: alice, slack: U0ALICE, groups: [mail-sec-leads]}
protected: {domains: [partner.example], networks: [192.0.2.0/24], accounts: ["0"]}
notices: {smtp: "smtp://127.0.0.1:2525", from: "Security <security@gateway.example>"}
slack: {app_token: "env:SLACK_APP_TOKEN", bot_token: "env:SLACK_BOT_TOKEN", channel: C0INCIDENTS}
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "irtool.yaml"
    path.write_text(text)
    return path


def test_the_shape_of_the_design_is_read(tmp_path: Path) -> None:
    found = config.load(written(tmp_path, WHOLE))
    assert found.settings.org.domains == ("gateway.example",)
    assert found.journal == tmp_path / "irtool.db"
    assert found.settings.notices is not None
    assert found.settings.notices.from_ == "Security <security@gateway.example>"
    rspamd, panel, demo = found.connectors()
    assert (rspamd.kind, rspamd.secrets) == ("rspamd", {"password": "env:RSPAMD_PASSWORD"})
    assert rspamd.settings == {"url": "http://127.0.0.1:11334", "scan_url": "http://127.0.0.1:11333"}
    assert (panel.kind, panel.secrets) == (str(tmp_path / "panel.yaml"), {"token": "file:token.txt"})
    assert demo.settings["url"] == f"sandbox:{tmp_path / 'provider.db'}"


def test_without_a_file_the_defaults_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("IRTOOL_CONFIG", raising=False)
    assert config.load().path is None
    assert config.load().connectors() == []


def test_the_environment_names_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IRTOOL_CONFIG", str(written(tmp_path, "org: {name: Elsewhere}")))
    assert config.load().settings.org.name == "Elsewhere"
    monkeypatch.setenv("IRTOOL_CONFIG", str(tmp_path / "no.yaml"))
    with pytest.raises(ConfigError, match="there is no such file"):
        config.load()


def test_all_faults_are_told_at_once_with_their_places(tmp_path: Path) -> None:
    text = """org: {name: X, domain: [a.example]}
connectors:
  rspamd:
    url: http://127.0.0.1:1
    password: hunter2
protected:
  networks: [not-a-network]
"""
    path = written(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        config.load(path)
    faults = "\n".join(caught.value.faults)
    assert f'{path}:1:16  unknown key "domain". Did you mean "domains"?' in faults
    assert f'{path}:5:5  "password" must be a reference and never the secret itself' in faults
    assert f"{path}:7:14" in faults
    assert "hunter2" not in faults + str(caught.value)
    assert len(caught.value.faults) == 3


def test_a_journal_elsewhere_is_refused_and_not_taken_for_a_file_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        config.load(written(tmp_path, "journal: postgresql://db.example/irtool\n"))
    fault = f'{tmp_path}/irtool.yaml:1:1  "journal" must be a file on this machine, such as ./irtool.db'
    assert caught.value.faults == (fault,)


def test_secrets_come_from_the_environment_or_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = config.load(written(tmp_path, WHOLE))
    (tmp_path / "token.txt").write_text("s3cret\n")
    assert found.secret("file:token.txt") == "s3cret"
    monkeypatch.setenv("RSPAMD_PASSWORD", "pw")
    assert found.secret("env:RSPAMD_PASSWORD") == "pw"
    monkeypatch.delenv("RSPAMD_PASSWORD")
    with pytest.raises(ConfigError, match="the environment has no RSPAMD_PASSWORD"):
        found.secret("env:RSPAMD_PASSWORD")
    with pytest.raises(ConfigError, match="No such file"):
        found.secret("file:nothing.txt")


POLICY = """
people:
  alice: {os_user: alice, slack: U0ALICE, groups: [leads]}
  bob: {os_user: bob, slack: U0BOB}
approvals:
  severe: peer
  account.disable: {quorum: 2, above: 20}
  collateral: {from: peer, above: 100}
  total: {from: self, expires: 4h, above: 200}
break_glass: leads
shared_accounts: allow
"""


def test_what_irtool_yaml_demands_of_approvals(tmp_path: Path) -> None:
    found = config.load(written(tmp_path, POLICY)).settings
    rules = {name: (r.from_, r.quorum, r.expires, r.above) for name, r in found.approvals.items()}
    assert rules == {
        "severe": ("peer", 1, "", 0),
        "account.disable": ("peer", 2, "", 20),
        "collateral": ("peer", 1, "", 100),
        "total": ("self", 1, "4h", 200),
    }
    assert (found.break_glass, found.shared_accounts) == ("leads", "allow")
    plain = config.load(written(tmp_path, "org: {name: X}")).settings
    assert (plain.approvals, plain.break_glass, plain.shared_accounts) == ({}, "allow", "deny")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (
            "approvals: {sever: peer}",
            '1:13  "sever" is no verb, and not one of mild, moderate, severe, collateral, total.',
        ),
        ("approvals: {severe: none}", '1:13  "severe" must be one of self, peer, not "none".'),
        ("approvals: {severe: {quorum: 0}}", "1:22"),
        ("approvals: {severe: {expires: soon}}", '1:22  "expires" "soon" is not a duration'),
        ("break_glass: leads", '1:1  "break_glass" must be allow, deny or a group that a person is in'),
        ("shared_accounts: yes", '1:1  "shared_accounts" must be one of allow, deny'),
        ("people: {alice: {}, аlice: {}}", '1:21  "аlice" cannot be told from "alice" by eye'),
        ("people: {alice: {}, Alice: {}}", '1:21  "Alice" cannot be told from "alice" by eye'),
        ("people: {alice: {slack: U0A}, bob: {slack: u0a}}", "1:37  u0a is alice already"),
        ("people: {alice: {os_user: desk}, bob: {os_user: Desk}}", '1:40  "Desk" cannot be told from alice\'s by eye'),
    ],
)
def test_policies_that_cannot_be_meant(tmp_path: Path, text: str, fault: str) -> None:
    with pytest.raises(ConfigError) as caught:
        config.load(written(tmp_path, text))
    assert any(f"irtool.yaml:{fault}" in line for line in caught.value.faults), caught.value.faults


NOTICES = """
notices:
  smtp: "smtps://mail.example"
  from: "s@gateway.example"
  per_minute: 120
  dkim: {selector: s, domain: gateway.example, key: "file:dkim.pem"}
  genuine: {phone: "+39 02 1", text: {en: Ask, it: Chiedete}}
  gateway: [out1.gateway.example, 192.0.2.0/24]
"""


def test_how_notices_leave(tmp_path: Path) -> None:
    path = tmp_path / "irtool.yaml"
    path.write_text(NOTICES)
    notices = config.load(path).settings.notices
    assert notices is not None
    assert (notices.per_minute, notices.gateway) == (120, ("out1.gateway.example", "192.0.2.0/24"))
    assert notices.dkim is not None
    assert notices.dkim.key == "file:dkim.pem"
    assert notices.genuine.text == {"en": "Ask", "it": "Chiedete"}


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('"file:dkim.pem"', '"-----BEGIN PRIVATE KEY-----"', "never the secret itself"),
        ("per_minute: 120", "per_minute: -1", "per_minute"),
        ("selector: s, ", "", "selector"),
        ("genuine: {phone", "genuine: {fone", "fone"),
    ],
)
def test_what_is_wrong_with_how_notices_leave(tmp_path: Path, old: str, new: str, says: str) -> None:
    path = tmp_path / "irtool.yaml"
    path.write_text(NOTICES.replace(old, new))
    with pytest.raises(ConfigError) as caught:
        config.load(path)
    assert any(says in fault for fault in caught.value.faults)

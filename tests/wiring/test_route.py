"""Notices leave by a way of their own, and what is wrong with them shows before the night they are needed."""

from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from irtool.config import Config, load
from irtool.wiring.route import checks, template_checks

RELAYS = {"relays": [{"by": "relay.other.example", "ip": "192.0.2.66"}, {"by": None, "ip": "127.0.0.1"}]}


def config(folder: Path, notices: dict[str, Any], **more: Any) -> Config:
    settings = {"notices": {"from": "Security <security@gateway.example>", **notices}, **more}
    path = folder / "irtool.yaml"
    path.write_text(json.dumps(settings))
    return load(path)


@pytest.mark.parametrize(
    ("notices", "more", "campaign", "level", "says"),
    [
        ({"smtp": "smtp://localhost:2525"}, {}, {}, "warn", "nobody can tell whether notices leave"),
        (
            {"smtp": "smtp://localhost:2525", "gateway": ["127.0.0.0/8"]},
            {},
            {},
            "fault",
            "which is 127.0.0.0/8 of the gateway",
        ),
        (
            {"smtp": "smtp://127.0.0.1:2525", "gateway": ["localhost"]},
            {},
            {},
            "fault",
            "which is localhost of the gateway",
        ),
        (
            {"smtp": "smtp://Relay.Other.example.", "gateway": ["out.gateway.example"]},
            {},
            RELAYS,
            "fault",
            "a relay of a campaign",
        ),
        (
            {"smtp": "smtp://localhost", "gateway": ["192.0.2.1"]},
            {},
            RELAYS,
            "fault",
            "a relay of a campaign (127.0.0.1)",
        ),
        (
            {"smtp": "smtp://localhost", "gateway": ["192.0.2.1"]},
            {},
            {},
            "ok",
            "leave by localhost, which is not the gateway",
        ),
        (
            {"smtp": "smtp://127.0.0.1"},
            {"connectors": {"queue": {"kind": "postfix-queue"}}},
            {},
            "warn",
            "the queue that playbooks hold and purge",
        ),
        (
            {"smtp": "smtp://mx.gateway.example"},
            {"trusted_relays": ["gateway.example"]},
            {},
            "warn",
            "one of trusted_relays",
        ),
        ({"smtp": "smtp://user:pw@localhost"}, {}, {}, "fault", "no user or password in the URL"),
        (
            {"smtp": "smtp://h", "password": "env:NOT_THERE_AT_ALL", "gateway": ["x"]},
            {},
            {},
            "fault",
            "NOT_THERE_AT_ALL",
        ),
        ({"smtp": "outbox:o", "bounces_to": "nobody"}, {}, {}, "fault", "bounces_to"),
    ],
)
def test_the_way_notices_take(
    tmp_path: Path, notices: dict[str, Any], more: dict[str, Any], campaign: dict[str, Any], level: str, says: str
) -> None:
    found = list(checks(config(tmp_path, notices, **more), [campaign]))
    assert [(one[0], says in one[1]) for one in found] == [(level, True)], found
    assert found[0][2] or level == "ok"


def test_an_outbox_or_no_notices_at_all_need_no_way(tmp_path: Path) -> None:
    assert list(checks(config(tmp_path, {"smtp": "outbox:out"}), [RELAYS])) == []
    (tmp_path / "irtool.yaml").write_text("{}")
    assert list(checks(load(tmp_path / "irtool.yaml"), [RELAYS])) == []


def test_a_signature_that_receivers_can_check(tmp_path: Path) -> None:
    """Of the sender's own domain, with a key that is one, and that is published."""

    def openssl(*words: str) -> bytes:
        return subprocess.run(["openssl", *words], check=True, capture_output=True).stdout

    openssl("genpkey", "-algorithm", "ed25519", "-out", str(tmp_path / "key.pem"))
    public = base64.b64encode(openssl("pkey", "-in", str(tmp_path / "key.pem"), "-pubout", "-outform", "DER")[-32:])
    dkim = {"selector": "s", "domain": "gateway.example", "key": "file:key.pem"}

    def found(record: bytes, **changed: str) -> tuple[str, str]:
        settings = config(tmp_path, {"smtp": "outbox:o", "dkim": {**dkim, **changed}})
        (one,) = checks(settings, [], lambda name, timeout=5: record)
        return one[0], one[1]

    right = b"v=DKIM1; k=ed25519; p=" + public
    assert found(right) == ("ok", "notices are signed, and receivers find the key at s._domainkey.gateway.example")
    for record in (b"", b"v=DKIM1; k=ed25519; p=" + base64.b64encode(bytes(32)), b"v=spf1 -all"):
        level, says = found(record)
        assert (level, "does not publish this key" in says) == ("warn", True)
    level, says = found(right, domain="other.example")
    assert (level, "DMARC" in says) == ("warn", True)
    (tmp_path / "key.pem").write_text("nothing")
    level, says = found(right)
    assert (level, "no private key" in says) == ("fault", True)


def test_templates_with_all_their_faults(tmp_path: Path) -> None:
    own = tmp_path / "mine" / "notices" / "it"
    own.mkdir(parents=True)
    settings = config(tmp_path, {"smtp": "outbox:o"}, templates="./mine")
    assert [one[0] for one in template_checks(settings)] == ["ok"]
    (own / "customer-notice.txt.j2").write_text("Subject: x\n{{ customer.nme }}\n{{ orgg }}")
    found = list(template_checks(settings))
    assert [one[0] for one in found] == ["fault", "fault"]
    assert [line.partition("customer-notice.txt.j2")[2][:2] for _, line, _ in found] == [":2", ":3"]

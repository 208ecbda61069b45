"""rspamd's maps are whole files without compare-and-swap: several irtool at once, and faults at every call to it."""

from __future__ import annotations

import json
import os
import pwd
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.cli.terminal import Terminal

from .faults import Asked, faults
from .rspamd import Rspamd
from .scim import Scim

INCIDENT = f"INC-{datetime.now(UTC):%Y}-0001"
ME = pwd.getpwuid(os.getuid()).pw_name
PLAYBOOK = """\
playbook: block-{name}
title: Block a lot at once
owner: tests
steps:
  - id: block
    title: Block them
    uses: {verb}
    each: "{targets}"
"""
BEFORE = "# kept by hand, do not touch\r\n192.0.2.200\t# since 2019\n\n  192.0.2.201\n"
MAP = "client_ips.map"


class Desk:
    """A folder whose irtool.yaml knows one connector."""

    def __init__(self, folder: Path, connectors: dict[str, Any], secrets: dict[str, str]) -> None:
        settings = {
            "connectors": connectors,
            "people": {"alice": {"os_user": ME, "groups": ["all"]}},
            "timeout": 3,
        }
        folder.joinpath("irtool.yaml").write_text(json.dumps(settings))
        self.folder = folder
        self.irtool = Terminal(folder, secrets)

    def playbook(self, name: str, verb: str, targets: list[str]) -> tuple[str, ...]:
        """The command that runs a playbook for these targets."""
        self.folder.joinpath(f"{name}.yaml").write_text(PLAYBOOK.format(name=name, verb=verb, targets=targets))
        return ("run", f"{name}.yaml", "--as", "alice", "--yes")

    def at_once(self, commands: list[tuple[str, ...]]) -> None:
        """Type all of them at the same time; each has to end with 0."""
        for process in [self.irtool.start(*words) for words in commands]:
            assert _ended(process) == 0


def _ended(process: subprocess.Popen[bytes]) -> int:
    _, err = process.communicate(timeout=200)
    assert process.returncode == 0, err.decode()[-2000:]
    return process.returncode


def rspamd_at(url: str, scan_url: str = "") -> dict[str, Any]:
    return {"rspamd": {"url": url, "scan_url": scan_url, "password": "env:RSPAMD_PASSWORD"}}


def test_two_hundred_adds_at_once_leave_two_hundred(rspamd: Rspamd, tmp_path: Path) -> None:
    """Four irtool with fifty each write one map: all are there, and what was there before, byte for byte."""
    assert rspamd.save(MAP, BEFORE).is_success
    desk = Desk(tmp_path, rspamd_at(rspamd.controller_url), {"RSPAMD_PASSWORD": rspamd.password})
    targets = [[f"198.51.{100 + n}.{k}" for k in range(1, 51)] for n in range(4)]
    desk.at_once([desk.playbook(f"b{n}", "ip.block", ips) for n, ips in enumerate(targets)])
    text = (rspamd.maps / MAP).read_bytes().decode()
    assert text.startswith(BEFORE)
    assert sorted(text.removeprefix(BEFORE).split()) == sorted(ip for ips in targets for ip in ips)
    names = [row["incident"] for row in desk.irtool("status", "--json", code=0).json]
    desk.at_once([("undo", name, "--as", "alice", "--yes") for name in names])
    assert (rspamd.maps / MAP).read_bytes().decode() == BEFORE


def test_the_last_entry_of_a_map_can_be_undone(rspamd: Rspamd, tmp_path: Path) -> None:
    desk = Desk(tmp_path, rspamd_at(rspamd.controller_url), {"RSPAMD_PASSWORD": rspamd.password})
    assert rspamd.save(MAP, "198.51.100.1\n").is_success
    desk.irtool(*desk.playbook("one", "ip.block", ["198.51.100.1", "198.51.100.2"]), code=0)
    assert rspamd.save(MAP, "198.51.100.2\n").is_success  # somebody has taken the older one away meanwhile
    desk.irtool("undo", "--as", "alice", "--yes", code=0)
    assert rspamd.map_lines(MAP) == []


def saving(asked: Asked) -> bool:
    return asked.path == "/savemap"


def reading(asked: Asked) -> bool:
    return asked.path == "/getmap"


AT_WRITES = ("reset_after", "login_page_after", "silent_after", "not_found", "truncated", "too_many")
AT_READS = ("login_page", "reset_after", "empty", "other_json", "short")


@pytest.mark.parametrize(
    ("kind", "match"), [*((kind, saving) for kind in AT_WRITES), *((kind, reading) for kind in AT_READS)]
)
def test_a_fault_in_front_of_rspamd(rspamd: Rspamd, tmp_path: Path, kind: str, match: Callable[[Asked], bool]) -> None:
    """Of the second of its kind; the map ends with all entries once, whatever was said about it."""
    assert rspamd.save(MAP, BEFORE).is_success
    targets = ["198.51.100.1", "198.51.100.2", "198.51.100.3"]
    with faults(rspamd.controller_url) as proxy:
        desk = Desk(tmp_path, rspamd_at(proxy.url), {"RSPAMD_PASSWORD": rspamd.password})
        proxy.order(kind, 5 if match is reading else 2, match=match)
        said = desk.irtool(*desk.playbook("three", "ip.block", targets))
        assert proxy.broken == 1
        if said.code != 0:
            assert said.code in {1, 4, 5}, said.err
            desk.irtool("plan", INCIDENT, "--as", "alice", code=0)
            desk.irtool("resume", "--as", "alice", "--yes", code=0)
    text = (rspamd.maps / MAP).read_bytes().decode()
    assert text.startswith(BEFORE)
    assert sorted(text.removeprefix(BEFORE).split()) == targets


@pytest.mark.parametrize("kind", ["reset_after", "unavailable_after", "login_page_after", "empty", "no_token"])
def test_a_fault_in_front_of_scim(scim: Scim, tmp_path: Path, kind: str) -> None:
    """The account is disabled once, and enabled again by undo, whatever was said about it."""
    with faults(scim.url) as proxy:
        staff = {"kind": "scim", "url": proxy.url, "token": "env:SCIM_TOKEN"}
        desk = Desk(tmp_path, {"staff": staff}, {"SCIM_TOKEN": scim.token})
        proxy.order(kind, 1, match=lambda asked: asked.method == "PATCH")
        said = desk.irtool(*desk.playbook("stop", "account.disable", ["trial1"]))
        assert proxy.broken == 1
        if said.code != 0:
            desk.irtool("resume", "--as", "alice", "--yes", code=0)
        assert scim.user("trial1")["active"] is False
        proxy.order(kind, 1, match=lambda asked: asked.method == "PATCH")
        said = desk.irtool("undo", "--as", "alice", "--yes")
        if said.code != 0:
            desk.irtool("undo", "--as", "alice", "--yes", code=0)
        assert scim.user("trial1")["active"] is True
        assert scim.user("alice")["active"] is True


def test_a_user_that_somebody_changes_at_the_same_time(scim: Scim, tmp_path: Path) -> None:
    """Between the read and the PATCH: If-Match says so, the user is read anew, and both changes are there."""
    with faults(scim.url) as proxy:
        changed = []

        def meddle(asked: Asked) -> bool:
            if asked.method == "PATCH" and not changed:
                changed.append(scim.user("trial1")["id"])
                operation = {"op": "replace", "path": "nickName", "value": "edited meanwhile"}
                body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [operation]}
                scim._call("PATCH", f"/Users/{changed[0]}", body)
            return False

        proxy.order("empty", match=meddle)
        staff = {"kind": "scim", "url": proxy.url, "token": "env:SCIM_TOKEN"}
        desk = Desk(tmp_path, {"staff": staff}, {"SCIM_TOKEN": scim.token})
        desk.irtool(*desk.playbook("stop", "account.disable", ["trial1"]), code=0)
        patches = [asked for asked in proxy.asked if asked.method == "PATCH"]
    assert len(patches) == 2
    assert patches[0].headers["if-match"] != patches[1].headers["if-match"]
    user = scim.user("trial1")
    assert (user["active"], user["nickName"]) == (False, "edited meanwhile")

"""What a credential may do, asked of real servers by reading only; a run is refused before its first change."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from irtool.adapters.command import CommandSender
from irtool.connectors import connector, hold
from irtool.errors import Rejected

from .postfix import Postfix
from .test_containment import BEFORE, INCIDENT, Desk, desk

__all__ = ["desk"]  # the fixture


def with_(desk: Desk, **secrets: str) -> Desk:
    """The same desk with other secrets."""
    return replace(desk, irtool=replace(desk.irtool, variables={**desk.irtool.variables, **secrets}))


def configure(desk: Desk, **changes: Any) -> None:
    """Change settings of connectors in irtool.yaml."""
    path = desk.irtool.folder / "irtool.yaml"
    settings = json.loads(path.read_text())
    for name, more in changes.items():
        settings["connectors"][name] |= more
    path.write_text(json.dumps(settings))


def checks(desk: Desk, code: int, able: str) -> dict[str, dict[str, Any]]:
    """By connector, what doctor says of the verbs with that word."""
    found = desk.irtool("doctor", "--json", code=code).json["checks"]
    return {c["what"]: c for c in found if c["able"] == able}


def untouched(desk: Desk) -> bool:
    """Nothing was changed anywhere."""
    same = all((desk.rspamd.maps / name).read_text() == text for name, text in BEFORE.items())
    return same and desk.scim.user("trial1")["active"] and not desk.notices.messages


def test_everything_is_able_and_what_cannot_be_proven_is_said(desk: Desk) -> None:
    assert checks(desk, 0, "cannot") == checks(desk, 0, "untold") == {}
    assert set(checks(desk, 0, "can")["queue"]["verbs"]) == {"queue.hold", "queue.purge"}
    unproven = checks(desk, 0, "unproven")
    assert {"rspamd", "staff", "mail"} <= set(unproven)
    assert "SCIM does not tell" in unproven["staff"]["says"] or "SCIM does not tell" in str(unproven)
    assert untouched(desk)


def test_a_password_of_rspamd_that_only_reads(desk: Desk) -> None:
    """Looks work with it, so there is a plan, and not one change: neither there nor at any other server."""
    narrow = with_(desk, RSPAMD_PASSWORD=desk.rspamd.read_password)
    assert "domain.block" in checks(narrow, 2, "cannot")["rspamd"]["verbs"]
    said = narrow.run(code=5)
    assert "rspamd cannot address.block, domain.block, ip.block" in said.err
    assert "give the enable_password" in said.err
    assert "staff" not in said.err.partition("refused before")[2]
    assert untouched(desk)
    assert {c["state"] for c in desk.changes().values()} == {"planned", "already"}
    resumed = desk.irtool("run", INCIDENT, "--as", "alice", "--yes", code=3)
    assert "refused before" not in resumed.err


def test_a_map_that_the_scanner_does_not_use(desk: Desk) -> None:
    configure(desk, rspamd={"maps": {"header_sender": "sender_hdr.map", "user": "nobodys.map"}})
    no = checks(desk, 2, "cannot")["rspamd"]
    assert no["verbs"] == ["account.disable"]
    assert "no 'nobodys.map'" in no["says"]
    assert "irtool.yaml" in no["hint"]


def test_the_controller_is_not_the_scanner(desk: Desk) -> None:
    configure(desk, rspamd={"scan_url": desk.rspamd.controller_url})
    assert "scan_url is the controller" in checks(desk, 2, "cannot")["rspamd"]["says"]


def test_a_wrong_token_of_scim(desk: Desk) -> None:
    """Found although it is needed last."""
    with_(desk, SCIM_TOKEN=desk.scim.token).irtool("plan", "email-abuse", "complaint.eml", "--as", "alice", code=0)
    wrong = with_(desk, SCIM_TOKEN="guess")
    assert "account.disable" in checks(wrong, 2, "cannot")["staff"]["verbs"]
    said = wrong.irtool("run", INCIDENT, "--as", "alice", "--yes")
    assert said.code == 5
    assert "staff cannot account.disable" in said.err
    assert "guess" not in said.text
    assert untouched(desk)


def test_postsuper_is_for_the_superuser(postfix: Postfix, tmp_path: Path) -> None:
    settings = {"config_dir": str(postfix.config_dir)}
    sender = CommandSender()
    able = connector("queue", "postfix-queue", settings)
    assert hold(able.able("queue.hold"), sender) == ""  # type: ignore[attr-defined]
    assert hold(able.able("queue.purge"), sender) == ""  # type: ignore[attr-defined]
    only_list = tmp_path / "only-list"  # as a sudoers line that allows postqueue and not postsuper
    only_list.write_text(
        '#!/bin/sh\n[ "$1" = postsuper ] && exec setpriv --reuid=postfix --clear-groups "$@"\nexec "$@"\n'
    )
    only_list.chmod(0o755)
    unable = connector("queue", "postfix-queue", {**settings, "prefix": [str(only_list)]})
    with pytest.raises(Rejected, match="superuser") as caught:
        hold(unable.able("queue.hold"), sender)  # type: ignore[attr-defined]
    assert "prefix" in caught.value.hint

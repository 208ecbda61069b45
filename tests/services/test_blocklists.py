"""Block lists as the programs read them that they are made for: Postfix looks values up in its tables."""

from __future__ import annotations

import os
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from irtool.tell.exports import Envelope, Indicator, Shared, export

from .machine import SBIN

pytestmark = pytest.mark.services

ABOUT = Envelope("Example Mail", "INC-2025-0001", "Spam", "amber", *[datetime(2025, 4, 14, tzinfo=UTC)] * 2)
BLOCKED = Shared(
    (
        Indicator("domain", "win-prizes.example", "destination", block=True),
        Indicator("ip", "198.51.100.0/24", "source", block=True),
        Indicator("ip", "2001:db8::7", "source", block=True),
        Indicator("ip", "203.0.113.9", "source"),
        Indicator("address", "sales+a=b@trial7.example", "sender", block=True),
    )
)


@pytest.fixture(scope="module")
def postmap() -> str:
    """The program; without it these tests fail, and say what to type."""
    found = shutil.which("postmap", path=os.pathsep.join([os.environ.get("PATH", os.defpath), *SBIN]))
    assert found, "Postfix is missing: apt-get install -y --no-install-recommends postfix"
    return found


@pytest.mark.parametrize(
    ("kind", "table", "asked", "answer"),
    [
        ("domain", "texthash", "win-prizes.example", "REJECT"),
        ("domain", "texthash", ".win-prizes.example", "REJECT"),
        ("domain", "texthash", "prizes.example", ""),
        ("ip", "cidr", "198.51.100.77", "REJECT"),
        ("ip", "cidr", "2001:db8:0:0::7", "REJECT"),
        ("ip", "cidr", "203.0.113.9", ""),
        ("address", "texthash", "sales+a=b@trial7.example", "REJECT"),
    ],
)
def test_postfix_finds_what_is_blocked(
    postmap: str, tmp_path: Path, kind: str, table: str, asked: str, answer: str
) -> None:
    path = tmp_path / "table"
    path.write_text(export(BLOCKED, ABOUT, "blocklist", kind=kind, style="postfix"))
    (tmp_path / "main.cf").write_text("compatibility_level = 3.6\n")
    done = subprocess.run(
        [postmap, "-c", str(tmp_path), "-q", asked, f"{table}:{path}"], capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == answer
    assert done.stderr == ""

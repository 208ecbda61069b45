"""Thousands of notices and a crash in the middle: none twice, none lost, counted where they arrive."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from .customers import INCIDENT, Customer, house
from .machine import wait_until
from .sink import Sink

MANY = 5_000
KILLED_AT = 2_000


def names(sink: Sink) -> list[str]:
    """The Message-ID of everything that arrived."""
    return [
        found[1].decode()
        for m in sink.messages
        for found in re.finditer(rb"^Message-ID: (<.+>)\r$", m.content, re.MULTILINE)
    ]


@pytest.mark.timeout(900)  # a minute on a machine of its own
def test_five_thousand_notices_and_a_crash(tmp_path: Path, notice_sink: Sink) -> None:
    """kill -9 in the middle. What was in flight then is looked up in the server, as a person would, and said."""
    customers = [
        Customer(f"c{n}", f"Customer {n}", f"customer{n}.example", "it" if n % 2 else "en", f"ops@customer{n}.example")
        for n in range(MANY)
    ]
    irtool = house(tmp_path / "house", customers, {"smtp": notice_sink.url})
    irtool.planned()
    first = irtool.start("resume", INCIDENT, "--as", "alice")
    try:
        wait_until(lambda: len(notice_sink.messages) >= KILLED_AT, "the first notices did not arrive", 300)
    finally:
        first.kill()
    assert first.wait() == -9
    before = len(notice_sink.messages)
    assert KILLED_AT <= before < MANY

    after = irtool("notices", INCIDENT, "--json").json
    doubtful = [row for row in after if row["state"] in {"sending", "in doubt"}]
    assert len(doubtful) <= 2  # no more than are sent at the same time
    arrived = set(names(notice_sink))
    words = [f"--settle={r['change']}={'done' if r['message_id'] in arrived else 'failed'}" for r in doubtful]
    irtool("resume", INCIDENT, *words, "--as", "alice")

    counts = Counter(recipient for m in notice_sink.messages for recipient in m.recipients)
    assert set(counts.values()) == {1}
    assert set(counts) == {c.contact for c in customers}
    assert len(set(names(notice_sink))) == MANY
    assert Counter(row["state"] for row in irtool("notices", INCIDENT, "--json").json) == {"sent": MANY}

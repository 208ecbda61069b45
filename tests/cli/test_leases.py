"""Leases: what is in force, until when, and `irtool expire`, which undoes what is due and nothing else."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

from .conftest import Make
from .world import DESTINATION, INCIDENT, World, ips

PLAYBOOK = """
playbook: short
title: Blocks that end
approvers: mail-sec-leads
inputs:
  complaint: {{type: file}}
steps:
  - {{id: triage, title: Find the campaign, uses: triage.complaint, with: {{complaint: "${{{{ inputs.complaint }}}}"}}}}
  - {{id: block-domains, title: Block the destination, uses: domain.block, each: findings.destination_domains,
     with: {{expires: {domains}}}}}
  - {{id: block-ips, title: Block the sources, uses: ip.block, each: findings.source_ips, with: {{expires: {ips}}},
     approval: self}}
  - {{id: disable, title: Disable the trials, uses: account.disable, each: findings.accounts}}
"""


def run(world: World, *, domains: str = "30d", sources: str = "30d") -> None:
    (world.folder / "short.yaml").write_text(PLAYBOOK.format(domains=domains, ips=sources))
    world.irtool("run", "short.yaml", "complaint.eml", "--as", "alice", "--yes", code=0)


def rows(world: World, *words: object) -> dict[str, Any]:
    return {row["change"]: row for row in world.irtool("leases", *words, "--json", code=0).json}


def blocked(world: World) -> set[tuple[str, str]]:
    """What blocks now: an entry of the sandbox whose time is over stays on its list and blocks nothing."""
    with world.provider.session() as state:
        kinds = ("domains", "ips", "addresses")
        return {(kind, str(row["value"])) for kind in kinds for row in state.blocks.page(kind) if row["active"]}


def status(world: World, account: str) -> str:
    with world.provider.session() as state:
        return state.account_status(account)


def test_every_block_in_force_is_listed_with_its_end(small: World) -> None:
    """By whom, why, until when; what was never done, or cannot be undone, is not in force."""
    small.irtool("plan", "email-abuse", "complaint.eml", "--as", "alice", code=0)
    assert small.irtool("leases", code=0).out == ""
    (small.folder / "irtool.db").unlink()
    run(small)
    found = rows(small)
    assert len(found) == 1 + 4 + 2
    domain, ip, account = (
        found[f"block-domains/{DESTINATION}"],
        found[f"block-ips/{ips(0, 2)[0]}"],
        found["disable/T000"],
    )
    month = datetime.fromisoformat(domain["until"]) - datetime.now(UTC)
    assert timedelta(days=29, hours=23) < month < timedelta(days=30)
    assert (account["until"], account["effect"]) == (None, "effective")
    assert (ip["people"], ip["why"].startswith("Block the sources")) == (["alice"], True)
    text = small.irtool("leases", code=0).out
    assert text.index("quickpost[.]example") < text.index("T000")  # the first to end first
    assert "no end" in text
    assert INCIDENT in text


def test_expire_undoes_what_is_due_and_nothing_else(small: World) -> None:
    """The IPs' time is up, the domain's is not, the accounts have no end."""
    run(small, sources="30m")
    small.irtool("leases", INCIDENT, "block-ips", "--for", "1s", "--as", "alice", code=0)
    small.irtool("leases", INCIDENT, "disable", "T001", "--for", "1s", "--as", "alice", code=0)
    assert (("ips", ips(0, 2)[0]) in blocked(small), status(small, "T001")) == (True, "disabled")
    time.sleep(1.1)
    due = small.irtool("expire", "--dry-run", "--json", code=0).json
    wanted = {f"block-ips/{ip}" for n in range(2) for ip in ips(n, 2)} | {"disable/T001"}
    assert {row["change"] for row in due} == wanted
    assert "DUE" in small.irtool("leases", code=0).out
    assert "irtool expire" in small.irtool("leases", code=0).err
    head = small.head()
    ended = small.irtool("expire", "--json", code=0).json
    assert ended == [{"incident": INCIDENT, "outcome": "done", "exit_code": 0, "undone": 5}]
    assert small.head() != head
    assert blocked(small) == {("domains", DESTINATION)}
    assert (status(small, "T000"), status(small, "T001")) == ("disabled", "active")
    assert set(rows(small)) == {f"block-domains/{DESTINATION}", "disable/T000"}
    told = small.irtool("timeline", code=0).out
    assert "time" in told.lower()
    head = small.head()
    assert small.irtool("expire", code=0).err == ""  # cron mails nobody when nothing is due
    assert small.head() == head
    assert small.irtool("verify", code=0).out.count("whole") == 1


def test_a_closed_incident_still_ends_its_blocks(make: Make) -> None:
    small = make(trials=1, ips_each=1)
    run(small, sources="1s")
    small.irtool("close", INCIDENT, "--as", "alice", "--reason", "over", code=0)
    time.sleep(1.1)
    small.irtool("expire", code=0)
    assert blocked(small) == {("domains", DESTINATION)}


def test_a_lease_gets_another_end(make: Make) -> None:
    """Longer, for good, and by somebody with a say only."""
    small = make(trials=1, ips_each=1)
    run(small, sources="1s")
    (ip,) = ips(0, 1)
    small.irtool(
        "leases", INCIDENT, "block-ips", ip, "--for", "1h", "--as", "bianca", "--reason", "still at it", code=0
    )
    time.sleep(1.1)
    small.irtool("expire", code=0)
    assert ("ips", ip) in blocked(small)
    row = rows(small)[f"block-ips/{ip}"]
    assert row["extended"] is True
    assert timedelta(minutes=58) < datetime.fromisoformat(row["until"]) - datetime.now(UTC) < timedelta(hours=1)
    small.irtool("leases", INCIDENT, "block-ips", "--for-good", "--as", "alice", code=0)
    assert rows(small)[f"block-ips/{ip}"]["until"] is None
    assert "still at it" in small.irtool("timeline", code=0).out


def test_a_lease_that_makes_no_sense_is_refused(make: Make) -> None:
    small = make(trials=1, ips_each=1)
    run(small)
    head = small.head()
    assert (
        "nothing in force named nope"
        in small.irtool("leases", INCIDENT, "nope", "--for", "1h", "--as", "alice", code=2).err
    )
    assert "--for" in small.irtool("leases", INCIDENT, "block-ips", code=2).err
    small.irtool("leases", INCIDENT, "block-ips", "--for", "1h", "--for-good", "--as", "alice", code=2)
    small.irtool("leases", INCIDENT, "block-ips", "--for", "soon", "--as", "alice", code=2)
    small.irtool("leases", INCIDENT, "block-ips", "--for", "1h", "--as", "carol", code=5)  # not her OS account
    assert small.head() == head


def test_an_incident_somebody_works_on_is_left_for_the_next_time(make: Make) -> None:
    """`expire` says so and ends with 5; nothing is undone twice."""
    from contextlib import closing

    from irtool.adapters.journal import SqliteJournal

    small = make(trials=1, ips_each=1)
    run(small, sources="1s")
    time.sleep(1.1)
    with closing(SqliteJournal(small.folder / "irtool.db")) as journal:
        epoch = journal.lease(INCIDENT, "alice, somewhere")
        assert "being worked on" in small.irtool("expire", code=5).err
        journal.release(INCIDENT, epoch)
    small.irtool("expire", code=0)
    assert blocked(small) == {("domains", DESTINATION)}

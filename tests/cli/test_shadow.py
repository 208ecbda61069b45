"""Shadow mode: everything but the change, and nothing of it is ever taken for the real thing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .world import DESTINATION, INCIDENT, TOKEN, World


def states(world: World) -> dict[str, str]:
    return {c["id"]: c["state"] for c in world.irtool("status", "--json", code=0).json[0]["changes"]}


def shadowed(world: World) -> list[Any]:
    rows: Any = world.irtool("timeline", "--json", code=0).json
    return [row for row in rows if row["kind"] == "change.shadowed"]


def test_a_whole_run_in_the_shadow_sends_nothing(small: World) -> None:
    """Looks, asks, rehearses; the server sees no change, nobody is told, and it is no success."""
    before = small.provider.dump()
    said = small.run("--shadow", code=3)
    assert "SHADOW" in said.err
    small.irtool("approve", INCIDENT, "purge-queue", "--as", "bianca", code=0)
    small.irtool("resume", "--as", "alice", "--yes", code=3)
    small.irtool("approve", INCIDENT, "notify", "--as", "bianca", code=0)
    ended = small.irtool("resume", "--as", "alice", "--yes", code=5)
    assert "only rehearsed: shadow mode sends nothing" in ended.talk
    assert small.counts()["applied"] == 0
    assert small.provider.dump() == before
    assert not list(Path(small.folder).glob("outbox/*.eml"))
    assert set(states(small).values()) == {"shadowed"}, states(small)
    assert "shadowed" in small.irtool("status", code=0).out
    assert small.irtool("leases", code=0).out == ""
    assert "nothing to undo" in small.irtool("undo", "--yes", code=0).err
    assert small.irtool("verify", code=0).code == 0


def test_the_journal_keeps_what_would_have_been_sent(small: World) -> None:
    """Marked as synthetic, with the calls and without the secret."""
    small.run("--shadow", code=3)
    rows = shadowed(small)
    assert all(row["data"]["synthetic"] is True for row in rows)
    (domain,) = [r for r in rows if r["step"] == "block-domains"]
    (call,) = domain["data"]["calls"]
    assert (call["method"], call["path"]) == ("PUT", f"/v1/blocks/domains/{DESTINATION}")
    assert TOKEN not in json.dumps(rows)


def test_a_yes_to_a_shadow_is_no_yes_to_the_real_thing(small: World) -> None:
    """Planned again without the shadow, every step asks again."""
    small.run("--shadow", code=3)
    small.irtool("approve", INCIDENT, "purge-queue", "--as", "bianca", code=0)
    small.irtool("plan", INCIDENT, "--as", "alice", code=0)
    assert set(states(small).values()) <= {"planned", "skipped", "already"}
    waits = small.irtool("run", INCIDENT, "--as", "alice", "--yes", code=3)
    assert "purge-queue" in waits.err
    assert small.counts()["applied"] == small.changes
    assert small.contained()


def test_one_verb_in_the_shadow_and_nobody_is_told_of_it(small: World) -> None:
    """The rest is real; notices come after it and would say what has not happened, so they are not sent either."""
    small.configure(shadow=["account.disable"])
    small.run(code=3)
    counts = states(small)
    assert counts[f"block-domains/{DESTINATION}"] == "done"
    assert {s for name, s in counts.items() if name.startswith("disable")} == {"shadowed"}
    dump: Any = small.provider.dump()
    assert dump["blocks"]
    assert not small.contained()
    small.irtool("refuse", INCIDENT, "purge-queue", "--as", "bianca", "--reason", "evidence", code=0)
    small.irtool("approve", INCIDENT, "notify", "--as", "bianca", code=0)
    small.irtool("resume", "--as", "alice", "--yes", code=5)
    assert {s for name, s in states(small).items() if name.startswith("notify")} == {"shadowed"}
    assert not list(Path(small.folder).glob("outbox/*.eml"))


def test_a_connector_put_in_the_shadow_after_the_plan_sends_nothing_and_undoes_nothing(small: World) -> None:
    """What irtool.yaml says now counts: for a plan made before, and for what is in place."""
    small.irtool("plan", "email-abuse", "complaint.eml", "--as", "alice", code=0)
    small.configure(shadow=["sandbox"])
    moved = small.irtool("run", INCIDENT, "--as", "alice", "--yes")
    assert moved.code != 0
    assert small.counts()["applied"] == 0
    small.configure()
    small.irtool("plan", INCIDENT, "--as", "alice", code=0)
    small.irtool("run", INCIDENT, "--as", "alice", "--yes", code=3)
    assert small.contained()
    small.configure(shadow=["sandbox"])
    undone = small.irtool("undo", INCIDENT, "block-domains", "--as", "alice", "--yes", code=1)
    assert "shadow mode" in undone.talk
    assert small.contained()


def test_a_name_that_is_nothing_is_a_fault(small: World) -> None:
    small.configure(shadow=["account.disabel"])
    said = small.irtool("status", code=2)
    assert "account.disabel" in said.err
    assert "account.disable" in said.err

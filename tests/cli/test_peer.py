"""A step that needs a second person: the run stops, the starter's own yes does not count, somebody else's does."""

from __future__ import annotations

from pathlib import Path

from .world import DESTINATION, INCIDENT, World


def outbox(world: World) -> list[str]:
    return sorted(path.name.partition("-")[0] for path in Path(world.folder, "outbox").glob("*.eml"))


def test_a_second_person_lets_the_run_go_on(small: World) -> None:
    """3 while it waits, 5 for the starter's own yes, 0 after a resume with the yes of somebody else."""
    waits = small.run(code=3)
    assert f"{INCIDENT} waits at purge-queue for someone other than you" in waits.err
    assert f"irtool approve {INCIDENT} purge-queue --as PERSON" in waits.err
    assert (small.counts()["applied"], small.contained(), outbox(small)) == (small.changes, True, [])

    own_yes = small.irtool("approve", INCIDENT, "purge-queue", "--as", "alice", code=5)
    assert "alice started, planned or ran this incident: it takes somebody else" in own_yes.err
    assert small.irtool("resume", "--as", "alice", "--yes", code=3).out == ""
    assert (small.counts()["applied"], outbox(small)) == (small.changes, [])

    assert "approved by bianca" in small.irtool("approve", INCIDENT, "purge-queue", "--as", "bianca", code=0).err
    small.irtool("resume", "--as", "alice", code=3)
    assert small.counts()["applied"] == small.changes + 1
    given = small.irtool("approve", INCIDENT, "notify", "--as", "bianca", "--json", code=0).json
    assert given == {"incident": INCIDENT, "step": "notify", "approved": True, "by": "bianca", "items": []}
    small.irtool("resume", "--as", "alice", code=0)
    assert outbox(small) == ["sicurezza@acme.example", "soc@blue.example"]
    assert small.irtool("status", "--json").json[0]["counts"] == {"done": small.changes + 3}


def test_who_resumed_is_no_second_person(small: World) -> None:
    """Whoever had a hand in the run does not count as somebody else."""
    small.run(code=3)
    small.irtool("resume", "--as", "bianca", code=3)
    refused = small.irtool("approve", INCIDENT, "purge-queue", "--as", "bianca", code=5)
    assert "bianca started, planned or ran this incident" in refused.err
    assert small.counts()["applied"] == small.changes


def test_an_approval_covers_only_the_targets_it_names(small: World) -> None:
    """One customer is told, the other one's notice still waits."""
    small.run(code=3)
    small.irtool("refuse", INCIDENT, "purge-queue", "--as", "bianca", "--reason", "evidence", code=0)
    small.irtool("approve", INCIDENT, "notify", "--item", "C1", "--as", "bianca", code=0)
    small.irtool("resume", "--as", "alice", code=3)
    assert outbox(small) == ["sicurezza@acme.example"]
    assert small.counts()["applied"] == small.changes
    states = {c["id"]: c["state"] for c in small.irtool("status", "--json").json[0]["changes"]}
    assert (states["notify/C1"], states["notify/C2"]) == ("done", "planned")
    assert states[f"purge-queue/{DESTINATION}"] == "skipped"
    assert "evidence" in small.irtool("timeline", code=0).out


def test_a_yes_to_an_older_plan_does_not_count(small: World) -> None:
    """Approvals are bound to the very changes that were planned: here one account needs nothing any more."""
    small.irtool("run", "email-abuse", "complaint.eml", "--as", "alice", code=3)
    small.irtool("approve", INCIDENT, "disable-trials", "--as", "alice", code=0)
    with small.provider.session() as state:
        state.accounts.set_status("T001", "disabled")
    small.irtool("plan", INCIDENT, "--as", "alice", code=0)
    said = small.irtool("resume", "--as", "alice", code=3)
    assert "waits at disable-trials" in said.err
    with small.provider.session() as state:
        assert (state.account_status("T000"), state.account_status("T001")) == ("active", "disabled")


def test_a_new_plan_does_again_what_somebody_else_has_taken_back(small: World) -> None:
    """A block that is gone is not "done": the next plan sees that, and the run puts it there again."""
    small.run(code=3)
    with small.provider.session() as state:
        state.blocks.delete("domains", DESTINATION)
    assert f"+ {DESTINATION.replace('.', '[.]')}" in small.irtool("plan", INCIDENT, "--as", "alice", code=0).err
    small.irtool("resume", "--as", "alice", "--yes")
    assert small.contained()


def test_without_a_person_nobody_says_yes(small: World) -> None:
    """Without --yes and without a terminal the run waits at the step that needs alice's own yes."""
    said = small.irtool("run", "email-abuse", "complaint.eml", "--as", "alice", code=3)
    assert f"{INCIDENT} waits at disable-trials for you" in said.err
    with small.provider.session() as state:
        assert state.account_status("T000") == "active"
    small.irtool("approve", INCIDENT, "disable-trials", "--as", "alice", code=0)
    small.irtool("resume", "--as", "alice", code=3)
    assert small.contained()

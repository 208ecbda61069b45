"""Approvals as they are typed: bound to what is sent, quorum, break-glass, veto, and a world that moves."""

from __future__ import annotations

from pathlib import Path

from .world import DESTINATION, INCIDENT, ME, World, own, trial

PLAYBOOK = """\
playbook: small
title: Stop what the complaint names
approvers: mail-sec-leads
inputs:
  complaint: {type: file}
steps:
  - id: triage
    title: Read the complaint
    uses: triage.complaint
    with: {complaint: "${{ inputs.complaint }}", since: 72h}
  - id: block
    title: Block the sender addresses
    uses: address.block
    each: findings.sender_addresses
    approval: {from: peer, quorum: 2, expires: 4h}
"""


def planned(world: World, text: str = PLAYBOOK, **changes: object) -> World:
    """A world with a plan that alice has made."""
    world.configure(**changes)
    (world.folder / "small.yaml").write_text(text)
    world.irtool("plan", "small.yaml", "complaint.eml", "--as", "alice", code=0)
    return world


def four(**more: object) -> dict[str, object]:
    """People with a third one in the same OS account."""
    same = {"os_user": ME, "groups": ["mail-sec-leads"]}
    return {"people": {"alice": same, "bianca": same, "carol": same}, **more}


def test_a_plan_shows_what_it_would_send(small: World) -> None:
    """Nothing is sent, and the calls are there for people and for machines, without the key or a secret."""
    planned(small)
    shown = small.irtool("plan", INCIDENT, "--calls", "--as", "alice", code=0).out
    assert f"PUT /v1/blocks/addresses/{own(0).replace('@', '%40')}" in shown
    assert "irtool {key}" in shown
    data = small.irtool("plan", INCIDENT, "--json", "--as", "alice", code=0).json
    made = data["calls"][f"block/{own(0)}"]
    assert made["calls"][0]["method"] == "PUT"
    assert made["connector"]["bases"] == {"": small.url}
    assert "open-sesame" not in shown + str(data)
    assert small.counts()["applied"] == 0


def test_two_persons_then_one_takes_it_back(small: World) -> None:
    planned(small, **four())
    small.irtool("run", INCIDENT, "--as", "alice", code=3)
    first = small.irtool("approve", INCIDENT, "block", "--as", "bianca", code=0)
    assert "1 more person has to say yes." in first.err
    assert "1 person other than you (1 of 2 said yes)" in small.irtool("status", INCIDENT, code=0).talk
    small.irtool("approve", INCIDENT, "block", "--as", "bianca", code=5)
    small.irtool("approve", INCIDENT, "block", "--as", "bianca", "--revoke", "--reason", "not sure", code=0)
    small.irtool("approve", INCIDENT, "block", "--as", "carol", code=0)
    small.irtool("resume", "--as", "alice", code=3)
    assert small.counts()["applied"] == 0
    small.irtool("approve", INCIDENT, "block", "--as", "bianca", code=0)
    small.irtool("resume", "--as", "alice", code=0)
    assert small.counts()["applied"] == small.trials


def test_a_shared_account_proves_no_second_person(small: World) -> None:
    """Unless irtool.yaml says that it is well, alice cannot say yes as bianca from her own account."""
    planned(small, shared_accounts=None)
    said = small.irtool("approve", INCIDENT, "block", "--as", "bianca", code=5)
    assert f"shares the OS account {ME} with who did" in said.talk
    assert small.irtool("status", INCIDENT, "--json", code=0).json["status"] == "planned"


def test_break_glass_is_loud_until_somebody_else_looks(small: World) -> None:
    planned(small)
    small.irtool("run", INCIDENT, "--as", "alice", "--break-glass", " ", code=2)
    small.irtool("run", INCIDENT, "--break-glass", "alone", code=2)  # one OS account, two people: who?
    assert small.counts()["applied"] == 0
    done = small.irtool("run", INCIDENT, "--as", "alice", "--break-glass", "alone on call", code=0)
    assert "BREAK-GLASS block: 2 changes without the approval of others" in done.talk
    for words in (("status", INCIDENT), ("doctor",), ("timeline",)):
        said = small.irtool(*words, code=0)
        assert "alone on call" in " ".join(said.text.split())
    assert "nobody else has ratified it" in small.irtool("close", INCIDENT, "--as", "bianca", code=5).err
    small.irtool("ratify", INCIDENT, "--as", "alice", code=5)
    small.irtool("ratify", INCIDENT, "--as", "bianca", code=0)
    small.irtool("ratify", INCIDENT, "--as", "bianca", code=2)
    assert "BREAK-GLASS by" not in small.irtool("status", INCIDENT, code=0).err
    small.irtool("close", INCIDENT, "--as", "bianca", code=0)


def test_a_break_glass_that_nobody_stands_by(small: World) -> None:
    planned(small, break_glass="deny")
    assert "does not allow break-glass" in small.irtool(
        "approve", INCIDENT, "block", "--as", "alice", "--break-glass", "alone", code=5
    ).err  # fmt: skip
    small.configure(break_glass="mail-sec-leads")
    small.irtool("approve", INCIDENT, "block", "--as", "alice", "--break-glass", "alone", code=0)
    small.irtool("ratify", INCIDENT, "--as", "bianca", "--disown", "there was no hurry", code=0)
    assert "there was no hurry" in small.irtool("timeline", code=0).out


def test_irtool_yaml_asks_for_more_and_says_why(small: World) -> None:
    planned(
        small, PLAYBOOK.replace("{from: peer, quorum: 2, expires: 4h}", "none"), approvals={"address.block": "self"}
    )
    said = small.irtool("run", INCIDENT, "--as", "alice", "--yes", code=3)
    assert "irtool.yaml asks for a person's yes: address.block changes" in said.talk
    small.irtool("approve", INCIDENT, "block", "--as", "alice", code=0)
    small.irtool("resume", "--as", "alice", code=0)


def test_a_veto_of_one_target_after_the_yes(small: World) -> None:
    planned(small, PLAYBOOK.replace("{from: peer, quorum: 2, expires: 4h}", "peer"))
    small.irtool("approve", INCIDENT, "block", "--as", "bianca", code=0)
    small.irtool("refuse", INCIDENT, "block", "--item", own(0), "--as", "bianca", "--reason", "a customer", code=0)
    small.irtool("run", INCIDENT, "--as", "alice", code=0)
    states = {c["id"]: c for c in small.irtool("status", INCIDENT, "--json", code=0).json["changes"]}
    assert (states[f"block/{own(0)}"]["state"], states[f"block/{own(1)}"]["state"]) == ("skipped", "done")
    assert states[f"block/{own(0)}"]["error"] == "refused by bianca: a customer"
    assert "skipped: refused by bianca: a customer" in small.irtool("plan", INCIDENT, "--as", "alice", code=0).talk


def test_a_plan_that_the_world_has_left_behind_is_refused_and_shown_anew(small: World) -> None:
    """Another directory: the domain is a customer's by now. What was approved is not what would happen."""
    text = PLAYBOOK.replace("uses: address.block", "uses: domain.block").replace(
        "findings.sender_addresses", "findings.destination_domains"
    )
    planned(small, text.replace("{from: peer, quorum: 2, expires: 4h}", "peer"))
    small.irtool("approve", INCIDENT, "block", "--as", "bianca", code=0)
    with Path(small.folder, "domains.csv").open("a", newline="") as stream:
        stream.write(f"C1,{DESTINATION}\r\n")
    said = small.irtool("run", INCIDENT, "--as", "alice", code=5)
    assert "The world has moved since the plan" in said.err
    assert f"{DESTINATION.replace('.', '[.]')}" in said.err
    assert "belongs to the customer C1" in said.talk
    assert small.counts()["applied"] == 0
    assert "the world has moved since the plan" in " ".join(small.irtool("timeline", code=0).out.split())
    events = small.irtool("timeline", "--json", code=0).out
    assert '"replaces"' in events


def test_a_connector_that_points_elsewhere_voids_the_plan(small: World) -> None:
    planned(small, PLAYBOOK.replace("{from: peer, quorum: 2, expires: 4h}", "peer"))
    small.irtool("approve", INCIDENT, "block", "--as", "bianca", code=0)
    small.configure(connectors={"sandbox": {"url": f"{small.url}/", "token": "env:SANDBOX_TOKEN"}})
    said = small.irtool("run", INCIDENT, "--as", "alice", code=5)
    assert "the connector sandbox is set up in another way now" in said.talk
    small.irtool("run", INCIDENT, "--as", "alice", code=3)
    assert small.counts()["applied"] == 0


def test_undoing_is_for_people_with_a_say(small: World) -> None:
    small.run(code=3)
    people = {"alice": {"os_user": ME, "groups": ["mail-sec-leads"]}, "zoe": {"os_user": ME}}
    small.configure(people=people)
    said = small.irtool("undo", INCIDENT, "block-domains", "--yes", "--as", "zoe", code=5)
    assert "zoe neither runs this incident nor is in the group mail-sec-leads" in said.talk
    small.irtool("undo", INCIDENT, "disable-trials", trial(0), "--yes", "--as", "alice", code=0)
    assert "UNDONE BY alice ALONE: 1 × Stop an account from sending" in " ".join(
        small.irtool("timeline", code=0).out.split()
    )

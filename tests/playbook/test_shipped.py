"""The playbooks that come with irtool."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from irtool.playbook import Program, inputs, load, locate, schema
from irtool.records import Playbook, Verb
from irtool.shipped import folder

NAMES = sorted(p.stem for p in folder("playbooks").glob("*.yaml"))


@pytest.fixture
def catalogue() -> Mapping[str, Verb]:
    from irtool.verbs import CATALOGUE

    return CATALOGUE


def shipped(name: str, catalogue: Mapping[str, Verb]) -> Playbook:
    path, text = locate(name)
    return load(text, f"{name}.yaml", verbs=catalogue, path=path)


def test_both_are_there() -> None:
    assert NAMES == ["email-abuse", "spoofed-campaign"]


@pytest.mark.parametrize("name", NAMES)
def test_every_shipped_playbook_is_valid_and_readable(name: str, catalogue: Mapping[str, Verb]) -> None:
    playbook = shipped(name, catalogue)
    assert playbook.name == name
    assert len(playbook.about) > 300
    assert max(len(line) for line in playbook.text.split("\n")) <= 120
    assert playbook.approvers
    Program(playbook)


@pytest.mark.parametrize("name", NAMES)
def test_the_schema_accepts_it(name: str, catalogue: Mapping[str, Verb]) -> None:
    """By hand: every key, verb and parameter that it uses is in the schema."""
    playbook = shipped(name, catalogue)
    made: dict[str, Any] = schema(catalogue)
    rules = {c["if"]["properties"]["uses"]["const"]: c["then"] for c in made["$defs"]["StepModel"]["allOf"]}
    for step in playbook.steps:
        params = rules[step.uses]["properties"]["with"]
        assert set(step.with_) <= set(params["properties"])
        assert set(params.get("required", ())) <= set(step.with_)


def test_email_abuse_tells_the_story_in_order(catalogue: Mapping[str, Verb]) -> None:
    playbook = shipped("email-abuse", catalogue)
    assert [(s.uses, s.each, s.approval, s.on_failure) for s in playbook.steps] == [
        ("triage.complaint", None, "none", "stop"),
        ("domain.block", "findings.destination_domains", "none", "continue"),
        ("queue.hold", "findings.destination_domains", "none", "continue"),
        ("address.block", "findings.sender_addresses", "none", "continue"),
        ("ip.block", "findings.source_ips", "none", "continue"),
        ("account.disable", "findings.accounts", "self", "continue"),
        ("queue.purge", "findings.destination_domains", "peer", "continue"),
        ("notice.send", "findings.affected_customers", "peer", "continue"),
    ]
    assert playbook.limits == {
        "domain.block": 5, "ip.block": 500, "address.block": 200, "account.disable": 50, "notice.send": 100,
    }  # fmt: skip
    assert inputs(playbook, {}, ["c.eml"]) == {"complaint": "c.eml", "since": "72h"}


def test_email_abuse_disables_sure_trials_only(catalogue: Mapping[str, Verb]) -> None:
    playbook = shipped("email-abuse", catalogue)
    step = next(s for s in playbook.steps if s.uses == "account.disable")
    when = Program(playbook).when(step)
    assert when is not None
    rows = [("trial", 0.8), ("trial", 0.79), ("business", 1.0), (None, 1.0)]
    assert [when(item={"plan": p, "confidence": c}) for p, c in rows] == [True, False, False, False]


def test_spoofed_campaign_lists_and_reports_each_relay_once(catalogue: Mapping[str, Verb]) -> None:
    """The relays of the 2014 bulletin: r3.kawaz.jp in three samples, with different clients on different days."""
    playbook = shipped("spoofed-campaign", catalogue)
    program = Program(playbook)
    by_id = {s.id: s for s in playbook.steps}
    findings = {
        "signatures": ["subject-is-local-part"],
        "relays": [
            {"helo": "7cho-me.com", "ip": "85.65.59.147", "by": "r3.kawaz.jp", "messages": 1},
            {"helo": "7cho-me.com", "ip": "112.171.218.7", "by": "r3.kawaz.jp", "messages": 1},
            {"helo": "gmo-seo.jp", "ip": None, "by": "gmotech.jp", "messages": 1},
            {"helo": "x", "ip": "93.73.165.90", "by": None, "messages": 1},
        ],
    }
    variables = {"findings": findings, "incident": {"id": "INC-2026-0001"}, "inputs": {"lang": "it"}}
    assert program.with_(by_id["list-relays"])(**variables) == {
        "text": "Relays that the samples came through: r3.kawaz.jp, gmotech.jp. "
        "Machines that handed the mail to them: 85.65.59.147, 112.171.218.7, 93.73.165.90"
    }
    report = by_id["report-relays"]
    each = program.each(report)
    assert each is not None
    items = each(**variables)
    assert isinstance(items, list)
    assert [program.with_(report)(item=i, **variables) for i in items] == [
        {"target": by, "template": "relay-report", "locale": "en"} for by in ("r3.kawaz.jp", "gmotech.jp")
    ]
    assert program.with_(by_id["bulletin"])(**variables) == {"file": "bulletin-INC-2026-0001.md", "lang": "it"}
    nothing = {**variables, "findings": {"relays": [], "signatures": []}}
    assert "none that is known" in str(program.with_(by_id["note-marks"])(**nothing))
    assert "came through: none found." in str(program.with_(by_id["list-relays"])(**nothing))

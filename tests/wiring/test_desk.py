"""The desk: who somebody is, which incident is meant, what is proposed to be undone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from irtool.errors import ConfigError, Refused, UsageError
from irtool.records import Entry
from irtool.wiring.desk import Desk, open_desk, os_user
from irtool.wiring.preflight import preflight

PEOPLE = """
people:
  alice: {{os_user: {me}, groups: [leads]}}
  bianca: {{os_user: {other}, slack: U0BIANCA}}
"""


@pytest.fixture
def desk_with(tmp_path: Path) -> Iterator[object]:
    """Makes a desk from the text of an irtool.yaml."""
    opened: list[Desk] = []

    def make(text: str) -> Desk:
        path = tmp_path / "irtool.yaml"
        path.write_text(text.format(me=os_user(), other="somebody-else"))
        desk = Desk(open_config(path))
        opened.append(desk)
        return desk

    yield make
    for desk in opened:
        desk.close()


def open_config(path: Path) -> object:
    """The configuration in that file."""
    from irtool import config

    return config.load(path)


def test_the_os_account_says_who_you_are(desk_with) -> None:
    desk = desk_with(PEOPLE)
    assert desk.who(None) == "alice"
    assert desk.who("alice") == "alice"


def test_nobody_speaks_for_somebody_else(desk_with) -> None:
    desk = desk_with(PEOPLE)
    with pytest.raises(Refused, match="bianca is the OS user somebody-else"):
        desk.who("bianca")
    with pytest.raises(Refused, match="mallory is not one of the people"):
        desk.who("mallory")


def test_environment_variables_do_not_make_you_somebody_else(desk_with, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("USER", "LOGNAME", "SUDO_USER"):
        monkeypatch.setenv(name, "somebody-else")
    assert desk_with(PEOPLE).who(None) == "alice"


def test_people_of_a_shared_account_have_to_say_who_they_are_to_approve(desk_with) -> None:
    desk = desk_with(PEOPLE.replace("{other}", "{me}"))
    assert desk.who(None) == "alice"
    assert desk.who("bianca") == "bianca"
    with pytest.raises(UsageError, match="belongs to alice, bianca"):
        desk.who(None, exactly=True)


def test_an_account_with_the_name_of_a_person_is_not_that_person(desk_with) -> None:
    desk = desk_with("people: {{{me}: {{os_user: somebody-else}}}}")
    assert desk.who(None) == f"{os_user()} (OS account)"
    assert desk.people.who_is(desk.who(None)) == ""
    assert desk.people.known_as(desk.who(None)) == [os_user()]


@pytest.mark.parametrize(
    ("rules", "says"),
    [
        ("{{severe: peer}}", []),
        ("{{severe: {{quorum: 2}}}}", ["severe takes 2 besides who runs it, and of `people` 2 can be told apart"]),
        ("{{total: {{from: self, quorum: 3}}}}", ["total takes 3, and of `people` 2 can be told apart"]),
    ],
)
def test_doctor_says_when_there_are_too_few_people_for_a_rule(desk_with, rules: str, says: list[str]) -> None:
    desk = desk_with(f"{PEOPLE}approvals: {rules}")
    assert [c.says for c in preflight(desk) if c.what == "approvals" and c.level == "fault"] == says


def test_an_account_of_nobody_is_itself(desk_with) -> None:
    desk = desk_with("people: {{bianca: {{os_user: somebody-else}}}}")
    assert desk.who(None) == os_user()
    assert desk.people.who_is(os_user()) == ""


def test_without_people_you_are_the_one_there_is(desk_with) -> None:
    desk = desk_with("org: {{name: X}}")
    assert desk.people.who_is(os_user()) == os_user()


def test_no_journal_is_made_where_there_is_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("IRTOOL_CONFIG", raising=False)
    with open_desk(None) as desk, pytest.raises(UsageError, match="and no journal here"):
        desk.journal.incidents()
    assert list(tmp_path.iterdir()) == []


def test_which_incident_is_meant(desk_with) -> None:
    desk = desk_with(PEOPLE)
    with pytest.raises(UsageError, match="no incidents yet"):
        desk.pick(None)
    first = desk.journal.open_incident("INC-2026", Entry("incident.opened")).incident
    assert desk.pick(None) == first
    second = desk.journal.open_incident("INC-2026", Entry("incident.opened")).incident
    with pytest.raises(UsageError, match=f"which incident\\? {first}, {second}"):
        desk.pick(None)
    assert desk.pick(second) == second
    desk.journal.append(first, Entry("incident.closed"))
    assert desk.pick(None) == second
    with pytest.raises(UsageError, match="no incident INC-2026-0009"):
        desk.pick("INC-2026-0009")


def test_a_closed_incident_is_closed_once_and_by_somebody_known(desk_with) -> None:
    desk = desk_with(PEOPLE)
    incident = desk.journal.open_incident("INC-2026", Entry("incident.opened")).incident
    with pytest.raises(Refused, match="mallory is not one of `people`"):
        desk.close_incident(incident, "mallory", "")
    held = desk.journal.lease(incident, "a run")
    with pytest.raises(Refused, match="being worked on by a run"):
        desk.close_incident(incident, "alice", "")
    desk.journal.release(incident, held)
    event = desk.close_incident(incident, "alice", "a false alarm")
    assert (event.kind, event.actor, event.data["reason"]) == ("incident.closed", "alice", "a false alarm")
    assert desk.history(incident).status == "closed"
    with pytest.raises(Refused, match="closed already"):
        desk.close_incident(incident, "alice", "")


def test_a_note_keeps_its_own_time_and_offset(desk_with) -> None:
    desk = desk_with(PEOPLE)
    incident = desk.journal.open_incident("INC-2026", Entry("incident.opened")).incident
    when = datetime(2014, 5, 17, 21, 59, 37, tzinfo=timezone(timedelta(hours=9)))
    event = desk.note(incident, "first seen", "alice", when)
    assert (event.occurred_at, event.offset, event.source) == (when, "+09:00", "person")
    assert desk.note(incident, "now", "alice", None).offset == ""


def test_connectors_that_are_not_set_up_are_told_all_at_once(desk_with) -> None:
    desk = desk_with(
        "connectors:\n  rspamd: {{}}\n  panel: {{kind: nothing}}\n"
        "  scim: {{url: 'http://127.0.0.1:1', password: 'env:X'}}\n"
    )
    with pytest.raises(ConfigError) as caught:
        desk.connectors("INC-2026-0001")
    told = "\n".join(caught.value.faults)
    assert 'connectors.rspamd: "url" is missing' in told
    assert 'there is no kind of connector "nothing"' in told
    assert "connectors.scim: scim takes token, not password" in told


def test_whoever_only_decides_needs_no_secrets(desk_with, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second person approves without the credentials of the admin APIs; to run it takes them."""
    monkeypatch.setenv("SCIM_TOKEN", "t")
    desk = desk_with(
        PEOPLE.replace("[leads]", "[mail-sec-leads]")
        + 'connectors: {{scim: {{url: "http://127.0.0.1:9", token: "env:SCIM_TOKEN"}}}}\n'
        'notices: {{smtp: "outbox:./outbox", from: "s@ours.example"}}\n'
    )
    sample = (
        b"Received: from x (unknown [192.0.2.7]) by relay.far.example (Postfix) with ESMTPA id 1;"
        b" Fri, 30 May 2014 00:17:15 +0000\r\nFrom: a@ours.example\r\nSubject: a\r\n\r\n"
    )
    incident = desk.open("spoofed-campaign", [("s.eml", sample)], {}, "alice", "terminal")
    desk.plan(incident, "alice")
    monkeypatch.delenv("SCIM_TOKEN")
    desk.decide(incident, "report-relays", approved=True, by="alice", door="terminal")
    assert [a.person for a in desk.history(incident).approvals] == ["alice"]
    with pytest.raises(ConfigError, match="SCIM_TOKEN"):
        desk.runner(incident)

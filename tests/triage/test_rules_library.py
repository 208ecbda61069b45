"""Folders of signatures: the shipped ones, the users' own, and `irtool check` over both."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from irtool.cli.app import app
from irtool.errors import FaultsError, UsageError
from irtool.records import Complaint
from irtool.triage import signatures
from irtool.triage.rules import Rule, book, read_folders
from irtool.triage.rules.library import files, shipped

OWN = """title: Our own
name: {name}
level: high
status: {status}
logsource: {{product: irtool, service: mail}}
detection: {{a: {{subject|contains: {word}}}, condition: a}}
"""
MAIL = Complaint("x", "", 0, "eml", subject="lottery")


def write(folder: Path, name: str, *, word: str = "lottery", status: str = "test", file: str = "") -> Path:
    path = folder / f"{file or name}.yaml"
    path.write_text(OWN.format(name=name, word=word, status=status))
    return path


def test_the_shipped_ones_are_complete() -> None:
    shelf = book()
    names = [rule.name for rule in shelf.rules]
    assert len(names) >= 14
    assert names[:2] == ["cross-tenant-impersonation", "yarix-2014"]
    assert [rule.name for rule in shelf.rules if rule.critical] == names[:2]
    assert len({rule.title for rule in shelf.rules}) == len(names)
    for path in files(shipped()):
        text = path.read_text()
        assert f"name: {path.stem}\n" in text
        assert "description:" in text


def test_own_signatures_come_on_top(tmp_path: Path) -> None:
    write(tmp_path, "lottery")
    assert signatures.hits(MAIL) == ()
    assert signatures.hits(MAIL, signatures=book([tmp_path])) == ("lottery",)


def test_an_own_signature_replaces_or_silences_a_shipped_one(tmp_path: Path) -> None:
    write(tmp_path, "yarix-2014")
    write(tmp_path, "many-recipients", status="unsupported")
    rules = {rule.name: rule for rule in book([tmp_path]).rules}
    assert rules["yarix-2014"].title == "Our own"
    assert "many-recipients" not in rules
    assert "ambiguous-from" in rules


def test_faults_of_all_files_at_once(tmp_path: Path) -> None:
    write(tmp_path, "one", word="[]")
    write(tmp_path, "two")
    write(tmp_path, "two", file="zwei")
    (tmp_path / "c.yml").write_text(
        "title: C\nname: c\ncorrelation:\n  {type: temporal, rules: [two, tow], group-by: [from], timespan: 1h}\n"
    )
    with pytest.raises(FaultsError) as caught:
        read_folders([tmp_path])
    assert [fault.removeprefix(f"{tmp_path}/") for fault in caught.value.faults] == [
        "one.yaml:6:17  subject|contains: the list is empty",
        f'zwei.yaml:1:1  the name "two" is taken by {tmp_path}/two.yaml',
        'c.yml:4:33  there is no signature "tow". Did you mean "two"?',
    ]


def test_a_folder_that_is_not_there() -> None:
    with pytest.raises(UsageError, match="there is no folder"):
        book([Path("/nowhere")])


def check(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["check", *arguments])
    return done.exit_code, done.output


def test_check_takes_files_folders_and_playbooks(tmp_path: Path) -> None:
    path = write(tmp_path, "lottery")
    assert check(str(path)) == (0, f"{path}: lottery, high, for messages and logs, no faults\n")
    assert check(str(tmp_path), "email-abuse")[0] == 0
    code, out = check("signatures", "--json")
    told = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert {one["ok"] for one in told} == {True}
    relay = next(one for one in told if one["signature"] == "same-relay-other-day")
    assert relay["rules"] == ["authenticated-relay"]
    assert next(one for one in told if one["signature"] == "yarix-2014")["for"] == ["messages"]


def test_check_says_what_is_wrong_and_ends_with_2(tmp_path: Path) -> None:
    path = write(tmp_path, "lottery", word="[]")
    assert check(str(tmp_path)) == (2, f"{path}:6:17  subject|contains: the list is empty\n")
    code, out = check("--json", str(path))
    assert (code, json.loads(out)["ok"]) == (2, False)
    write(tmp_path, "two")
    write(tmp_path, "two", file="zwei")
    assert 'the name "two" is taken by' in check(str(tmp_path))[1]


def test_check_needs_something_to_check(tmp_path: Path) -> None:
    assert check()[0] == 2
    assert check(str(tmp_path))[0] == 2


def test_check_lists_the_fields() -> None:
    code, out = check("--fields")
    assert code == 0
    assert any(line.startswith("from_owner ") and " key " in line for line in out.splitlines())
    assert {one["field"] for one in json.loads(check("--fields", "--json")[1])} >= {"hop.helo", "account_plan"}


def test_the_signatures_attribute_is_read_when_asked() -> None:
    assert all(isinstance(rule, Rule) for rule in signatures.SIGNATURES)
    with pytest.raises(AttributeError):
        signatures.NOTHING  # noqa: B018

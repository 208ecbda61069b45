"""Templates belong to the user: where each comes from, copies to edit, what changed, what is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from irtool.config import Config, load
from irtool.errors import FaultsError, UsageError
from irtool.records import Step
from irtool.shipped import folder
from irtool.tell import variables
from irtool.wiring.letters import templates
from irtool.wiring.templating import copy, diff, entries, faults, pick, playbook_faults, raise_faults

NOTICE = "notices/en/customer-notice.txt.j2"
SHIPPED = sorted(p.relative_to(folder("templates")).as_posix() for p in folder("templates").rglob("*.j2"))


@pytest.fixture
def settings(tmp_path: Path) -> Config:
    (tmp_path / "irtool.yaml").write_text(json.dumps({"templates": "./mine"}))
    return load(tmp_path / "irtool.yaml")


@pytest.mark.parametrize("name", [n for n in SHIPPED if n.startswith("notices/")])
def test_no_shipped_template_of_mail_is_faulty(settings: Config, name: str) -> None:
    (entry,) = pick(settings, [name])
    assert faults(templates(settings), entry) == []


@pytest.mark.parametrize("name", [n for n in SHIPPED if n.startswith("notices/")])
def test_every_variable_that_a_template_uses_is_documented(settings: Config, name: str) -> None:
    """And the examples have every variable that is documented."""
    (entry,) = pick(settings, [name])
    known = variables.of(entry.short)
    assert known is not None
    for example in variables.examples(entry.short):
        assert set(example) == set(known)
        for key, about in known.items():
            if isinstance(about, dict):
                assert set(example[key]) == set(about), key


def test_where_each_comes_from(settings: Config, tmp_path: Path) -> None:
    assert {e.source for e in entries(settings)} == {"shipped"}
    assert [e.name for e in entries(settings)] == SHIPPED
    copy(settings, ["customer-notice"], force=False)
    (tmp_path / "mine" / NOTICE).write_text("Subject: mine\n")
    (tmp_path / "mine" / "notices" / "en" / "other.txt.j2").write_text("Subject: own\n")
    found = {e.name: e.source for e in entries(settings)}
    assert found[NOTICE] == "edited"
    assert found["notices/it/customer-notice.txt.j2"] == "copied"
    assert found["notices/en/other.txt.j2"] == "own"
    assert found["notices/en/relay-report.txt.j2"] == "shipped"


def test_a_copy_brings_what_it_includes_and_overwrites_nothing(settings: Config, tmp_path: Path) -> None:
    written = copy(settings, [NOTICE], force=False)
    mine = tmp_path / "mine" / "notices" / "en"
    assert sorted(written) == [mine / "_genuine.txt.j2", mine / "customer-notice.txt.j2"]
    (mine / "customer-notice.txt.j2").write_text("Subject: mine\n")
    with pytest.raises(UsageError, match="there already") as caught:
        copy(settings, ["notices/en"], force=False)
    assert "--force" in caught.value.hint
    assert (mine / "customer-notice.txt.j2").read_text() == "Subject: mine\n"
    assert not (mine / "relay-report.txt.j2").exists()
    copy(settings, [NOTICE], force=True)
    assert (mine / "customer-notice.txt.j2").read_bytes() == (folder("templates") / NOTICE).read_bytes()


def test_without_a_folder_nothing_is_copied(tmp_path: Path) -> None:
    (tmp_path / "irtool.yaml").write_text("{}")
    with pytest.raises(UsageError, match="does not say where") as caught:
        copy(load(tmp_path / "irtool.yaml"), ["customer-notice"], force=False)
    assert "templates:" in caught.value.hint


def test_what_was_changed(settings: Config, tmp_path: Path) -> None:
    (path,) = [p for p in copy(settings, [NOTICE], force=False) if p.name.startswith("customer")]
    (entry,) = pick(settings, [NOTICE])
    assert diff(entry) == ""
    path.write_text(path.read_text().replace("WHAT HAPPENED", "WHAT WENT WRONG"))
    lines = diff(entry).splitlines()
    assert "-WHAT HAPPENED" in lines
    assert "+WHAT WENT WRONG" in lines
    assert lines[0] == f"--- shipped/{NOTICE}"


def test_a_name_that_is_none(settings: Config) -> None:
    with pytest.raises(UsageError, match=r'Did you mean "customer-notice"'):
        pick(settings, ["customer-notise"])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Subject: x\n{{ customer.nme }}", "customer-notice.txt.j2:2  there is no variable 'customer.nme'"),
        ("Subject: x\n\n{% if %}", "customer-notice.txt.j2:3  Expected an expression"),
        ("Hello", "the first line has to be"),
        ("Subject: x\n{{ customer.messages + customer.name }}", "customer-notice.txt.j2:2  "),
        ("Subject: x\n{% for a in range(9999) %}{{ customer.name }} and more text{% endfor %}", "characters"),
    ],
)
def test_a_faulty_one_of_your_own_names_its_place(settings: Config, tmp_path: Path, text: str, says: str) -> None:
    own = tmp_path / "mine" / NOTICE
    own.parent.mkdir(parents=True)
    own.write_text(text)
    (entry,) = pick(settings, [NOTICE])
    (line,) = faults(templates(settings), entry)
    assert says in line
    with pytest.raises(FaultsError, match="nothing was sent"):
        raise_faults(templates(settings), [NOTICE])
    raise_faults(templates(settings), ["notices/it/customer-notice.txt.j2"])


def test_the_templates_that_a_playbook_names(settings: Config, tmp_path: Path) -> None:
    def step(uses: str, **with_: str) -> Step:
        return Step("tell", "Tell them", uses, with_)

    good = [step("notice.send"), step("notice.send", template="customer-notice-update"), step("abuse.report")]
    assert playbook_faults(settings, [*good, step("domain.block"), step("notice.send", template="${{ x }}")]) == []
    (line,) = playbook_faults(settings, [step("notice.send", template="customer-notise")])
    assert line == 'step tell: there is no template "customer-notise" Did you mean "customer-notice"?'
    own = tmp_path / "mine" / NOTICE
    own.parent.mkdir(parents=True)
    own.write_text("Subject: x\n{{ customer.nme }}")
    (line,) = playbook_faults(settings, good[:1])
    assert line.startswith(f"{own}:2  there is no variable 'customer.nme'")

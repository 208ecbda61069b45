"""irtool report, its parts, its publication; irtool timeline --check: typed as people type them."""

from __future__ import annotations

import hashlib
import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest

from .terminal import Terminal

INCIDENT = "INC-2025-0001"


def _seeds() -> ModuleType:
    """tests/tell/seeds.py."""
    path = Path(__file__).parents[1] / "tell" / "seeds.py"
    spec = importlib.util.spec_from_file_location("seeds_of_tell", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


seeds = _seeds()


@pytest.fixture
def irtool(tmp_path: Path) -> Terminal:
    """A folder with the Sophos incident, all its Italian parts written."""
    seeds.sophos(tmp_path).journal.close()
    return Terminal(tmp_path)


def last(irtool: Terminal, kind: str) -> dict[str, object]:
    """The event of that kind that was written last."""
    events = [e for e in irtool("timeline", "--json", code=0).json if e["kind"] == kind]
    events.sort(key=lambda e: e["seq"])
    found: dict[str, object] = events[-1]
    return found


def test_a_part_is_written_and_stays(irtool: Terminal) -> None:
    """From a file, from stdin, from an editor; with author, what it supersedes, and the next command."""
    (irtool.folder / "cause.txt").write_text("One header was enough.\n#: a comment\nSource: 2019 = change log\n")
    said = irtool("report", "edit", INCIDENT, "root_cause", "--file", "cause.txt", "--as", "alice", code=0)
    assert "Next:" in said.err
    event = last(irtool, "report.part")
    assert event["actor"] == "alice"
    data = event["data"]
    assert isinstance(data, dict)
    assert (data["text"], data["sources"]) == ("One header was enough.", ["2019 = change log"])
    irtool("report", "edit", "root_cause", "--file", "-", "--as", "bruno", stdin="Two headers were enough.\n", code=0)
    again = last(irtool, "report.part")["data"]
    assert isinstance(again, dict)
    assert again["supersedes"] == event["seq"]
    text = irtool("report", code=0).out
    assert "Two headers were enough." in text
    assert "TODO (root_cause)" not in text
    listed = {row["part"]: row for row in irtool("report", "parts", "--json", code=0).json}
    assert listed["root_cause"]["written"]["who"] == "bruno"
    assert listed["impact"]["written"] is None


def test_the_editor(irtool: Terminal) -> None:
    """It opens with what to say and the text of before; what it leaves is the part."""
    editor = irtool.folder / "editor"
    editor.write_text('#!/bin/sh\ncp "$1" seen.txt\nprintf "A better text.\\n" >> "$1"\n')
    editor.chmod(0o755)
    typed = Terminal(irtool.folder, {"EDITOR": str(editor)})
    typed("report", "edit", "impact", "--lang", "it", "--as", "alice", code=0)
    seen = (irtool.folder / "seen.txt").read_text()
    assert seen.startswith("#: Part impact of INC-2025-0001 (it)")
    assert "spam non malevolo" in seen
    text = irtool("report", "--lang", "it", code=0).out
    assert "A better text." in text
    assert "#:" not in text
    editor.write_text("#!/bin/sh\nexit 3\n")
    assert "nothing was written" in typed("report", "edit", "impact", "--as", "alice", code=2).err


@pytest.mark.parametrize(
    ("words", "stdin", "said"),
    [
        (["impact", "--file", "-"], "23 accounts were used\n", "“23” (accounts); the facts have"),
        (["impact", "--file", "-"], "On 12 April 2025 it began\n", "“12 April 2025”"),
        (["nonsense", "--file", "-"], "x\n", "there is no part nonsense"),
        (["impact", "--file", "-"], " \n", "is empty"),
        (["impact", "--file", "nowhere.txt"], "", "nowhere.txt"),
        (["actions", "--file", "-"], "Tighten the rule\n", "nobody owns it"),
        (["impact", "--lang", "tlh", "--file", "-"], "x\n", "--lang tlh"),
        (["impact", "--style", "poem", "--file", "-"], "x\n", "--style poem"),
        (["impact"], "", "no editor"),
    ],
)
def test_what_is_not_accepted_as_a_part(irtool: Terminal, words: list[str], stdin: str, said: str) -> None:
    """Nothing is written, and it is said why."""
    before = irtool("timeline", "--json", code=0).json
    refused = irtool("report", "edit", *words, "--as", "alice", stdin=stdin, code=2)
    assert said in refused.err
    assert irtool("timeline", "--json", code=0).json == before


def test_publishing(irtool: Terminal) -> None:
    """Complete in Italian: written whole, labelled, recorded with its hash and who did it."""
    words = ("report", "--lang", "it", "--format", "html", "--publish", "-o", "r.html", "--as", "alice")
    said = irtool(*words, code=0)
    assert "published: report" in said.err
    content = (irtool.folder / "r.html").read_bytes()
    assert b"TLP:CLEAR" in content
    event = last(irtool, "report.written")
    assert event["actor"] == "alice"
    assert event["data"] == {
        "path": "r.html", "format": "html", "lang": "it", "style": "report", "tlp": "clear", "published": True,
        "sha256": hashlib.sha256(content).hexdigest(),
    }  # fmt: skip


def test_nothing_is_published_while_a_box_stands(irtool: Terminal) -> None:
    """Refused with the list of parts, and the command that writes the first."""
    said = irtool("report", "--publish", "-o", "r.md", "--as", "alice", code=5)
    for part in ("impact", "root_cause", "actions", "contact"):
        assert f"part {part} is not written yet (en)" in said.err
    assert "report edit INC-2025-0001 impact --lang en" in said.err
    assert not (irtool.folder / "r.md").exists()
    assert irtool("report", "--publish", "--lang", "it", "--as", "alice", code=2).err.count("nothing was written") == 1


def test_nothing_is_published_while_the_timeline_contradicts_itself(irtool: Terminal) -> None:
    """The linter is asked; an explanation on record lets it pass, and a correction too."""
    publish = ("report", "--lang", "it", "--publish", "-o", "r.md", "--as", "alice")
    irtool("note", "23 accounts disabled", "--at", "2025-04-20T10:00Z", "--as", "alice", code=0)
    refused = irtool(*publish, code=5)
    assert "“23” accounts" in refused.err
    assert "the events have 0, 1, 24" in refused.err or "24" in refused.err
    (found, *others) = irtool("timeline", "--check", "--json", code=1).json
    said = irtool("timeline", "--check", code=1)
    assert found["finding"] in said.out
    assert "--explain" in said.err
    for one in (found, *others):
        irtool("timeline", "--explain", one["finding"], "of the first wave", "--as", "alice", code=0)
    assert irtool("timeline", "--check", code=0).out == ""
    irtool(*publish, code=0)
    note = last(irtool, "note.added")
    irtool("note", "25 accounts disabled", "--at", "2025-04-20T10:00Z", "--as", "alice", code=0)
    wrong = last(irtool, "note.added")
    irtool(*publish, code=5)
    right = ("note", "24 accounts disabled", "--at", "2025-04-17T11:51Z", "--corrects", wrong["seq"])
    irtool(*right, "--as", "alice", code=0)
    irtool(*publish, code=0)
    assert "is no note" in irtool("note", "x", "--corrects", "1", "--as", "alice", code=2).err
    assert "there is no finding" in irtool("timeline", "--explain", "nonsense", "x", "--as", "alice", code=2).err
    assert note["seq"] != wrong["seq"]


@pytest.mark.parametrize("style", ["report", "postmortem", "brief", "bulletin"])
@pytest.mark.parametrize("format_", ["md", "html", "json"])
def test_every_style_in_every_format(irtool: Terminal, style: str, format_: str) -> None:
    """On stdout, with what is missing on stderr."""
    said = irtool("report", INCIDENT, "--style", style, "--format", format_, "--lang", "it", "--tlp", "amber", code=0)
    assert "TLP:AMBER" in said.out
    assert INCIDENT in said.out
    if format_ == "json":
        assert json.loads(said.out)["figures"]["accounts"] == 24


def test_pdf_and_docx_go_to_files(irtool: Terminal) -> None:
    """Bytes are not for a terminal."""
    for format_ in ("pdf", "docx"):
        assert "goes to a file" in irtool("report", "--format", format_, code=2).err
    irtool("report", "--lang", "it", "--format", "pdf", "-o", "r.pdf", code=0)
    assert (irtool.folder / "r.pdf").read_bytes().startswith(b"%PDF-")


def test_an_own_template_is_held_to_the_facts_too(irtool: Terminal) -> None:
    """File and line of the figure that nobody can back."""
    own = irtool.folder / "mine" / "report" / "it"
    own.mkdir(parents=True)
    (own / "report.md.j2").write_text("# Nostro\n\nSono stati usati 23 account.\n")
    settings = json.loads((irtool.folder / "irtool.yaml").read_text())
    (irtool.folder / "irtool.yaml").write_text(json.dumps({**settings, "templates": "./mine"}))
    said = irtool("report", "--lang", "it", code=2)
    assert "report.md.j2:3" in said.err
    assert "23" in said.err
    assert said.out == ""


def test_the_yarix_case_from_the_command_line(tmp_path: Path) -> None:
    """The bulletin, in Italian, public; the slip of nine hours stops it."""
    folder = tmp_path / "slip"
    folder.mkdir()
    seeds.libero(folder, contradictions=True).journal.close()
    typed = Terminal(folder)
    words = ("report", "--style", "bulletin", "--lang", "it", "--publish", "-o", "b.html", "--format", "html", "--as")
    assert "slip of time zone" in typed(*words, "alice", code=5).err
    assert not (folder / "b.html").exists()
    seeds.libero(tmp_path).journal.close()
    Terminal(tmp_path)(*words, "alice", code=0)
    assert "r3 [PUNTO] kawaz [PUNTO] jp" in (tmp_path / "b.html").read_text()

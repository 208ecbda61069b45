"""Help that helps: every command, an example each, the exit codes; and nothing heavy is loaded to show it."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import version

import pytest

from .terminal import Terminal

COMMANDS = (
    "demo", "doctor", "ingest", "triage", "policy", "plan", "run", "resume", "approve", "refuse", "status", "timeline",
    "note", "verify", "ratify", "watch", "leases", "expire", "anchor", "evidence", "hunt",
    "undo", "report", "notices", "templates", "indicators", "check", "close", "schema", "slack", "sandbox",
)  # fmt: skip
HEAVY = (
    "httpx", "duckdb", "jinja2", "yaml", "pydantic", "slack_sdk", "babel", "markdown_it", "rich.console",
    "fast_mail_parser", "publicsuffixlist", "sqlite3", "irtool.wiring", "irtool.adapters", "irtool.run",
)  # fmt: skip


def test_the_help_names_every_command_and_the_way_in(bare: Terminal) -> None:
    """All commands with a sentence, where to start, all exit codes; in 80 columns."""
    said = bare("--help", code=0)
    named = re.findall(r"^  ([a-z]+) {2,}\S", said.out.partition("Commands:")[2], re.MULTILINE)
    assert sorted(named) == sorted(COMMANDS)
    assert "irtool demo" in said.out
    joined = " ".join(said.out.split())
    for code, meaning in {
        "0": "done", "1": "a step failed", "2": "usage", "3": "waiting for a person",
        "4": "unknown", "5": "refused", "130": "interrupted",
    }.items():  # fmt: skip
        assert re.search(rf"\b{code} [^,]*{meaning}", joined), (code, meaning)
    assert max(map(len, said.out.splitlines())) <= 80
    assert said.err == ""
    assert re.search(r"^ *Start here: +irtool demo$", said.out, re.MULTILINE)


def test_no_command_at_all_shows_the_help(bare: Terminal) -> None:
    """`irtool` alone: the same text."""
    assert bare().text.strip() == bare("--help").out.strip()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(bare: Terminal, command: str) -> None:
    """What it does, its options, and one line to copy."""
    said = bare(command, "--help", code=0)
    assert said.out.startswith(f"Usage: irtool {command}")
    assert re.search(rf"Examples?: (\S+=\S+ )*irtool {command}\b", said.out)
    assert max(map(len, said.out.splitlines())) <= 80
    assert bare(command, "-h", code=0).out == said.out


def test_the_version(bare: Terminal) -> None:
    """The package's own."""
    for option in ("--version", "-V"):
        said = bare(option, code=0)
        assert (said.out, said.err) == (f"irtool {version('irtool')}\n", "")


@pytest.mark.parametrize("words", [["runn"], ["run", "--yess"], ["run"], ["demo", "--scale", "7"], ["note"]])
def test_a_misspelt_command_or_option(bare: Terminal, words: list[str]) -> None:
    """Usage, exit 2, nothing on stdout."""
    said = bare(*words, code=2)
    assert said.out == ""
    assert "Usage: irtool" in said.err
    assert list(bare.folder.iterdir()) == []


def test_help_loads_nothing_heavy(bare: Terminal) -> None:
    """Whatever is not needed to print the help is not imported."""
    script = f"""
import sys
sys.argv = ["irtool", "--help"]
from irtool.__main__ import main
try:
    main()
except SystemExit:
    pass
sys.stderr.write(" ".join(m for m in {HEAVY!r} if m in sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=bare.folder)
    assert "Usage:" in done.stdout
    assert done.stderr == ""


def test_python_dash_m(bare: Terminal) -> None:
    """`python -m irtool` is the same program."""
    done = subprocess.run(
        [sys.executable, "-m", "irtool", "--version"], capture_output=True, text=True, check=True, cwd=bare.folder
    )
    assert done.stdout == bare("--version").out


@pytest.mark.parametrize("what", ["playbook", "manifest", "config"])
def test_schemas(bare: Terminal, what: str) -> None:
    """JSON Schemas that a validator of that language takes, with the words of the language in them."""
    schema = bare("schema", what, code=0).json
    assert schema["type"] == "object"
    assert {"playbook": "steps", "manifest": "verbs", "config": "connectors"}[what] in schema["properties"]
    assert schema["additionalProperties"] is False


@pytest.mark.parametrize("name", ["email-abuse", "spoofed-campaign"])
def test_the_shipped_playbooks_have_no_faults(bare: Terminal, name: str) -> None:
    """By their names, from any folder."""
    said = bare("check", name, "--json", code=0).json
    assert (said["playbook"], said["ok"]) == (name, True)


def test_outside_of_any_folder_of_ours(bare: Terminal) -> None:
    """Without an irtool.yaml every command that needs one says how to begin; nothing is created."""
    for words in (("status",), ("timeline",), ("verify",), ("resume",), ("undo", "--yes"), ("report",), ("notices",)):
        said = bare(*words, code=2)
        assert "there is no irtool.yaml" in said.err
        assert "irtool demo" in said.err
    assert list(bare.folder.iterdir()) == []


def test_triage_without_a_configuration_reads_the_complaint(bare: Terminal) -> None:
    """It says what is in it, and which questions it could not ask."""
    text = "We get spam from info [CHIOCCIOLA] win-prizes [PUNTO] com, IP 198.51.100[.]7\n"
    found = bare("triage", "-", "--json", stdin=text, code=0).json
    values = {i["value"] for i in found["complaints"][0]["indicators"]}
    assert {"info@win-prizes.com", "198.51.100.7"} <= values
    assert any("gateway log" in sentence for sentence in found["findings"]["unanswered"])
    shown = bare("triage", "-", stdin=text, code=0).out
    assert "win-prizes.com" not in shown
    assert list(bare.folder.iterdir()) == []

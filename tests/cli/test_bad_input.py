"""Bad input: a message that says what and where, the right exit code, and nothing changed at the provider."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import Refuses
from .world import COLUMNS, INCIDENT, READER, World, configuration, log

# --- playbooks ------------------------------------------------------------------------------------------------------

HEAD = "playbook: mine\ntitle: Mine\nowner: me\ninputs:\n  complaint: {type: file}\nsteps:\n"
TRIAGE = '  - {id: triage, title: Read, uses: triage.complaint, with: {complaint: "${{ inputs.complaint }}"}}\n'
PLAYBOOKS: dict[str, tuple[str, list[str]]] = {
    "broken YAML": (f"{HEAD}  - {{id: triage, title: [Read\n", ["mine.yaml:"]),
    "a key twice": (f"{HEAD}{TRIAGE}title: Again\n", ["mine.yaml:8:1", "title"]),
    "an unknown verb": (
        f"{HEAD}{TRIAGE}  - {{id: block, title: Block, uses: domain.blok, each: findings.destination_domains}}\n",
        ["mine.yaml:8:", "domain.blok", 'Did you mean "domain.block"?'],
    ),
    "a misspelt key": (
        f"{HEAD}{TRIAGE}  - {{id: block, titel: Block, uses: domain.block, each: findings.destination_domains}}\n",
        ["mine.yaml:8:", "titel", 'Did you mean "title"?'],
    ),
    "an undefined variable": (
        f"{HEAD}{TRIAGE}  - {{id: block, title: Block, uses: domain.block, each: findings.destination_domain}}\n",
        ["mine.yaml:8:", "destination_domain", "destination_domains"],
    ),
    "a syntax error in an expression": (
        f"{HEAD}{TRIAGE}  - {{id: b, title: B, uses: account.disable, each: findings.accounts, when: item.plan = 1}}\n",
        ["mine.yaml:8:", "item.plan = 1"],
    ),
    "an unknown approval": (
        f"{HEAD}{TRIAGE}  - {{id: b, title: B, uses: ip.block, each: findings.source_ips, approval: me}}\n",
        ["mine.yaml:8:", "approval"],
    ),
    "an alias": (
        f"{HEAD}{TRIAGE}  - &x {{id: b, title: B, uses: note.add, with: {{text: hi}}}}\n",
        ["mine.yaml:8:"],
    ),
    "nothing": ("", ["mine.yaml"]),
    "a list": ("- a\n", ["mine.yaml"]),
}


@pytest.mark.parametrize("name", PLAYBOOKS)
def test_a_playbook_with_a_fault_is_not_run(world: World, refuses: Refuses, name: str) -> None:
    """Both check and run say where it is wrong; no incident is opened."""
    text, says = PLAYBOOKS[name]
    Path(world.folder, "mine.yaml").write_text(text)
    checked = world.irtool("check", "mine.yaml", code=2)
    ran = refuses(2, "run", "mine.yaml", "complaint.eml", "--as", "alice", "--yes")
    for said in (checked.out, ran.err):
        for words in says:
            assert words in said
    assert world.incidents() == []


def test_all_faults_of_a_playbook_are_told_at_once(world: World) -> None:
    """Three faults, three lines, each with its own place; as JSON too."""
    steps = (
        "  - {id: one, titel: A, uses: domain.block, each: findings.destination_domains}\n"
        "  - {id: two, title: B, uses: ip.blok, each: findings.source_ips}\n"
        "  - {id: three, title: C, uses: ip.block, each: findings.sauce_ips}\n"
    )
    Path(world.folder, "mine.yaml").write_text(HEAD + TRIAGE + steps)
    answer = world.irtool("check", "mine.yaml", "--json", code=2).json
    assert answer["ok"] is False
    places = {":".join(fault.split()[0].split(":")[:2]) for fault in answer["faults"]}
    assert places == {"mine.yaml:8", "mine.yaml:9", "mine.yaml:10"}


def test_a_playbook_that_is_not_there(refuses: Refuses) -> None:
    """A misspelt shipped name gets the right one proposed."""
    said = refuses(2, "run", "email-abuze", "complaint.eml", "--as", "alice")
    assert "email-abuse" in said.err


# --- complaints -----------------------------------------------------------------------------------------------------


def _missing(folder: Path) -> None:
    folder.joinpath("bad").unlink(missing_ok=True)


def _loop(folder: Path) -> None:
    folder.joinpath("bad").symlink_to("bad")


def _empty(folder: Path) -> None:
    folder.joinpath("bad").touch()


def _huge(folder: Path) -> None:
    with folder.joinpath("bad").open("wb") as stream:
        stream.write(b"From: a@b.example\r\n\r\n")
        stream.truncate(100_000_000)


def _junk(folder: Path) -> None:
    folder.joinpath("bad").write_bytes(bytes(range(256)) * 40)


def _zip(folder: Path) -> None:
    folder.joinpath("bad").write_bytes(b"PK\x03\x04\x14\x00" + os.urandom(5000))


def _blank(folder: Path) -> None:
    folder.joinpath("bad").write_text(" \r\n\t\n")


def _folder(folder: Path) -> None:
    folder.joinpath("bad").mkdir()


COMPLAINTS: dict[str, tuple[Callable[[Path], None], str]] = {
    "missing": (_missing, "No such file"),
    "unreadable": (_loop, "symbolic links"),
    "empty": (_empty, "empty"),
    "blank": (_blank, "empty"),
    "100 MB": (_huge, "100 MB is too large"),
    "binary": (_junk, "bad"),
    "a zip": (_zip, "bad"),
    "an empty folder": (_folder, "no file in this folder"),
}


@pytest.mark.parametrize("name", COMPLAINTS)
def test_a_complaint_that_cannot_be_read(world: World, refuses: Refuses, name: str) -> None:
    """Neither triage nor run take it, alone or beside a good one; no incident is opened."""
    make, says = COMPLAINTS[name]
    make(world.folder)
    for words in (("triage", "bad"), ("run", "email-abuse", "complaint.eml", "bad", "--as", "alice", "--yes")):
        said = refuses(2, *words)
        assert says in said.err
        assert "bad" in said.err
    assert world.incidents() == []


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"", "empty"), (bytes(range(256)) * 40, "binary"), (b"x" * (25 * 2**20 + 1), "too large")],
    ids=["empty", "binary", "25 MB"],
)
def test_a_complaint_on_stdin_that_cannot_be_read(refuses: Refuses, content: bytes, says: str) -> None:
    """The same from a pipe, whose size nobody knows before."""
    assert says in refuses(2, "triage", "-", stdin=content).err


def test_a_pipe_by_name_is_not_read_without_end(world: World) -> None:
    """/dev/zero has no size and no end: refused within two gigabytes of memory."""
    limited = ["sh", "-c", 'ulimit -v 2000000; exec "$0" "$@"', *world.irtool.argv("triage", "/dev/zero")]
    done = subprocess.run(
        limited, capture_output=True, text=True, cwd=world.folder, env=world.irtool.env(), timeout=60, check=False
    )
    assert (done.returncode, "too large" in done.stderr) == (2, True), done.stderr


@pytest.mark.parametrize(
    "text",
    [
        "Spam to our users from your server gateway.example, please stop it.\n",
        "Your users send spam to gmail.com all day long.\n",
        "Spam from http://gateway.example/x and from https://mail.gmail.com/ to us.\n",
    ],
)
def test_indicators_that_must_never_be_blocked(world: World, refuses: Refuses, text: str) -> None:
    """Our own domain and a mailbox provider for very many people: refused by a guard, whatever the complaint says."""
    Path(world.folder, "gateway.jsonl").write_text(json.dumps(log(1, 1)[-1]) + "\n")
    Path(world.folder, "note.txt").write_text(text)
    Path(world.folder, "direct.yaml").write_text(
        HEAD + TRIAGE + "  - {id: block, title: B, uses: domain.block, each: \"['gateway.example', 'gmail.com']\"}\n"
        "  - {id: ip, title: B, uses: ip.block, each: \"['10.0.0.1', '127.0.0.1', '0.0.0.0/0']\"}\n"
        "  - {id: customer, title: B, uses: domain.block, each: \"['acme.example', 'com', 'co.uk']\"}\n"
    )
    planned = world.irtool("plan", "email-abuse", "note.txt", "--as", "alice", "--json")
    assert {c["action"] for s in planned.json["plan"]["steps"] for c in s["changes"]} <= {"refused"}
    said = world.irtool("run", "direct.yaml", "note.txt", "--as", "alice", "--yes", code=5)
    assert "8 refused" in said.err
    assert "belongs to the provider's own domain gateway.example" in said.talk
    assert "belongs to the customer C1" in said.talk
    assert "mailbox provider for very many people" in said.talk
    status = world.irtool("status", INCIDENT.replace("0001", "0002"), "--json").json
    assert status["counts"] == {"refused": 8}


def test_a_complaint_about_nobody_is_refused_by_the_guards(world: World) -> None:
    """The shipped playbook on a message from our own domain to gmail.com: every change is refused, exit 5."""
    Path(world.folder, "gateway.jsonl").write_text(json.dumps(log(1, 1)[-1]) + "\n")
    lines = ("From: info@gateway.example", "Sender: info@gateway.example", "To: joe@gmail.com", "Subject: hi", "", "x")
    Path(world.folder, "complaint.eml").write_text("\r\n".join(lines) + "\r\n", newline="")
    said = world.run(code=5)
    assert "gmail[.]com" in said.err
    assert "mailbox provider for very many people" in said.talk
    states = world.irtool("status", "--json").json[0]["counts"]
    assert set(states) == {"refused"}


# --- servers --------------------------------------------------------------------------------------------------------


def test_a_connector_that_is_down(world: World) -> None:
    """Nobody listens on its port."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        world.configure(connectors={"sandbox": {
            "url": f"http://127.0.0.1:{closed.getsockname()[1]}", "token": "env:SANDBOX_TOKEN"}})  # fmt: skip
        said = world.run(code=1)
        assert "refused" in said.err.lower()
        assert "sandbox" in said.err
        assert "irtool doctor" in said.err
        doctor = world.irtool("doctor", "--json", code=2).json
    levels = {check["what"]: check["level"] for check in doctor["checks"]}
    assert levels["sandbox"] == "fault"


def test_wrong_credentials(world: World) -> None:
    """401 at the first look."""
    world.configure(connectors={"sandbox": {"url": world.url, "token": "file:token"}})
    Path(world.folder, "token").write_text("guess\n")
    said = world.run(code=1)
    assert "401" in said.err
    assert "guess" not in said.text
    assert "irtool doctor" in said.err
    doctor = world.irtool("doctor", code=2)
    assert "401" in doctor.out
    assert "guess" not in doctor.text


def test_credentials_that_may_only_read(world: World) -> None:
    """Looks work, so there is a plan; the run is refused before its first change, with all that cannot be done."""
    world.configure(connectors={"sandbox": {"url": world.url, "token": "file:token"}})
    Path(world.folder, "token").write_text(f"{READER}\n")
    said = world.run(code=5)
    for verb in ("domain.block", "address.block", "ip.block", "queue.hold", "account.disable", "queue.purge"):
        assert verb in said.err
    assert "the token may only read" in said.err
    assert "irtool doctor" in said.err
    assert set(world.irtool("status", "--json").json[0]["counts"]) == {"planned"}
    with world.provider.session() as state:
        asked = [row["method"] for row in state.requests.page(limit=1000) if isinstance(row, dict)]
    assert "GET" in asked
    assert not {"PUT", "PATCH", "DELETE"} & set(asked)


def test_a_secret_that_is_not_there(world: World, refuses: Refuses) -> None:
    """The environment has no such variable: said before anything is looked up."""
    world.configure(connectors={"sandbox": {"url": world.url, "token": "env:NO_SUCH_TOKEN"}})
    assert "NO_SUCH_TOKEN" in world.run(code=2).err


def test_no_connector_for_a_verb(world: World) -> None:
    """A playbook that needs a verb which no configured connector has is refused before the first change."""
    world.configure(connectors={})
    said = world.run(code=2)
    assert "domain.block" in said.err


# --- logs and configuration -----------------------------------------------------------------------------------------


def test_a_log_without_mapped_columns(world: World, refuses: Refuses) -> None:
    """The first column that is not there is named, with the nearest one that is."""
    columns = {**COLUMNS, "source_ip": "src_ipp"}
    world.configure(logs={"gateway": {"format": "jsonl", "path": "./gateway.jsonl", "columns": columns}})
    for words in (("triage", "complaint.eml"), ("run", "email-abuse", "complaint.eml", "--as", "alice", "--yes")):
        said = refuses(2, *words)
        assert "src_ipp" in said.err
        assert "source_ip" in said.err
        assert "Did you mean 'src_ip'?" in said.err
    assert world.incidents() == []


def test_a_log_that_is_not_there_or_not_a_log(world: World, refuses: Refuses) -> None:
    """A pattern that fits no file, a file of another format, an unknown format."""
    for given, says in (
        ({"format": "jsonl", "path": "./nowhere/*.jsonl"}, "nowhere"),
        ({"format": "parquet", "path": "./gateway.jsonl"}, "gateway.jsonl"),
        ({"format": "parkett", "path": "./gateway.jsonl"}, "parkett"),
    ):
        world.configure(logs={"gateway": {**given, "columns": COLUMNS}})
        assert says in refuses(2, "triage", "complaint.eml").err


def test_a_directory_without_its_column(world: World, refuses: Refuses) -> None:
    """domains.csv must say which account owns a domain."""
    Path(world.folder, "domains.csv").write_text("domain,owner\nacme.example,C1\n")
    world.configure(directory={"domains": {"path": "./domains.csv", "columns": {"account": "account_id"}}})
    assert "account_id" in refuses(2, "triage", "complaint.eml").err


def test_all_faults_of_the_configuration_are_told_at_once(world: World, refuses: Refuses) -> None:
    """A misspelt key, a number as text, a secret in the file: three places."""
    settings = configuration(world.url)
    settings["orgg"] = settings.pop("org")
    settings["workers"] = "many"
    settings["connectors"]["sandbox"]["token"] = "in-the-clear"
    Path(world.folder, "irtool.yaml").write_text(json.dumps(settings, indent=1))
    said = refuses(2, "status")
    assert "3 faults" in said.err
    assert 'Did you mean "org"?' in said.err
    assert said.err.count("irtool.yaml:") >= 3
    assert "in-the-clear" not in said.text
    assert "env:NAME" in said.err


@pytest.mark.parametrize(
    ("connector", "says"),
    [
        ({"kind": "rspamdd", "url": "http://127.0.0.1:1"}, "rspamd"),
        ({"kind": "rspamd"}, "url"),
        ({"kind": "sandbox", "url": "http://127.0.0.1:1", "urll": "x"}, "urll"),
        ({"kind": "sandbox", "url": "http://127.0.0.1:1", "password": "env:HOME"}, "token"),
        ({"kind": "./mine.yaml"}, "mine.yaml"),
    ],
)
def test_a_connector_that_is_not_set_up(world: World, connector: dict[str, str], says: str) -> None:
    """Said before anything is looked up, with the connector's name."""
    world.configure(connectors={"front": connector})
    said = world.run(code=2)
    assert says in said.err
    assert "irtool doctor" in said.err


def test_a_configuration_that_is_not_there(refuses: Refuses) -> None:
    """--config of nothing."""
    assert "nothing.yaml: there is no such file" in refuses(2, "status", "--config", "nothing.yaml").err

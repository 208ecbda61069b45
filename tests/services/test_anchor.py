"""Anchors with time stamps of a real authority: `openssl ts` behind a loopback port."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from irtool.adapters.chain import COLUMNS, digest
from irtool.adapters.journal import SqliteJournal
from irtool.records import Entry
from tests.cli.terminal import Terminal

INCIDENT = "INC-2026-0001"
CONF = """
[tsa]
default_tsa = here
[here]
serial = {folder}/serial
crypto_device = builtin
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ess_cert_id_alg = sha256
[req]
distinguished_name = name
prompt = no
[name]
CN = {cn}
[root]
basicConstraints = critical,CA:true
keyUsage = critical,keyCertSign
[leaf]
basicConstraints = critical,CA:false
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
"""


def openssl(*words: object, folder: Path) -> bytes:
    if shutil.which("openssl") is None:
        pytest.fail("openssl is not here: apt-get install -y openssl")
    done = subprocess.run(["openssl", *map(str, words)], cwd=folder, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def authority(folder: Path, name: str) -> Path:
    """Keys and certificates of an authority: root.pem, and what `openssl ts -reply` needs."""
    folder.mkdir()
    conf = folder / "tsa.cnf"
    conf.write_text(CONF.format(folder=folder, cn=f"{name} root"))
    (folder / "serial").write_text("01\n")
    key = ("-newkey", "rsa:2048", "-nodes", "-config", conf)
    openssl(
        "req",
        "-x509",
        *key,
        "-keyout",
        "root.key",
        "-out",
        "root.pem",
        "-days",
        "30",
        "-extensions",
        "root",
        folder=folder,
    )
    conf.write_text(CONF.format(folder=folder, cn=f"{name} stamps"))
    openssl("req", *key, "-keyout", "leaf.key", "-out", "leaf.csr", folder=folder)
    openssl("x509", "-req", "-in", "leaf.csr", "-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial", "-out",
            "leaf.pem", "-days", "20", "-extfile", conf, "-extensions", "leaf", folder=folder)  # fmt: skip
    return folder


class Clerk(BaseHTTPRequestHandler):
    """Stamps what it is sent; `mood` says how."""

    folder = Path()
    mood = ""

    def do_POST(self) -> None:
        query = self.rfile.read(int(self.headers["Content-Length"]))
        if self.mood == "replay" and (self.folder / "last.tsr").exists():
            reply = (self.folder / "last.tsr").read_bytes()
        else:
            (self.folder / "query.tsq").write_bytes(query)
            signer = ("-section", "here", "-signer", "leaf.pem", "-inkey", "leaf.key")
            files = ("-config", "tsa.cnf", "-queryfile", "query.tsq", "-out", "last.tsr")
            openssl("ts", "-reply", *files, *signer, folder=self.folder)
            reply = (self.folder / "last.tsr").read_bytes()
        reply = {"garbage": b"<html>hello</html>", "huge": b"x" * 3_000_000, "cut": reply[:-40]}.get(self.mood, reply)
        self.send_response(500 if self.mood == "broken" else 200)
        self.send_header("Content-Length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply)

    def log_message(self, *args: Any) -> None:
        """Silence."""


@pytest.fixture
def clerk(tmp_path: Path) -> Iterator[tuple[Terminal, type[Clerk]]]:
    """A folder with a journal of one incident, and a time stamp authority."""
    Clerk.folder, Clerk.mood = authority(tmp_path / "tsa", "Test"), ""
    desk = tmp_path / "desk"
    desk.mkdir()
    with HTTPServer(("127.0.0.1", 0), Clerk) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        settings = {
            "org": {"name": "X", "domains": ["gateway.example"]},
            "timestamps": {"url": f"http://127.0.0.1:{server.server_port}/", "roots": "../tsa/root.pem"},
        }
        (desk / "irtool.yaml").write_text(json.dumps(settings))
        with closing(SqliteJournal(desk / "irtool.db")) as journal:
            journal.open_incident("INC-2026", Entry("incident.opened", {"title": "t"}, actor="alice"))
            journal.append(INCIDENT, *(Entry("note.added", {"text": f"note {n}"}) for n in range(5)))
        yield Terminal(desk), Clerk
        server.shutdown()
        thread.join()


def rewrite(folder: Path) -> None:
    """What a chain alone cannot find: an event edited and every hash after it recomputed."""
    (folder / "irtool.db.seal").unlink(missing_ok=True)
    with closing(sqlite3.connect(folder / "irtool.db")) as db:
        for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            db.execute(f"DROP TRIGGER {name}")
        prev = ""
        for row in db.execute(f"SELECT {COLUMNS} FROM events ORDER BY seq").fetchall():
            values = [*row]
            values[3] = values[3].replace("note 2", "nothing")
            values[-2] = prev
            prev = digest(tuple(values))
            where = (values[3], values[-2], prev, values[1])
            db.execute("UPDATE events SET data = ?, prev = ?, hash = ? WHERE seq = ?", where)
        db.execute("UPDATE heads SET hash = ?", (prev,))
        db.commit()


def test_a_stamped_anchor_finds_a_rewrite_of_the_whole_journal(clerk: tuple[Terminal, type[Clerk]]) -> None:
    """The chain says nothing, the anchor does; and the authority vouches for the time."""
    irtool, _ = clerk
    irtool("anchor", "--stamp", "--output", "a.anchor", code=0)
    assert json.loads((irtool.folder / "a.anchor").read_text())["seq"] == 6
    irtool("note", "later", code=0)
    good = irtool("verify", "--anchor", "a.anchor", "--json", code=0).json
    (proof,) = good["anchors"]
    assert (proof["holds"], proof["seq"]) == (True, 6)
    assert proof["stamped"]
    assert "Head of the journal kept elsewhere" in irtool("timeline", code=0).out
    rewrite(irtool.folder)
    assert irtool("verify", code=0).out.count("whole") == 1
    bad = irtool("verify", "--anchor", "a.anchor", code=1)
    assert "history was rewritten" in bad.out


def test_an_anchor_without_a_stamp_needs_no_authority(clerk: tuple[Terminal, type[Clerk]]) -> None:
    irtool, _ = clerk
    (irtool.folder / "b.anchor").write_text(irtool("anchor", code=0).out)
    assert irtool("verify", "--anchor", "b.anchor", code=0).out.count("holds") == 1
    rewrite(irtool.folder)
    irtool("verify", "--anchor", "b.anchor", code=1)


@pytest.mark.parametrize("mood", ["garbage", "huge", "cut", "broken", "replay"])
def test_a_bad_answer_of_the_authority_is_no_stamp(clerk: tuple[Terminal, type[Clerk]], mood: str) -> None:
    """Nothing is written, nothing goes on the timeline."""
    irtool, clerks = clerk
    if mood == "replay":
        irtool("anchor", "--stamp", code=0)
    clerks.mood = mood
    before = irtool("verify", "--json", code=0).json["incidents"][0]["head"]
    said = irtool("anchor", "--stamp", "--output", "c.anchor", code=1)
    assert "irtool:" in said.err
    assert not (irtool.folder / "c.anchor").exists()
    assert irtool("verify", "--json", code=0).json["incidents"][0]["head"] == before


def test_a_stamp_of_somebody_else_or_for_something_else_proves_nothing(
    clerk: tuple[Terminal, type[Clerk]], tmp_path: Path
) -> None:
    irtool, _ = clerk
    irtool("anchor", "--stamp", "--output", "a.anchor", code=0)
    kept = json.loads((irtool.folder / "a.anchor").read_text())
    irtool("anchor", "--output", "d.anchor", code=0)
    other = json.loads((irtool.folder / "d.anchor").read_text())
    (irtool.folder / "d.anchor").write_text(json.dumps({**other, "token": kept["token"]}))
    assert "does not prove this" in irtool("verify", "--anchor", "d.anchor", code=1).out
    authority(tmp_path / "else", "Else")
    shutil.copy(tmp_path / "else" / "root.pem", tmp_path / "tsa" / "root.pem")
    assert "does not prove this" in irtool("verify", "--anchor", "a.anchor", code=1).out


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[]", '{"incident": 1}', "[" * 100_000, '{"incident":"INC-2026-0001","seq":"x","head":"","at":""}'],
)
def test_a_file_that_is_no_anchor_is_refused(clerk: tuple[Terminal, type[Clerk]], text: str) -> None:
    irtool, _ = clerk
    (irtool.folder / "e.anchor").write_text(text)
    assert "is no anchor" in irtool("verify", "--anchor", "e.anchor", code=2).err

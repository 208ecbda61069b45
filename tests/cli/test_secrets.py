"""A secret is known to the server it is for and to nobody else: not the journal, not the terminal, not a traceback.

Each way to give one, at servers that say it back in every way they can.
"""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

from tests.services.faults import Asked, Faults, faults

from .conftest import Make
from .terminal import Said, Terminal
from .world import INCIDENT, ME, TOKEN, World

CANARY = "c4n/ary+pass%word&7"
USER = "irtool-robot"
PLAYBOOK = """\
playbook: box
title: One request to a box
owner: tests
steps:
  - id: stop
    title: Stop it
    uses: http.call
    each: "['T000', 'T001', 'T002', 'T003', 'T004', 'T005']"
    on_failure: continue
    with: {connector: box, method: POST, path: "/stop/{target}"}
"""
BOX = {"kind": "http", "auth": "bearer", "token": "env:CANARY"}
GRANT = "grant_type=client_credentials&scope=admin"
KEYRING = "def get_password(service, user):\n    return {('box', 'robot'): %r}.get((service, user))\n"
WAYS: dict[str, dict[str, str]] = {
    "bearer from the environment": BOX,
    "bearer from a file": {**BOX, "token": "file:./canary"},
    "bearer from a keyring": {**BOX, "token": "keyring:box/robot"},
    "basic": {"kind": "http", "auth": "basic", "username": USER, "password": "env:CANARY"},
    "header": {"kind": "http", "auth": "header X-Api-Key", "key": "file:./canary"},
    "oauth2": {"kind": "http", "auth": "oauth2", "client_id": USER, "secret": "env:CANARY", "scope": "admin"},
}


def spellings() -> list[bytes]:
    """The canary as it may turn up."""
    pairs = (CANARY, f"{USER}:{CANARY}", f"\0{USER}\0{CANARY}", f"{quote_plus(USER)}:{quote_plus(CANARY)}")
    packed = [base64.b64encode(pair.encode()).rstrip(b"=") for pair in pairs]
    quoted = [CANARY, quote(CANARY), quote(CANARY, safe=""), quote_plus(CANARY), json.dumps(CANARY)[1:-1]]
    return [*packed, *(q.encode() for q in quoted), b"access-c4nary-token"]


def found(folder: Path, *said: Said) -> list[str]:
    """Where the canary is: in what was said, or in a file that irtool made. The names of files count too."""
    places = [(f"said {n}", one.text.encode()) for n, one in enumerate(said)]
    given = {"canary", "keyring"}
    for path in folder.rglob("*"):
        places.append((f"name of {path.name}", str(path).encode()))
        if path.is_file() and path.name.partition(".")[0] not in given:
            places.append((str(path), path.read_bytes()))
    return [place for place, data in places if any(form in data for form in spellings())]


class TokenServer(BaseHTTPRequestHandler):
    """Hands out access tokens to whoever knows the canary. `gives` is how long they last, "no" for a refusal."""

    gives: Any = 3600
    token = "access-c4nary-token"
    asked = 0

    def do_POST(self) -> None:
        type(self).asked += 1
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        pair = base64.b64decode(self.headers["Authorization"].removeprefix("Basic ")).decode()
        right = (
            pair == f"{quote_plus(USER)}:{quote_plus(CANARY)}" and body == "grant_type=client_credentials&scope=admin"
        )
        refused = {"error": f"invalid_client {self.headers['Authorization']} {pair}"}
        good = right and self.gives != "no"
        answer = {"access_token": self.token, "token_type": "Bearer", "expires_in": self.gives}
        content = json.dumps(answer if good else refused).encode()
        self.send_response(200 if good else 401)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args: object) -> None:
        pass


class Desk:
    """A folder with one box in its irtool.yaml, in front of which there is a proxy that says things back."""

    def __init__(self, folder: Path, proxy: Faults, way: dict[str, str], token_url: str) -> None:
        self.folder, self.proxy = folder, proxy
        box = {"url": proxy.url, **way} | ({"token_url": token_url} if way["auth"] == "oauth2" else {})
        settings = {
            "connectors": {"box": box},
            "people": {"alice": {"os_user": ME}},
            "timeout": 5,
        }
        (folder / "irtool.yaml").write_text(json.dumps(settings))
        (folder / "canary").write_text(CANARY + "\n")
        (folder / "keyring.py").write_text(KEYRING % CANARY)
        (folder / "playbook.yaml").write_text(PLAYBOOK)
        self.irtool = Terminal(folder, {"CANARY": CANARY, "PYTHONPATH": str(folder)})


@pytest.fixture
def token_server() -> Iterator[str]:
    TokenServer.gives, TokenServer.token, TokenServer.asked = 3600, "access-c4nary-token", 0
    server = ThreadingHTTPServer(("127.0.0.1", 0), TokenServer)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/token"
    server.shutdown()
    server.server_close()


@pytest.fixture
def desk(make: Make, tmp_path_factory: pytest.TempPathFactory, token_server: str) -> Iterator[Any]:
    with ExitStack() as stack:

        def begin(way: dict[str, str]) -> Desk:
            proxy = stack.enter_context(faults(make().url))
            return Desk(tmp_path_factory.mktemp("desk"), proxy, way, token_server)

        yield begin


@pytest.mark.parametrize("way", WAYS)
def test_no_server_brings_a_secret_out(desk: Any, way: str) -> None:
    """The credential arrives, and whatever is said back stays between the server and this process."""
    here: Desk = desk(WAYS[way])
    here.proxy.order("echo_in_turn", match=lambda asked: asked.method == "POST")
    said = [here.irtool("run", "playbook.yaml", "--as", "alice", "--yes", "--json")]
    sent = [asked for asked in here.proxy.asked if asked.method == "POST"]
    assert {asked.path for asked in sent} == {f"/stop/T00{n}" for n in range(6)}
    assert all(_arrived(asked, way) for asked in sent)
    assert "***" in said[0].text
    here.proxy.order("echo_refusal")
    said += [here.irtool("doctor"), here.irtool("status", "--all")]
    assert found(here.folder, *said) == []


def _arrived(asked: Asked, way: str) -> bool:
    if way == "basic":
        return asked.headers["authorization"] == "Basic " + base64.b64encode(f"{USER}:{CANARY}".encode()).decode()
    if way == "header":
        return asked.headers["x-api-key"] == CANARY
    return asked.headers["authorization"] == ("Bearer access-c4nary-token" if way == "oauth2" else f"Bearer {CANARY}")


def test_a_token_server_that_says_no(desk: Any) -> None:
    """It says the client's secret back; nothing is sent to the box."""
    TokenServer.gives = "no"
    here: Desk = desk(WAYS["oauth2"])
    said = here.irtool("run", "playbook.yaml", "--as", "alice", "--yes", code=1)
    assert "the token server answered 401: invalid_client" in said.talk + here.irtool("status", "--all").talk
    assert [asked for asked in here.proxy.asked if asked.method == "POST"] == []
    assert found(here.folder, said) == []


def test_an_access_token_that_has_run_out_is_renewed(desk: Any) -> None:
    """In the middle of a run: the 401 changed nothing, another token is asked for, the request goes out once more."""
    TokenServer.token = TOKEN
    here: Desk = desk(WAYS["oauth2"])
    here.proxy.order("no_token", 3, match=lambda asked: asked.method == "POST")
    here.irtool("run", "playbook.yaml", "--as", "alice", "--yes")
    assert TokenServer.asked == 2
    paths = sorted(asked.path for asked in here.proxy.asked if asked.method == "POST")
    assert len(paths) == 7
    assert len(set(paths)) == 6


def test_a_secret_in_a_url_is_refused(desk: Any) -> None:
    """Before anything is called, and without showing it."""
    here: Desk = desk({**BOX, "url": f"http://{USER}:{quote(CANARY, safe='')}@127.0.0.1:9"})
    for words in (("run", "playbook.yaml", "--as", "alice"), ("doctor",)):
        said = here.irtool(*words)
        assert "no user or password in a URL" in said.text
        assert found(here.folder, said) == [str(here.folder / "irtool.yaml")]


@pytest.mark.parametrize("where", ["token", "password"])
def test_a_secret_in_the_configuration_is_refused(desk: Any, where: str) -> None:
    here: Desk = desk({**BOX, where: CANARY})
    said = here.irtool("doctor", code=2)
    assert "must be a reference and never the secret itself" in " ".join(said.text.split())
    assert found(here.folder, said) == [str(here.folder / "irtool.yaml")]


def test_the_token_is_read_again_when_the_server_no_longer_takes_it(make: Make, tmp_path_factory: Any) -> None:
    """A file that a secret manager rewrites in the middle of a run: the run goes on with what is in it then."""
    world = make()
    (world.folder / "token").write_text("stale-token")
    world.configure(connectors={"sandbox": {"url": world.url, "token": "file:./token"}})
    assert "wrong token" in world.run(code=1).talk
    (world.folder / "token").write_text(TOKEN)
    with faults(world.url) as proxy:
        world.configure(connectors={"sandbox": {"url": proxy.url, "token": "file:./token"}})
        world.irtool("plan", INCIDENT, "--as", "alice", code=0)
        (world.folder / "token").write_text("stale-token")  # what the next process starts with
        turned = threading.Event()

        def rotate(asked: Asked) -> bool:
            if not turned.is_set():
                (world.folder / "token").write_text(TOKEN)
                turned.set()
            return False

        proxy.order("no_token", match=rotate)
        world.irtool("run", INCIDENT, "--as", "alice", "--yes", code=3)
    assert world.contained()


def test_a_credential_that_is_refused_for_good_is_said_to_be_one(make: Make) -> None:
    """In the middle of a run, with a token that nobody can renew."""
    world = make()
    with faults(world.url) as proxy:
        world.configure(connectors={"sandbox": {"url": proxy.url, "token": "env:SANDBOX_TOKEN"}})
        proxy.order("no_token", match=lambda asked: asked.method != "GET")
        said = world.run(code=1)
        assert world.counts()["applied"] == 0
        assert "401" in said.talk
        proxy.clear()
        world.irtool("resume", "--as", "alice", "--yes", code=3)
        assert world.contained()


CRASH = """
import sys
from irtool.adapters import http
from irtool.__main__ import main

def broken(self, call, line, flight, proof):
    headers = {"sent": proof, "call": call}
    raise RuntimeError(f"irtool is broken: {headers}")

http.HttpSender._exchange = broken
sys.argv = ["irtool", "run", "playbook.yaml", "--as", "alice", "--yes"]
main()
"""


@pytest.mark.parametrize("way", ["basic", "header", "oauth2"])
def test_a_crash_of_irtool_itself(desk: Any, way: str) -> None:
    """The traceback is there, and helps; the secret in it is struck out. No core file is ever written."""
    here: Desk = desk(WAYS[way])
    command = [sys.executable, "-c", CRASH]
    done = subprocess.run(command, cwd=here.folder, env=here.irtool.env(), capture_output=True, timeout=60, check=False)
    said = Said(done.returncode, done.stdout.decode(), done.stderr.decode())
    assert done.returncode == 1
    assert "Traceback" in said.err
    assert "RuntimeError: irtool is broken" in said.err
    assert "***" in said.err, said.err
    assert found(here.folder, said) == []


def test_redirects_take_no_credential_along(make: Make) -> None:
    """To another host, which records what it is asked: nothing."""
    world = make()
    with faults("http://127.0.0.1:9") as thief, faults(world.url) as proxy:
        proxy.canary = thief.url
        world.configure(connectors={"sandbox": {"url": proxy.url, "token": "env:SANDBOX_TOKEN"}})
        proxy.order("moved", match=lambda asked: asked.method == "PUT")
        said = world.run(code=1)
        assert "redirects are not followed" in said.talk + world.irtool("status", "--all").talk
        assert thief.asked == []


def test_a_world_without_faults_keeps_its_secrets_too(small: World) -> None:
    said = [small.run(code=3), small.irtool("doctor"), small.irtool("timeline", "--json"), small.irtool("report")]
    leaks = [
        p for p in small.folder.rglob("*") if p.is_file() and p.suffix != ".yaml" and TOKEN.encode() in p.read_bytes()
    ]
    assert leaks == []
    assert not any(TOKEN in one.text for one in said)

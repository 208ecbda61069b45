"""Seeing the effect of a block with an SMTP probe at a real Postfix: MAIL FROM and RCPT TO, never DATA.

The gateway's admin API is a panel in this process; it keeps the access table that Postfix asks (tcp_table(5)), and can
lie: list a block and not enforce it.
"""

from __future__ import annotations

import http.server
import json
import os
import pwd
import socketserver
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote

import pytest

from irtool.adapters.smtp.probe import ProbeSender, ProbeServer
from irtool.errors import NotSent, Rejected
from irtool.records import Call
from tests.cli.terminal import Terminal

from .machine import wait_until
from .postfix import MASTER, MASTER_PASSWORD, Dovecot, Postfix
from .sink import Sink

INCIDENT = f"INC-{datetime.now(UTC):%Y}-0001"
ME = pwd.getpwuid(os.getuid()).pw_name
DOMAIN, IP, ADDRESS = "target.example.org", "198.51.100.7", "office@trial1.example"
MANIFEST = """
connector: panel
title: A gateway whose lists are in Postfix
settings:
  url: {required: true, about: the panel}
  gateway: {required: true, about: where it takes mail}
bases: {gateway: {setting: gateway}}
ping:
  requests: [{method: GET, path: /blocks/ping}]
  answer: "'panel'"
blocks:
  # Somebody whom nobody blocks gets through: else a no proves nothing.
  control:
    - smtp: {base: gateway, mail_from: probe@irtool.invalid, rcpt_to: probe@irtool.invalid}
      expect: {status: [250]}
verbs:
  domain.block:
    in_doubt: verify
    look:
      requests: [{method: GET, path: "/blocks/${{ target }}", capture: {there: reply.json.blocked}}]
      state: "'blocked' if got.there else 'absent'"
    change:
      requests: [{method: PUT, path: "/blocks/${{ target }}"}]
    undo:
      requests: [{method: DELETE, path: "/blocks/${{ target }}"}]
    verify:
      requests:
        - {use: control}
        - smtp: {base: gateway, mail_from: probe@irtool.invalid, rcpt_to: "postmaster@${{ target }}"}
          capture: {refused: reply.status >= 500 and reply.headers.stage == 'rcpt'}
      state: "'blocked' if got.refused else 'absent'"
"""
MORE = {
    "ip.block": 'client_ip: "${{ target }}", mail_from: probe@irtool.invalid, rcpt_to: probe@irtool.invalid',
    "address.block": 'mail_from: "${{ target }}", rcpt_to: probe@irtool.invalid',
}
PLAYBOOK = f"""
playbook: block
title: Block by hand
steps:
  - {{id: domain, title: Block the domain, uses: domain.block, with: {{target: {DOMAIN}}}}}
  - {{id: ip, title: Block the IP, uses: ip.block, with: {{target: {IP}}}}}
  - {{id: address, title: Block the address, uses: address.block, with: {{target: {ADDRESS}}}}}
"""


class Lists:
    """What the panel says is blocked, and what Postfix is told."""

    def __init__(self) -> None:
        self.listed: set[str] = set()
        self.enforced: set[str] = set()
        self.lies = False

    def put(self, name: str) -> None:
        """Block it; enforced only by an honest panel."""
        self.listed.add(name)
        if not self.lies:
            self.enforced.add(name)

    def drop(self, name: str) -> None:
        """Unblock it."""
        self.listed.discard(name)
        self.enforced.discard(name)


@pytest.fixture(scope="module")
def table(postfix_server: Postfix) -> Iterator[Lists]:
    """The table server. Postfix keeps its connection to it from one test to the next."""
    lists = Lists()

    class Table(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            for line in self.rfile:
                key = unquote(line.decode().strip().removeprefix("get "))
                there = {key, key.rpartition("@")[2]} & lists.enforced  # Postfix asks for whole addresses
                self.wfile.write(b"200 REJECT\n" if there else b"500 not%20here\n")
                self.wfile.flush()

    server = socketserver.ThreadingTCPServer(("127.0.0.1", postfix_server.access_port), Table, bind_and_activate=False)
    server.daemon_threads = server.allow_reuse_address = True
    server.server_bind()
    server.server_activate()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield lists
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def lists(table: Lists, postfix: Postfix) -> Lists:
    """Nothing is blocked yet."""
    table.listed.clear()
    table.enforced.clear()
    table.lies = False
    return table


@pytest.fixture
def panel(lists: Lists) -> Iterator[str]:
    """Its URL."""

    class Api(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer({"blocked": self._name() in lists.listed})

        def do_PUT(self) -> None:
            lists.put(self._name())
            self._answer({})

        def do_DELETE(self) -> None:
            lists.drop(self._name())
            self._answer({})

        def _name(self) -> str:
            return unquote(self.path.removeprefix("/blocks/"))

        def _answer(self, data: object) -> None:
            body = json.dumps(data).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Api)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def irtool(tmp_path: Path, panel: str, postfix: Postfix) -> Terminal:
    """A shell in a folder that knows the panel and the gateway."""
    verbs = "".join(f"  {verb}:\n{_like(smtp)}" for verb, smtp in MORE.items())
    (tmp_path / "panel.yaml").write_text(MANIFEST + verbs)
    (tmp_path / "block.yaml").write_text(PLAYBOOK)
    gateway = f"smtp://127.0.0.1:{postfix.probe_port}"
    settings = {
        "org": {"name": "Example Mail", "domains": ["gateway.example.com"]},
        "connectors": {"panel": {"kind": "./panel.yaml", "url": panel, "gateway": gateway}},
        "people": {"alice": {"os_user": ME}},
    }
    (tmp_path / "irtool.yaml").write_text(json.dumps(settings))
    return Terminal(tmp_path, {})


def _like(smtp: str) -> str:
    """The body of a verb as domain.block has it, with another probe."""
    body = MANIFEST.partition("domain.block:\n")[2]
    was = 'mail_from: probe@irtool.invalid, rcpt_to: "postmaster@${{ target }}"'
    assert was in body
    return body.replace(was, smtp)


def effects(irtool: Terminal) -> dict[str, object]:
    """What is seen of each change."""
    return {c["id"]: c["effective"] for c in irtool("status", INCIDENT, "--json", code=0).json["changes"]}


def test_a_block_is_seen_by_what_the_gateway_answers(irtool: Terminal, lists: Lists, sink: Sink) -> None:
    """Domain at RCPT TO, address at MAIL FROM, IP as the client; after undo all three pass again; no mail was sent."""
    irtool("run", "block.yaml", "--as", "alice", "--yes", code=0)
    assert lists.enforced == {DOMAIN, IP, ADDRESS}
    assert set(effects(irtool).values()) == {True}
    irtool("watch", INCIDENT, "--once", "--as", "alice", code=0)
    irtool("undo", "--as", "alice", "--yes", code=0)
    assert lists.enforced == set()
    assert sink.messages == []


def test_a_block_that_is_listed_and_not_enforced_leaks(irtool: Terminal, lists: Lists) -> None:
    """The panel says 200 and shows it; the gateway takes the mail: exit 1, and said so, not done."""
    lists.lies = True
    said = irtool("run", "block.yaml", "--as", "alice", "--yes", code=1)
    assert "no effect" in said.err
    assert effects(irtool)[f"domain/{DOMAIN}"] is False


def test_a_gateway_that_refuses_everybody_proves_nothing(irtool: Terminal, lists: Lists) -> None:
    """The control is refused too: not seen, and never told as effective."""
    irtool("run", "block.yaml", "--as", "alice", "--yes", code=0)
    lists.enforced.add("irtool.invalid")
    said = irtool("watch", INCIDENT, "--once", "--as", "alice", code=1)
    assert f"could not be looked at: domain/{DOMAIN}" in said.out


def ask(port: int, to: str, **said: str) -> tuple[int, str]:
    """The code and the stage of one probe."""
    server = ProbeServer({"gateway": f"smtp://127.0.0.1:{port}"})
    headers = tuple((name.replace("_", "-"), value) for name, value in said.items())
    call = Call("panel", "RCPT", to, transport="smtp-probe", base="gateway", headers=headers)
    reply = ProbeSender({"panel": server}, deadline=10).send(call)
    return reply.status, reply.headers["stage"]


def test_every_stage_answers(postfix: Postfix, lists: Lists) -> None:
    """Yes, no at RCPT TO, no to a login that is not offered in the clear there, no client, no server."""
    lists.put(DOMAIN)
    lists.put(IP)
    assert ask(postfix.probe_port, "a@elsewhere.example") == (250, "rcpt")
    assert ask(postfix.probe_port, f"a@{DOMAIN}") == (554, "rcpt")
    assert ask(postfix.probe_port, "a@elsewhere.example", **{"Client-IP": IP}) == (554, "rcpt")
    assert ask(postfix.port, "a@elsewhere.example") == (554, "rcpt")
    with pytest.raises(Rejected):
        ask(postfix.probe_port, "a@elsewhere.example", **{"Client-IP": "1.2.3.4 NAME=x"})
    with pytest.raises(Rejected):
        ask(postfix.probe_port, "a@b.example>\r\nDATA")
    with pytest.raises(Rejected):
        ask(postfix.probe_port, "a@b.example", **{"Login-As": "alice"})


def test_a_login_shows_whether_an_account_can_send(postfix: Postfix, dovecot_server: Dovecot) -> None:
    """As the user, with a password of our own (RFC 4616): 250 for an account that may send, 535 for one that is shut
    out; a wrong password of ours is not taken for that, because the control fails too."""
    bases = {"gateway": f"smtp://127.0.0.1:{postfix.port}"}

    def login(name: str, password: str = MASTER_PASSWORD) -> tuple[int, str]:
        server = ProbeServer(bases, MASTER, password, frozenset({"gateway"}))
        headers = (("Login-As", name), ("Mail-From", "probe@irtool.invalid"))
        call = Call("panel", "RCPT", "a@elsewhere.example", transport="smtp-probe", base="gateway", headers=headers)
        reply = ProbeSender({"panel": server}, deadline=10).send(call)
        assert password not in reply.body
        return reply.status, reply.headers["stage"]

    assert login("trial1") == (250, "rcpt")
    dovecot_server.only("alice", "bob")
    try:
        wait_until(lambda: login("trial1") == (535, "login"), "Dovecot did not read its users again")
        assert login("alice") == (250, "rcpt")
        assert login("alice", "wrong") == (535, "login")
    finally:
        dovecot_server.only("alice", "bob", "trial1")
    wait_until(lambda: login("trial1") == (250, "rcpt"), "Dovecot did not read its users again")


def test_nobody_there_is_no_answer() -> None:
    """A port that nobody listens at."""
    with pytest.raises(NotSent):
        ask(1, "a@b.example")

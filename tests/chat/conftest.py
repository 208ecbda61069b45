"""A Slack to talk to: Web API, Socket Mode and response URLs on a loopback port, with a record of every call.

The shapes follow Slack's documentation; the real slack_sdk is the only client it has.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import WSMsgType, web

from irtool.chat import serve
from irtool.wiring import Desk, open_desk
from irtool.wiring.sandbox import TOKEN, make_provider

APP, BOT, ME, CHANNEL = "xapp-good", "xoxb-good", "U0IRTOOL", "C0INCIDENTS"
PATIENCE = 12.0

CONFIG = """\
org: {{name: Example Mail, domains: [gateway.example]}}
connectors: {{sandbox: {{url: "sandbox:./provider.db", token: "file:sandbox.token"}}}}
notices: {{smtp: "outbox:./outbox", from: "Security <security@gateway.example>"}}
people:
  alice: {{slack: U0ALICE, groups: [mail-sec-leads]}}
  bianca: {{slack: U0BIANCA, groups: [mail-sec-leads]}}
  carlo: {{slack: U0CARLO}}
  dora: {{slack: U0DORA, groups: [mail-sec-leads]}}
slack: {{app_token: "file:app.token", bot_token: "file:bot.token", channel: C0INCIDENTS, api_url: "{url}"}}
"""

PLAYBOOK = """\
playbook: small
title: Spam to our partners
approvers: mail-sec-leads
inputs:
  complaint: {type: file}
  tag: {type: text, default: none}
steps:
  - id: triage
    title: Read the complaint
    uses: triage.complaint
    with: {complaint: "${{ inputs.complaint }}"}
  - id: block-addresses
    title: Block the sender addresses
    uses: address.block
    each: findings.sender_addresses
    approval: self
  - id: block-domains
    title: Block the destination domains
    uses: domain.block
    each: findings.destination_domains
    approval: peer
"""

TWO = (
    PLAYBOOK[: PLAYBOOK.index("  - id: block-addresses")].replace("playbook: small", "playbook: two")
    + """\
  - id: block-domains
    title: Block the destination domains
    uses: domain.block
    each: findings.destination_domains
    approval: {from: peer, quorum: 2, expires: 4h}
"""
)


@dataclass
class Call:
    """One request that the peer got. `body` is the JSON or the form."""

    method: str
    body: dict[str, Any]
    answer: dict[str, Any]
    at: float

    @property
    def text(self) -> str:
        """Everything in it that people could see."""
        return json.dumps(self.body, ensure_ascii=False)

    def buttons(self) -> dict[str, str]:
        """action_id -> value."""
        rows = [b for b in self.body.get("blocks", []) if b["type"] == "actions"]
        return {e["action_id"].removeprefix("irtool."): e["value"] for r in rows for e in r["elements"] if "value" in e}

    def menu(self) -> tuple[str, dict[str, str]]:
        """The menu: what it is about, and text -> value of its options."""
        rows = [b for b in self.body.get("blocks", []) if b["type"] == "actions" and "block_id" in b]
        options = rows[0]["elements"][0]["options"]
        return rows[0]["block_id"], {o["text"]["text"]: o["value"] for o in options}


@dataclass
class Peer:
    """The private Slack. It runs in a thread of its own; tests use the methods below from theirs."""

    calls: list[Call] = field(default_factory=list)
    acks: dict[str, float] = field(default_factory=dict)
    replies: dict[str, str] = field(default_factory=dict)
    url: str = ""
    limit_next: int = 0
    down: bool = False
    hellos: int = 0

    def __post_init__(self) -> None:
        self._ids = itertools.count(1)
        self._loop = asyncio.new_event_loop()
        self._sockets: list[web.WebSocketResponse] = []
        self._ready = threading.Event()
        self._end = asyncio.Event()
        self._thread = threading.Thread(target=self._run)

    # --- the server ---

    def __enter__(self) -> Peer:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        app = web.Application()
        app.router.add_post("/api/{method}", self._api)
        app.router.add_get("/api/{method}", self._api)
        app.router.add_post("/respond/{name}", self._respond)
        app.router.add_get("/socket", self._socket)
        runner = web.AppRunner(app, shutdown_timeout=1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        server = site._server
        assert server is not None
        port = server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}/api/"
        self._ready.set()
        await self._end.wait()
        for socket in self._sockets:
            await socket.close()
        await runner.cleanup()

    async def _api(self, request: web.Request) -> web.Response:
        method = request.match_info["method"]
        if request.content_type == "application/json":
            body = json.loads(await request.text() or "{}")
        else:
            body = {**request.query, **(await request.post())}
        if self.limit_next and method.startswith("chat."):
            self.limit_next -= 1
            self.calls.append(Call(f"429 {method}", body, {}, time.monotonic()))
            return web.json_response({"ok": False, "error": "ratelimited"}, status=429, headers={"Retry-After": "1"})
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        answer = self._answer(method, body, token)
        self.calls.append(Call(method, body, answer, time.monotonic()))
        return web.json_response(answer)

    def _answer(self, method: str, body: dict[str, Any], token: str) -> dict[str, Any]:
        if token != (APP if method == "apps.connections.open" else BOT):
            return {"ok": False, "error": "invalid_auth"}
        if method == "apps.connections.open":
            return {"ok": True, "url": self.url.replace("http", "ws").replace("/api/", "/socket?ticket=1")}
        if method == "auth.test":
            return {"ok": True, "user_id": ME, "bot_id": "B0IRTOOL"}
        if self.down and method.startswith("chat."):
            return {"ok": False, "error": "internal_error"}
        if method in {"chat.postMessage", "chat.postEphemeral", "chat.update"}:
            if not body.get("text") or len(body.get("blocks", [])) > 50:
                return {"ok": False, "error": "invalid_blocks"}
            stamp = body.get("ts") or f"1764000000.{next(self._ids):06d}"
            return {"ok": True, "channel": body["channel"], "ts": stamp}
        if method == "conversations.replies":
            if not isinstance(body["limit"], str):  # Slack does not read JSON here
                return {"ok": False, "error": "invalid_arguments"}
            return {"ok": True, "messages": [{"text": self.replies[body["ts"]], "ts": body["ts"]}]}
        if method == "views.open":
            return {"ok": bool(body.get("trigger_id")), "error": "expired_trigger_id"}
        return {"ok": False, "error": "unknown_method"}

    async def _respond(self, request: web.Request) -> web.Response:
        body = await request.json()
        body["user"] = request.match_info["name"].partition("-")[0]
        self.calls.append(Call("response_url", body, {}, time.monotonic()))
        return web.Response(text="ok")

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self._sockets.append(socket)
        await socket.send_json({"type": "hello", "num_connections": 1})
        self.hellos += 1
        with suppress(ConnectionError):
            async for message in socket:
                if message.type == WSMsgType.TEXT:
                    self.acks[json.loads(message.data)["envelope_id"]] = time.monotonic()
        self._sockets.remove(socket)
        return socket

    # --- what people do ---

    def send(self, frame: dict[str, Any]) -> None:
        """Send a frame over the newest socket."""
        asyncio.run_coroutine_threadsafe(self._sockets[-1].send_json(frame), self._loop).result(5)

    def envelope(self, kind: str, payload: dict[str, Any], name: str = "") -> str:
        """Send an envelope and wait for its acknowledgement, which Slack gives 3 seconds; returns its id."""
        name = name or f"envelope-{next(self._ids)}"
        sent = time.monotonic()
        self.acks.pop(name, None)
        self.send({"envelope_id": name, "type": kind, "payload": payload, "accepts_response_payload": True})
        self.until(lambda: name in self.acks)
        assert self.acks[name] - sent < 3
        return name

    def slash(self, user: str, text: str) -> str:
        """`/irtool text`."""
        n = next(self._ids)
        payload = {"command": "/irtool", "text": text, "user_id": user, "channel_id": CHANNEL, "trigger_id": f"t{n}"}
        payload["response_url"] = self.url.replace("/api/", f"/respond/{user}-{n}")
        return self.envelope("slash_commands", payload)

    def say(self, user: str, text: str, thread: str = "", event_id: str = "") -> str:
        """`@irtool text` in the channel or in a thread."""
        n = next(self._ids)
        event = {"type": "app_mention", "user": user, "channel": CHANNEL, "text": f"<@{ME}> {text}", "ts": f"1.{n}"}
        if thread:
            event["thread_ts"] = thread
        return self.envelope("events_api", {"event_id": event_id or f"Ev{n}", "event": event})

    def click(self, user: str, action: str, call: Call, trigger: str = "") -> str:
        """Press a button of that message."""
        n = next(self._ids)
        payload = {
            "type": "block_actions",
            "user": {"id": user},
            "channel": {"id": CHANNEL},
            "container": {"message_ts": call.answer["ts"], "channel_id": CHANNEL},
            "actions": [{"action_id": f"irtool.{action}", "value": call.buttons()[action]}],
            "trigger_id": trigger or f"t{n}",
            "response_url": self.url.replace("/api/", f"/respond/{user}-{n}"),
        }
        return self.envelope("interactive", payload)

    def choose(self, user: str, text: str, call: Call) -> str:
        """Pick an option of that message's menu."""
        n = next(self._ids)
        about, options = call.menu()
        payload = {
            "type": "block_actions",
            "user": {"id": user},
            "channel": {"id": CHANNEL},
            "container": {"message_ts": call.answer["ts"], "channel_id": CHANNEL},
            "actions": [
                {
                    "type": "static_select",
                    "action_id": "irtool.veto",
                    "block_id": about,
                    "selected_option": {"text": {"type": "plain_text", "text": text}, "value": options[text]},
                }
            ],
            "trigger_id": f"t{n}",
            "response_url": self.url.replace("/api/", f"/respond/{user}-{n}"),
        }
        return self.envelope("interactive", payload)

    # --- what they see ---

    def until(self, done: Callable[[], Any], patience: float = PATIENCE) -> Any:
        """Wait until it is true, and return it."""
        end = time.monotonic() + patience
        while time.monotonic() < end:
            if found := done():
                return found
            time.sleep(0.02)
        shown = "\n".join(f"{c.method} {c.text[:600]}" for c in self.calls[-15:])
        raise AssertionError(f"this did not happen in {patience} s; the last calls were:\n{shown}")

    def find(self, method: str, *words: str, after: int = 0) -> Call:
        """The first call of that method that holds all the words; waits for it."""

        def found() -> Call | None:
            calls = [c for c in self.calls[after:] if c.method == method and all(w in c.text for w in words)]
            return calls[0] if calls else None

        call = self.until(found)
        assert isinstance(call, Call)
        return call

    def thread(self, stamp: str) -> str:
        """All that was posted under a message."""
        said = [c for c in self.calls if c.method == "chat.postMessage" and c.answer.get("ok")]
        posts = [c for c in said if c.body.get("thread_ts") == stamp]
        return "\n".join(b["text"]["text"] for c in posts for b in c.body["blocks"])


@pytest.fixture(scope="module")
def peer() -> Iterator[Peer]:
    with Peer() as made:
        yield made


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, peer: Peer) -> Path:
    """A folder with everything that `irtool slack` needs."""
    made = tmp_path_factory.mktemp("desk")
    (made / "irtool.yaml").write_text(CONFIG.format(url=peer.url))
    (made / "small.yaml").write_text(PLAYBOOK)
    (made / "two.yaml").write_text(TWO)
    for name, text in {"sandbox.token": TOKEN, "app.token": APP, "bot.token": BOT}.items():
        (made / name).write_text(text)
    make_provider(made / "provider.db").close()
    return made


@pytest.fixture(scope="module")
def talk() -> list[str]:
    """What the operator was told."""
    return []


@contextmanager
def serve_folder(folder: Path, peer: Peer, talk: list[str]) -> Iterator[Desk]:
    """`irtool slack` in a thread, with a desk of its own."""
    stop, hellos = threading.Event(), peer.hellos
    with open_desk(folder / "irtool.yaml") as made:
        thread = threading.Thread(target=serve, args=(made, talk.append), kwargs={"stop": stop})
        thread.start()
        try:
            peer.until(lambda: peer.hellos > hellos)
            yield made
        finally:
            stop.set()
            thread.join(30)
        assert not thread.is_alive()


@pytest.fixture
def serving() -> Callable[[Path, Peer, list[str]], AbstractContextManager[Desk]]:
    """For tests that begin and end the service themselves."""
    return serve_folder


@pytest.fixture(scope="module")
def desk(folder: Path, peer: Peer, talk: list[str]) -> Iterator[Desk]:
    """A desk that is served to Slack while the tests of a module run."""
    with serve_folder(folder, peer, talk) as made:
        yield made

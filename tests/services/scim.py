"""A private SCIM 2.0 server (scim2-server, in memory) with the accounts of the tests."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from .machine import HOST, Server, free_port

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
ACCOUNTS = {"trial1": "trial", "alice": "paid"}


@dataclass
class Scim:
    """`url` is the base of /Users; `token` the bearer token."""

    folder: Path
    token: str = "scim-secret"
    port: int = field(default_factory=free_port)
    server: Server | None = None

    @property
    def url(self) -> str:
        """The base address of the API."""
        return f"http://{HOST}:{self.port}/v2"

    @property
    def log(self) -> Path:
        """What the server printed."""
        return self.folder / "scim.out"

    def start(self) -> None:
        """Starts it; reset() makes the accounts."""
        command = [sys.executable, "-m", "scim2_server.testserver.cli", "--port", str(self.port)]
        self.server = Server("scim", [*command, "--bearer-token", self.token], self.log, port=self.port)

    def stop(self) -> None:
        """Ends it."""
        if self.server:
            self.server.stop()

    def reset(self) -> None:
        """Leaves exactly the accounts trial1 and alice, both active."""
        for user in self._call("GET", "/Users").json().get("Resources", []):
            self._call("DELETE", f"/Users/{user['id']}")
        for name, kind in ACCOUNTS.items():
            self.create(name, kind)

    def create(self, name: str, kind: str = "trial") -> dict[str, Any]:
        """Makes an active account."""
        emails = [{"value": f"{name}@gateway.example.com", "primary": True}]
        body = {"schemas": [USER], "userName": name, "userType": kind, "active": True, "emails": emails}
        return self._json(self._call("POST", "/Users", body))

    def user(self, name: str) -> dict[str, Any]:
        """The account as the server has it now."""
        found = self._json(self._call("GET", f'/Users?filter=userName eq "{name}"'))["Resources"]
        assert len(found) == 1, f"{len(found)} accounts are called {name}"
        return dict(found[0])

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/scim+json"}
        reply = httpx.request(method, self.url + path, headers=headers, json=body)
        assert reply.is_success, f"{method} {path}: {reply.status_code} {reply.text}"
        return reply

    def _json(self, reply: httpx.Response) -> dict[str, Any]:
        return dict(reply.json())

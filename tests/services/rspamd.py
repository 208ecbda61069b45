"""A private rspamd (with redis for its history) whose maps block mail."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from .machine import HOST, Server, configure, free_port, wait_until

# For each map an entry of no test, and a message that it stops: the proof that the worker has read the file again.
CANARIES = {
    "rcpt_domains.map": ("canary.example.net", {"rcpt": "someone@canary.example.net"}),
    "client_ips.map": ("192.0.2.254", {"ip": "192.0.2.254"}),
    "from_env.map": ("canary@example.net", {"sender": "canary@example.net"}),
    "from_hdr.map": ("canary@example.net", {"header_from": "canary@example.net"}),
    "sender_hdr.map": ("canary@example.net", {"header_sender": "canary@example.net"}),
    "users.map": ("canary", {"user": "canary"}),
}
EMPTY = "# irtool-managed\n"  # the controller refuses to save an empty map
SUFFIXES = "com\nnet\norg\ntest\nexample\n"


@dataclass
class Rspamd:
    """`password` may change maps, `read_password` may only read; `maps` is the folder of the map files."""

    folder: Path
    password: str = "write-secret"
    read_password: str = "read-secret"
    scan_port: int = field(default_factory=free_port)
    controller_port: int = field(default_factory=free_port)
    milter_port: int = field(default_factory=free_port)
    redis_port: int = field(default_factory=free_port)
    servers: list[Server] = field(default_factory=list)

    @property
    def controller_url(self) -> str:
        """Where maps are read and saved."""
        return f"http://{HOST}:{self.controller_port}"

    @property
    def scan_url(self) -> str:
        """The scan worker, whose answer to /checkv2 is the one that counts: the controller's maps are stale."""
        return f"http://{HOST}:{self.scan_port}"

    @property
    def maps(self) -> Path:
        """The folder with the map files."""
        return self.folder / "rspamd" / "maps"

    @property
    def log(self) -> Path:
        """rspamd's own log."""
        return self.folder / "rspamd" / "rspamd.log"

    def start(self) -> None:
        """Starts redis and rspamd; returns when both answer."""
        home = self.folder / "rspamd"
        for part in ("db", "maps"):
            (home / part).mkdir(parents=True)
        (self.folder / "redis").mkdir()
        (home / "suffixes.dat").write_text(SUFFIXES)
        for name in CANARIES:
            (self.maps / name).write_text(EMPTY)
        values = {**self.__dict__}
        configure("redis.conf", self.folder / "redis" / "redis.conf", values)
        configure("rspamd.conf", home / "rspamd.conf", values)
        for path in (home, *home.rglob("*")):  # savemap renames a new file into place: the folder must be its own
            shutil.chown(path, "_rspamd", "_rspamd")
        redis = ["redis-server", str(self.folder / "redis" / "redis.conf")]
        self.servers.append(Server("redis", redis, self.folder / "redis" / "redis.log", port=self.redis_port))
        command = ["rspamd", "-f", "-u", "_rspamd", "-g", "_rspamd", "-c", str(home / "rspamd.conf")]
        server = Server("rspamd", command, self.log, port=self.controller_port)
        self.servers.append(server)
        wait_until(lambda: server.alive() and self._scans(), "rspamd did not scan a message")

    def stop(self) -> None:
        """Ends rspamd and redis."""
        while self.servers:
            self.servers.pop().stop()

    def reset(self) -> None:
        """Empties every map that a test has changed, and returns when the scan worker has taken that in."""
        for name, (entry, envelope) in CANARIES.items():
            if (self.maps / name).read_text() != EMPTY:
                self.save(name, f"{EMPTY}{entry}\n")
                self.wait_for("reject", **envelope)
                self.save(name, EMPTY)
                self.wait_for("no action", **envelope)

    def map_lines(self, name: str) -> list[str]:
        """The entries of a map file, without comments."""
        lines = (line.strip() for line in (self.maps / name).read_text().splitlines())
        return [line for line in lines if line and not line.startswith("#")]

    def map_id(self, name: str) -> str:
        """The number by which the controller knows a map file."""
        found = httpx.get(f"{self.controller_url}/maps", headers={"Password": self.read_password}).json()
        return next(str(each["map"]) for each in found if each["uri"].endswith(f"/{name}"))

    def save(self, name: str, text: str) -> httpx.Response:
        """Saves a whole map through the controller, as its web page does."""
        headers = {"Password": self.password, "Map": self.map_id(name)}
        return httpx.post(f"{self.controller_url}/savemap", headers=headers, content=text)

    def check(
        self,
        *,
        sender: str = "",
        rcpt: str = "",
        ip: str = "",
        user: str = "",
        header_from: str = "",
        header_sender: str = "",
    ) -> str:
        """What the scan worker would do now with such a message: "no action", "reject"."""
        headers = {"From": sender, "Rcpt": rcpt, "IP": ip, "User": user}
        by = f"Sender: {header_sender}\r\n" if header_sender else ""
        message = f"From: {header_from or 'probe@example.org'}\r\n{by}Subject: probe\r\n\r\nprobe\r\n"
        given = {name: value for name, value in headers.items() if value}
        reply = httpx.post(f"{self.scan_url}/checkv2", headers=given, content=message)
        return str(reply.raise_for_status().json()["action"])

    def wait_for(self, action: str, **envelope: str) -> None:
        """Returns when check() answers with this action."""
        wait_until(lambda: self.check(**envelope) == action, f"rspamd did not say {action} to {envelope}")

    def _scans(self) -> bool:
        try:
            return self.check() == "no action"
        except httpx.TransportError:
            return False

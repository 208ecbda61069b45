"""A private Postfix: submission with SASL (Dovecot's authentication server), rspamd as its milter."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .machine import HOST, Server, configure, free_port, tail, wait_until

MASTER, MASTER_PASSWORD = "probe", "pw-probe"
"""Who may log in as anybody, to see whether that one could."""
DEFERRED_DOMAIN = "stuck.example.net"


def closed_port() -> socket.socket:
    """A port that refuses connections and that nobody else can open: bound, never listening."""
    holder = socket.socket()
    holder.bind((HOST, 0))
    return holder


@dataclass
class Dovecot:
    """Knows the passwords; asked by Postfix over TCP."""

    folder: Path
    users: dict[str, str]
    auth_port: int = field(default_factory=free_port)
    server: Server | None = None

    @property
    def log(self) -> Path:
        """Dovecot's log: every failed login."""
        return self.folder / "dovecot" / "dovecot.log"

    def start(self) -> None:
        """Starts it; must answer before Postfix sees its first client, or Postfix throttles its smtpd for a minute."""
        home = self.folder / "dovecot"
        (home / "run").mkdir(parents=True)
        self._write("masters", {MASTER: MASTER_PASSWORD})
        self.only(*self.users)
        configure("dovecot.conf", home / "dovecot.conf", {"folder": self.folder, "auth_port": self.auth_port})
        self.server = Server(
            "dovecot", ["dovecot", "-F", "-c", str(home / "dovecot.conf")], self.log, port=self.auth_port
        )

    def only(self, *names: str) -> None:
        """From now on only these users may log in."""
        self._write("users", {name: self.users[name] for name in names})

    def _write(self, name: str, passwords: dict[str, str]) -> None:
        """A password file, changed in one step: Dovecot reads it again when it is another one."""
        path = self.folder / "dovecot" / name
        new = path.with_suffix(".new")
        new.write_text("".join(f"{user}:{{PLAIN}}{password}::::::\n" for user, password in passwords.items()))
        shutil.chown(new, "root", "dovecot")
        new.chmod(0o640)
        new.replace(path)

    def stop(self) -> None:
        """Ends it."""
        if self.server:
            self.server.stop()


@dataclass
class Postfix:
    """`config_dir` is for -c; mail to `deferred_domain` stays deferred in the queue. At `probe_port` it refuses what a
    table at `access_port` says (tcp_table(5)), which the test that needs it serves."""

    folder: Path
    milter_port: int
    auth_port: int
    sink_port: int
    port: int = field(default_factory=free_port)
    probe_port: int = field(default_factory=free_port)
    access_port: int = field(default_factory=free_port)
    deferred_domain: str = DEFERRED_DOMAIN
    server: Server | None = None
    _closed: socket.socket = field(default_factory=closed_port)

    @property
    def config_dir(self) -> Path:
        """The folder with main.cf."""
        return self.folder / "postfix" / "etc"

    @property
    def log(self) -> Path:
        """The mail log."""
        return self.folder / "postfix" / "maillog"

    def start(self) -> None:
        """Starts it in the foreground; returns when the submission port answers."""
        home = self.folder / "postfix"
        for part in ("etc", "spool", "data"):
            (home / part).mkdir(parents=True)
        shutil.chown(home / "data", "postfix")
        built_in = {name: self._built_in(name) for name in ("command_directory", "daemon_directory", "meta_directory")}
        values = {**self.__dict__, **built_in, "name": self.folder.name, "closed_port": self._closed.getsockname()[1]}
        for name in ("main.cf", "master.cf"):
            configure(name, self.config_dir / name, values)
        self._run(*self._command("postfix"), "check")  # makes the queue's folders
        # `postfix start-fg` would put a shell between us and the master: ended by pid, it leaves the master running.
        master = str(Path(built_in["daemon_directory"]) / "master")
        self.server = Server("postfix", [*self._command(master), "-s"], self.log, port=self.port, own_session=True)

    def stop(self) -> None:
        """Ends it and its children."""
        if self.server:
            self.server.stop()
        self._closed.close()

    def queue(self) -> list[dict[str, Any]]:
        """The queue as postqueue -j tells it: queue_name (deferred, hold, ...), queue_id, sender, recipients."""
        return [json.loads(line) for line in self._run(*self._command("postqueue"), "-j").splitlines()]

    def wait_for_queue(self, name: str, count: int) -> list[dict[str, Any]]:
        """The messages in one queue ("deferred", "hold"), once there are `count`."""

        def there() -> list[dict[str, Any]]:
            return [each for each in self.queue() if each["queue_name"] == name]

        wait_until(lambda: len(there()) == count, f"the {name} queue did not hold {count} message(s)")
        return there()

    def reset(self) -> None:
        """Empties the queue, once nothing in it is on its way: the next test gets no mail of this one."""
        moving = {"incoming", "active"}
        wait_until(
            lambda: not any(each["queue_name"] in moving for each in self.queue()), "Postfix did not come to rest"
        )
        if self.queue():
            self._run(*self._command("postsuper"), "-d", "ALL")

    def _command(self, program: str) -> list[str]:
        return [program, "-c", str(self.config_dir)]

    def _built_in(self, parameter: str) -> str:
        return self._run("postconf", "-d", "-h", parameter).strip()

    def _run(self, *command: str) -> str:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        if done.returncode:
            raise AssertionError(f"{' '.join(command)}: {done.stderr or done.stdout}\n{tail(self.log)}")
        return done.stdout

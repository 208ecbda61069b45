"""What every private server of these tests needs: its programs, a folder, free ports, and an end."""

from __future__ import annotations

import os
import random
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

HOST = "127.0.0.1"
PACKAGES = {"rspamd": "rspamd", "redis-server": "redis-server", "postfix": "postfix", "dovecot": "dovecot-core"}
CONF = Path(__file__).parent / "conf"
SBIN = ("/usr/sbin", "/usr/local/sbin", "/sbin")  # where Debian keeps servers; a user's PATH may lack them
LEASH = ("sh", "-c", 'read -r _; kill "$0"')  # waits until our end of its input is closed, which our death does too
SPEAKS_WITHIN = 30.0  # seconds; a busy two-core machine needs a few


class StackError(Exception):
    """The services cannot run here; the message says why and what to type."""


def require() -> None:
    """Raises StackError unless every server program is installed and this is root, as Postfix demands."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *SBIN])
    missing = sorted(package for name, package in PACKAGES.items() if shutil.which(name, path=path) is None)
    if missing:
        command = f"apt-get install -y --no-install-recommends {' '.join(missing)}"
        raise StackError(f"the service tests need programs that are not installed; as root, type:\n  {command}")
    if os.geteuid() != 0:
        raise StackError(
            "the service tests start a private Postfix, which only root can do; type\n"
            "  tests/run services    (uses sudo)\nor run all the others with\n  tests/run fast"
        )
    os.environ["PATH"] = path


def new_folder() -> Path:
    """A new folder that the users of rspamd, Postfix and Dovecot can reach: pytest's own is closed to them."""
    bases = [Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp")]
    for base in bases:
        real = base.resolve()
        if all(step.stat().st_mode & 0o001 for step in (real, *real.parents)):
            folder = Path(tempfile.mkdtemp(prefix="irtool-services-", dir=real))
            folder.chmod(0o755)
            return folder
    raise StackError(f"no temporary folder that other users may pass through: tried {', '.join(map(str, bases))}")


def free_port() -> int:
    """A port that nobody listens on, below the range the kernel hands to outgoing connections."""
    choose = random.SystemRandom()
    for _ in range(200):
        port = choose.randrange(20000, 32000)
        with socket.socket() as probe:
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return port
    raise StackError("no free loopback port between 20000 and 32000")


def configure(template: str, target: Path, values: Mapping[str, object]) -> None:
    """Writes conf/<template> to target with every @name@ replaced."""
    text = (CONF / template).read_text()
    for name, value in values.items():
        text = text.replace(f"@{name}@", str(value))
    target.write_text(text)


def wait_until(ready: Callable[[], bool], what: str, seconds: float = SPEAKS_WITHIN) -> None:
    """Returns as soon as ready() is true; raises StackError with `what` after `seconds`."""
    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end:
            raise StackError(f"{what} within {seconds:.0f} s")
        time.sleep(0.02)


def tail(log: Path, lines: int = 25) -> str:
    """The end of a log file, for a failure's report."""
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
    except FileNotFoundError:
        return ""


def speaks(port: int) -> bool:
    """True when something accepts connections on this loopback port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((HOST, port)) == 0


class Server:
    """One server process in the foreground, with its output in a file, ended by its pid, even if we are killed.

    `own_session` is for a program that makes a session of its own and cannot if it already leads one.
    """

    def __init__(self, name: str, command: Sequence[str], log: Path, *, port: int, own_session: bool = False) -> None:
        self.name, self.log, self._out = name, log, log.with_name(f"{name}.out")
        with self._out.open("wb") as out:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=not own_session
            )
        leash = [*LEASH, str(self.process.pid)]
        self._leash = subprocess.Popen(leash, stdin=subprocess.PIPE, start_new_session=True)
        try:
            wait_until(lambda: self.alive() and speaks(port), f"{name} did not listen on port {port}")
        except StackError:
            self.stop()
            raise

    def alive(self) -> bool:
        """True; raises StackError with the end of the logs if the process has ended."""
        if self.process.poll() is None:
            return True
        logs = "\n".join(filter(None, (tail(self._out), tail(self.log))))
        raise StackError(f"{self.name} ended with code {self.process.returncode}:\n{logs}")

    def stop(self) -> None:
        """Ends the process; kills it when it takes more than ten seconds."""
        with self._leash:
            self._leash.kill()
        self.process.terminate()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

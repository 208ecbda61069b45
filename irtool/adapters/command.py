"""Commands on this machine: Calls with transport "command". No shell, a time limit, a cap on what they may say."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from dataclasses import dataclass
from typing import IO, cast

from irtool.errors import CallError, InDoubt, NotSent
from irtool.records import Call, Reply

_ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}
_STDERR_BYTES = 65536


@dataclass(frozen=True, slots=True)
class CommandLimits:
    """Seconds a command may take, and bytes it may print (a queue listing of 100,000 messages is 40 MB)."""

    seconds: float = 60.0
    output_bytes: int = 64_000_000


class CommandSender:
    """Runs one command per Call (ports.CallSender). The Reply has the exit code as its status, standard output as its
    body, and the end of standard error as the header "stderr"."""

    def __init__(self, limits: CommandLimits | None = None) -> None:
        self._limits = limits or CommandLimits()

    def send(self, call: Call) -> Reply:
        """Run `call.argv` with `call.body` as its standard input.

        Raises NotSent if the command cannot be started. If it is killed, prints too much or takes too long: InDoubt for
        a changing call, CallError for a reading one.
        """
        if not call.argv:
            raise NotSent(f"{call.connector}: the call names no command")
        try:
            process = subprocess.Popen(  # noqa: S603  # argv is made by a connector, without a shell
                call.argv,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=_ENVIRONMENT,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise NotSent(f"{call.argv[0]} cannot be started: {reason}") from None
        return self._finish(call, process)

    def close(self) -> None:
        """Nothing is kept between calls."""

    def _finish(self, call: Call, process: subprocess.Popen[bytes]) -> Reply:
        stdin, stdout, stderr = (cast("IO[bytes]", p) for p in (process.stdin, process.stdout, process.stderr))
        errors = bytearray()
        late = threading.Event()
        helpers = [
            threading.Timer(self._limits.seconds, _end, (process, late)),
            threading.Thread(target=_feed, args=(stdin, (call.body or "").encode("utf-8", "replace"))),
            threading.Thread(target=_drain, args=(stderr, errors)),
        ]
        for helper in helpers:
            helper.daemon = True
            helper.start()
        output = stdout.read(self._limits.output_bytes + 1)
        if len(output) > self._limits.output_bytes:
            _end(process, threading.Event())
        status = process.wait()
        for helper in helpers[1:]:
            helper.join()
        cast("threading.Timer", helpers[0]).cancel()
        stdout.close()
        if late.is_set():
            raise _lost(call, f"did not end within {self._limits.seconds:g} s")
        if len(output) > self._limits.output_bytes:
            raise _lost(call, f"printed more than {self._limits.output_bytes:,} bytes")
        if status < 0:
            raise _lost(call, f"was killed by signal {-status}")
        return Reply(status, output.decode("utf-8", "replace"), {"stderr": bytes(errors).decode("utf-8", "replace")})


class CommandPool:
    """Makes CommandSenders (ports.SenderPool)."""

    def __init__(self, limits: CommandLimits | None = None) -> None:
        self._limits = limits

    def sender(self) -> CommandSender:
        """A new sender."""
        return CommandSender(self._limits)


def _feed(pipe: IO[bytes], data: bytes) -> None:
    """Write the input; a command that does not read it all has its own reasons."""
    with contextlib.suppress(OSError):
        pipe.write(data)
    with contextlib.suppress(OSError):
        pipe.close()


def _drain(pipe: IO[bytes], kept: bytearray) -> None:
    """Read to the end, keep the last part."""
    while chunk := pipe.read(65536):
        kept += chunk
        del kept[:-_STDERR_BYTES]
    pipe.close()


def _end(process: subprocess.Popen[bytes], late: threading.Event) -> None:
    """End the command and all that it has started."""
    late.set()
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _lost(call: Call, what: str) -> CallError:
    words = f"{call.argv[0]} {what}"
    return InDoubt(f"{words}; it may have done its work") if call.changes else CallError(words)

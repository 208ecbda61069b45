"""Commands: no shell, a time limit, a cap."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from irtool.adapters.command import CommandLimits, CommandPool, CommandSender
from irtool.errors import CallError, InDoubt, NotSent
from irtool.records import Call, Reply


def call(*argv: str, body: str | None = None, changes: bool = False) -> Call:
    return Call("mx", "RUN", "", transport="command", argv=argv, body=body, changes=changes)


def python(code: str, *, body: str | None = None, changes: bool = False) -> Call:
    return call(sys.executable, "-c", code, body=body, changes=changes)


QUICK = CommandSender(CommandLimits(seconds=1.0, output_bytes=1000))


def test_output_status_and_errors() -> None:
    code = "import sys; print(sys.stdin.read().upper(), end=''); print('oops', file=sys.stderr); sys.exit(3)"
    assert CommandPool().sender().send(python(code, body="a\nb\n")) == Reply(3, "A\nB\n", {"stderr": "oops\n"})


def test_there_is_no_shell() -> None:
    assert CommandSender().send(call("/bin/echo", "$HOME; `id` *")).body == "$HOME; `id` *\n"


def test_the_environment_is_not_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RSPAMD_PASSWORD", "s3cret")
    assert "s3cret" not in CommandSender().send(call("/usr/bin/env")).body


def test_much_input_and_output_do_not_block_each_other() -> None:
    lines = "".join(f"{i}\n" for i in range(200_000))
    assert CommandSender().send(call("cat", body=lines)).body == lines


def test_input_that_is_not_read_is_no_fault() -> None:
    assert CommandSender().send(call("true", body="x" * 1_000_000)).status == 0


@pytest.mark.parametrize("argv", [("/no/such/command",), (), ("/etc/passwd",), ("a\0b",)])
def test_what_cannot_be_started(argv: tuple[str, ...]) -> None:
    with pytest.raises(NotSent):
        QUICK.send(call(*argv, changes=True))


@pytest.mark.parametrize(("changes", "error"), [(False, CallError), (True, InDoubt)])
@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("import time; time.sleep(30)", "did not end within 1 s"),
        ("while True: print('x' * 100)", "printed more than 1,000 bytes"),
        ("import os; os.kill(os.getpid(), 9)", "was killed by signal 9"),
    ],
)
def test_what_does_not_end_well(code: str, words: str, changes: bool, error: type[CallError]) -> None:
    started = time.monotonic()
    with pytest.raises(CallError, match=words) as caught:
        QUICK.send(python(code, changes=changes))
    assert type(caught.value) is error
    assert time.monotonic() - started < 5


def test_what_it_started_ends_with_it(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    with pytest.raises(CallError, match="did not end"):
        QUICK.send(call("/bin/sh", "-c", f"(sleep 2; touch {mark}) & wait"))
    time.sleep(2)
    assert not mark.exists()

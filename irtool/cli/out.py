"""What the terminal is told: data on stdout, talk on stderr, every foreign text through the cleaner, exit codes."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn, TextIO

import typer

from irtool.errors import FaultsError, IrtoolError
from irtool.records import to_json
from irtool.redact import KNOWN

_COLOURS = {"red": "31", "green": "32", "yellow": "33", "dim": "2", "bold": "1"}


def data(text: str) -> None:
    """An answer: stdout."""
    text = KNOWN.hide(text)
    sys.stdout.write(text if text.endswith("\n") else text + "\n")
    sys.stdout.flush()


def answer(value: object) -> None:
    """An answer for machines: one line of JSON on stdout."""
    from irtool.tell import clean as cleaners

    data(cleaners.json(json.dumps(to_json(value), ensure_ascii=False)))


def say(text: str = "", *, end: str = "\n") -> None:
    """Talk: stderr. The caller has cleaned what is foreign in it. A reader who went away does not end a run."""
    try:
        sys.stderr.write(KNOWN.hide(text) + end)
        sys.stderr.flush()
    except OSError:  # a closed pipe, a terminal that is gone (EIO), a full disk behind a redirection
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


def clean(text: object) -> str:
    """Foreign text made harmless for a terminal."""
    from irtool.tell.clean import terminal

    return terminal(str(text))


def colour(text: str, name: str, stream: TextIO | None = None) -> str:
    """The text in that colour if the stream is a terminal that wants one; colour never speaks alone."""
    stream = stream or sys.stderr
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or not stream.isatty():
        return text
    return f"\x1b[{_COLOURS[name]}m{text}\x1b[0m"


def me() -> str:
    """How irtool was called, so that the commands we propose work as pasted."""
    called = sys.argv[0]
    if os.path.basename(called) != "irtool":  # noqa: PTH119 (argv[0] need not be a path)
        return "python -m irtool"
    found = shutil.which("irtool")
    return "irtool" if found and os.path.realpath(found) == os.path.realpath(called) else os.path.abspath(called)  # noqa: PTH100


def hint(text: str) -> str:
    """A proposed command with the program's name as it can be typed here."""
    return text.replace("irtool ", me() + " ") if text.startswith("irtool ") else text


def next_is(*commands: str) -> None:
    """What to type next."""
    for n, command in enumerate(commands):
        say(f"{'Next:' if n == 0 else '     '}  {hint(command)}")


def show_error(error: IrtoolError) -> None:
    """What happened, what was already done, what to type next."""
    if isinstance(error, FaultsError):
        for fault in error.faults:
            if fault != error.message:
                say(clean(fault))
    say(f"{colour('irtool:', 'red')} {clean(error.message)}")
    if error.done:
        say(f"        {clean(error.done)}")
    if error.hint:
        next_is(clean(error.hint))


def leave(code: int) -> NoReturn:
    """End the command with that exit code."""
    raise typer.Exit(code)


ENDINGS = {
    signal.SIGINT: signal.default_int_handler,
    signal.SIGTERM: signal.SIG_DFL,
    signal.SIGHUP: signal.SIG_DFL,
}
"""The signals that end a command as Ctrl-C does, with what Python does about them by itself."""


_heard: set[int] = set()


def _interrupted(number: int, _frame: FrameType | None) -> NoReturn:
    _heard.add(number)
    signal.signal(signal.SIGINT, lambda _signal, _frame: os._exit(130))
    raise KeyboardInterrupt


@contextmanager
def door() -> Iterator[None]:
    """The front door: expected errors become sentences and exit codes; Ctrl-C is 130; a closed pipe is silent.

    SIGTERM and SIGHUP (the terminal was closed) end a command as Ctrl-C does, unless it was started to ignore them. A
    second Ctrl-C does not wait for servers that are only being looked at.
    """
    for number, usual in ENDINGS.items():
        if signal.getsignal(number) == usual:
            signal.signal(number, _interrupted)
    try:
        yield
    except IrtoolError as error:
        show_error(error)
        leave(error.exit_code)
    except KeyboardInterrupt:
        _leave_interrupted()
    except RuntimeError as error:
        if not _heard or isinstance(error, typer.Exit):
            raise
        _leave_interrupted()  # DuckDB sees the interrupt first, and says it in its own way
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        leave(0)


def _leave_interrupted() -> NoReturn:
    say("\ninterrupted; nothing is lost. " + hint("irtool status"))
    leave(130)


def confirm(question: str, choices: dict[str, str], *, nobody: str | None = None) -> str:
    """Ask on stderr, read stdin; returns the key of the choice. At the end of input it is `nobody`, or else the last.

    A terminal that is gone has said neither yes nor no: that ends the question as Ctrl-C does.
    """
    words = "  ".join(f"[{key}]{word[len(key) :]}" for key, word in choices.items())
    while True:
        say(f"{question}  {words}: ", end="")
        line = _typed()
        if not line:
            say("")
            return list(choices)[-1] if nobody is None else nobody
        given = line.strip().lower()
        for key, word in choices.items():
            if given in {key, word}:
                return key


def _typed() -> str:
    """One line from a person; "" at the end of input. Ctrl-C, or a terminal that is gone, ends the question."""
    before = {n: signal.getsignal(n) for n in ENDINGS}
    for number in ENDINGS:
        if before[number] != signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)
    try:
        return sys.stdin.readline()
    except OSError:
        raise KeyboardInterrupt from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def typed_line(question: str) -> str:
    """A line of free text; "" at the end of input."""
    say(question, end="")
    return _typed().rstrip("\n")


def interactive() -> bool:
    """Whether a person sits at the terminal."""
    return sys.stdin.isatty() and sys.stderr.isatty()

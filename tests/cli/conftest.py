"""A small world to type `irtool` in, made for each test that asks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from .terminal import Said, Terminal
from .world import World
from .world import world as make_world

Make = Callable[..., World]
Refuses = Callable[..., Said]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """make(trials=…, ips_each=…, queued=…) -> World."""
    with ExitStack() as stack:
        yield lambda **sizes: stack.enter_context(make_world(tmp_path, **sizes))


@pytest.fixture
def small(make: Make) -> World:
    """Two trial accounts with two IPs each, two messages in the queue."""
    return make()


@pytest.fixture
def bare(tmp_path: Path) -> Terminal:
    """A shell in an empty folder."""
    return Terminal(tmp_path)


@pytest.fixture
def world(small: World) -> Iterator[World]:
    """A world in which nothing may have changed at the end of the test."""
    before = small.provider.dump()
    yield small
    assert small.counts()["applied"] == 0
    assert small.provider.dump() == before


@pytest.fixture
def refuses(world: World) -> Refuses:
    """refuses(code, *words) -> Said: ends with that code, says why on stderr, prints no data, names what to type."""

    def typed(code: int, *words: object, stdin: str | bytes = b"") -> Said:
        said = world.irtool(*words, code=code, stdin=stdin)
        assert said.out == ""
        assert "irtool: " in said.err
        assert all(len(line) < 400 for line in said.err.splitlines())
        return said

    return typed

"""Shared by the tests of intake: the sample messages, and a network that must not be touched."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def sample() -> Callable[[str], bytes]:
    """The bytes of a file in samples/."""
    return lambda name: (Path(__file__).parent / "samples" / name).read_bytes()


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any socket opened by intake fails the test."""

    def refuse(*_args: object, **_kwargs: object) -> None:
        raise AssertionError("intake touched the network")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)

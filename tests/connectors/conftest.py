"""What the connector tests share: a server that says what a test tells it to say."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from irtool.errors import CallError
from irtool.records import Call, Reply


class Scripted:
    """A sender with the answers written beforehand; keeps the calls it was given."""

    def __init__(self, answers: Sequence[Reply | CallError]) -> None:
        self.answers = list(answers)
        self.calls: list[Call] = []

    def send(self, call: Call) -> Reply:
        self.calls.append(call)
        assert self.answers, f"one call too many: {call}"
        answer = self.answers.pop(0)
        if isinstance(answer, CallError):
            raise answer
        return answer

    def close(self) -> None:
        pass


@pytest.fixture
def scripted() -> Callable[..., Scripted]:
    return lambda *answers: Scripted(answers)

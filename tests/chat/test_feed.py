"""The thread of a run: several lines to a post, about one post a second, and never in the run's way."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from irtool.chat import feed as feeds
from irtool.chat.feed import Feed
from irtool.records import Event

NOW = datetime(2026, 11, 22, tzinfo=UTC)
EVENT = Event("INC-2026-0001", 1, "run.started", {}, None, None, None, "irtool", NOW, "", NOW, "", "")


def test_many_events_are_few_posts(monkeypatch: pytest.MonkeyPatch) -> None:
    """240 events within a second are told in at most a handful of posts."""
    posts: list[float] = []
    with Feed(lambda: bool(posts.append(time.monotonic()))) as feed:
        for _ in range(240):
            feed.told(EVENT)
            time.sleep(0.002)
    assert 1 <= len(posts) <= 3


def test_a_slow_slack_does_not_hold_up_the_run() -> None:
    """Telling returns at once while a post hangs."""
    free = threading.Event()

    def follow() -> bool:
        free.wait(10)
        return False

    with Feed(follow) as feed:
        began = time.monotonic()
        for _ in range(1000):
            feed.told(EVENT)
        assert time.monotonic() - began < 0.5
        free.set()


def test_what_is_left_at_the_end_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Posts go on at their pace until nothing is left."""
    monkeypatch.setattr(feeds, "PACE", 0.02)
    left: Any = iter([True, True, True, False])
    told: list[bool] = []
    with Feed(lambda: told.append(True) or next(left)) as feed:
        feed.told(EVENT)
    assert len(told) == 4

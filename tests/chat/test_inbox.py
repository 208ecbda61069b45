"""Envelopes, taken apart: nothing that Slack or anybody else sends breaks the door."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from irtool.chat.inbox import Click, Command, Seen, names, read

JSON: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from(["type", "user", "event", "actions", "container", "text", "channel", "event_id", "trigger_id"])


@given(st.sampled_from(["slash_commands", "events_api", "interactive", "x"]), st.dictionaries(KEYS, JSON))
def test_any_payload_is_something_or_nothing(kind: str, payload: dict[str, Any]) -> None:
    assert read(kind, {**payload, "type": "block_actions"}, "U0") is None or kind != "x"
    assert all(isinstance(n, str) and n for n in names("e", payload))


@pytest.mark.parametrize("more", [{"bot_id": "B1"}, {"subtype": "message_changed"}, {"type": "message"}])
def test_bots_and_edits_say_nothing(more: dict[str, str]) -> None:
    event = {"type": "app_mention", "user": "U1", "text": "<@U0> status", "channel": "C", **more}
    assert read("events_api", {"event": event}, "U0") is None


def test_a_mention_counts_from_our_name_on() -> None:
    event = {"type": "app_mention", "user": "U1", "text": "hey <@U0> status", "channel": "C", "thread_ts": "1.1"}
    found = read("events_api", {"event": event}, "U0")
    assert isinstance(found, Command)
    assert (found.text, found.asker.user, found.asker.thread) == (" status", "U1", "1.1")


def test_a_click_on_somebody_elses_button_is_not_ours() -> None:
    click = {"type": "block_actions", "user": {"id": "U1"}, "actions": [{"action_id": "other", "value": "x"}]}
    assert read("interactive", click, "U0") is None
    ours = {**click, "actions": [{"action_id": "irtool.plan", "value": "x"}], "container": {"message_ts": "1.2"}}
    found = read("interactive", ours, "U0")
    assert isinstance(found, Click)
    assert (found.action, found.value, found.message) == ("plan", "x", "1.2")


def test_a_thing_is_first_once_under_any_of_its_names() -> None:
    seen = Seen()
    assert [seen.first(n) for n in (("a", "x"), ("b", "x"), ("a",), ("b",), ("c",))] == [
        True,
        False,
        False,
        False,
        True,
    ]

"""The catalogue of verbs."""

from __future__ import annotations

import pytest

from irtool.verbs import CATALOGUE


def test_every_verb_of_the_design_is_there() -> None:
    assert sorted(CATALOGUE) == [
        "abuse.report", "account.disable", "account.limit", "account.revoke_sessions", "address.block",
        "bulletin.write", "chat.post", "domain.block", "http.call", "ip.block", "note.add", "notice.send",
        "policy.set", "queue.hold", "queue.purge", "triage.complaint",
    ]  # fmt: skip


@pytest.mark.parametrize("name", sorted(CATALOGUE))
def test_a_verb_is_whole(name: str) -> None:
    verb = CATALOGUE[name]
    assert verb.name == name
    assert verb.kind in {"look", "change", "tell"}
    assert verb.danger in {"mild", "moderate", "severe"}
    assert set(verb.required) <= set(verb.params)
    assert set(verb.params.values()) <= {"text", "duration", "address", "any"}
    assert all(verb.states) or name in {"triage.complaint", "http.call"}
    assert verb.title[0].isupper()
    assert not verb.title.endswith(".")


@pytest.mark.parametrize(
    ("name", "undo", "states"),
    [
        ("domain.block", "unblock", ("absent", "blocked")),
        ("account.disable", "enable", ("active", "disabled")),
        ("account.revoke_sessions", "", ("open", "revoked")),
        ("queue.hold", "release", ("queued", "held")),
        ("queue.purge", "", ("held", "purged")),
        ("policy.set", "previous", ("other", "set")),
        ("notice.send", "correction", ("unsent", "sent")),
    ],
)
def test_undo_and_states(name: str, undo: str, states: tuple[str, str]) -> None:
    assert (CATALOGUE[name].undo, CATALOGUE[name].states) == (undo, states)


def test_required_params() -> None:
    assert CATALOGUE["note.add"].required == ("text",)
    assert CATALOGUE["policy.set"].required == ("value",)
    assert CATALOGUE["http.call"].required == ("connector", "method", "path")
    assert CATALOGUE["domain.block"].params["expires"] == "duration"

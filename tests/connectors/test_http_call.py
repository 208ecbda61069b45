"""http.call: requests to any admin API, with a look and an undo of their own."""

from __future__ import annotations

from typing import Any

import pytest

from irtool.connectors import connector, hold
from irtool.errors import CallError, InDoubt, NotSent, Rejected
from irtool.records import Json, Look, Reply

SUSPEND: dict[str, Json] = {
    "connector": "panel",
    "method": "POST",
    "path": "/users/{target}/suspend",
    "body": {"reason": "abuse"},
    "look": {"path": "/users/{target}", "has": {"user": {"suspended": True}}},
    "undo": {"method": "DELETE", "path": "/users/{target}/suspend"},
}


@pytest.fixture
def call() -> Any:
    return connector("panel", "http", {"url": "http://panel.test"})


def test_any_http_connector_takes_it() -> None:
    assert "http.call" in connector("r", "rspamd", {"url": "u"}).verbs()
    assert connector("p", "http", {"url": "u"}).verbs() == frozenset({"http.call"})


def test_what_is_done_is_not_done_again(call: Any, scripted: Any) -> None:
    assert hold(call.change("http.call", "a", SUSPEND, Look("done"), "k"), scripted()) == {"already": True}


@pytest.mark.parametrize("after", [Reply(200, '{"user": {"suspended": false}}'), Reply(500), NotSent("gone")])
def test_a_success_that_cannot_be_seen_is_in_doubt(call: Any, scripted: Any, after: Any) -> None:
    with pytest.raises(InDoubt, match="looked at"):
        hold(call.change("http.call", "a", SUSPEND, Look("undone"), "k"), scripted(Reply(200, "ok"), after))


def test_http_call_goes_to_the_named_connector(call: Any, scripted: Any) -> None:
    sender = scripted(Reply(200, '{"ok": true}'), Reply(200, '{"user": {"suspended": true}}'))
    result = hold(call.change("http.call", "a/b@x", SUSPEND, Look("undone"), "k"), sender)
    assert result == {"status": 200, "said": '{"ok": true}'}
    made = sender.calls[0]
    assert (made.connector, made.method, made.path, made.body, made.changes, made.key) == (
        "panel", "POST", "/users/a%2Fb%40x/suspend", '{"reason": "abuse"}', True, "k",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("body", "state"),
    [
        ('{"user": {"suspended": true, "id": 1}}', "done"),
        ('{"user": {"suspended": 1}}', "undone"),
        ('{"user": {}}', "undone"),
    ],
)
def test_http_call_looks_for_data(call: Any, scripted: Any, body: str, state: str) -> None:
    sender = scripted(Reply(200, body))
    assert hold(call.look("http.call", "a", SUSPEND), sender).state == state
    assert (sender.calls[0].method, sender.calls[0].path, sender.calls[0].changes) == ("GET", "/users/a", False)


@pytest.mark.parametrize("body", ["<html>please log in</html>", "", '{"user": {"suspend'])
def test_a_look_that_shows_nothing_is_not_undone(call: Any, scripted: Any, body: str) -> None:
    """On the word of a login page nothing is done again that may be done already."""
    with pytest.raises(CallError, match="was answered 200, with"):
        hold(call.look("http.call", "a", SUSPEND), scripted(Reply(200, body)))


@pytest.mark.parametrize("body", ["<!doctype html><title>Please log in</title>", '{"status": "error"}', ""])
def test_a_success_without_what_is_expected_is_in_doubt(call: Any, scripted: Any, body: str) -> None:
    asked = {**SUSPEND, "look": None, "expect": {"status": "ok"}}
    with pytest.raises(InDoubt, match="may have been applied"):
        hold(call.change("http.call", "a", asked, Look("undone"), "k"), scripted(Reply(200, body)))
    assert hold(
        call.change("http.call", "a", asked, Look("undone"), "k"), scripted(Reply(200, '{"status": "ok", "id": 1}'))
    ) == {"status": 200, "said": '{"status": "ok", "id": 1}'}


def test_http_call_without_a_look_is_always_done(call: Any, scripted: Any) -> None:
    assert hold(call.look("http.call", "a", {**SUSPEND, "look": None}), scripted()).state == "undone"
    assert call.traits("http.call").in_doubt == "ask"


def test_http_call_undo(call: Any, scripted: Any) -> None:
    sender = scripted(Reply(204))
    hold(call.undo("http.call", "a", SUSPEND, Look("undone"), "k"), sender)
    assert (sender.calls[0].method, sender.calls[0].path) == ("DELETE", "/users/a/suspend")
    assert hold(call.undo("http.call", "a", SUSPEND, Look("done"), "k"), scripted()) == {"kept": True}
    with pytest.raises(Rejected, match="has no undo"):
        hold(call.undo("http.call", "a", {**SUSPEND, "undo": None}, Look("undone"), "k"), scripted())


@pytest.mark.parametrize(
    "path", ["/users/../admins", "users", "//evil.example/x", "/x#y", "/a b", "/x/%2e%2e/y", "/..", "", "/a\\b"]
)
def test_http_call_refuses_a_path_that_leads_elsewhere(call: Any, scripted: Any, path: str) -> None:
    with pytest.raises(Rejected, match="cannot be used"):
        hold(call.change("http.call", "a", {**SUSPEND, "path": path}, Look("undone"), "k"), scripted())


@pytest.mark.parametrize(("status", "error"), [(404, Rejected), (302, Rejected), (500, InDoubt)])
def test_http_call_failures(call: Any, scripted: Any, status: int, error: type[Exception]) -> None:
    with pytest.raises(error, match=str(status)):
        hold(call.change("http.call", "a", SUSPEND, Look("undone"), "k"), scripted(Reply(status, "no")))

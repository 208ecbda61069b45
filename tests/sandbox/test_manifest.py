"""The shipped manifest of the sandbox, driven through the connectors against the real application."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from irtool.connectors import connector, hold
from irtool.errors import InDoubt, Rejected
from irtool.records import Call, Json, Look, Reply
from irtool.sandbox.provider import Provider
from irtool.verbs import CATALOGUE

MAIL = {
    "account": "A",
    "ip": "198.51.100.3",
    "envelope_from": "me@acme.example",
    "recipients": ["you@there.example", "you@else.example"],
    "from": "me@acme.example",
}
VERBS: dict[str, tuple[str, dict[str, Json]]] = {
    "domain.block": ("there.example", {"expires": "30d"}),
    "ip.block": ("192.0.2.0/24", {}),
    "address.block": ("a/b+c@bad.example", {}),
    "account.disable": ("B", {}),
    "account.limit": ("A", {"per_hour": 5}),
    "queue.hold": ("there.example", {}),
    "policy.set": ("relay", {"value": "2025-literal"}),
}


class Wire:
    """Hands Calls to the application as the HTTP adapter would, and keeps them."""

    def __init__(self, api: Any) -> None:
        self.api = api
        self.calls: list[Call] = []

    def send(self, call: Call) -> Reply:
        self.calls.append(call)
        extra = {f"HTTP_{n.upper().replace('-', '_')}": v for n, v in call.headers}
        raw, key = (call.body or "").encode(), call.key if call.changes else None
        status, headers, content = self.api.full(call.method, call.path, raw=raw, key=key or "", extra=extra)
        return Reply(status, content.decode(), headers)

    def close(self) -> None:
        """Nothing to give back."""


class Desk:
    """One connector and its wire, with the run's words."""

    def __init__(self, api: Any) -> None:
        self.there = connector("box", "sandbox", {"url": "http://127.0.0.1:1"})
        self.wire = Wire(api)

    def look(self, verb: str, target: str, params: Mapping[str, Json]) -> Look:
        return hold(self.there.look(verb, target, params), self.wire)

    def verify(self, verb: str, target: str, params: Mapping[str, Json]) -> Look:
        return hold(self.there.verify(verb, target, params), self.wire)

    def change(self, verb: str, target: str, params: Mapping[str, Json], seen: Look, key: str = "k1") -> Json:
        return hold(self.there.change(verb, target, params, seen, key), self.wire)

    def undo(self, verb: str, target: str, params: Mapping[str, Json], before: Look, key: str = "k2") -> Json:
        return hold(self.there.undo(verb, target, params, before, key), self.wire)


@pytest.fixture
def desk(api: Any) -> Desk:
    return Desk(api)


def test_what_it_can_do(desk: Desk) -> None:
    own = desk.there.verbs() - {"http.call"}
    assert own == {*VERBS, "queue.purge", "account.revoke_sessions"}
    assert desk.there.verbs() <= set(CATALOGUE)
    assert {desk.there.traits(verb).in_doubt for verb in own} == {"resend"}
    assert {desk.there.traits(verb).concurrency for verb in own} == {8}
    verified = {verb for verb in desk.there.verbs() if desk.there.traits(verb).verifies}
    assert verified == {"domain.block", "ip.block", "address.block", "account.disable"}
    assert not desk.there.traits("queue.purge").undoable
    assert hold(desk.there.ping(), desk.wire) == "irtool sandbox 1.0"


@pytest.mark.parametrize("verb", VERBS)
def test_look_change_verify_undo(desk: Desk, api: Any, provider: Provider, verb: str) -> None:
    target, params = VERBS[verb]
    without, with_ = CATALOGUE[verb].states
    api("POST", "/v1/submit", MAIL)
    start = provider.dump()
    seen = desk.look(verb, target, params)
    assert seen.state == desk.verify(verb, target, params).state == without
    assert provider.dump() == start
    desk.change(verb, target, params, seen)
    assert desk.look(verb, target, params).state == desk.verify(verb, target, params).state == with_
    after = provider.dump()
    assert after != start
    desk.change(verb, target, params, seen)
    assert provider.dump() == after
    desk.undo(verb, target, params, seen)
    assert desk.verify(verb, target, params).state == without
    assert provider.dump() == start
    changing = [call.key for call in desk.wire.calls if call.changes]
    assert changing == ["k1", "k1", "k2"]


@pytest.mark.parametrize(("verb", "lost"), [(v, k) for v in VERBS for k in ("apply_then_500", "garbage")])
def test_what_is_in_doubt_can_be_sent_again(desk: Desk, api: Any, provider: Provider, verb: str, lost: str) -> None:
    target, params = VERBS[verb]
    api("POST", "/v1/submit", MAIL)
    start = provider.dump()
    seen = desk.look(verb, target, params)
    api("POST", "/v1/faults", {"kind": lost})
    with pytest.raises(InDoubt):
        desk.change(verb, target, params, seen)
    desk.change(verb, target, params, seen)
    assert desk.look(verb, target, params).state == CATALOGUE[verb].states[1]
    api("POST", "/v1/faults", {"kind": lost})
    with pytest.raises(InDoubt):
        desk.undo(verb, target, params, seen)
    desk.undo(verb, target, params, seen)
    assert api("GET", "/v1/changes/count")[1]["applied_twice"] == 0
    assert provider.dump() == start


def test_an_entry_of_somebody_else_is_already_so(desk: Desk, api: Any) -> None:
    api("PUT", "/v1/blocks/domains/there.example", {"note": "ticket 7", "owner": "ops"})
    seen = desk.look("domain.block", "there.example", {})
    assert (seen.state, seen.detail, seen.data["entry"]["owner"]) == ("blocked", "ticket 7", "ops")  # type: ignore[index, call-overload]


def test_an_entry_that_had_run_out_comes_back(desk: Desk, api: Any, provider: Provider) -> None:
    old = {"note": "ticket 7", "owner": "ops", "expires": "2025-01-01T00:00:00Z"}
    api("PUT", "/v1/blocks/domains/there.example", old)
    start = provider.dump()
    seen = desk.look("domain.block", "there.example", {})
    assert seen.state == "absent"
    desk.change("domain.block", "there.example", {}, seen)
    assert desk.verify("domain.block", "there.example", {}).state == "blocked"
    desk.undo("domain.block", "there.example", {}, seen)
    assert provider.dump() == start


def test_undo_of_a_block_that_somebody_lifted_is_done(desk: Desk, api: Any) -> None:
    seen = desk.look("ip.block", "192.0.2.7", {})
    desk.change("ip.block", "192.0.2.7", {}, seen)
    api("DELETE", "/v1/blocks/ips/192.0.2.7")
    desk.undo("ip.block", "192.0.2.7", {}, seen)
    assert desk.look("ip.block", "192.0.2.7", {}).state == "absent"


def test_a_looser_limit_is_tightened_and_comes_back(desk: Desk, provider: Provider) -> None:
    start = provider.dump()
    seen = desk.look("account.limit", "B", {"per_hour": 10})
    assert (seen.state, seen.detail) == ("unlimited", "50 an hour")
    desk.change("account.limit", "B", {"per_hour": 10}, seen)
    assert desk.look("account.limit", "B", {"per_hour": 10}).detail == "10 an hour"
    desk.undo("account.limit", "B", {"per_hour": 10}, seen)
    assert provider.dump() == start


def test_release_leaves_what_others_hold(desk: Desk, api: Any) -> None:
    api("POST", "/v1/submit", MAIL)
    api("POST", "/v1/queue/hold", {"ids": [1], "hold": "ops"})
    api("POST", "/v1/submit", MAIL)
    seen = desk.look("queue.hold", "me@acme.example", {})
    assert seen.detail == "3 waiting, 1 on hold"
    assert desk.change("queue.hold", "me@acme.example", {}, seen) == {"held": 3}
    assert desk.undo("queue.hold", "me@acme.example", {}, seen) == {"released": 3}
    assert [m["id"] for m in api("GET", "/v1/log?place=held")[1]["messages"]] == [1]


def test_hold_then_purge(desk: Desk, api: Any) -> None:
    api("POST", "/v1/submit", MAIL | {"envelope_from": "", "sender": "me@acme.example"})
    assert desk.look("queue.purge", "<>", {}).state == "purged"
    desk.change("queue.hold", "<>", {}, desk.look("queue.hold", "<>", {}), "h")
    seen = desk.look("queue.purge", "<>", {})
    assert seen.state == "held"
    assert desk.change("queue.purge", "<>", {}, seen, "p") == {"purged": 2}
    assert desk.look("queue.hold", "<>", {}).detail == "0 waiting, 0 on hold"


def test_sessions(desk: Desk) -> None:
    seen = desk.look("account.revoke_sessions", "T1", {})
    assert (seen.state, seen.detail) == ("open", "3 open")
    assert desk.change("account.revoke_sessions", "T1", {}, seen) == {"revoked": 3}
    assert desk.look("account.revoke_sessions", "T1", {}).state == "revoked"


@pytest.mark.parametrize(
    ("verb", "target", "params"),
    [
        ("account.disable", "nobody", {}),
        ("domain.block", "not a domain", {}),
        ("ip.block", "192.0.2.1/24", {}),
        ("policy.set", "colour", {"value": "red"}),
        ("account.disable", "../policy/relay", {}),
    ],
)
def test_what_the_provider_does_not_know(desk: Desk, provider: Provider, verb: str, target: str, params: Any) -> None:
    start = provider.dump()
    with pytest.raises(Rejected):
        desk.look(verb, target, params)
    assert provider.dump() == start


def test_a_value_that_does_not_exist_is_refused_at_the_change(desk: Desk, provider: Provider) -> None:
    start = provider.dump()
    seen = desk.look("policy.set", "relay", {"value": "1999"})
    with pytest.raises(Rejected):
        desk.change("policy.set", "relay", {"value": "1999"}, seen)
    assert provider.dump() == start

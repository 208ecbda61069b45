"""The admin API: every path, tokens, keys, faults, and what hostile requests get."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from irtool.sandbox.app import App
from irtool.sandbox.body import MAX_BODY
from irtool.sandbox.provider import Provider

MAIL = {
    "account": "A",
    "ip": "198.51.100.3",
    "envelope_from": "me@acme.example",
    "recipients": ["you@there.example"],
    "from": "Me <me@acme.example>",
}
HOLE = {
    "account": "T1",
    "ip": "203.0.113.7",
    "envelope_from": "<>",
    "recipients": "x@there.example",
    "message": "From: info@gateway.example\r\nSender: a@trial.example\r\nSubject: hi\r\n\r\nbuy",
}


UNTIL = "2025-05-14T16:00:00Z"
ACTIVE = {"status": "active", "per_hour": None}
LIMITED = {"status": "limited", "per_hour": 50}


@pytest.mark.parametrize(
    ("method", "url", "body", "status", "part"),
    [
        ("GET", "/v1/ping", None, 200, {"product": "irtool sandbox", "version": "1.0"}),
        ("GET", "/v1/blocks/domains/there.example", None, 404, {}),
        ("PUT", "/v1/blocks/domains/There.Example", {"note": "n"}, 201, {"value": "there.example", "active": True}),
        ("PUT", "/v1/blocks/ips/192.0.2.0%2F24", {"expires": "30d"}, 201, {"expires": UNTIL, "note": ""}),
        ("PUT", "/v1/blocks/ips/192.0.2.0/24", {}, 201, {"value": "192.0.2.0/24"}),
        ("PUT", "/v1/blocks/addresses/a%2Fb@x.example", {"owner": "o"}, 201, {"value": "a/b@x.example", "owner": "o"}),
        ("PUT", "/v1/blocks/domains/x.example", {"expires": "2025-01-01T00:00:00Z"}, 201, {"active": False}),
        ("PUT", "/v1/blocks/domains/x.example", {"expires": "2025-01-01"}, 400, {}),
        ("PUT", "/v1/blocks/domains/x.example", {"expires": "99999999d"}, 400, {}),
        ("PUT", "/v1/blocks/domains/x.example", {"colour": "red"}, 400, {}),
        ("PUT", "/v1/blocks/domains/x.example", {"note": 5}, 400, {}),
        ("PUT", "/v1/blocks/domains/x.example", {"note": "\x1b[31m"}, 400, {}),
        ("PUT", "/v1/blocks/domains/no", {}, 400, {}),
        ("PUT", "/v1/blocks/urls/x.example", {}, 404, {}),
        ("DELETE", "/v1/blocks/domains/there.example", None, 404, {}),
        ("GET", "/v1/accounts/A", None, 200, {"id": "A", "status": "active", "domains": ["acme.example"]}),
        ("GET", "/v1/accounts/none", None, 404, {}),
        ("GET", "/v1/accounts/a%20b", None, 400, {}),
        ("PATCH", "/v1/accounts/A", {"status": "disabled"}, 200, {"status": "disabled", "before": ACTIVE}),
        ("PATCH", "/v1/accounts/A", {"status": "limited"}, 409, {}),
        ("PATCH", "/v1/accounts/A", {"status": "gone"}, 400, {}),
        ("PATCH", "/v1/accounts/none", {"status": "active"}, 404, {}),
        ("PUT", "/v1/accounts/A/limit", {"per_hour": 5}, 200, {"status": "limited", "per_hour": 5}),
        ("PUT", "/v1/accounts/A/limit", {"per_hour": True}, 400, {}),
        ("PUT", "/v1/accounts/A/limit", {}, 400, {}),
        ("DELETE", "/v1/accounts/B/limit", None, 200, {"status": "active", "before": LIMITED}),
        ("POST", "/v1/accounts/T1/sessions/revoke", None, 200, {"revoked": 3}),
        ("GET", "/v1/domains/www.acme.example", None, 200, {"account": "A"}),
        ("GET", "/v1/domains/nowhere.example", None, 404, {}),
        ("GET", "/v1/policy/relay", None, 200, {"value": "2019"}),
        ("GET", "/v1/policy/none", None, 404, {}),
        ("PUT", "/v1/policy/relay", {"value": "2025-literal"}, 200, {"value": "2025-literal", "before": "2019"}),
        ("PUT", "/v1/policy/relay", {"value": "1999"}, 400, {}),
        ("PUT", "/v1/policy/none", {"value": "x"}, 404, {}),
        ("POST", "/v1/submit", MAIL, 200, {"code": 250, "policy": "2019"}),
        ("POST", "/v1/submit", HOLE, 200, {"code": 250}),
        ("POST", "/v1/submit", HOLE | {"ip": "203.0.113.8"}, 200, {"code": 550}),
        ("POST", "/v1/submit", HOLE | {"account": "D"}, 200, {"code": 535}),
        ("POST", "/v1/submit", {"account": "A"}, 400, {}),
        ("POST", "/v1/submit", HOLE | {"message": "From: x@y.example\nSubject: \ud800\n\n"}, 400, {}),
        ("POST", "/v1/submit", HOLE | {"message": "From: x@y.example\nSubject: \0\x1b\n\n"}, 200, {"code": 550}),
        ("POST", "/v1/submit", HOLE | {"ip": "nonsense"}, 400, {}),
        ("POST", "/v1/submit", HOLE | {"recipients": [1]}, 400, {}),
        ("POST", "/v1/submit", HOLE | {"recipients": ["x@y.example"] * 101}, 400, {}),
        ("POST", "/v1/submit?dry_run=1", {}, 200, {"code": 250}),
        ("GET", "/v1/queue?sender=me@acme.example", None, 200, {"queued": 0, "held": 0}),
        ("GET", "/v1/queue?limit=5000", None, 400, {}),
        ("GET", "/v1/queue?limit=1&limit=2", None, 400, {}),
        ("POST", "/v1/queue/hold", {}, 400, {}),
        ("POST", "/v1/queue/hold", {"sender": ""}, 400, {}),
        ("POST", "/v1/queue/purge", {"ids": []}, 400, {}),
        ("POST", "/v1/queue/purge", {"ids": [1.5]}, 400, {}),
        ("POST", "/v1/queue/release", {"ids": [7]}, 200, {"count": 0, "ids": []}),
        ("POST", "/v1/queue/flush", None, 200, {"sent": 0}),
        ("GET", "/v1/faults", None, 200, {"faults": []}),
        ("POST", "/v1/faults", {"kind": "fire"}, 400, {}),
        ("POST", "/v1/faults", {"kind": "slow", "times": 0}, 400, {}),
        ("POST", "/v1/faults", {"kind": "slow", "seconds": 1e9}, 400, {}),
        ("DELETE", "/v1/ping", None, 405, {}),
        ("GET", "/v1/nothing", None, 404, {}),
        ("GET", "/v1/blocks/domains/", None, 400, {}),
        ("GET", "/", None, 404, {}),
    ],
)  # fmt: skip
def test_one_request(api: Any, method: str, url: str, body: object, status: int, part: dict[str, Any]) -> None:
    got, answer = api(method, url, body)
    assert got == status, answer
    assert {name: answer[name] for name in part} == part
    if status >= 400:
        assert answer["error"]["status"] == status


def test_put_is_idempotent_and_delete_is_not(api: Any) -> None:
    url = "/v1/blocks/domains/there.example"
    assert api("PUT", url, {"note": "n"})[0] == 201
    assert api("PUT", url, {"note": "n"})[0] == 200
    assert api("GET", url)[1]["note"] == "n"
    assert api("GET", "/v1/blocks/domains")[1]["entries"][0]["value"] == "there.example"
    assert api("DELETE", url) == (204, None)
    assert api("DELETE", url)[0] == 404
    assert api("GET", "/v1/changes/count")[1] == {"requests": 6, "applied": 2, "replayed": 0, "applied_twice": 0}


def test_lists_come_in_pages(api: Any) -> None:
    ids = [row["id"] for row in api("GET", "/v1/accounts?limit=2")[1]["accounts"]]
    assert ids == ["0", "A"]
    assert [row["id"] for row in api("GET", "/v1/accounts?after=A&limit=9")[1]["accounts"]] == ["B", "D", "T1", "T2"]
    assert [row["id"] for row in api("GET", "/v1/accounts?plan=trial")[1]["accounts"]] == ["T1", "T2"]


@pytest.mark.parametrize("token", ["", "wrong", "secre", "sécret"])
def test_a_wrong_token(api: Any, token: str) -> None:
    status, headers, _ = api.full("GET", "/v1/ping", token=token)
    assert status == 401
    assert headers["www-authenticate"] == "Bearer"


def test_a_token_that_may_only_read(api: Any) -> None:
    assert api("GET", "/v1/ping", token="reader")[1]["read_only"] is True
    assert api("GET", "/v1/ping")[1]["read_only"] is False
    assert api("POST", "/v1/submit?dry_run=1", {}, token="reader")[0] == 200
    assert api("POST", "/v1/submit", MAIL, token="reader")[0] == 403
    assert api("PUT", "/v1/blocks/domains/x.example", {}, token="reader", key="k")[0] == 403
    assert api("GET", "/v1/blocks/domains/x.example")[0] == 404


def test_an_api_without_a_token_is_refused(provider: Provider) -> None:
    with pytest.raises(ValueError, match="without a token"):
        App(provider, "")


def test_the_same_key_is_applied_once_and_answered_twice(api: Any) -> None:
    first = api("POST", "/v1/submit", MAIL, key="k1")
    status, headers, _ = api.full("POST", "/v1/submit", MAIL, key="k1")
    assert (first[0], status, headers["idempotency-replayed"]) == (200, 200, "true")
    assert api("GET", "/v1/queue")[1]["queued"] == 1
    assert api("GET", "/v1/changes/count?method=POST")[1] == {
        "requests": 2,
        "applied": 1,
        "replayed": 1,
        "applied_twice": 0,
    }


def test_a_key_belongs_to_one_request(api: Any) -> None:
    assert api("PUT", "/v1/blocks/domains/x.example", {}, key="k")[0] == 201
    assert api("PUT", "/v1/blocks/domains/y.example", {}, key="k")[0] == 422
    assert api("DELETE", "/v1/blocks/domains/x.example", key="k2")[0] == 204
    assert api("DELETE", "/v1/blocks/domains/x.example", key="k2") == (204, None)


def test_a_refused_request_does_not_use_up_its_key(api: Any) -> None:
    assert api("PATCH", "/v1/accounts/A", {"status": "limited"}, key="k")[0] == 409
    assert api("PUT", "/v1/accounts/A/limit", {"per_hour": 1}, key="j")[0] == 200
    assert api("PATCH", "/v1/accounts/A", {"status": "limited"}, key="k")[0] == 200


def test_a_dry_run_tells_the_effect_and_changes_nothing(api: Any, provider: Provider) -> None:
    api("PUT", "/v1/blocks/domains/there.example", {})
    api("PUT", "/v1/blocks/ips/192.0.2.66", {})
    api("PUT", "/v1/blocks/addresses/bad@x.example", {})
    before = provider.dump()

    def probe(**body: str) -> tuple[int, str]:
        answer = api("POST", "/v1/submit?dry_run=1", body)[1]
        return answer["code"], answer["text"]

    assert probe() == (250, "2.0.0 accepted for delivery")
    assert probe(recipients="x@mail.there.example") == (550, "5.7.1 destination is blocked: there.example")
    assert probe(ip="192.0.2.66") == (554, "5.7.1 source IP is blocked: 192.0.2.66")
    assert probe(envelope_from="bad@x.example") == (550, "5.7.1 sender is blocked: bad@x.example")
    assert probe(account="D")[0] == 535
    assert provider.dump() == before
    assert api("GET", "/v1/changes/count?path=/v1/submit")[1]["applied"] == 0


def test_the_queue(api: Any) -> None:
    for _ in range(3):
        api("POST", "/v1/submit", MAIL)
    assert api("POST", "/v1/queue/hold", {"domain": "there.example", "hold": "h"})[1] == {"count": 3, "ids": [1, 2, 3]}
    assert api("POST", "/v1/queue/hold", {"domain": "there.example"})[1]["count"] == 0
    assert api("POST", "/v1/queue/release", {"held_by": "h", "ids": [2, 3]})[1]["ids"] == [2, 3]
    assert api("POST", "/v1/queue/purge", {"sender": "me@acme.example"})[1]["ids"] == [1]
    seen = api("GET", "/v1/queue?domain=there.example")[1]
    assert (seen["queued"], seen["held"], len(seen["messages"])) == (2, 0, 2)
    assert api("POST", "/v1/queue/flush")[1] == {"sent": 2}
    assert api("GET", "/v1/log?place=outbox")[1]["count"] == 2
    assert [m["place"] for m in api("GET", "/v1/log")[1]["messages"]] == ["purged", "sent", "sent"]


def test_null_sender_in_the_queue(api: Any) -> None:
    api("POST", "/v1/submit", MAIL)
    api("POST", "/v1/submit", HOLE)
    assert api("GET", "/v1/queue?sender=%3C%3E")[1]["queued"] == 1
    assert api("POST", "/v1/queue/hold", {"sender": "<>"})[1]["ids"] == [2]


def test_the_log_keeps_what_the_relay_saw(api: Any) -> None:
    api("POST", "/v1/submit", HOLE)
    row = api("GET", "/v1/log")[1]["messages"][0]
    assert row["header_from"] == "info@gateway.example"
    assert (row["header_sender"], row["envelope_from"], row["code"]) == ("a@trial.example", "", 250)


def test_the_change_log_counts_every_request(api: Any) -> None:
    api("GET", "/v1/ping", token="wrong")
    api("PUT", "/v1/blocks/domains/x.example", {}, key="k\n\x00é")
    api("GET", "/v1/changes")
    rows = api("GET", "/v1/changes")[1]["changes"]
    assert [(r["method"], r["path"], r["status"], r["applied"]) for r in rows] == [
        ("GET", "/v1/ping", 401, False),
        ("PUT", "/v1/blocks/domains/x.example", 201, True),
    ]
    assert rows[1]["key"] == "k%0A%00%C3%A9"
    assert rows[1]["time"] == "2025-04-14T16:00:00Z"
    assert [r["seq"] for r in api("GET", "/v1/changes?after=1")[1]["changes"]] == [2]


@pytest.mark.parametrize(
    ("kind", "status", "kept"),
    [("500", 500, 404), ("429", 429, 404), ("garbage", 200, 404), ("apply_then_500", 500, 200)],
)
def test_faults(api: Any, kind: str, status: int, kept: int) -> None:
    url = "/v1/blocks/domains/x.example"
    assert api("POST", "/v1/faults", {"kind": kind, "match": "/v1/blocks", "method": "PUT"})[0] == 201
    assert api("GET", "/v1/ping")[0] == 200
    got, headers, content = api.full("PUT", url, {}, key="k")
    assert got == status
    assert (b"<html>" in content) == (kind == "garbage")
    assert ("retry-after" in headers) == (kind == "429")
    assert api("GET", url)[0] == kept
    assert api("PUT", url, {}, key="k")[0] == 201
    assert api("GET", "/v1/changes/count?method=PUT")[1] == {
        "requests": 2,
        "applied": 1,
        "replayed": int(kept == 200),
        "applied_twice": 0,
    }
    assert {r["fault"] for r in api("GET", "/v1/changes")[1]["changes"]} == {None, kind}


def test_a_slow_answer_and_faults_that_are_called_off(api: Any) -> None:
    api("POST", "/v1/faults", {"kind": "slow", "seconds": 0.2, "times": 2})
    start = time.monotonic()
    assert api("GET", "/v1/ping")[0] == 200
    assert time.monotonic() - start >= 0.2
    assert api("GET", "/v1/faults")[1]["faults"][0]["times"] == 1
    assert api("DELETE", "/v1/faults")[0] == 204
    assert api("GET", "/v1/faults")[1] == {"faults": []}


@pytest.mark.parametrize(
    ("raw", "extra", "status"),
    [
        (b"{", {}, 400),
        (b"[]", {}, 400),
        (b"\xff\xfe{}", {}, 400),
        (b'{"note": NaN}', {}, 400),
        (b"[" * 100_000, {}, 400),
        (b'{"note": "\\ud800"}', {}, 400),
        (b"1" * 5000, {}, 400),
        (b"{}", {"CONTENT_LENGTH": "-1"}, 400),
        (b"{}", {"CONTENT_LENGTH": "9"}, 400),
        (b"{}", {"CONTENT_LENGTH": str(MAX_BODY + 1)}, 413),
        (b"", {"HTTP_TRANSFER_ENCODING": "chunked"}, 411),
        (b"{}", {"QUERY_STRING": "a=%ff"}, 400),
        (b"{}", {"QUERY_STRING": "&".join("abcdefghijklmnopqrstuvwxyz")}, 400),
        (b"{}", {"PATH_INFO": "/v1/blocks/domains/\x00.example"}, 400),
        (b"{}", {"PATH_INFO": "/v1/blocks/domains/\xff.example"}, 400),
        (b"{}", {"PATH_INFO": "/v1/blocks/domains/" + "x" * 5000}, 404),
        (b"{}", {"HTTP_AUTHORIZATION": "Basic c2VjcmV0"}, 401),
    ],
)
def test_hostile_requests(api: Any, raw: bytes, extra: dict[str, str], status: int) -> None:
    got, answer = api("PUT", "/v1/blocks/domains/x.example", raw=raw, extra=extra)
    assert got == status
    assert answer["error"]["status"] == status


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(["GET", "PUT", "POST", "PATCH", "DELETE", "BREW"]),
    st.lists(
        st.one_of(st.sampled_from(["v1", "blocks", "domains", "accounts", "submit", "queue", "A"]), st.text()),
        max_size=5,
    ),
    st.text(max_size=30),
    st.binary(max_size=60),
)
def test_no_request_gets_a_traceback(api: Any, method: str, path: list[str], query: str, raw: bytes) -> None:
    decoded = "/v1/" + "/".join(path)
    wire = decoded.encode("utf-8", "surrogatepass").decode("latin-1")
    status, _ = api(method, "/", raw=raw, extra={"PATH_INFO": wire, "QUERY_STRING": query})
    assert status in {200, 204, 400, 404, 405, 411, 413}


def test_undo_leaves_a_dump_that_is_the_same_byte_for_byte(api: Any, provider: Provider) -> None:
    api("POST", "/v1/submit", MAIL)
    before = provider.dump()
    api("PUT", "/v1/blocks/domains/there.example", {"note": "n"}, key="1")
    api("PATCH", "/v1/accounts/B", {"status": "disabled"}, key="2")
    api("PUT", "/v1/accounts/A/limit", {"per_hour": 9}, key="3")
    api("POST", "/v1/queue/hold", {"sender": "me@acme.example", "hold": "h"}, key="4")
    api("PUT", "/v1/policy/relay", {"value": "2025-hosted-aware"}, key="5")
    assert provider.dump() != before
    api("PUT", "/v1/policy/relay", {"value": "2019"}, key="6")
    api("POST", "/v1/queue/release", {"held_by": "h"}, key="7")
    api("DELETE", "/v1/accounts/A/limit", key="8")
    api("PATCH", "/v1/accounts/B", {"status": "active"}, key="9")
    api("DELETE", "/v1/blocks/domains/there.example", key="10")
    assert provider.dump() == before

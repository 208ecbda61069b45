"""Conversations as data: each file in cases/<kind>/ says what the server answers and what has to be asked.

A case is {kind?, settings?, verb, do: look | change | undo | verify | ping | able, target, params, seen | before,
replies, calls, state | data | returns | error}. A reply is [status, body] or [status, body, headers]; a body that is
not a text is JSON, one that begins with < is HTML; `{fails: NotSent}` is a call that does not come through. A call is
[method, path] with whatever of it matters.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from irtool import errors
from irtool.connectors import connector, hold
from irtool.language.yamlfile import read
from irtool.records import Look, Reply

CASES = Path(__file__).parent / "cases"
FILES = sorted(CASES.glob("*/*.yaml"))


def answer(given: Any) -> Reply | errors.CallError:
    if isinstance(given, dict):
        return getattr(errors, given["fails"])("the test said so")
    status, body, headers = (*given, {})[:3] if len(given) < 3 else given
    kind = "application/json" if not isinstance(body, str) else "text/html" if body[:1] == "<" else "text/plain"
    return Reply(status, body if isinstance(body, str) else json.dumps(body), {"content-type": kind, **headers})


def conversation(case: dict[str, Any], kind: str) -> Any:
    made = connector("box", case.get("kind", kind), case.get("settings", {"url": "http://box.test"}))
    what, target, params = case["do"], case.get("target", ""), case.get("params", {})
    if what == "ping":
        return made.ping()
    if what == "able":
        return made.able(case["verb"])
    if what in {"look", "verify"}:
        return getattr(made, what)(case["verb"], target, params)
    known = case.get("seen") or case.get("before") or {}
    return getattr(made, what)(case["verb"], target, params, Look(case.get("state_before", ""), known), "k1")


def all_cases() -> list[Any]:
    return [
        pytest.param(case, path.parent.name, id=f"{path.parent.name}-{path.stem}-{name}")
        for path in FILES
        for name, case in read(path.read_text(), path.name).data.items()  # type: ignore[union-attr]  # a mapping
    ]


@pytest.mark.parametrize(("case", "kind"), all_cases())
def test_case(case: dict[str, Any], kind: str, scripted: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(CASES.parent)
    sender = scripted(*(answer(r) for r in case.get("replies", [])))
    if "error" in case:
        with pytest.raises(errors.IrtoolError) as caught:
            hold(conversation(case, kind), sender)
        assert type(caught.value).__name__ == case["error"][0]
        assert case["error"][1] in caught.value.message
    else:
        result = hold(conversation(case, kind), sender)
        compare(case, result)
    assert sender.answers == []
    assert len(sender.calls) == len(case["calls"])
    for call, (method, path, *more) in zip(sender.calls, case["calls"], strict=True):
        wanted = more[0] if more else {}
        assert (call.connector, call.method, call.path) == ("box", method, path)
        assert dict(call.headers) | wanted.get("headers", {}) == dict(call.headers)
        assert call.base == wanted.get("base", "")
        assert call.changes is wanted.get("changes", False)
        assert call.key == wanted.get("key")
        if "json" in wanted:
            assert json.loads(call.body or "") == wanted["json"]
        if "body" in wanted:
            assert call.body == wanted["body"]


def compare(case: dict[str, Any], result: Any) -> None:
    if "state" in case:
        assert result.state == case["state"]
    if "data" in case:
        assert result.data == case["data"]
    if "returns" in case:
        assert result == case["returns"]
    assert {"state", "data", "returns"} & set(case)

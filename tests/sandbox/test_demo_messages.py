"""The demonstration messages get the answers their names promise."""

from __future__ import annotations

from typing import Any

import pytest

from irtool.sandbox import demo_messages
from irtool.sandbox.relay import RULES

WHO = {"account": "T1", "own": "a@trial.example", "ip": "203.0.113.7", "to": "x@there.example"}


@pytest.mark.parametrize(
    ("policy", "abusive", "calendar"),
    [("launch", 550, 550), ("2019", 250, 250), ("2025-literal", 550, 550), ("2025-hosted-aware", 550, 250)],
)
def test_under_each_rule(api: Any, policy: str, abusive: int, calendar: int) -> None:
    assert policy in RULES
    api("PUT", "/v1/policy/relay", {"value": policy})
    messages = [
        demo_messages.abusive(**WHO),
        demo_messages.calendar_forward(**WHO, organiser="Organiser <o@elsewhere.example>"),
        demo_messages.normal(**WHO),
    ]
    assert [api("POST", "/v1/submit", m)[1]["code"] for m in messages] == [abusive, calendar, 250]


def test_accepted_before_and_refused_after(api: Any) -> None:
    mail = demo_messages.abusive(**WHO)
    assert api("POST", "/v1/submit", mail)[1]["code"] == 250
    api("PUT", "/v1/blocks/domains/there.example", {})
    assert api("POST", "/v1/submit", mail)[1] == {
        "code": 550,
        "text": "5.7.1 destination is blocked: there.example",
        "policy": "2019",
    }

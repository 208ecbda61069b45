"""When is what was approved not what would happen?"""

from __future__ import annotations

from dataclasses import replace

import pytest

from irtool.plan.moved import differences
from irtool.records import Change, Plan, PlanStep

BASE = Change(
    "s", "a", "domain.block", "a", "fake", "do", before="absent", after="blocked", collateral=1, binding=("who", "call")
)


def plan(*changes: Change, **terms) -> Plan:
    made = replace(PlanStep("s", "T", "domain.block", "self", "stop", "h", changes), **terms)
    return Plan("p", "0", "0", None, (made,))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        ({}, ""),
        ({"action": "already", "before": "blocked"}, ""),
        ({"label": "another name", "messages": 7}, ""),
        ({"collateral": 0}, ""),
        ({"before": "other"}, "s/a: it was absent when planned and is other now"),
        ({"action": "refused", "reason": "a customer's now"}, "s/a: refused: a customer's now"),
        ({"action": "skipped", "reason": "no"}, "s/a: skipped: no"),
        ({"binding": ("else", "call")}, "s/a: the connector fake is set up in another way now"),
        ({"binding": ("who", "other")}, "s/a: what would be sent is another call now"),
        ({"params": {"expires": "1h"}}, "s/a: its parameters are other ones now"),
        ({"connector": "two"}, "s/a: it would be domain.block on a through two now"),
        ({"shadow": True}, "s/a: it is in shadow mode now"),
        ({"collateral": 2}, "s/a: it would hit 2 innocent messages now, 1 when planned"),
        ({"item": "b"}, "s/a: it is not among the targets any more"),
    ],
)
def test_a_change_that_would_be_another_one(edit, says):
    found = differences(plan(BASE), plan(replace(BASE, **edit)), {"s/a"})
    assert ([d.sentence for d in found] or [""])[0] == says
    if "item" not in edit:
        assert differences(plan(BASE), plan(replace(BASE, **edit)), set()) == ()


@pytest.mark.parametrize(
    ("was", "says"),
    [
        ("already", "s/a: it was absent already, and is absent now"),
        ("refused", "s/a: it was refused, and is absent now"),
    ],
)
def test_what_has_to_be_done_only_now(was, says):
    (found,) = differences(plan(replace(BASE, action=was)), plan(BASE), {"s/a"})
    assert found.sentence == says


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ({"approval": "self"}, {"approval": "peer"}, "s: it needed a yes when planned and needs a second person now"),
        ({"approval": "peer"}, {"approval": "self"}, ""),
        ({"quorum": 1}, {"quorum": 2}, "s: it needed a yes when planned and needs a yes (2 persons) now"),
        ({"expires": ""}, {"expires": "1h"}, "s: it needed a yes when planned and needs a yes within 1h now"),
        ({"expires": "1h"}, {"expires": ""}, ""),
    ],
)
def test_an_approval_that_is_harder_now(old, new, says):
    found = differences(plan(BASE, **old), plan(BASE, **new), {"s/a"})
    assert ([d.sentence for d in found] or [""])[0] == says

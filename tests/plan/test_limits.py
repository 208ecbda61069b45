"""irtool.yaml and the playbook's limits can only ask for more."""

from __future__ import annotations

import itertools

import pytest

from irtool.plan.limits import ApprovalRule, raise_approvals
from irtool.records import Change, PlanStep
from irtool.verbs import CATALOGUE


def step(
    uses: str, count: int, approval: str = "none", quorum: int = 1, expires: str = "", innocent: int = 0
) -> PlanStep:
    changes = tuple(
        Change(uses, f"t{n}", uses, f"t{n}", "fake", "do", messages=1000, collateral=innocent) for n in range(count)
    )
    return PlanStep(uses, "T", uses, approval, "stop", "h", changes, quorum=quorum, expires=expires)


def raised(steps, *rules, **limits):
    return raise_approvals(steps, limits, (), rules, CATALOGUE)


@pytest.mark.parametrize(
    ("rule", "terms", "reason"),
    [
        (ApprovalRule("severe"), ("peer", 1, ""), "irtool.yaml asks for a second person: severe changes"),
        (ApprovalRule("mild"), ("none", 1, ""), ""),
        (ApprovalRule("account.disable", "peer", 2, above=20), ("none", 1, ""), ""),
        (
            ApprovalRule("account.disable", "peer", 2, "4h", above=2),
            ("peer", 2, "4h"),
            "irtool.yaml asks for 2 persons within 4h: 3 account.disable changes are more than 2",
        ),
        (ApprovalRule("collateral", "peer", above=100), ("none", 1, ""), ""),
        (
            ApprovalRule("collateral", "peer", above=49),
            ("peer", 1, ""),
            "irtool.yaml asks for a second person: t0 would take in 50 innocent messages, more than 49",
        ),
        (
            ApprovalRule("total", "self", above=4),
            ("self", 1, ""),
            "irtool.yaml asks for a person's yes: 5 changes in all are more than 4",
        ),
        (ApprovalRule("ip.block"), ("none", 1, ""), ""),
    ],
)
def test_rules_of_irtool_yaml(rule, terms, reason):
    found, other = raised([step("account.disable", 3, innocent=50), step("queue.hold", 2)], rule)
    assert (found.approval, found.quorum, found.expires) == terms
    assert found.approval_reason == reason
    assert (other.approval == "self") is (rule.about == "total")


def test_a_limit_for_the_whole_run():
    few, many = (raised([step("ip.block", n), step("queue.hold", 1)], total=5) for n in (4, 5))
    assert [s.approval for s in few] == ["none", "none"]
    assert [s.approval for s in many] == ["self", "self"]
    assert many[0].approval_reason == "6 changes in all are more than the playbook's limit of 5 for a run"


RULES = [
    ApprovalRule(about, approval, quorum, expires)
    for about, approval, quorum, expires in itertools.product(
        ("severe", "account.disable", "collateral", "total"), ("self", "peer"), (1, 3), ("", "1h", "2d")
    )
]


@pytest.mark.parametrize("rule", RULES, ids=str)
@pytest.mark.parametrize("asks", [*itertools.product(("none", "self", "peer"), (1, 2), ("", "4h"))], ids=str)
def test_nothing_is_ever_asked_for_less(rule, asks):
    """Of whose yes, how many and for how long: never below the playbook, never below the rule."""
    rank = {"none": 0, "self": 1, "peer": 2}
    hours = {"": 9999, "1h": 1, "4h": 4, "2d": 48}
    (found,) = raised([step("account.disable", 1, *asks, innocent=1)], rule)
    assert rank[found.approval] == max(rank[asks[0]], rank[rule.approval])
    assert found.quorum == max(asks[1], rule.quorum)
    assert hours[found.expires] == min(hours[asks[2]], hours[rule.expires])
    assert bool(found.approval_reason) is (found != step("account.disable", 1, *asks, innocent=1))

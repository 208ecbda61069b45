"""The table of who may decide."""

from __future__ import annotations

import pytest

from irtool.run.people import People, Person, may_decide

PEOPLE = People(
    {
        "alice": Person("al", "U0ALICE", ("leads",)),
        "bob": Person("bo", "U0BOB", ("leads",)),
        "carol": Person("ca", "U0CAROL"),
        "dora": Person("shared", ""),
        "emil": Person("shared", ""),
    }
)


@pytest.mark.parametrize(
    ("approval", "person", "started", "ran", "group", "may"),
    [
        ("peer", "bob", "alice", (), None, True),
        ("peer", "bo", "al", ("U0ALICE",), "leads", True),
        ("peer", "alice", "alice", (), None, False),
        ("peer", "U0ALICE", "al", (), None, False),
        ("peer", "al", "root", ("U0ALICE",), None, False),
        ("peer", "carol", "alice", (), None, True),
        ("peer", "carol", "alice", (), "leads", False),
        ("peer", "mallory", "alice", (), None, False),
        ("peer", "root", "root", (), None, False),
        ("peer", "", "", (), None, False),
        ("peer", "shared", "alice", (), None, False),
        ("self", "alice", "al", (), "leads", True),
        ("self", "carol", "U0CAROL", (), "leads", True),
        ("self", "carol", "alice", ("ca",), "leads", True),
        ("self", "carol", "alice", (), "leads", False),
        ("self", "bob", "alice", (), "leads", True),
        ("self", "carol", "alice", (), None, True),
        ("self", "root", "root", (), None, False),
        ("both", "bob", "alice", (), None, False),
    ],
)
def test_may_decide(approval, person, started, ran, group, may):
    reason = may_decide(approval, person, started, ran, group, PEOPLE)
    assert (reason == "") is may, reason


def test_who_is():
    assert [PEOPLE.who_is(n) for n in ("alice", "al", "U0ALICE", "shared", "", "nobody")] == ["alice"] * 3 + [""] * 3


def test_a_shared_account_proves_nobody():
    """What several people have in common is not kept as a name of one of them."""
    assert [PEOPLE.known_as(n) for n in ("alice", "U0CAROL", "dora", "nobody")] == [
        ["al", "U0ALICE"],
        ["ca", "U0CAROL"],
        [],
        [],
    ]

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


HERE = People(
    {
        "alice": Person("desk", "U0ALICE"),
        "bob": Person("desk", "U0BOB"),
        "carol": Person("ca", "U0CAROL"),
    },
    account="desk",
)
TRUSTING = People(HERE.persons, account="desk", shared_accounts=True)


@pytest.mark.parametrize(
    ("people", "ran", "person", "door", "may"),
    [
        # Two people type in the OS account "desk": nothing tells them apart there.
        (HERE, ("alice", *HERE.known_as("alice")), "bob", "terminal", False),
        (HERE, ("alice", *HERE.known_as("alice")), "bob", "slack", True),
        (HERE, ("alice", *HERE.known_as("alice")), "carol", "terminal", True),
        (HERE, ("desk",), "alice", "terminal", False),
        (HERE, ("desk",), "bob", "terminal", False),
        (TRUSTING, ("alice", *TRUSTING.known_as("alice")), "bob", "terminal", True),
        (TRUSTING, ("alice", *TRUSTING.known_as("alice")), "alice", "terminal", False),
        # The Slack id of who started it, written in another way.
        (PEOPLE, ("u0alice",), "alice", "slack", False),
        # Case, and letters that only look like others.
        (PEOPLE, ("ALICE",), "alice", "terminal", False),
        (PEOPLE, ("аlice",), "alice", "terminal", False),  # Cyrillic
        (PEOPLE, ("ａｌｉｃｅ",), "alice", "terminal", False),  # full width
        (PEOPLE, ("Al",), "alice", "terminal", False),
        (PEOPLE, ("alicia",), "alice", "terminal", True),
        (PEOPLE, ("b0b",), "bob", "terminal", True),  # plain ASCII names are told apart exactly
    ],
)
def test_nobody_is_their_own_peer_by_a_trick(people, ran, person, door, may):
    reason = may_decide("peer", person, "", ran, None, people, door=door)
    assert (reason == "") is may, reason


def test_it_says_that_the_shared_account_is_why():
    reason = may_decide("peer", "bob", "alice", ("alice", "desk"), None, HERE, door="terminal")
    assert "or shares the OS account desk with who did" in reason


def test_a_yes_in_a_shared_account_is_one_yes():
    assert (HERE.known_as("alice"), HERE.known_as("carol")) == (["U0ALICE", "desk"], ["ca", "U0CAROL"])
    assert TRUSTING.known_as("alice") == ["U0ALICE"]
    assert HERE.known_as("alice", "slack") == ["U0ALICE"], "Slack says who it is, not the account of the service"

"""Signature files: what is read, and every fault at once with its place."""

from __future__ import annotations

import pytest

from irtool.errors import FaultsError, UsageError
from irtool.records import Complaint, Hop
from irtool.triage.rules import Rule, load, message_values
from irtool.triage.rules.condition import ConditionError, parse
from irtool.triage.rules.fields import FIELDS
from irtool.triage.rules.items import MAX_VALUES, ItemError, item
from irtool.triage.rules.message import _GETTERS as MESSAGE
from irtool.triage.rules.message import _HOP
from irtool.triage.rules.row import _GETTERS as ROW
from irtool.triage.rules.tree import FALSE, TRUE, Tree

HEAD = "title: T\nname: t\nlogsource: {product: irtool, service: mail}\n"
MAIL = Complaint(
    "x",
    "",
    500,
    "eml",
    subject="Your Rechnung 100% *now*",
    envelope_from="",
    envelope_null=True,
    from_=("news@Shop.example", "ceo@bank.example"),
    recipients=("a@one.example", "b@two.example"),
    hops=(
        Hop(1, helo="mx.one.example", ip="192.0.2.7", by="in.one.example", auth=False),
        Hop(2, helo="pc", ip="2001:db8::5", by="relay.example", auth=True),
    ),
    headers=(("X-Odd", "1"), ("From", '"Bank <ceo@bank.example>" <news@shop.example>')),
)


def rule(detection: str) -> Rule:
    found = load(f"{HEAD}detection:\n{detection}", "r.yaml")
    assert isinstance(found, Rule)
    return found


def says(detection: str, complaint: Complaint = MAIL) -> bool:
    return rule(detection).matches(message_values(complaint, {"shop.example": "S"}.get))


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        ("subject: your rechnung 100% \\*now\\*", True),
        ("subject|cased: your*", False),
        ("subject: your*100?*", True),
        ("subject: your*100_*", False),
        ("subject|contains: [nothing, RECHNUNG]", True),
        ("subject|contains|all: [rechnung, nothing]", False),
        ("subject|contains|all: [rechnung, '100%']", True),
        ("subject|startswith: YOUR", True),
        ("subject|endswith: '*now\\*'", True),
        ("subject|endswith: now", False),
        ("subject|re: rechnung", False),
        ("subject|re|i: '^your +rech'", True),
        ("subject|neq: other", True),
        ("subject|neq: ['your*', other]", False),
        ("x_mailer|neq: other", False),
        ("x_mailer: null", True),
        ("x_mailer: [null, PHPMailer]", True),
        ("x_mailer|exists: false", True),
        ("env_from: ''", True),
        ("env_null: true", True),
        ("from_count|gte: 2", True),
        ("from_count|lt: 2", False),
        ("size: [1, 500]", True),
        ("from_domain: BANK.example", True),
        ("from_domain|neq: bank.example", True),
        ("from_name: bank <ceo@bank.example>", True),
        ("from_name_domain|fieldref: from_domain", True),
        ("from_owner: S", True),
        ("from_owner: s", False),
        ("header_name: x-odd", True),
        ("src_ip|cidr: 2001:db8::/32", True),
        ("hop.ip|cidr: [10.0.0.0/8, 192.0.2.0/29]", True),
        ("recipient_domain|fieldref: from_domain", False),
        ("recipient_count: 2", True),
    ],
)
def test_what_a_selection_says(selection: str, expected: bool) -> None:
    assert says(f"  a: {{{selection}}}\n  condition: a\n") is expected


def test_hop_tests_of_one_selection_are_about_one_hop() -> None:
    both = "  a: {hop.auth: true, hop.ip|cidr: 192.0.2.0/24}\n  condition: a\n"
    assert not says(both)
    assert says("  a: {hop.auth: true}\n  b: {hop.ip|cidr: 192.0.2.0/24}\n  condition: a and b\n")
    assert says("  a: {hop.auth: true, hop.helo|fieldref|neq: from_domain}\n  condition: a\n")


def test_a_list_of_maps_is_any_of_them() -> None:
    assert says("  a:\n    - {subject: no, env_null: true}\n    - {size: 500}\n  condition: a\n")
    assert not says("  a:\n    - {subject: no, env_null: true}\n    - {size: 1}\n  condition: a\n")


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("yes1", True),
        ("not yes1", False),
        ("NOT no1 AND yes1", True),
        ("no1 and yes1 or yes2", True),
        ("no1 and (yes1 or yes2)", False),
        ("not no1 or no2", True),
        ("not (no1 or no2)", True),
        ("1 of no*", False),
        ("1 of yes*", True),
        ("all of yes*", True),
        ("all of them", False),
        ("any of them", True),
        ("not not yes1", True),
        ("not 1 of no*", True),
        ("(((yes1)))", True),
    ],
)
def test_conditions(condition: str, expected: bool) -> None:
    selections: dict[str, Tree] = {"yes1": TRUE, "yes2": TRUE, "no1": FALSE, "no2": FALSE, "_hidden": FALSE}
    tree, _ = parse(condition, selections)
    selected = rule("  a: {env_null: true}\n  condition: a\n")
    object.__setattr__(selected, "tree", tree)
    assert selected.matches(message_values(MAIL)) is expected


def test_of_them_leaves_hidden_selections_out() -> None:
    selections: dict[str, Tree] = {"yes": TRUE, "_no": FALSE}
    assert parse("all of them", selections) == (TRUE, frozenset({"yes"}))
    assert parse("all of *", selections)[0] == FALSE


@pytest.mark.parametrize(
    ("condition", "fault"),
    [
        ("", "it is empty"),
        ("a b", '"b" is not expected here'),
        ("a and", "it ends where"),
        ("(a", "a ) is missing"),
        ("a)", '")" is not expected'),
        ("selction", 'no selection "selction". Did you mean "selection"?'),
        ("2 of them", '"2 of" is not known'),
        ("1 of z*", 'called like "z*"'),
        ("a and or", '"or" stands where'),
        ("a | count() > 5", '"|" is not expected'),
        ("(" * 31 + "a" + ")" * 31, "nested deeper than 30"),
    ],
)
def test_faulty_conditions(condition: str, fault: str) -> None:
    with pytest.raises(ConditionError) as caught:
        parse(condition, {"a": TRUE, "b": TRUE, "selection": TRUE})
    assert fault in str(caught.value)


@pytest.mark.parametrize(
    ("key", "value", "fault"),
    [
        ("subjct", "x", 'Did you mean "subject"?'),
        ("subject|contans", "x", 'Did you mean "contains"?'),
        ("subject|contains|startswith", "x", "do not go together"),
        ("subject|contains|contains", "x", "repeated"),
        ("subject|re|contains", "x", "do not go together"),
        ("subject|all|neq", ["x"], "do not go together"),
        ("subject|re", "(a", "no regular expression of RE2"),
        ("subject|re", r"(a)\1", "no regular expression of RE2"),
        ("subject|re", "(?=a)", "no regular expression of RE2"),
        ("subject|re", "((a{99}){99}){99}", "no regular expression of RE2"),
        ("subject|re", "a" * 1001, "longer than 1000"),
        ("subject|contains", "", "an empty text is in every text"),
        ("subject|contains", "**", "an empty text is in every text"),
        ("subject|contains", None, "null goes with no modifier"),
        ("subject", [], "the list is empty"),
        ("subject", ["x"] * (MAX_VALUES + 1), "more than 1000 values"),
        ("subject", True, "subject is text, not true"),
        ("subject", {"a": "b"}, "subject is text, not a mapping"),
        ("size", "12", 'size is a whole number, not "12"'),
        ("size|contains", 1, "contains does not go with size"),
        ("size|gt", True, "size is a whole number, not true"),
        ("subject|gt", 1, "gt does not go with subject"),
        ("env_null", "true", "env_null is true or false"),
        ("env_null|fieldref", "hop.auth", "fieldref does not go with env_null"),
        ("subject|cidr", "10.0.0.0/8", "cidr does not go with subject"),
        ("src_ip|cidr", "10.0.0.1/8", "host bits set"),
        ("src_ip|cidr", "fred", "no network"),
        ("subject|exists", "yes", "exists takes true or false"),
        ("subject|fieldref", "sender_dmain", 'Did you mean "sender_domain"?'),
        ("subject|fieldref", "size", "subject is a text, size a number"),
        ("subject|fieldref|neq|contains", "from", "do not go together"),
        ("subject|base64", "x", 'there is no modifier "base64"'),
    ],
)
def test_faulty_items(key: str, value: object, fault: str) -> None:
    with pytest.raises(ItemError) as caught:
        item(key, value)  # type: ignore[arg-type]
    assert fault in str(caught.value)


def test_all_faults_at_once_with_their_places() -> None:
    text = """title: T
name: Bad Name
levl: high
logsource: {product: irtool, service: mial}
detection:
  a:
    from_domian: x
    src_ip|cidr: 10.0.0.1/8
  unused: {size: 1}
  words: [only, words]
  condition: a and c
"""
    with pytest.raises(FaultsError) as caught:
        load(text, "my/rule.yaml")
    places = [fault.split("  ")[0] for fault in caught.value.faults]
    assert places == [
        f"my/rule.yaml:{place}" for place in ("2:1", "3:1", "4:30", "7:5", "8:5", "10:11", "10:17", "11:3")
    ]
    assert caught.value.hint == "irtool check my/rule.yaml"


def test_unused_selections_and_mixed_worlds_are_faults() -> None:
    with pytest.raises(FaultsError) as caught:
        rule("  a: {size: 1}\n  b: {size: 2}\n  condition: a\n")
    assert caught.value.faults == ('r.yaml:6:3  the condition does not use "b"',)
    with pytest.raises(FaultsError) as caught:
        rule("  a: {account_plan: trial, x_mailer: y}\n  condition: a\n")
    assert "only logs have account_plan and only messages have x_mailer" in caught.value.faults[0]


def test_what_a_rule_can_be_asked_of() -> None:
    both = rule("  a: {env_null: true, subject: x}\n  condition: a\n")
    assert (both.for_messages, both.for_logs, both.columns) == (True, True, {"envelope_from", "subject"})
    message = rule("  a: {x_mailer: y}\n  condition: a\n")
    assert (message.for_messages, message.for_logs) == (True, False)
    with pytest.raises(UsageError, match="has no x_mailer"):
        message.question()
    log = rule("  a: {account_plan: trial}\n  condition: a\n")
    assert (log.for_messages, log.for_logs) == (False, True)


def test_what_only_counts_without_a_directory_is_not_asked_of_logs() -> None:
    one = rule("  a: {directory: false, from_registered: x}\n  b: {env_null: true}\n  condition: a or b\n")
    assert one.for_logs
    assert one.question().condition == "((l.envelope_from = ''))"


def test_every_field_has_a_value_where_it_says_so() -> None:
    assert {name for name, field in FIELDS.items() if field.message} == {*MESSAGE, *_HOP}
    assert {name for name, field in FIELDS.items() if field.sql} == set(ROW)


def test_values_are_parameters_and_never_text() -> None:
    evil = "x'; DROP TABLE log; --"
    one = load(f'{HEAD}detection:\n  a: {{subject|contains: "{evil}"}}\n  condition: a\n', "r.yaml")
    assert isinstance(one, Rule)
    question = one.question()
    assert "DROP" not in question.select()
    assert list(question.parameters.values()) == [evil.lower()]


def test_broken_charsets_do_not_break_a_rule() -> None:
    broken = Complaint("x", "", 0, "eml", subject="a\ud800b")
    assert says("  a: {subject|re: '^a.b$'}\n  condition: a\n", broken)


def test_patterns_take_no_longer_for_hostile_text() -> None:
    hostile = Complaint("x", "", 0, "eml", subject="a" * 16_000)
    assert not says("  a: {subject|re: '(a+)+b'}\n  b: {subject: '*a*a*a*a*a*b'}\n  condition: a or b\n", hostile)

"""The rules over a whole log: what each lets through, campaign and other mail apart."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from irtool.adapters.logs import DuckLog, LogFile, open_log
from irtool.errors import InputError
from irtool.intake.reading import read_complaint
from irtool.sandbox import campaign
from irtool.triage.replay import Replay, last_moment, replay

Search = Callable[..., object]
OURS = ["gateway.example"]


@pytest.fixture
def replayed(big: DuckLog, search: Search) -> Replay:
    search([read_complaint("complaint.eml", campaign.complaint(0.01).encode())], big)
    return replay(big, own_domains=OURS, campaign=True)


def test_2019_lets_the_campaign_through_and_2025_none_of_it(replayed: Replay) -> None:
    passed = {rule.rule: (rule.campaign_accepted, rule.campaign_refused) for rule in replayed.rules}
    assert passed == {
        "launch": (0, 19_000),
        "2019": (19_000, 0),
        "2019-broad": (19_000, 0),
        "2025-literal": (0, 19_000),
        "2025-hosted-aware": (0, 19_000),
    }


def test_all_mail_in_its_own_name_passes_every_rule(replayed: Replay) -> None:
    for kind in replayed.kinds:
        if (kind.envelope, kind.from_) == ("own", "own"):
            assert len(kind.accepted_by) == 5
            assert kind.other > 10_000
            break
    else:
        pytest.fail("no mail in its own name in the log")
    bounces = next(k for k in replayed.kinds if (k.envelope, k.sender, k.from_) == ("null", "absent", "own"))
    assert len(bounces.accepted_by) == 5


def test_the_readings_of_2025_differ_in_calendar_forwards_only(replayed: Replay, big: DuckLog) -> None:
    differing = [
        k for k in replayed.kinds if ("2025-literal" in k.accepted_by) != ("2025-hosted-aware" in k.accepted_by)
    ]
    assert [(k.envelope, k.sender, k.from_, k.campaign) for k in differing] == [("null", "own", "foreign", 0)]
    (row,) = big.query(
        "SELECT count(*) AS n FROM log WHERE envelope_from = '' AND header_sender LIKE 'calendar@%' "
        "AND header_from LIKE '%@meetings-%'"
    )
    assert differing[0].other == row["n"] > 100


def test_examples_keep_campaign_and_others_apart(replayed: Replay) -> None:
    hole = next(k for k in replayed.kinds if "seed" in k.detectors)
    assert (hole.campaign, hole.other) == (19_000, campaign.EVENT_FORWARDS + campaign.CUSTOMER_FORWARDS)
    assert {e.account[0] for e in hole.campaign_examples} == {"T"}
    assert hole.examples
    assert not any(e.account.startswith("T7") for e in hole.examples)


def test_what_no_rule_stops_is_shown(replayed: Replay) -> None:
    lists = next(k for k in replayed.kinds if k.detectors == ("wide",))
    assert (lists.envelope, lists.from_, len(lists.accepted_by)) == ("own", "other", 5)


def test_without_a_campaign_everything_is_other_mail(big: DuckLog) -> None:
    found = replay(big, own_domains=OURS, rules=["2019"])
    assert [rule.rule for rule in found.rules] == ["2019"]
    assert found.campaign == 0
    assert found.messages == found.rules[0].other_accepted + found.rules[0].other_refused


def test_the_span_is_kept(big: DuckLog) -> None:
    found = replay(big, own_domains=OURS, since=campaign.CAMPAIGN_START)
    (row,) = big.query("SELECT count(*) AS n FROM log WHERE time >= TIMESTAMP '2025-04-13 18:00:00'")
    assert found.messages == row["n"]
    last = last_moment(big)
    assert last is not None
    assert campaign.REPORTED < last < campaign.LOG_END


def test_mail_of_the_provider_passes_though_the_directory_does_not_list_it(make_log: Callable[..., DuckLog]) -> None:
    rows = [
        {"account": "0", "envelope_from": "b@gateway.example", "header_from": "news@gateway.example"},
        {"account": "T1", "envelope_from": "", "header_sender": "a@t.example", "header_from": "news@gateway.example"},
    ]
    found = replay(make_log(rows, {"t.example": "T1"}, {"T1": "trial"}), own_domains=OURS, rules=["2025-literal"])
    assert (found.rules[0].other_accepted, found.rules[0].other_refused) == (1, 1)


def test_mail_without_an_account_is_nobodys(make_log: Callable[..., DuckLog]) -> None:
    rows = [
        {"account": None, "envelope_from": "a@t.example", "header_from": "a@t.example"},
        {"account": "T1", "envelope_from": "a@t.example", "header_from": "a@t.example"},
    ]
    found = replay(make_log(rows, {"t.example": "T1"}, {"T1": "x"}), own_domains=OURS, rules=["launch"])
    assert (found.rules[0].other_accepted, found.rules[0].other_refused) == (1, 1)


@pytest.mark.parametrize(("column", "word"), [("account", "account"), ("header_from", "From header")])
def test_a_log_that_cannot_tell_is_refused(tmp_path: Path, column: str, word: str) -> None:
    row = {"account": '"A"', "envelope_from": '""', "header_from": '"a@x.example"'}
    row.pop(column)
    path = tmp_path / "log.jsonl"
    path.write_text("{" + ", ".join(f'"{k}": {v}' for k, v in row.items()) + "}\n")
    with open_log([LogFile("jsonl", str(path))]) as log, pytest.raises(InputError, match=f"no {word}"):
        replay(log, own_domains=OURS)


def test_a_log_without_sender_headers_says_so(make_log: Callable[..., DuckLog]) -> None:
    log = make_log([{"account": "A", "envelope_from": "", "header_from": "a@x.example"}], {"x.example": "A"})
    assert replay(log, own_domains=OURS).unanswered[0].startswith("The log has no Sender header")

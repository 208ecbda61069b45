"""Campaigns of other shapes than the sandbox's: with everything around them that is easily taken for one."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from irtool.adapters.logs import DirectoryFiles, DuckLog, LogFile, open_log, write_parquet
from irtool.intake.reading import read_complaint
from irtool.records import Complaint, Findings, Hop, Indicator, to_json

Search = Callable[..., tuple[tuple[Complaint, ...], Findings]]
MakeLog = Callable[..., DuckLog]
SCALE = 0.004


def _load() -> ModuleType:
    path = Path(__file__).parents[1] / "bench" / "scope_log.py"
    spec = importlib.util.spec_from_file_location("scope_log", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


scope_log = _load()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("decoys")
    write_parquet(made / "logs", scope_log.statements(SCALE))
    scope_log.write_directory(made)
    return made


@pytest.fixture(scope="module")
def decoys(folder: Path) -> Iterator[DuckLog]:
    files = DirectoryFiles((str(folder / "accounts.csv"), {}), (str(folder / "domains.csv"), {}))
    with open_log([LogFile("parquet", str(folder / "logs" / "*.parquet"))], files) as log:
        yield log


@pytest.fixture
def complaint() -> Complaint:
    return read_complaint("complaint.eml", scope_log.complaint(SCALE).encode())


def found_in(log: DuckLog, complaints: Sequence[Complaint], search: Search) -> dict[str, Any]:
    _, found = search(complaints, log, own_domains=[scope_log.OURS], now=scope_log.REPORTED)
    data = to_json(found)
    assert isinstance(data, dict)
    return data


def test_exact_among_all_decoys(decoys: DuckLog, complaint: Complaint, search: Search) -> None:
    """Messages, accounts, source IPs, customers and the count of each, to the message."""
    data = found_in(decoys, [complaint], search)
    assert scope_log.figures(data) == scope_log.expected(SCALE)
    assert sum(scope_log.IMPERSONATED) == sum(c["messages"] for c in data["affected_customers"]) == 45


@pytest.mark.parametrize(
    "changed",
    [
        {"sender": (), "envelope_from": None, "envelope_null": None, "message_id": None},  # only a spoofed From
        {"message_id": None, "hops": ()},
        {"from_": (), "sender": ()},  # only the message-id and the source
        {"envelope_from": "srs0=x@forwarder.example", "envelope_null": False},  # a forwarder wrote its own envelope
    ],
)
def test_exact_from_less_of_a_complaint(
    decoys: DuckLog, complaint: Complaint, search: Search, changed: Mapping[str, Any]
) -> None:
    data = found_in(decoys, [replace(complaint, **changed)], search)
    assert scope_log.figures(data) == scope_log.expected(SCALE)


def test_a_post_that_only_names_the_address(decoys: DuckLog, search: Search) -> None:
    about = Indicator("address", f"info@{scope_log.OURS}", "line 1", 0.9)
    post = Complaint("post", "", 0, "text", received_at=scope_log.REPORTED, indicators=(about,))
    assert scope_log.figures(found_in(decoys, [post], search)) == scope_log.expected(SCALE)


@pytest.mark.parametrize("lost", ["header_sender", "source_ip", "recipient", "subject", "id", "size", "envelope_from"])
def test_a_column_less_is_said_and_the_innocents_stay_out(
    folder: Path, complaint: Complaint, search: Search, tmp_path: Path, lost: str
) -> None:
    columns = ["time", "account", "source_ip", "envelope_from", "header_sender", "header_from", "recipient", "subject",
               "id", "size", "status"]  # fmt: skip
    kept = ", ".join(column for column in columns if column != lost)
    write_parquet(tmp_path / "less", [("less", f"SELECT {kept} FROM read_parquet('{folder}/logs/*.parquet')")])
    files = DirectoryFiles((str(folder / "accounts.csv"), {}), (str(folder / "domains.csv"), {}))
    with open_log([LogFile("parquet", str(tmp_path / "less" / "*.parquet"))], files) as log:
        data = found_in(log, [complaint], search)
    expected = scope_log.expected(SCALE)
    assert {a["id"] for a in data["accounts"]} <= set(expected["accounts"])
    assert any("The log has no" in line for line in data["unanswered"]) == (lost != "size")
    if (
        lost != "source_ip"
    ):  # without it the own forwards of stolen accounts cannot be told from what was sent in their name
        assert data["messages"] == expected["messages"]
    else:
        trials = {a: n for a, n in expected["accounts"].items() if a.startswith("T")}
        assert {a["id"]: a["messages"] for a in data["accounts"] if a["id"].startswith("T")} == trials


def test_without_accounts_the_sender_domain_says_whose_it_is(
    folder: Path, complaint: Complaint, search: Search, tmp_path: Path
) -> None:
    select = f"SELECT * EXCLUDE (account) FROM read_parquet('{folder}/logs/*.parquet')"
    write_parquet(tmp_path / "less", [("less", select)])
    files = DirectoryFiles((str(folder / "accounts.csv"), {}), (str(folder / "domains.csv"), {}))
    with open_log([LogFile("parquet", str(tmp_path / "less" / "*.parquet"))], files) as log:
        data = found_in(log, [complaint], search)
    trials = {f"T{n}" for n in range(scope_log.TRIALS)}
    assert any(
        line.startswith("The log has no account: the accounts are those that own") for line in data["unanswered"]
    )
    assert trials <= {a["id"] for a in data["accounts"]} <= set(scope_log.expected(SCALE)["accounts"])


OWNERS = {"spam.example": "T1", "more.example": "T2", "bank.example": "11", "shop.example": "10", "mill.example": "12"}
PLANS = {"T1": "trial", "T2": "trial", "10": "business", "11": "business", "12": "business"}
HOLE = {
    "account": "T1", "source_ip": "203.0.113.5", "envelope_from": "", "header_sender": "a@spam.example",
    "header_from": "info@bank.example", "recipient": "x@freemail.example", "subject": "Win",
}  # fmt: skip
OTHERS = {
    "account": "10", "source_ip": "203.0.113.5", "envelope_from": "s@shop.example", "header_from": "s@shop.example",
    "recipient": "y@freemail.example", "subject": "Order",
}  # fmt: skip
SPAM = Complaint(
    "x", "", 0, "eml", received_at=datetime(2025, 4, 14, 15, tzinfo=UTC), envelope_from="", envelope_null=True,
    sender=("a@spam.example",), from_=("info@bank.example",), recipients=("x@freemail.example",), subject="Win",
    hops=(Hop(1, ip="203.0.113.5", by="in.gateway.example"),),
)  # fmt: skip


def accounts(found: Findings) -> dict[str, int]:
    return {account.id: account.messages for account in found.accounts}


def test_tenants_behind_one_address_are_not_the_campaign(make_log: MakeLog, search: Search) -> None:
    """A NAT: the innocents even forward the forged address's own invitations from it."""
    forward = {**HOLE, "account": "10", "header_sender": "c@shop.example", "subject": "Fwd"}
    log = make_log([HOLE] * 50 + [OTHERS] * 200 + [forward] * 4, OWNERS, PLANS)
    _, found = search([SPAM], log)
    assert accounts(found) == {"T1": 50}
    (ip,) = found.source_ips
    assert (ip.messages, ip.innocent, ip.confidence) == (50, 204, 0.44)
    assert ip.evidence == "50 of all 254 messages with it in the searched span are of the campaign."


def test_a_stolen_account_gives_only_what_came_from_elsewhere(make_log: MakeLog, search: Search) -> None:
    stolen = {**HOLE, "account": "10", "header_sender": "s@shop.example"}
    own = {**OTHERS, "source_ip": "198.18.0.1"}
    forward = {**stolen, "source_ip": "198.18.0.1", "header_from": "info@mill.example"}
    log = make_log([HOLE] * 30 + [stolen] * 20 + [own] * 400 + [forward] * 5, OWNERS, PLANS)
    _, found = search([SPAM], log)
    assert accounts(found) == {"T1": 30, "10": 20}
    stolen_account = next(a for a in found.accounts if a.id == "10")
    assert stolen_account.confidence < 0.5
    assert "perhaps a stolen account" in stolen_account.evidence
    assert "shares the source IP 203.0.113.5" in stolen_account.evidence
    assert [c.id for c in found.affected_customers] == ["11"]


def test_a_stolen_account_alone_from_its_own_address(make_log: MakeLog, search: Search) -> None:
    """Its mail server was taken: the forged From is all that tells the spam from its own forwards."""
    base = {**HOLE, "account": "10", "header_sender": "s@shop.example", "source_ip": "198.18.0.1"}
    own = {**OTHERS, "source_ip": "198.18.0.1"}
    forward = {**base, "header_from": "x@mill.example"}
    log = make_log([base] * 30 + [own] * 300 + [forward] * 5, OWNERS, PLANS)
    _, found = search([replace(SPAM, sender=("s@shop.example",), hops=())], log)
    assert accounts(found) == {"10": 30}


def test_another_campaign_through_the_same_hole_stays_separate(make_log: MakeLog, search: Search) -> None:
    other = {**HOLE, "account": "T2", "source_ip": "198.51.100.9", "header_sender": "b@more.example",
             "header_from": "pay@mill.example", "recipient": "z@postbox.example"}  # fmt: skip
    log = make_log([HOLE] * 30 + [other] * 40, OWNERS, PLANS)
    _, found = search([SPAM], log)
    assert accounts(found) == {"T1": 30}
    assert any(line.startswith("Left out: 40 messages of 1 other accounts") for line in found.unanswered)


def test_accounts_that_share_nothing_but_the_campaigns_own_destination(make_log: MakeLog, search: Search) -> None:
    mine = {**HOLE, "recipient": "x@victim.example"}
    other = {**mine, "account": "T2", "source_ip": "198.51.100.9", "header_sender": "b@more.example",
             "header_from": "pay@mill.example"}  # fmt: skip
    spam = replace(SPAM, recipients=("x@victim.example",))
    _, found = search([spam], make_log([mine] * 30 + [other] * 40, OWNERS, PLANS))
    assert accounts(found) == {"T1": 30, "T2": 40}
    assert "own destination victim.example" in next(a for a in found.accounts if a.id == "T2").evidence
    innocent = {**OTHERS, "recipient": "x@victim.example"}
    _, found = search([spam], make_log([mine] * 30 + [other] * 40 + [innocent] * 200, OWNERS, PLANS))
    assert accounts(found) == {"T1": 30}


def test_an_unhosted_brand_through_the_hole(make_log: MakeLog, search: Search) -> None:
    """The reading of 2025 that keeps calendar forwards lets this through: told from them by what the account is."""
    brand = {**HOLE, "header_from": "service@brand.example"}
    other = {**brand, "account": "T2", "source_ip": "198.51.100.9", "header_sender": "b@more.example"}
    calendar = {**brand, "account": "10", "source_ip": "198.18.0.1", "header_sender": "c@shop.example"}
    usual = {**OTHERS, "source_ip": "198.18.0.1"}
    log = make_log([brand] * 30 + [other] * 15 + [calendar] * 6 + [usual] * 40, OWNERS, PLANS)
    _, found = search([replace(SPAM, from_=("service@brand.example",))], log)
    assert accounts(found) == {"T1": 30, "T2": 15}
    assert found.affected_customers == ()


def test_another_customers_from_under_an_own_envelope(make_log: MakeLog, search: Search) -> None:
    """What no rule stops; mailing lists look the same and stay out."""
    wide = {**HOLE, "envelope_from": "a@spam.example", "header_sender": None}
    lists = {**OTHERS, "source_ip": "198.18.0.1", "envelope_from": "list@shop.example",
             "header_sender": "list@shop.example", "header_from": "info@bank.example"}  # fmt: skip
    usual = {**OTHERS, "source_ip": "198.18.0.1"}
    log = make_log([wide] * 30 + [lists] * 12 + [usual] * 40, OWNERS, PLANS)
    spam = replace(SPAM, envelope_from="a@spam.example", envelope_null=False, sender=())
    _, found = search([spam], log)
    assert accounts(found) == {"T1": 30}
    assert [(c.id, c.messages) for c in found.affected_customers] == [("11", 30)]


def test_deep_subdomains_do_not_hide_whose_a_domain_is(make_log: MakeLog, search: Search) -> None:
    deep = {**HOLE, "header_from": "info@a.b.c.d.e.f.bank.example"}
    _, found = search([replace(SPAM, from_=("info@a.b.c.d.e.f.bank.example",))], make_log([deep] * 3, OWNERS, PLANS))
    assert [(c.id, c.messages) for c in found.affected_customers] == [("11", 3)]


def test_trials_in_their_own_name_with_one_subject(make_log: MakeLog, search: Search) -> None:
    """Spam that breaks no relay rule: the second account shares only the subject, and sends nothing else."""
    one = {**HOLE, "envelope_from": "a@spam.example", "header_sender": None, "header_from": "a@spam.example"}
    two = {**one, "account": "T2", "source_ip": "198.51.100.9", "envelope_from": "b@more.example",
           "header_from": "b@more.example"}  # fmt: skip
    usual = {**OTHERS, "source_ip": "198.18.0.1", "subject": "Win"}
    spam = replace(SPAM, envelope_from="a@spam.example", envelope_null=False, sender=(), from_=("a@spam.example",))
    log = make_log([one] * 20 + [two] * 20 + [usual] * 5 + [{**usual, "subject": "Order"}] * 50, OWNERS, PLANS)
    _, found = search([spam], log)
    assert accounts(found) == {"T1": 20, "T2": 20}
    assert found.spoofed_addresses == ()


def test_a_message_whose_sender_says_nothing_is_looked_up(make_log: MakeLog, search: Search) -> None:
    """The recipient's server dropped the Sender; the log's own row of the message names account and source."""
    rows = [{**HOLE, "header_from": f"u{n}@bank.example", "id": f"<{n}@x>"} for n in range(5)]
    log = make_log(rows, OWNERS, PLANS)
    bare = replace(SPAM, sender=(), hops=(), from_=("u3@bank.example",), message_id="3@x")
    _, found = search([bare], log)
    assert accounts(found) == {"T1": 5}
    assert found.accounts[0].evidence.startswith("5 of its 5 messages in the searched span go through the hole")


def test_more_values_than_can_be_listed_are_counted(make_log: MakeLog, search: Search, monkeypatch: Any) -> None:
    from irtool.triage import build, scope

    monkeypatch.setattr(scope, "MOST", 5)
    monkeypatch.setattr(build, "MOST", 5)
    rows = [{**HOLE, "source_ip": f"203.0.113.{n}"} for n in range(1, 31)]
    _, found = search([SPAM], make_log(rows, OWNERS, PLANS))
    assert (found.messages, len(found.source_ips)) == (30, 5)
    assert any(line.startswith("There are 30 source ips: only the 5") for line in found.unanswered)

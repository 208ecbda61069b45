"""The campaign as data: the promised figures, the decoys, and a complaint about a message that is in the log."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from pathlib import Path

import pytest

from irtool.adapters.logs import DuckLog, LogFile, open_log, write_parquet
from irtool.intake.reading import read_complaint
from irtool.sandbox import campaign, people

SCALE = 0.01
COLUMNS = {
    "time": "ts", "id": "msg_id", "account": "account_id", "source_ip": "src_ip", "envelope_from": "env_from",
    "header_from": "hdr_from", "header_sender": "hdr_sender", "recipient": "rcpt",
}  # fmt: skip
SPAM = "envelope_from = '' AND account LIKE 'T7%'"


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckLog]:
    folder = tmp_path_factory.mktemp("logs")
    write_parquet(folder, campaign.statements(SCALE))
    with open_log([LogFile("parquet", str(folder / "*.parquet"), COLUMNS)]) as opened:
        yield opened


def test_figures_at_full_size_are_those_of_the_incident() -> None:
    figures = campaign.expected()
    assert (figures["messages"], figures["accounts"], figures["affected_customers"]) == (1_900_000, 24, 12)
    assert (figures["impersonating_messages"], figures["source_ips"]) == (30, 180)
    assert figures["rows"] == 4_002_800


def test_the_log_holds_what_is_promised(log: DuckLog) -> None:
    (row,) = log.query(
        "SELECT count(*) AS messages, count(DISTINCT account) AS accounts, count(DISTINCT source_ip) AS source_ips, "
        "count(DISTINCT header_sender) AS sender_addresses, count(DISTINCT recipient_domain) AS destinations, "
        f"min(time) AS first, max(time) AS last FROM log WHERE {SPAM}"
    )
    figures = campaign.expected(SCALE)
    for name in ("messages", "accounts", "source_ips", "sender_addresses"):
        assert row[name] == figures[name]
    assert row["destinations"] == 1
    assert row["first"] == campaign.CAMPAIGN_START
    assert str(row["last"]) < str(campaign.LOG_END)
    assert log.query("SELECT count(*) AS n FROM log") == [{"n": figures["rows"]}]
    assert log.missing() == frozenset()
    assert log.rejected_rows() == 0


def test_thirty_messages_impersonate_twelve_customers(log: DuckLog) -> None:
    rows = log.query(f"SELECT from_domain, count(*) AS n FROM log WHERE {SPAM} GROUP BY from_domain")
    found = {str(row["from_domain"]): row["n"] for row in rows}
    assert found.pop(people.PROVIDER_DOMAIN) == 18_970
    assert found == {c.domain: c.impersonated for c in people.IMPERSONATED}
    assert sum(c.impersonated for c in people.IMPERSONATED) == 30


def test_the_decoys_are_there(log: DuckLog) -> None:
    def count(where: str) -> int:
        return int(str(log.query(f"SELECT count(*) AS n FROM log WHERE {where}")[0]["n"]))

    assert count("envelope_from = '' AND header_sender IS NULL") > 300
    assert count("envelope_from = '' AND sender_domain <> from_domain AND from_domain LIKE 'meetings-%'") > 150
    assert count("envelope_from LIKE 'list-bounces@%' AND sender_domain <> from_domain") > 900
    assert count(f"recipient_domain = '{campaign.DESTINATION}' AND account NOT LIKE 'T7%'") == 15
    assert count(f"source_ip = '{people.CAMPAIGN_IPS[0]}' AND account NOT LIKE 'T7%'") == 12
    assert count("header_from = 'events@gateway.example' AND envelope_from = ''") == campaign.EVENT_FORWARDS
    assert count("account LIKE 'T7%' AND envelope_from <> ''") == 24 * campaign.TESTS_EACH


def test_it_is_the_same_every_time(log: DuckLog, tmp_path: Path) -> None:
    write_parquet(tmp_path, campaign.statements(SCALE))
    print_of_all = "SELECT sum(hash(log)::HUGEINT) AS print FROM log"
    with open_log([LogFile("parquet", str(tmp_path / "*.parquet"), COLUMNS)]) as again:
        assert again.query(print_of_all) == log.query(print_of_all)


def test_the_complaint_is_about_a_message_in_the_log(log: DuckLog) -> None:
    complaint = read_complaint("complaint.eml", campaign.complaint(SCALE).encode())
    assert complaint.format == "arf"
    assert complaint.received_at == campaign.REPORTED
    assert complaint.envelope_null is True
    assert complaint.from_ == ("info@gateway.example",)
    sql = "SELECT * FROM log WHERE id IN $ids"
    bare = (complaint.message_id or "").strip("<>")
    (row,) = log.query(sql, {"ids": [bare, f"<{bare}>"]})
    assert (row["header_sender"],) == complaint.sender
    assert row["recipient"] in complaint.recipients
    assert row["subject"] == complaint.subject
    assert row["source_ip"] in {hop.ip for hop in complaint.hops}


def test_directory_rows() -> None:
    accounts = {row["account_id"]: row for row in campaign.accounts()}
    owners = {row["domain"]: row["account_id"] for row in campaign.domains()}
    assert len(accounts) == len(campaign.accounts()) == 2_031
    assert len(owners) == len(campaign.domains()) == 2_031
    assert owners["gateway.example"] == "0"
    trials = [row for row in accounts.values() if row["plan"] == "trial"]
    assert len(trials) == 30
    attackers = [accounts[t.account] for t in people.TRIALS]
    assert min(row["created_at"] for row in attackers) == "2025-04-02T07:00:00Z"
    assert max(row["created_at"] for row in attackers) < "2025-04-13"
    assert {row["partner"] for row in attackers} == {""}
    customers = [accounts[c.account] for c in people.IMPERSONATED]
    assert {row["locale"] for row in customers} == {"it", "en"}
    assert all(row["name"] and row["contact"].endswith(".example") for row in customers)
    assert all(domain.endswith(".example") for domain in owners)


def test_addresses_are_for_documentation_only() -> None:
    networks = [ipaddress.ip_network(net) for net in ("198.51.100.0/24", "203.0.113.0/24", "198.18.0.0/15")]
    ips = [*people.CAMPAIGN_IPS, *(customer.ip for customer in people.customers())]
    assert len(set(ips)) == 180 + 2_000
    assert all(any(ipaddress.ip_address(ip) in net for net in networks) for ip in ips)

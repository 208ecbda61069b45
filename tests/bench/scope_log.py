"""A gateway log of any size with one campaign and everything that is easily mistaken for it, and its exact figures.

The log is SQL made of arithmetic, so it is the same every time and the figures follow from the same arithmetic.
`write` makes the Parquet files and the directory, `expected` says what triage has to find in it.

The campaign goes through the hole of the 2019 rule: 26 trial accounts and 5 stolen accounts of paying customers, 180
source IPs of which five belong to carrier NATs that customers use too, 41 destinations of which the largest is
everybody's freemail, two forged addresses of the provider and 17 impersonated customers (one under a subdomain).

The decoys: bounces and calendar forwards (null senders), forwards of other customers' and of the provider's own
invitations (the very pattern of the campaign, with the same From and the same destination), accounts whose only mail
of the day is such a forward, mailing lists, newsletters from the forged addresses, mail from the campaign's IPs,
subdomains of customers, what the attackers sent in their own name, and what the owners of the stolen accounts went on
sending.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

START = datetime(2026, 3, 2, tzinfo=UTC)
SPAM_START = datetime(2026, 3, 4, 9, 30, tzinfo=UTC)
END = datetime(2026, 3, 6, tzinfo=UTC)
REPORTED = datetime(2026, 3, 4, 21, 15, tzinfo=UTC)
ROWS, MESSAGES = 10_000_000, 1_900_000
CUSTOMERS, TRIALS, STOLEN = 20_000, 26, 5
IPS, NATS, DESTINATIONS = 180, 5, 41
OURS = "relay.example"
IMPERSONATED = (7, 5, 4, 4, 3, 3, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1)
"""Messages in the name of customer 100, 101, …; those in the name of customer 100 come from below its domain."""
OWN_NAME, STOLEN_FORWARDS, NAT_FORWARDS, INVITED, ONLY_FORWARD = 4, 6, 2, 150, 40
_PRIME = 2_147_483_647


def accounts() -> list[dict[str, str]]:
    """The directory's accounts: customers, trial accounts of the attackers and 60 of innocents."""
    rows = [
        {"account": f"C{n}", "name": f"Customer {n}", "plan": "business", "created": "2019-05-06T08:00:00Z",
         "locale": ("en", "it", "de")[n % 3], "contact": f"postmaster@customer-{n}.example"}
        for n in range(CUSTOMERS)
    ]  # fmt: skip
    return rows + [
        {"account": f"T{n}", "name": f"Trial {n}", "plan": "trial", "created": "2026-02-20T08:00:00Z", "locale": "en",
         "contact": f"me@trial-{n}.example"}
        for n in range(TRIALS + 60)
    ]  # fmt: skip


def domains() -> list[dict[str, str]]:
    """Who owns what: one domain each, every second customer a further one. The provider's own is not among them."""
    rows = [{"domain": f"customer-{n}.example", "account": f"C{n}"} for n in range(CUSTOMERS)]
    rows += [{"domain": f"shop-{n}.example", "account": f"C{n}"} for n in range(0, CUSTOMERS, 2)]
    return rows + [{"domain": f"trial-{n}.example", "account": f"T{n}"} for n in range(TRIALS + 60)]


def expected(scale: float = 1.0) -> dict[str, object]:
    """What triage has to find in `statements(scale)`."""
    messages = round(MESSAGES * scale)
    per_account: dict[str, int] = {}
    senders = TRIALS + STOLEN
    for n in range(senders):
        per_account[_sender(n)] = sum(len(range(ip, messages, IPS)) for ip in range(IPS) if ip % senders == n)
    return {
        "messages": messages,
        "accounts": per_account,
        "source_ips": {_ip(n): len(range(n, messages, IPS)) for n in range(IPS)},
        "customers": {f"C{100 + n}": count for n, count in enumerate(IMPERSONATED)},
        "over_time": messages,
        "rows": messages + sum(count for count, _ in _small()) + _innocent_rows(scale),
    }


def complaint(scale: float = 1.0) -> str:
    """A recipient's forward of one message of the campaign, as .eml; the message stands in the log."""
    row = round(MESSAGES * scale) // 3
    number = row % IPS % (TRIALS + STOLEN)
    domain = f"trial-{number}.example" if number < TRIALS else f"customer-{_stolen(number)}.example"
    moment = SPAM_START + timedelta(microseconds=row * _step(scale))
    stamp = f"{moment:%a, %d %b %Y %H:%M:%S} +0000"
    return (
        f"Return-Path: <>\r\nReceived: from out.{OURS} (out.{OURS} [192.0.2.25]) by mx.{_destination(row)}; {stamp}\r\n"
        f"Received: from mail.{domain} (unknown [{_ip(row % IPS)}]) by out.{OURS} with ESMTPSA id {row:x}; {stamp}\r\n"
        f"Message-ID: <{row:x}@{domain}>\r\nDate: {stamp}\r\nFrom: Support <{_address(row)}@{OURS}>\r\n"
        f"Sender: box{row % 3}@{domain}\r\nTo: user{row % 70_000}@{_destination(row)}\r\n"
        f"Subject: {_subject(row)}\r\n\r\nClaim it today.\r\n"
    )


def statements(scale: float = 1.0) -> Sequence[tuple[str, str]]:
    """The log as (label, SELECT), one for each six hours; 10 million rows at scale 1."""
    found = []
    day = START
    while day < END:
        end = day + timedelta(hours=6)
        parts = [_innocent(scale, day, end), _campaign(scale, day, end)]
        if day == START + timedelta(hours=18):
            parts += [sql for _, sql in _small()]
        found.append((f"log-{day:%Y-%m-%d-%H}", "\nUNION ALL\n".join(f"({part})" for part in parts) + " ORDER BY time"))
        day = end
    return found


def write_directory(folder: Path) -> None:
    """accounts.csv and domains.csv."""
    for name, rows in (("accounts", accounts()), ("domains", domains())):
        with (folder / f"{name}.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)


def configuration(logs: str = "logs/*.parquet") -> str:
    """An irtool.yaml for a folder with these files."""
    return (
        f"org: {{name: Relay, domains: [{OURS}]}}\nlogs: {{gateway: {{format: parquet, path: {logs}}}}}\n"
        "directory:\n  accounts: {path: accounts.csv}\n  domains: {path: domains.csv}\n"
    )


def _sender(number: int) -> str:
    return f"T{number}" if number < TRIALS else f"C{_stolen(number)}"


def _stolen(number: int) -> int:
    return 500 + number - TRIALS


def _ip(number: int) -> str:
    if number < NATS:
        return f"198.51.100.{number + 1}"
    return f"203.0.113.{number}"


def _address(row: int) -> str:
    return "info" if row % 8 < 5 else "news"


def _destination(row: int) -> str:
    return "freemail.example" if row % 10 < 6 else f"reader-{row // 10 % (DESTINATIONS - 1)}.example"


def _subject(row: int) -> str:
    return f"Prize {row % 97} is waiting"


def _step(scale: float) -> int:
    return int((END - SPAM_START) / timedelta(microseconds=1)) // round(MESSAGES * scale)


def _innocent_rows(scale: float) -> int:
    return round((ROWS - MESSAGES) * scale)


def _mix(value: str, salt: int) -> str:
    first = f"(({value} + {salt}) * 48271 % {_PRIME})"
    return f"(xor({first}, {first} >> 13) * 69621 % {_PRIME})"


def _stamp(moment: datetime) -> str:
    return f"TIMESTAMP '{moment:%Y-%m-%d %H:%M:%S}'"


def _row(time: str, table: str, **columns: str) -> str:
    names = ("account", "source_ip", "envelope_from", "header_sender", "header_from", "recipient", "subject", "id")
    shown = ", ".join(f"{columns[name]} AS {name}" for name in names)
    return f"SELECT {time} AS time, {shown}, (1500 + i % 9000)::BIGINT AS size, 'delivered' AS status FROM {table}"


def _span(scale: float, start: datetime, end: datetime, origin: datetime, step: int, total: int) -> tuple[int, int]:
    def first(moment: datetime) -> int:
        return max(0, min(total, -(-int((moment - origin) / timedelta(microseconds=1)) // step)))

    return first(start), total if end >= END else first(end)


def _campaign(scale: float, start: datetime, end: datetime) -> str:
    total = round(MESSAGES * scale)
    first, last = _span(scale, start, end, SPAM_START, _step(scale), total)
    senders = TRIALS + STOLEN
    number = f"(i % {IPS} % {senders})"
    domain = f"CASE WHEN {number} < {TRIALS} THEN 'trial-' || {number} ELSE 'customer-' || (500 + {number} - {TRIALS}) END || '.example'"  # noqa: E501
    gap = total // (sum(IMPERSONATED) + 1)
    targets = [100 + n for n, count in enumerate(IMPERSONATED) for _ in range(count)]
    cases = " ".join(
        f"WHEN {gap * (k + 1)} THEN 'billing@{'post.' if c == 100 else ''}customer-{c}.example'"
        for k, c in enumerate(targets)
    )
    return _row(
        f"{_stamp(SPAM_START)} + to_microseconds(i * {_step(scale)})",
        f"range({first}, {last}) AS r(i)",
        account=f"CASE WHEN {number} < {TRIALS} THEN 'T' || {number} ELSE 'C' || (500 + {number} - {TRIALS}) END",
        source_ip=f"CASE WHEN i % {IPS} < {NATS} THEN '198.51.100.' || (i % {IPS} + 1) ELSE '203.0.113.' || (i % {IPS}) END",  # noqa: E501
        envelope_from="''",
        header_sender=f"'box' || i % 3 || '@' || {domain}",
        header_from=f"CASE i {cases} ELSE CASE WHEN i % 8 < 5 THEN 'info@{OURS}' ELSE 'news@{OURS}' END END",
        recipient="'user' || i % 70000 || '@' || CASE WHEN i % 10 < 6 THEN 'freemail.example' "
        f"ELSE 'reader-' || i // 10 % {DESTINATIONS - 1} || '.example' END",
        subject="'Prize ' || i % 97 || ' is waiting'",
        id=f"format('<{{:x}}@{{}}>', i, {domain})",
    )


def _innocent(scale: float, start: datetime, end: datetime) -> str:
    """Everybody else's mail; k says what kind: bounces, calendar forwards, our newsletters, lists, ordinary mail."""
    total = _innocent_rows(scale)
    step = int((END - START) / timedelta(microseconds=1)) // total
    first, last = _span(scale, start, end, START, step, total)
    k, c, h = f"{_mix('i', 13)} % 10000", f"{_mix('i', 17)} % {CUSTOMERS}", _mix("i", 19)
    return _row(
        f"{_stamp(START)} + to_microseconds(i * {step})",
        f"(SELECT i, {k} AS k, {c} AS c, {h} AS h FROM range({first}, {last}) AS s(i)) AS q",
        account="CASE WHEN k < 150 THEN '0' ELSE 'C' || c END",
        source_ip="CASE WHEN k < 150 THEN '192.0.2.25' WHEN c % 400 < 2 THEN '198.51.100.' || (c % 400 + 1) "
        f"WHEN c % 10000 BETWEEN 2 AND {NATS - 1} THEN '198.51.100.' || (c % 10000 + 1) "
        "ELSE '198.18.' || c // 250 || '.' || (c % 250 + 1) END",
        envelope_from=f"CASE WHEN k < 150 THEN 'bounces@{OURS}' WHEN k < 900 THEN '' "
        "WHEN k < 1500 THEN 'list-bounces@customer-' || c || '.example' ELSE 'mail' || h % 7 || '@customer-' || c || '.example' END",  # noqa: E501
        header_sender="CASE WHEN k < 600 THEN NULL WHEN k < 900 THEN 'calendar@customer-' || c || '.example' "
        "WHEN k < 1500 THEN 'list@customer-' || c || '.example' ELSE NULL END",
        header_from=f"CASE WHEN k < 100 THEN 'news@{OURS}' WHEN k < 150 THEN 'info@{OURS}' "
        "WHEN k < 600 THEN 'mailer-daemon@customer-' || c || '.example' "
        "WHEN k < 890 THEN 'organiser' || h % 50 || '@meetings-' || h % 997 || '.example' "
        f"WHEN k < 895 THEN 'colleague@customer-' || h % {CUSTOMERS} || '.example' "
        f"WHEN k < 896 THEN 'events@{OURS}' WHEN k < 900 THEN 'team@sub.customer-' || c || '.example' "
        "WHEN k < 1300 THEN 'member' || h % 4000 || '@freemail.example' "
        f"WHEN k < 1500 THEN 'member' || h % 40 || '@customer-' || (c + 7) % {CUSTOMERS} || '.example' "
        "WHEN k < 1700 AND c % 2 = 0 THEN 'orders@shop-' || c || '.example' "
        "ELSE 'mail' || h % 7 || '@customer-' || c || '.example' END",
        recipient="'user' || h % 90000 || CASE WHEN h % 10 < 4 THEN '@freemail.example' "
        "ELSE '@reader-' || h % 800 || '.example' END",
        subject="CASE WHEN k < 600 THEN 'Undelivered' WHEN k < 900 THEN 'Fwd: invitation' ELSE 'Re: order ' || h % 5000 END",  # noqa: E501
        id="format('<{:x}.{:x}@{}>', h, i, c)",
    )


def _group(count: int, **columns: str) -> tuple[int, str]:
    default = {
        "envelope_from": "''",
        "recipient": "'friend' || i || '@freemail.example'",
        "subject": "'Fwd: invitation ' || i",
        "id": f"'<g' || i || '.{len(columns)}.{sum(map(len, columns.values()))}@x>'",
    }
    return count, _row(
        f"{_stamp(START + timedelta(hours=20))} + to_milliseconds(i * 4001)",
        f"range({count}) AS r(i)",
        **{**default, **columns},
    )


def _small() -> list[tuple[int, str]]:
    """Decoys of an exact number, all of the first day."""
    c500 = "'C' || (500 + i % 5)"
    return [
        # what the attackers sent in their own name, from the IPs of the campaign
        _group(TRIALS * OWN_NAME, account=f"'T' || i % {TRIALS}", source_ip=f"'203.0.113.' || (5 + i % {TRIALS})",
               envelope_from=f"'me@trial-' || i % {TRIALS} || '.example'", header_sender="NULL",
               header_from=f"'me@trial-' || i % {TRIALS} || '.example'"),
        # owners of stolen accounts forward a colleague's and the provider's invitations, from their own IP
        _group(STOLEN * STOLEN_FORWARDS, account=c500, source_ip="'198.18.2.' || (1 + i % 5)",
               header_sender="'calendar@customer-' || (500 + i % 5) || '.example'",
               header_from=f"CASE WHEN i % 2 = 0 THEN 'colleague@customer-900.example' ELSE 'info@{OURS}' END"),
        # … and their ordinary mail
        _group(STOLEN * 200, account=c500, source_ip="'198.18.2.' || (1 + i % 5)",
               envelope_from="'mail@customer-' || (500 + i % 5) || '.example'", header_sender="NULL",
               header_from="'mail@customer-' || (500 + i % 5) || '.example'"),
        # a customer behind a NAT that the campaign fills forwards an invitation from the very address that is forged
        _group(NATS * NAT_FORWARDS, account=f"'C' || (i % {NATS})", source_ip=f"'198.51.100.' || (i % {NATS} + 1)",
               header_sender=f"'calendar@customer-' || (i % {NATS}) || '.example'", header_from=f"'info@{OURS}'"),
        # … and writes some ordinary mail there
        _group(NATS * 60, account=f"'C' || (i % {NATS})", source_ip=f"'198.51.100.' || (i % {NATS} + 1)",
               envelope_from=f"'mail@customer-' || (i % {NATS}) || '.example'", header_sender="NULL",
               header_from=f"'mail@customer-' || (i % {NATS}) || '.example'"),
        # a large customer whose staff forward our invitations: many, with the From and the destination of the campaign
        _group(INVITED, account="'C777'", source_ip="'198.18.3.28'", header_sender="'calendar@customer-777.example'",
               header_from=f"'news@{OURS}'"),
        _group(INVITED * 4, account="'C777'", source_ip="'198.18.3.28'",
               envelope_from="'mail@customer-777.example'", header_sender="NULL",
               header_from="'mail@customer-777.example'"),
        # trial accounts of innocents that did nothing else that day than to forward one such invitation
        _group(ONLY_FORWARD, account=f"'T' || ({TRIALS} + i)", source_ip="'198.19.0.' || (i + 1)",
               header_sender=f"'calendar@trial-' || ({TRIALS} + i) || '.example'", header_from=f"'events@{OURS}'"),
    ]  # fmt: skip


def figures(found: Mapping[str, object]) -> dict[str, object]:
    """The same figures out of the JSON of `irtool triage`."""

    def counted(name: str, key: str) -> dict[str, int]:
        rows = found[name]
        assert isinstance(rows, list)
        return {str(row[key]): int(row["messages"]) for row in rows}

    volume = found["volume"]
    assert isinstance(volume, list)
    return {
        "messages": found["messages"],
        "over_time": sum(int(bucket["messages"]) for bucket in volume),
        "accounts": counted("accounts", "id"),
        "source_ips": counted("source_ips", "value"),
        "customers": counted("affected_customers", "id"),
        "rows": found["log_rows"],
    }

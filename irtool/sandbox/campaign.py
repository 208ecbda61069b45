"""The spam campaign of the sandbox as data: the gateway log (SQL text), the directory and the first complaint.

It retells the incident that Sophos published in April 2025. Trial accounts relay spam through a flaw of the relay
rule: null envelope sender, their own `Sender:`, somebody else's `From:`. Everything is repeatable (arithmetic instead
of random numbers) and lives under `.example` and in the networks for documentation and benchmarks (RFC 2606, 5737,
2544). Around the campaign lies innocent traffic, with the kinds that are easily mistaken for it.
"""

# ruff: noqa: S608 - the SQL is made of constants of this room
from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from irtool.records import utc
from irtool.sandbox import people

MESSAGES = 1_900_000
INNOCENT = 2_100_000
LOG_START = datetime(2025, 4, 11, tzinfo=UTC)
CAMPAIGN_START = datetime(2025, 4, 13, 18, tzinfo=UTC)
LOG_END = datetime(2025, 4, 15, 6, tzinfo=UTC)
REPORTED = datetime(2025, 4, 14, 15, 54, tzinfo=UTC)
DESTINATION = "quickpost.example"
SUBJECTS = (
    "Your parcel is waiting for you",
    "Il tuo pacco ti aspetta",
    "Last reminder: confirm your delivery",
    "Ultimo avviso: conferma la consegna",
    "A gift from our partners",
    "Un regalo dai nostri partner",
    "You have been selected",
    "Hai vinto: ritira il premio",
)
FIRST_NAMES = (
    "alex", "anna", "bruno", "carla", "dario", "elena", "fabio", "giulia",
    "ivan", "jane", "karl", "laura", "marco", "nina", "oscar", "paola",
)  # fmt: skip
TESTS_EACH = 3
EVENT_FORWARDS = 10
CUSTOMER_FORWARDS = 18
_IPS = len(people.CAMPAIGN_IPS)
_PRIME = 2_147_483_647


_COMPLAINT = """\
From: Quickpost Abuse Desk <abuse@quickpost.example>
To: abuse@gateway.example
Subject: Spam from info@gateway.example to our users
Date: {reported}
Message-ID: <20250414155400.77@quickpost.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="report"

--report
Content-Type: text/plain; charset=utf-8

Many of our users have been receiving spam since yesterday evening that comes out of your
servers and says it is from info [at] gateway [dot] example. One message is attached.
Could you please have a look?

--report
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: QuickpostFeedback/2.4
Version: 1
Original-Mail-From: <>
Original-Rcpt-To: <{recipient}>
Arrival-Date: {received}
Source-IP: 192.0.2.25
Reported-Domain: gateway.example

--report
Content-Type: message/rfc822

Return-Path: <>
Received: from out1.gateway.example (out1.gateway.example [192.0.2.25])
\tby mx1.quickpost.example (Postfix) with ESMTPS id 4ZbQk21xWzz3h
\tfor <{recipient}>; {received}
Received: from mail.{trial} (unknown [{ip}])
\tby out1.gateway.example (Postfix) with ESMTPSA id 9F1C07A0E2; {sent}
Message-ID: <{message_id}>
Date: {sent}
From: Example Mail <info@gateway.example>
Sender: {sender}
To: {recipient}
Subject: {subject}
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8

Hello,

we tried to reach you about your delivery. Reply to this message today to confirm it.

--report--
"""


def expected(scale: float = 1.0) -> dict[str, object]:
    """What triage has to find in the log that `statements(scale)` makes, as figures; `rows` counts the whole log."""
    messages = round(MESSAGES * scale)
    impersonating = sum(c.impersonated for c in people.IMPERSONATED)
    return {
        "messages": messages,
        "rows": messages + sum(n for _, n, _ in _extras(scale)) + round(INNOCENT * scale),
        "accounts": len(people.TRIALS),
        "source_ips": _IPS,
        "sender_addresses": sum(t.mailboxes for t in people.TRIALS),
        "affected_customers": len(people.IMPERSONATED),
        "impersonating_messages": impersonating,
        "provider_messages": messages - impersonating,
        "per_customer": {c.account: c.impersonated for c in people.IMPERSONATED},
        "destination_domain": DESTINATION,
        "shared_ip": people.CAMPAIGN_IPS[0],
        **_small(scale),
    }


def accounts(shift: timedelta = timedelta()) -> list[dict[str, str]]:
    """The rows of the directory's accounts file (account_id, name, plan, status, created_at, contact, locale, partner).

    `shift` moves the days on which accounts were made.
    """
    rows = people.account_rows()
    for row in rows:
        row["created_at"] = utc(datetime.fromisoformat(row["created_at"]) + shift)
    return rows


def domains() -> list[dict[str, str]]:
    """The rows of the directory's domains file (domain, account_id)."""
    return people.domain_rows()


def statements(scale: float = 1.0, shift: timedelta = timedelta()) -> Sequence[tuple[str, str]]:
    """The gateway log as (label, SELECT) pairs, one for each day; about 4 million rows at scale 1.

    `shift` (whole seconds) moves all of it in time: a drill wants an incident of tonight.
    Columns: ts, account_id, src_ip, env_from, hdr_sender, hdr_from, rcpt, subject, size, status, msg_id.
    """
    found = []
    day = LOG_START
    while day < LOG_END:
        end = min(day + timedelta(days=1), LOG_END)
        parts = [_innocent(scale, day, end)]
        if end > CAMPAIGN_START:
            parts.append(_campaign(scale, day, end))
        parts += [sql for start, _, sql in _extras(scale) if day <= start < end]
        found.append((f"gateway-{day + shift:%Y-%m-%d}", _moved(_tables() + "\nUNION ALL\n".join(parts), shift)))
        day = end
    return found


def _moved(sql: str, shift: timedelta) -> str:
    if not shift:
        return sql
    seconds = int(shift.total_seconds())
    return f"SELECT * REPLACE (ts + INTERVAL ({seconds}) SECOND AS ts) FROM ({sql}) AS original"


def complaint(scale: float = 1.0, *, shift: timedelta = timedelta(), reported: datetime = REPORTED) -> str:
    """The complaint of a recipient's mail provider (ARF, RFC 5965), written at `reported`, as an .eml file.

    The abusive message in it is row `int(0.6 * messages)` of the campaign in `statements(scale)`.
    """
    row = int(0.6 * round(MESSAGES * scale))
    moment = CAMPAIGN_START + shift + timedelta(microseconds=row * _step(scale))
    ip = row % _IPS
    trial = people.TRIALS[ip % len(people.TRIALS)]
    return _COMPLAINT.format(
        reported=format_datetime(reported),
        sent=format_datetime(moment),
        received=format_datetime(moment + timedelta(seconds=2)),
        trial=trial.domain,
        sender=f"{_mailbox(row // _IPS % trial.mailboxes)}@{trial.domain}",
        ip=people.CAMPAIGN_IPS[ip],
        message_id=f"{_mixed(row, 3):x}.{row:x}@{trial.domain}",
        recipient=f"{FIRST_NAMES[row // 7 % len(FIRST_NAMES)]}.{_mixed(row, 5) % 600_000}@{DESTINATION}",
        subject=SUBJECTS[row // _IPS % len(SUBJECTS)],
    ).replace("\n", "\r\n")


def _step(scale: float) -> int:
    """Microseconds between two messages of the campaign."""
    return int((LOG_END - CAMPAIGN_START) / timedelta(microseconds=1)) // round(MESSAGES * scale)


def _mixed(value: int, salt: int) -> int:
    """The Python twin of `_mix`."""
    first = (value + salt) * 48_271 % _PRIME
    return (first ^ first >> 13) * 69_621 % _PRIME


def _mix(value: str, salt: int) -> str:
    """SQL for a number below 2^31 that looks random and is always the same for one value and salt."""
    first = f"(({value} + {salt}) * 48271 % {_PRIME})"
    return f"(xor({first}, {first} >> 13) * 69621 % {_PRIME})"


def _mailbox(number: int) -> str:
    return ("office", "mailer")[number]


def _literal(texts: Sequence[str]) -> str:
    return "[" + ", ".join("'" + t.replace("'", "''") + "'" for t in texts) + "]"


def _stamp(moment: datetime) -> str:
    return f"TIMESTAMP '{moment:%Y-%m-%d %H:%M:%S}'"


def _tables() -> str:
    """The senders as tables of the statement, each numbered from 0."""
    trials = ", ".join(f"({n}, '{t.account}', '{t.domain}', {t.mailboxes})" for n, t in enumerate(people.TRIALS))
    customers = ", ".join(f"({n}, '{c.account}', '{c.domain}', '{c.ip}')" for n, c in enumerate(people.customers()))
    return (
        f"WITH trials(n, account, domain, mailboxes) AS (VALUES {trials}),\n"
        f"customers(n, account, domain, ip) AS (VALUES {customers})\n"
    )


def _campaign(scale: float, start: datetime, end: datetime) -> str:
    """One day of the campaign. Every message has its number i; its time, account, IP and text follow from it."""
    step = _step(scale)
    total = round(MESSAGES * scale)

    def first(moment: datetime) -> int:
        behind = int((moment - CAMPAIGN_START) / timedelta(microseconds=1))
        return max(0, min(total, -(-behind // step)))

    last = total if end == LOG_END else first(end)
    return f"""
SELECT {_stamp(CAMPAIGN_START)} + to_microseconds(i * {step}) AS ts, t.account AS account_id,
  {_literal(people.CAMPAIGN_IPS)}[1 + i % {_IPS}] AS src_ip, '' AS env_from,
  CASE WHEN i // {_IPS} % t.mailboxes = 0 THEN '{_mailbox(0)}@' ELSE '{_mailbox(1)}@' END || t.domain AS hdr_sender,
  {_forged_from(total)} AS hdr_from,
  {_literal(FIRST_NAMES)}[1 + i // 7 % {len(FIRST_NAMES)}]
    || '.' || {_mix("i", 5)} % 600000 || '@{DESTINATION}' AS rcpt,
  {_literal(SUBJECTS)}[1 + i // {_IPS} % {len(SUBJECTS)}] AS subject, (2200 + {_mix("i", 7)} % 900)::INTEGER AS size,
  CASE WHEN {_mix("i", 11)} % 20 = 0 THEN 'bounced' ELSE 'delivered' END AS status,
  format('<{{:x}}.{{:x}}@{{}}>', {_mix("i", 3)}, i, t.domain) AS msg_id
FROM range({first(start)}, {last}) AS r(i) JOIN trials t ON t.n = i % {_IPS} % {len(people.TRIALS)}"""


def _forged_from(total: int) -> str:
    """SQL for the forged From: now and then a customer's, else info@ or news@ of the provider."""
    targets = [c.domain for c in people.IMPERSONATED for _ in range(c.impersonated)]
    gap = total // (len(targets) + 1)
    cases = " ".join(f"WHEN {gap * (k + 1)} THEN 'info@{domain}'" for k, domain in enumerate(targets))
    ours = people.PROVIDER_DOMAIN
    return f"CASE i {cases} ELSE CASE WHEN i % 8 < 5 THEN 'info@{ours}' ELSE 'news@{ours}' END END"


def _innocent(scale: float, start: datetime, end: datetime) -> str:
    """One day of everybody else's mail. Its kind is k: bounces, calendar forwards, lists, our own, the rest."""
    total = round(INNOCENT * scale)
    step = int((LOG_END - LOG_START) / timedelta(microseconds=1)) // total
    first, last = (-(-int((m - LOG_START) / timedelta(microseconds=1)) // step) for m in (start, end))
    last = total if end == LOG_END else last
    own = people.PROVIDER_DOMAIN
    return f"""
SELECT {_stamp(LOG_START)} + to_microseconds(i * {step}) AS ts,
  CASE WHEN k < 100 THEN '{people.PROVIDER_ACCOUNT}' ELSE c.account END AS account_id,
  CASE WHEN k < 100 THEN '{people.PROVIDER_IP}' ELSE c.ip END AS src_ip,
  CASE WHEN k < 100 THEN 'bounces@{own}' WHEN k < 420 THEN '' WHEN k < 1000 THEN 'list-bounces@' || c.domain
    ELSE 'mail' || h % 7 || '@' || c.domain END AS env_from,
  CASE WHEN k < 300 THEN NULL WHEN k < 420 THEN 'calendar@' || c.domain WHEN k < 1000 THEN 'list@' || c.domain
    ELSE NULL END AS hdr_sender,
  CASE WHEN k < 60 THEN 'news@{own}' WHEN k < 100 THEN 'info@{own}' WHEN k < 300 THEN 'mailer-daemon@' || c.domain
    WHEN k < 420 THEN 'organiser' || h % 50 || '@meetings-' || h % 97 || '.example'
    WHEN k < 900 THEN 'member' || h % 400 || '@freemail.example'
    WHEN k < 1000 THEN 'member' || h % 40 || '@' || o.domain
    ELSE 'mail' || h % 7 || '@' || c.domain END AS hdr_from,
  'user' || {_mix("i", 23)} % 90000 || CASE WHEN h % 10 < 4 THEN '@freemail.example' WHEN h % 10 < 6
    THEN '@postbox.example' ELSE '@reader-' || h % 800 || '.example' END AS rcpt,
  CASE WHEN k < 300 AND k >= 100 THEN 'Undelivered Mail Returned to Sender' WHEN k < 420 THEN 'Fwd: invitation'
    ELSE 'Re: order ' || h % 5000 END AS subject,
  (1500 + {_mix("i", 29)} % 60000)::INTEGER AS size, 'delivered' AS status,
  format('<{{:x}}.{{:x}}@{{}}>', h, i, c.domain) AS msg_id
FROM (SELECT i, {_mix("i", 13)} % 10000 AS k, {_mix("i", 17)} AS h FROM range({first}, {last}) AS r(i)) m
JOIN customers c ON c.n = m.h % {len(people.customers())}
JOIN customers o ON o.n = (m.h + 7) % {len(people.customers())}"""


def _extras(scale: float) -> list[tuple[datetime, int, str]]:
    """Small exact groups as (first time, count, SELECT): what a careless search would sweep up with the campaign."""
    noon = CAMPAIGN_START - timedelta(hours=6)
    tested = noon - timedelta(days=1)
    figures = _small(scale)
    tests = len(people.TRIALS) * TESTS_EACH
    calendar, mail = "'calendar@' || c.domain", "'mail@' || c.domain"
    events, colleague = f"'events@{people.PROVIDER_DOMAIN}'", "'meetings@' || o.domain"
    shared_ip = f"'{people.CAMPAIGN_IPS[0]}'"
    to_us, from_shared = figures["destination_innocent"], figures["shared_ip_innocent"]
    return [
        (tested, tests, _trial_tests(tested, tests)),
        (noon, to_us, _some(noon, to_us, mail=(mail, "NULL", mail), to=DESTINATION)),
        (noon, from_shared, _some(noon, from_shared, mail=(mail, "NULL", mail), ip=shared_ip, only=41)),
        (noon, EVENT_FORWARDS, _some(noon, EVENT_FORWARDS, mail=("''", calendar, events))),
        (noon, CUSTOMER_FORWARDS, _some(noon, CUSTOMER_FORWARDS, mail=("''", calendar, colleague))),
    ]


def _small(scale: float) -> dict[str, int]:
    return {"destination_innocent": max(15, round(1500 * scale)), "shared_ip_innocent": max(5, round(1200 * scale))}


def _trial_tests(start: datetime, count: int) -> str:
    """What the trial accounts sent in their own name the day before, to see whether mail goes out."""
    return f"""
SELECT {_stamp(start)} + to_seconds(i * 97) AS ts, t.account AS account_id,
  {_literal(people.CAMPAIGN_IPS)}[1 + t.n] AS src_ip, 'office@' || t.domain AS env_from, NULL AS hdr_sender,
  'office@' || t.domain AS hdr_from, 'probe' || i || '@postbox.example' AS rcpt, 'test' AS subject,
  900::INTEGER AS size, 'delivered' AS status, format('<test.{{:x}}@{{}}>', i, t.domain) AS msg_id
FROM range({count}) AS r(i) JOIN trials t ON t.n = i % {len(people.TRIALS)}"""


def _some(
    start: datetime,
    count: int,
    *,
    mail: tuple[str, str, str],
    to: str = "freemail.example",
    ip: str = "c.ip",
    only: int | None = None,
) -> str:
    """`count` messages of customers (of customer number `only`), `mail` being SQL for envelope, Sender and From."""
    envelope, sender, from_ = mail
    size = len(people.customers())
    which = str(only) if only is not None else f"(i * 37 + 5) % {size}"
    return f"""
SELECT {_stamp(start)} + to_milliseconds(i * 11003) AS ts, c.account AS account_id, {ip} AS src_ip,
  {envelope} AS env_from, {sender} AS hdr_sender, {from_} AS hdr_from, 'reader' || i || '@{to}' AS rcpt,
  'Order ' || i AS subject, 4096::INTEGER AS size, 'delivered' AS status,
  format('<{{:x}}.{{}}@{{}}>', i, {len(envelope + sender + from_ + to + ip)}, c.domain) AS msg_id
FROM range({count}) AS r(i) JOIN customers c ON c.n = {which} JOIN customers o ON o.n = (c.n + 11) % {size}"""

"""A bulletin that quotes the trace headers of several messages: no chain, but the same relay again and again."""

from __future__ import annotations

from collections.abc import Callable

from irtool.cli.triage_view import lines
from irtool.intake import read_complaint, read_complaints
from irtool.records import Complaint, Findings

Search = Callable[..., tuple[tuple[Complaint, ...], Findings]]

BULLETIN = b"""Bulletin about spam in the name of users of one provider

They all came through other people's servers:

Received: from 7cho-me.com (85.65.59.147.dynamic.barak-online.net [85.65.59.147])

            by r3.kawaz.jp (Postfix) with ESMTPA id 19E99E83CED1;

            Sat, 17 May 2014 21:59:37 +0900 (JST)

Message-ID: <6b2daac63ab3e8955fa9b2ddd3a1b768@7cho-me.com>

Received: from 7cho-me.com (unknown [112.171.218.7])

            by r3.kawaz.jp (Postfix) with ESMTPA id E9C16C5BEF1E;

            Fri, 30 May 2014 08:17:15 +0900 (JST)

Message-ID:

Received: from tafner.com.br (unknown [113.16.185.65])

            by servidor.tafner.com.br (Postfix) with ESMTPA id 7B796208985;

            Thu, 29 May 2014 01:07:31 -0300 (BRT)

Received: from [109.86.164.213109.86.164.213] (helo=mustlovewine.com)

            by server1.commentspot.net with esmtpa (Exim 4.67)

            id 1WqABD-0000h0-0r; Thu, 29 May 2014 16:56:15 -0700
"""
CHAIN = b"""We got this:

Received: from relay.example.org (relay.example.org [198.51.100.9])
    by mx.victim.example with ESMTP id 1; Mon, 14 Apr 2025 15:31:09 +0000
Received: from pc (unknown [203.0.113.91])
    by relay.example.org with ESMTPA id 2; Mon, 14 Apr 2025 15:31:04 +0000
"""


def test_every_quoted_hop_is_a_source(search: Search) -> None:
    (_,), found = search([read_complaint("b.txt", BULLETIN)], None, None)
    assert {one.value for one in found.source_ips} == {"85.65.59.147", "112.171.218.7", "113.16.185.65"}
    assert {relay.by for relay in found.relays} >= {"r3.kawaz.jp", "servidor.tafner.com.br", "server1.commentspot.net"}


def test_the_hops_of_one_message_have_one_source(search: Search) -> None:
    """In a text too: what the complainant's own server saw is not where it came from."""
    (_,), found = search([read_complaint("c.txt", CHAIN)], None, None)
    assert [one.value for one in found.source_ips] == ["203.0.113.91"]


def test_what_comes_again_on_another_day_is_told_with_its_days(search: Search) -> None:
    seen, found = search([read_complaint("b.txt", BULLETIN)], None, None)
    (group,) = found.campaigns
    assert group.reasons == (
        "The same HELO on different days: 7cho-me.com (2 times, 2014-05-17 to 2014-05-29)",
        "The same relay on different days: r3.kawaz.jp (2 times, 2014-05-17 to 2014-05-29)",
    )
    screen = list(lines(seen, found))
    at = screen.index("what comes again in it")
    assert " ".join(" ".join(screen[at + 1 :]).split()).startswith(
        "The same HELO on different days: 7cho-me[.]com (2 times, 2014-05-17 to 2014-05-29) "
        "The same relay on different days: r3[.]kawaz[.]jp (2 times,"
    )


def test_complaints_of_two_days_are_one_campaign_and_the_reason_is_shown(search: Search) -> None:
    """Mail of two users, two days, two client addresses, no common recipient: the relay alone connects them."""
    message = (
        b"Received: from 7cho-me.com (unknown [%s]) by r3.kawaz.jp (Postfix) with ESMTPA id 1; %s +0900 (JST)\n"
        b"From: %s@libero.example\nTo: x@%s.example\nSubject: %s\nMessage-ID: <%s@7cho-me.com>\n\nhttp://x.example/\n"
    )
    days = [
        message % (b"85.65.59.147", b"Sat, 17 May 2014 21:59:37", b"paperino", b"one", b"paperino", b"a1"),
        message % (b"112.171.218.7", b"Fri, 30 May 2014 08:17:15", b"topolino", b"two", b"topolino", b"b2"),
        b"From: o@elsewhere.example\nTo: y@three.example\nSubject: else\nDate: Sat, 17 May 2014 09:59:37 +0000\n\n\n",
    ]
    seen, found = search(read_complaints([(f"{n}.eml", mail) for n, mail in enumerate(days)]), None, None)
    assert [group.complaints for group in found.campaigns] == [("0.eml", "1.eml"), ("2.eml",)]
    told = found.campaigns[0].reasons
    assert "The same relay on different days: r3.kawaz.jp (2 times, 2014-05-17 to 2014-05-29)" in told
    assert "The same HELO on different days: 7cho-me.com (2 times, 2014-05-17 to 2014-05-29)" in told
    assert "The same Message-ID domain on different days: 7cho-me.com (2 times, 2014-05-17 to 2014-05-29)" in told
    text = " ".join(" ".join(lines(seen, found)).split())
    for reason in ("same relay on different days: r3[.]kawaz[.]jp", "same HELO on different days: 7cho-me[.]com",
                   "same Message-ID domain on different days: 7cho-me[.]com"):  # fmt: skip
        assert reason in text


def test_faults_of_complaints_that_are_not_shown_are_counted(search: Search) -> None:
    broken = (
        b"Received: from [1.2.3.41.2.3.4] (helo=x) by y.example with esmtpa id 1; Thu, 29 May 2014 16:56:15 -0700\n"
    )
    mails = [
        (f"{n}.eml", (broken if n == 1 else b"") + b"From: a@b.example\nTo: c@d.example\nSubject: x\n\nx\n")
        for n in range(3)
    ]
    seen, found = search(read_complaints(mails), None, None)
    assert "3 complaints, 1 of them with faults (--json lists them)" in list(lines(seen, found))

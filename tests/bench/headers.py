"""Header triage against the least any reader must do: finding the end of the headers. A ratio of one run.

The bar is against the two searches of `bytes.find`, one for each kind of line end, over the whole message, because that
is how it was set. A reader that stops at the first end it finds is faster, the more so the smaller the messages; the
ratio against that one is printed beside it.
"""

from __future__ import annotations

import base64
import random
import sys
import time
from collections.abc import Callable, Sequence

from irtool.intake import read_headers

BAR = 0.10
COUNT = 2_400


def _text(chance: random.Random, size: int) -> str:
    return base64.b64encode(chance.randbytes(size * 3 // 4)).decode()


def _folded(chance: random.Random, name: str, size: int) -> list[str]:
    text = _text(chance, size)
    return [f"{name}: {text[:60]}", *(f" {text[at : at + 72]}" for at in range(60, len(text), 72))]


def _hop(chance: random.Random, n: int) -> list[str]:
    """A Received header as Postfix, Exchange, Exim or Gmail write it."""
    ip = f"203.0.{chance.randrange(114)}.{chance.randrange(256)}"
    host, by = f"h{chance.randrange(9999)}.mail{n}.example", f"mx{chance.randrange(99)}.relay{n}.example"
    date = f"Mon, {chance.randrange(1, 29)} Apr 2025 17:{chance.randrange(10, 60)}:05 +0200"
    postfix = [
        f"Received: from {host} ({host} [{ip}])",
        f"\tby {by} (Postfix) with ESMTPS id {n}ABC{n}",
        f"\tfor <a@x.example>; {date} (CEST)",
    ]
    exchange = [
        f"Received: from {by} ({ip}) by",
        f" {host} (2001:db8::{n}) with Microsoft SMTP",
        " Server (version=TLS1_3, cipher=TLS_AES_256_GCM_SHA384) id 15.20.8632.21 via",
        f" Frontend Transport; {date}",
    ]
    exim = [
        f"Received: from [{ip}] (helo={host})",
        f"\tby {by} with esmtpsa (TLS1.3) tls TLS_X",
        f"\t(Exim 4.96)\t(envelope-from <b{n}@{host}>)",
        f"\tid 1u4-{n}; {date}",
    ]
    gmail = [
        f"Received: by {by} with SMTP id {_text(chance, 20)}",
        f"        for <a@x.example>; {date.replace('+0200', '-0700')} (PDT)",
    ]
    return chance.choice([postfix, exchange, exim, gmail])


def _message(chance: random.Random) -> bytes:
    """One message: a chain of hops, signatures, what large receivers add, and a body of any size."""
    lines = [line for n in range(chance.randrange(2, 9)) for line in _hop(chance, n)]
    for _ in range(chance.randrange(4)):
        lines += _folded(chance, chance.choice(["DKIM-Signature", "ARC-Seal", "ARC-Message-Signature"]), 700)
    lines += ["Authentication-Results: spf=pass (sender IP is 192.0.2.1)", " smtp.mailfrom=b.example; dkim=none;"]
    domain = f"shop{chance.randrange(9999)}.example"
    address = f"user{chance.randrange(99999)}@{domain}"
    hidden = base64.b64encode("Offerta €".encode()).decode()
    names = ["Shop <{}>", f'"Shop, {domain}" <{{}}>', "{}", "Microsoft team ,_<{}>", f"=?utf-8?B?{hidden}?= <{{}}>"]
    subjects = ["Ihre Rechnung", f"=?utf-8?Q?Conferma_n=2E_{domain}?=", "You won! Visit win.landing.example"]
    lines += [
        "From: " + chance.choice(names).format(address),
        f"Subject: {chance.choice(subjects)}",
        f"Message-ID: <{_text(chance, 24)}@{domain}>",
        f"Date: Mon, {chance.randrange(1, 29)} Apr 2025 15:31:04 +0000",
        f"Return-Path: <bounce-{address}>",
        f"To: Victim <{address}>",
        f"Reply-To: deals@{domain}",
        "MIME-Version: 1.0",
        'Content-Type: multipart/alternative; boundary="b"',
    ]
    if chance.random() < 0.7:
        lines += _folded(chance, "X-Antispam-Message-Info", chance.randrange(500, 6000))
        lines += [f"X-MS-Exchange-Organization-Item-{n}: {_text(chance, 40)}" for n in range(chance.randrange(60))]
    body = _text(chance, int(min(400_000, chance.lognormvariate(9.8, 1.0))))
    end = "\r\n" if chance.random() < 0.85 else "\n"
    wrapped = end.join(body[at : at + 76] for at in range(0, len(body), 76))
    return (end.join(lines) + end + end + wrapped).encode()


def _limit(content: bytes) -> int:
    """The end of the headers, whichever kind of line end comes first."""
    ends = [at for at in (content.find(b"\r\n\r\n"), content.find(b"\n\n")) if at >= 0]
    return min(ends, default=len(content))


def _tightest(content: bytes) -> int:
    """The same, without looking at the body where the line ends are the usual ones."""
    windows = content.find(b"\r\n\r\n")
    unix = content.find(b"\n\n", 0, windows if windows >= 0 else len(content))
    return unix if unix >= 0 else windows


def _seconds(work: Callable[[bytes], object], messages: Sequence[bytes]) -> float:
    started = time.process_time()
    for message in messages:
        work(message)
    return time.process_time() - started


def main() -> int:
    """Messages per second as a share of the limit, the best of three runs side by side. Exit code 1 below the bar."""
    chance = random.Random(7)
    messages = [_message(chance) for _ in range(COUNT)]
    read_headers("warm up", messages[0])
    ratios, tight = [], []
    for _ in range(3):
        limits = _seconds(_limit, messages), _seconds(_tightest, messages)
        ours = _seconds(lambda content: read_headers("x", content), messages)
        ratios.append(limits[0] / ours)
        tight.append(limits[1] / ours)
    good = max(ratios) >= BAR
    print(
        f"header triage: {max(ratios):.3f} of finding the end of the headers, bar {BAR}: {'ok' if good else 'MISSED'}"
        f" ({max(tight):.3f} of a search that stops at the first end; {COUNT / ours:,.0f} messages/s)"
    )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())

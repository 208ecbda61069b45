"""The bulletin and the reports to relay operators, on the spoofed campaign of May 2014."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest

from irtool.errors import StepFailed
from irtool.records import Complaint, Event, Findings, Hop, Json, RelayFinding, to_json
from irtool.tell.notices import relay_report
from irtool.tell.report import report

DATE = datetime(2014, 5, 30, 12, 0, tzinfo=UTC)
MAILER = "Microsoft Windows Live Mail 16.4.3522.110"


def bulletin(events: list[Event], **more: Any) -> str:
    """The bulletin in Markdown."""
    return report(events, style="bulletin", **more)


def spoofed(n: int, ip: str, when: datetime, raw: str) -> Complaint:
    """One of the reported messages: the subject is the local part of the forged sender."""
    user = f"paperino{n}"
    hop = Hop(1, helo="7cho-me.example", rdns="unknown", ip=ip, by="r3.kawaz.example", with_="ESMTPA", auth=True,
              id="19E99E83CED1", time=when, time_raw=raw)  # fmt: skip
    headers = (
        ("Received", f"from 7cho-me.example ([{ip}]) by r3.kawaz.example; {raw}"),
        ("From", f"{user}@libero.example"),
        ("To", "victim@elsewhere.example"),
        ("Cc", "other-victim@elsewhere.example"),
        ("Subject", "però"),
    )
    return Complaint(f"{n}.eml", f"{n:064x}", 900, "eml", subject=user, from_=(f"{user}@libero.example",), date=when,
                     x_mailer=MAILER, x_mimeole="Produced By Microsoft MimeOLE V16.4.3522.110", hops=(hop,),
                     headers=headers)  # fmt: skip


@pytest.fixture
def libero(script: Any) -> list[Event]:
    """Two messages, thirteen days apart, through the same relay."""
    first, second = datetime(2014, 5, 17, 12, 59, 37, tzinfo=UTC), datetime(2014, 5, 29, 23, 17, 15, tzinfo=UTC)
    script.add("incident.opened", DATE, {"title": "Spoofed mail"})
    one = spoofed(1, "85.65.59.147", first, "Sat, 17 May 2014 21:59:37 +0900 (JST)")
    two = spoofed(2, "112.171.218.7", second, "Fri, 30 May 2014 08:17:15 +0900 (JST)")
    for complaint in (one, two):
        script.add("complaint.received", DATE, complaint)
    relay = RelayFinding("7cho-me.example", "85.65.59.147", "r3.kawaz.example", 2)
    script.add("triage.done", DATE, {"findings": Findings(relays=(relay,))})
    return list(script.events)


def test_italian_bulletin(libero: list[Event], templates: Sequence[Path], org: Mapping[str, Json]) -> None:
    """What the seed has: first trace, how to recognise it, the hops, the relay that comes back."""
    text = bulletin(libero, lang="it", templates=templates, org=org)
    for part in (
        "risale al 17 maggio 2014 alle ore 12:59 UTC",
        "non avviene dai nostri server",
        "L'oggetto è uguale al nome del mittente",
        f"`X-Mailer`: {MAILER}",
        "`X-MimeOLE`: Produced By Microsoft MimeOLE V16.4.3522.110",
        (
            "| 2014-05-17 12:59:37 | 7cho-me\\[.\\]example, 85.65.59\\[.\\]147 | r3\\[.\\]kawaz\\[.\\]example, "
            "ESMTPA 19E99E83CED1; Sat, 17 May 2014 21:59:37 +0900 (JST) |"
        ),
        "Lo stesso relay, r3 \\[PUNTO\\] kawaz \\[PUNTO\\] example, compare in 2 messaggi, dal 17 maggio 2014",
    ):
        assert part in text, part


def test_english_bulletin(libero: list[Event], templates: Sequence[Path], org: Mapping[str, Json]) -> None:
    """The same in English, without recipients."""
    text = bulletin(libero, lang="en", templates=templates, org=org)
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == [
        "Overview", "How to recognise it", "Relays and hops", "Indicators", "What to do",
    ]  # fmt: skip
    assert "The earliest trace we have of this mail is from 17 May 2014 at 12:59 UTC." in text
    assert "victim" not in text


def test_bulletin_of_our_own_abuse(sophos: list[Event], templates: Sequence[Path], org: Mapping[str, Json]) -> None:
    """Indicators come from the campaign; long lists are cut, and it is said by how much."""
    text = bulletin(sophos, lang="en", templates=templates, org=org)
    assert "| domain | win-prizes\\[.\\]example | 1,900,000 |" in text
    assert len(re.findall(r"^\| IP \|", text, re.MULTILINE)) == 50
    assert len(re.findall(r"^\| address \|", text, re.MULTILINE)) == 24
    assert "And 62 more indicators." in text
    assert "from 24 accounts that did not own the address" in text


def relay(sophos_or_libero: list[Event], templates: Sequence[Path], org: Mapping[str, Json], **more: Json) -> str:
    """A report about the relay of the bulletin."""
    facts: Any = to_json(RelayFinding("7cho-me.example", "85.65.59.147", "r3.kawaz.example", 2))
    return relay_report(
        sophos_or_libero, {**facts, **more}, templates=templates, org=org, sender="Sec <sec@gateway.example>", date=DATE
    )


def test_relay_report_is_arf(libero: list[Event], templates: Sequence[Path], org: Mapping[str, Json]) -> None:
    """Three parts as RFC 5965 wants them, to abuse@ the registered domain, without the recipients."""
    text = relay(libero, templates, org)
    assert text.isascii()
    assert text == relay(libero, templates, org)
    assert text.replace("\r\n", "").count("\n") == 0
    mail = message_from_bytes(text.encode(), policy=default)
    assert mail["To"] == "abuse@kawaz.example"
    assert mail["Content-Type"].params["report-type"] == "feedback-report"
    parts = list(mail.iter_parts())
    assert [p.get_content_type() for p in parts] == ["text/plain", "message/feedback-report", "text/rfc822-headers"]
    letter = " ".join(parts[0].get_content().split())
    assert "17 May 2014, 12:59 UTC: received by r3.kawaz.example from 85.65.59[.]147" in letter
    assert "had logged in to your server" in letter
    assert "queue id 19E99E83CED1" in letter
    feedback = text.split("message/feedback-report")[1]
    assert "Feedback-Type: abuse\r\n" in feedback
    assert "Source-IP: 85.65.59.147\r\n" in feedback
    assert "victim" not in text


def test_relay_with_a_known_contact(libero: list[Event], templates: Sequence[Path], org: Mapping[str, Json]) -> None:
    """The address on file wins."""
    mail = message_from_bytes(relay(libero, templates, org, contact="noc@kawaz.example").encode(), policy=default)
    assert mail["To"] == "noc@kawaz.example"


@pytest.mark.parametrize("by", [None, "192.0.2.1", "com", "\x1b[2J"])
def test_relay_of_nobody(
    libero: list[Event], templates: Sequence[Path], org: Mapping[str, Json], by: str | None
) -> None:
    """Without a domain there is nobody to write to."""
    with pytest.raises(StepFailed, match="nobody is known who runs relay") as caught:
        relay(libero, templates, org, by=by)
    assert "\x1b" not in caught.value.message
